//! Through the front door: what a client, a service and an embedder see.

mod key_set;
mod keys;
mod options;
mod tokens;
mod well_known;

use std::sync::Arc;
use std::time::Duration;

use insta::assert_snapshot;
use serde_json::{Value as Json, json};
use vestibule_core::Auth;
use vestibule_core::store::memory::MemoryStore;
use vestibule_core::store::{Filter, Find, ModelRow as _};
use vestibule_testkit::{Actor, TestAuth};
use vestibule_tokens::encoding::decode_base64url;
use vestibule_tokens::jose::{Algorithm, Object, PublicKeys, Validation, jws};

use super::schema::Jwk;
use super::*;

const ORIGIN: &str = "http://localhost:3000";

/// When the clock of tests starts, in seconds.
const NOW: i64 = 1_893_456_000;

fn plugin(options: Json) -> Jwt {
    Jwt::from(serde_json::from_value::<super::Options>(options).expect("these are options"))
}

/// A server with the plugin, its options as they stand in a configuration.
async fn app(options: Json) -> TestAuth {
    let plugin = plugin(options);
    TestAuth::builder().configure(|builder| builder.plugin(plugin)).start().await
}

/// A server of the same kind on a store that others share.
async fn app_on(store: &Arc<MemoryStore>, secret: &'static str, options: Json) -> TestAuth {
    let plugin = plugin(options);
    TestAuth::builder()
        .options(|core| core.secret = Some(vestibule_core::options::Secret::new(secret)))
        .store(store.clone())
        .configure(|builder| builder.plugin(plugin))
        .start()
        .await
}

fn store() -> Arc<MemoryStore> {
    let builder = Auth::builder(Default::default()).plugin(vestibule_api::Core);
    let schema = builder.plugin(plugin(json!({}))).schema().unwrap();
    Arc::new(MemoryStore::new(&schema))
}

/// The rows of `jwks`.
async fn rows(auth: &Auth) -> Vec<Jwk> {
    let find = Find {
        model: auth.model(Jwk::MODEL).clone(),
        filter: Filter::EVERYTHING,
        order: Vec::new(),
        limit: None,
        offset: 0,
    };
    let rows = auth.store().find_many(find).await.unwrap();
    rows.into_iter().map(|row| Jwk::from_row(row).unwrap()).collect()
}

async fn insert(auth: &Auth, key: Jwk) {
    let mut row = vestibule_core::store::Row::empty(auth.model(Jwk::MODEL).clone());
    for (place, value) in row.values.iter_mut().zip(key.to_row().values) {
        *place = value;
    }
    auth.store().create(row).await.unwrap();
}

async fn token(actor: &mut Actor) -> String {
    let answer = actor.get("/token").await;
    answer.expect_ok().json()["token"].as_str().unwrap().to_owned()
}

async fn jwks(app: &TestAuth) -> Json {
    app.anyone().get("/jwks").await.expect_ok().json()
}

fn part(token: &str, number: usize) -> Json {
    let part = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&decode_base64url(part).unwrap()).unwrap()
}

fn header(token: &str) -> Json {
    part(token, 0)
}

fn claims(token: &str) -> Json {
    part(token, 1)
}

/// What a service makes of a token, with nothing but the key set.
fn verify(token: &str, jwks: &Json) -> Result<Object, String> {
    let keys = PublicKeys::from_jwks(jwks.as_object().unwrap()).unwrap();
    let validation = Validation::new(Algorithm::ALL).issuer(ORIGIN).audience(ORIGIN);
    jws::verify(token, &validation, NOW, |header| keys.find(header))
        .map(|verified| verified.claims)
        .map_err(|refusal| refusal.to_string())
}
