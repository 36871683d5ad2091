//! Access tokens of real keys, and sessions that come by `Authorization`.

use std::time::Duration;

use serde_json::{Map, Value as Json, json};
use vestibule_core::options::{CookieCacheStrategy, Options};
use vestibule_core::service_key::Service;
use vestibule_plugins::bearer::Bearer;
use vestibule_plugins::jwt::{self, Jwt};
use vestibule_plugins::{AudienceOptions, BackendOptions, Backends};
use vestibule_testkit::{Actor, TestAuth};
use vestibule_tokens::derive::service_key;
use vestibule_tokens::jose::{Algorithm, PublicKeys, Validation, jws};

const SECRET: &str = "a-secret-for-tests-of-32-characters!";
const ORIGIN: &str = "http://localhost:3000";

/// When the clock of tests starts, in seconds.
const NOW: i64 = 1_893_456_000;

async fn app(audiences: &[(&'static str, Json)]) -> TestAuth {
    app_with(audiences, json!({}), |_| {}).await
}

async fn app_with(
    audiences: &[(&'static str, Json)],
    jwt_options: Json,
    change: impl FnOnce(&mut Options),
) -> TestAuth {
    let new = Backends::new(BackendOptions::default());
    let backends = audiences.iter().fold(new, |backends, (name, options)| {
        let options: AudienceOptions = serde_json::from_value(options.clone()).unwrap();
        backends.audience(*name, options)
    });
    let jwt = Jwt::from(serde_json::from_value::<jwt::Options>(jwt_options).unwrap());
    let api = Service { name: "api".to_owned(), key_versions: vec![1] };
    TestAuth::builder()
        .options(change)
        .configure(|builder| {
            builder.plugin(Bearer::default()).plugin(jwt).plugin(backends).services([api])
        })
        .start()
        .await
}

async fn mint(actor: &Actor, audience: &str) -> String {
    let answer = actor.at_origin().post("/auth/token", json!({ "audience": audience })).await;
    answer.expect_ok().json()["access_token"].as_str().unwrap().to_owned()
}

async fn public_keys(app: &TestAuth) -> PublicKeys {
    let keys = app.anyone().at_origin().get("/.well-known/jwks.json").await.json();
    PublicKeys::from_jwks(keys.as_object().unwrap()).unwrap()
}

async fn introspect(app: &TestAuth, token: &str) -> Map<String, Json> {
    let key = service_key(SECRET, "api", 1);
    let mut service = app.anyone().with_header("x-vestibule-service-key", &key);
    let answer = service.post("/introspect", json!({ "token": token })).await;
    answer.expect_ok().json().as_object().unwrap().clone()
}

#[tokio::test]
async fn every_algorithm_signs_what_its_public_key_verifies() {
    let audiences =
        Algorithm::ALL.map(|algorithm| (algorithm.name(), json!({ "algorithm": algorithm })));
    let app = app(&audiences).await;
    let alice = app.sign_up("alice@example.com").await;
    for algorithm in Algorithm::ALL {
        let token = mint(&alice, algorithm.name()).await;
        let keys = public_keys(&app).await;
        let validation =
            Validation::new([algorithm]).issuer(ORIGIN).audience(algorithm.name()).typ("at+jwt");
        let verified = jws::verify(&token, &validation, NOW, |header| keys.find(header)).unwrap();
        assert!(verified.claims.contains_key("sid"));
        assert_eq!(introspect(&app, &token).await["active"], true, "{algorithm}");
        let validation = Validation::new([algorithm]).audience("another");
        assert!(jws::verify(&token, &validation, NOW, |header| keys.find(header)).is_err());
    }
}

#[tokio::test]
async fn it_ends_with_its_time_and_with_its_session() {
    let app = app(&[("api", json!({ "algorithm": "ES256", "expiresIn": "1m" }))]).await;
    let mut alice = app.sign_up("alice@example.com").await;
    let first = mint(&alice, "api").await;
    app.advance(Duration::from_secs(60));
    assert_eq!(introspect(&app, &first).await["active"], false);
    let second = mint(&alice, "api").await;
    assert_eq!(introspect(&app, &second).await["active"], true);
    alice.post("/sign-out", json!({})).await.expect_ok();
    assert_eq!(introspect(&app, &second).await["active"], false);
}

/// `/token` has the same keys, and may have the same audience; what it mints has no `sid`.
#[tokio::test]
async fn a_token_of_the_same_keys_for_something_else_is_no_access_token() {
    for token_type in ["at+jwt", "JWT"] {
        let options = json!({ "algorithm": "EdDSA", "audience": ORIGIN, "type": token_type });
        let app = app(&[("api", options)]).await;
        let mut alice = app.sign_up("alice@example.com").await;
        let other = alice.get("/token").await.json()["token"].as_str().unwrap().to_owned();
        assert_eq!(introspect(&app, &other).await["active"], false, "{token_type}");
        assert_eq!(introspect(&app, &mint(&alice, "api").await).await["active"], true);
    }
}

#[tokio::test]
async fn no_session_cache_is_an_access_token() {
    let audiences = [
        ("api", json!({ "algorithm": "EdDSA" })),
        ("old", json!({ "algorithm": "HS256", "dangerouslySignWithAuthSecret": true })),
    ];
    for by_key_set in [false, true] {
        let jwt_options = json!({ "sessionCookieCache": by_key_set });
        let app = app_with(&audiences, jwt_options, |options| {
            options.session.cookie_cache.enabled = true;
            options.session.cookie_cache.strategy = CookieCacheStrategy::Jwt;
        })
        .await;
        let mut alice = app.sign_up("alice@example.com").await;
        alice.get("/get-session").await.expect_ok();
        let cache = alice.cookie("better-auth.session_data").unwrap();
        assert_eq!(cache.split('.').count(), 3, "it is a JWT");
        assert_eq!(introspect(&app, cache).await["active"], false);
        // Nor is an access token a session cache.
        let raw = alice.cookie("better-auth.session_token").unwrap().to_owned();
        for audience in ["api", "old"] {
            let token = mint(&alice, audience).await;
            let mut thief = app
                .anyone()
                .with_cookie("better-auth.session_token", &format!("{raw}x"))
                .with_cookie("better-auth.session_data", &token);
            assert_eq!(thief.get("/get-session").await.line(), "200 null");
            let mut alice = app
                .anyone()
                .with_cookie("better-auth.session_token", &raw)
                .with_cookie("better-auth.session_data", &token);
            let found = alice.get("/get-session").await.json();
            assert_eq!(found["user"]["email"], "alice@example.com", "the database was asked");
        }
    }
}

#[tokio::test]
async fn a_session_may_come_by_authorization() {
    let app = app(&[("api", json!({ "algorithm": "HS256" }))]).await;
    let mut alice = app.sign_up("alice@example.com").await;
    let session = alice.get("/get-session").await.json();
    let header = format!("Bearer {}", session["session"]["token"].as_str().unwrap());
    let mut client = app.anyone().with_header("authorization", &header);
    assert_eq!(client.at_origin().get("/auth/me").await.json(), session["user"]);
    let verified = client.get("/verify").await;
    assert_eq!(verified.headers["x-auth-user-id"], session["user"]["id"].as_str().unwrap());
    assert_eq!(introspect(&app, &mint(&client, "api").await).await["sub"], session["user"]["id"]);
    // A token for a service is no session.
    let token = mint(&client, "api").await;
    let mut thief = app.anyone().with_header("authorization", &format!("Bearer {token}"));
    assert_eq!(thief.at_origin().get("/auth/me").await.status, 401);
    assert_eq!(thief.at_origin().post("/auth/token", json!({})).await.status, 401);
    assert_eq!(thief.get("/verify").await.status, 401);
    assert_eq!(thief.get("/get-session").await.line(), "200 null");
}
