//! Key sets that are fetched: rotation, made-up keys, an auth server that is away.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http::StatusCode;
use tokio::task::JoinSet;
use tokio::time::{advance, pause};
use vestibule_tokens::jose::{Algorithm, jws};
use vestibule_verify::{CookieCache, Jwt, Keys, Mode, Verifier};

use super::world::{
    AUDIENCE, Backend, ISSUER, SignedIn, World, bearer, check, jwks, new_key, refusal, serve, sign,
};

/// An auth server's key set, that can change, and go away.
#[derive(Clone)]
struct KeyServer {
    answer: Arc<Mutex<(StatusCode, String)>>,
    count: Arc<AtomicUsize>,
    url: String,
}

impl KeyServer {
    async fn new(jwks: String) -> Self {
        let answer = Arc::new(Mutex::new((StatusCode::OK, jwks)));
        let count = Arc::new(AtomicUsize::new(0));
        let (answers, counter) = (answer.clone(), count.clone());
        let serve_keys = move || {
            counter.fetch_add(1, Ordering::SeqCst);
            let answer = answers.lock().unwrap().clone();
            async move { answer }
        };
        let address = serve(Router::new().route("/jwks", get(serve_keys))).await;
        Self { answer, count, url: format!("http://{address}/jwks") }
    }

    fn answer(&self, status: StatusCode, body: String) {
        *self.answer.lock().unwrap() = (status, body);
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    fn verifier(&self, world: &World) -> Verifier {
        let jwt = Jwt::new(Keys::at(&self.url).unwrap(), ISSUER, AUDIENCE);
        world.builder().jwt(jwt).build().unwrap()
    }
}

async fn world() -> (World, SignedIn) {
    let world = World::new(Backend::Sqlite).await;
    let alice = world.alice().await;
    (world, alice)
}

/// Time passes for the key set alone; what is on the network goes on.
async fn wait(duration: Duration) {
    pause();
    advance(duration).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_hundred_first_requests_fetch_the_keys_once() {
    let (world, alice) = world().await;
    let key = new_key(Algorithm::EdDsa);
    let server = KeyServer::new(jwks(&key, "k1")).await;
    let verifier = server.verifier(&world);
    let token = bearer(&sign(&key, &alice.claims(world.now())));
    let mut checks = JoinSet::new();
    for _ in 0..100 {
        let (verifier, token) = (verifier.clone(), token.clone());
        checks.spawn(async move { check(&verifier, &token).await.map(|found| found.mode) });
    }
    while let Some(outcome) = checks.join_next().await {
        assert_eq!(outcome.unwrap().unwrap(), Mode::Jwt);
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_new_key_is_taken_at_once_and_made_up_ones_cost_one_fetch_per_cool_down() {
    let (world, alice) = world().await;
    let (old, new) = (new_key(Algorithm::EdDsa), new_key(Algorithm::EdDsa));
    let server = KeyServer::new(jwks(&old, "k1")).await;
    let verifier = server.verifier(&world);
    let claims = alice.claims(world.now());
    check(&verifier, &bearer(&sign(&old, &claims))).await.unwrap();

    server.answer(StatusCode::OK, jwks(&new, "k2"));
    let rotated = bearer(&jws::sign(&new, Some("k2"), None, &claims).unwrap());
    check(&verifier, &rotated).await.unwrap();
    assert_eq!(server.count(), 2);
    // The old key is gone with the old set.
    assert!(refusal(check(&verifier, &bearer(&sign(&old, &claims))).await).starts_with("401 "));

    for kid in ["x1", "x2", "x3"] {
        let made_up = bearer(&jws::sign(&new, Some(kid), None, &claims).unwrap());
        let refused = refusal(check(&verifier, &made_up).await);
        assert!(refused.contains("no key is known"), "{refused}");
    }
    assert_eq!(server.count(), 2);
    wait(Duration::from_secs(31)).await;
    let made_up = bearer(&jws::sign(&new, Some("x4"), None, &claims).unwrap());
    assert!(refusal(check(&verifier, &made_up).await).starts_with("401 "));
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn a_token_that_cannot_pass_fetches_nothing() {
    let (world, alice) = world().await;
    let server = KeyServer::new(jwks(&new_key(Algorithm::EdDsa), "k1")).await;
    let verifier = server.verifier(&world);
    let token = sign(&new_key(Algorithm::Es256), &alice.claims(world.now()));
    let refused = refusal(check(&verifier, &bearer(&token)).await);
    assert!(refused.contains("signed with 'ES256'; expected EdDSA"), "{refused}");
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn an_auth_server_that_is_away_does_not_end_known_keys() {
    let (world, alice) = world().await;
    let key = new_key(Algorithm::EdDsa);
    let server = KeyServer::new(jwks(&key, "k1")).await;
    let verifier = server.verifier(&world);
    let claims = alice.claims(world.now());
    let token = bearer(&sign(&key, &claims));
    check(&verifier, &token).await.unwrap();
    server.answer(StatusCode::BAD_GATEWAY, String::new());
    wait(Duration::from_secs(3600)).await;
    check(&verifier, &token).await.unwrap();
    // Whether an unknown key is a new one, nobody can say now.
    let unknown = bearer(&jws::sign(&key, Some("k2"), None, &claims).unwrap());
    assert!(refusal(check(&verifier, &unknown).await).starts_with("503 "));
    // A day later what was withdrawn meanwhile is not known either.
    wait(Duration::from_secs(24 * 3600)).await;
    assert!(refusal(check(&verifier, &token).await).starts_with("503 "));
    server.answer(StatusCode::OK, jwks(&key, "k1"));
    wait(Duration::from_secs(2)).await;
    check(&verifier, &token).await.unwrap();
}

#[tokio::test]
async fn what_is_no_key_set_is_503() {
    let (world, alice) = world().await;
    let key = new_key(Algorithm::EdDsa);
    let token = bearer(&sign(&key, &alice.claims(world.now())));
    for body in ["", "<html>", "{}", "[]"] {
        let server = KeyServer::new(body.to_owned()).await;
        let refused = refusal(check(&server.verifier(&world), &token).await);
        assert!(refused.starts_with("503 "), "{body}: {refused}");
    }
}

#[tokio::test]
async fn a_session_cache_by_key_set_needs_no_secret() {
    let (world, alice) = world().await;
    let key = new_key(Algorithm::EdDsa);
    let server = KeyServer::new(jwks(&key, "k1")).await;
    let cache = CookieCache::key_set(Keys::at(&server.url).unwrap(), [Algorithm::EdDsa], ISSUER);
    let verifier = world.builder().cookie_cache(cache).build().unwrap();
    let headers = alice.with_cache(&alice.key_set_cache(&key, world.now()));
    assert_eq!(check(&verifier, &headers).await.unwrap().mode, Mode::CookieCache);
    // An access token of the same key set is no session cache.
    let access_token = sign(&key, &alice.claims(world.now()));
    assert!(check(&verifier, &alice.with_cache(&access_token)).await.is_err());
}
