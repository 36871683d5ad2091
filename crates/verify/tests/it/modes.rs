//! Each mode lets in whom it should, and for as long as its documentation says.

use std::time::Duration;

use serde_json::json;
use vestibule_verify::{
    Algorithm, Authenticated, CookieCache, CookieNames, Jwt, Keys, Mode, Remote, Verifier,
};

use super::world::{
    AUDIENCE, Backend, COOKIE, DATA_COOKIE, ISSUER, SECRET, SignedIn, World, bearer, check, cookie,
    data_cookies, jwks, new_key, refusal, session_cookie, sign,
};

#[track_caller]
fn assert_is(alice: &SignedIn, found: &Authenticated, mode: Mode) {
    assert_eq!(found.user.id, alice.id());
    assert_eq!(found.user.name.as_deref(), Some("Test"));
    assert_eq!(found.mode, mode);
}

async fn shared_database_finds_everybody(backend: Backend) {
    let world = World::new(backend).await;
    let alice = world.alice().await;
    let verifier = world.builder().shared_database(world.shared_database()).build().unwrap();
    for headers in [
        session_cookie(&alice.cookie),
        // Production adds the prefix.
        cookie(&format!("theme=dark; __Secure-{COOKIE}={}", alice.cookie)),
        // A cookie of another deployment on the same host does not hide ours.
        cookie(&format!("__Secure-{COOKIE}=stale.cookie; {COOKIE}={}", alice.cookie)),
        bearer(&alice.signed),
        bearer(&alice.cookie),
        bearer(&alice.token),
    ] {
        let found = check(&verifier, &headers).await.unwrap();
        assert_is(&alice, &found, Mode::SharedDatabase);
        assert_eq!(found.user.email.as_deref(), Some("alice@example.com"));
        assert!(!found.user.email_verified);
        assert_eq!(found.session.expires_at.as_millis(), 1_893_456_000_123 + 604_800_000);
        assert!(found.session.extra.get("token").is_none());
    }
}

#[tokio::test]
async fn a_signature_may_be_required_of_bearer_tokens() {
    let world = World::new(Backend::Sqlite).await;
    let alice = world.alice().await;
    let database = world.shared_database().require_signature();
    let verifier = world.builder().shared_database(database).build().unwrap();
    check(&verifier, &bearer(&alice.signed)).await.unwrap();
    let refused = refusal(check(&verifier, &bearer(&alice.token)).await);
    assert_eq!(
        refused,
        "401 INVALID_CREDENTIAL: the bearer token is not valid: it has no signature"
    );
}

#[tokio::test]
async fn sqlite_finds_everybody() {
    shared_database_finds_everybody(Backend::Sqlite).await;
}

#[tokio::test]
async fn postgres_finds_everybody() {
    shared_database_finds_everybody(Backend::Postgres).await;
}

async fn a_revoked_session_ends_at_once(backend: Backend) {
    let world = World::new(backend).await;
    let mut alice = world.alice().await;
    let verifier = world.builder().shared_database(world.shared_database()).build().unwrap();
    let headers = session_cookie(&alice.cookie);
    check(&verifier, &headers).await.unwrap();
    alice.actor.post("/sign-out", json!({})).await.expect_ok();
    let refused = refusal(check(&verifier, &headers).await);
    assert_eq!(refused, "401 SESSION_ENDED: there is no such session, or no longer");
}

#[tokio::test]
async fn a_session_revoked_in_sqlite_ends_at_once() {
    a_revoked_session_ends_at_once(Backend::Sqlite).await;
}

#[tokio::test]
async fn a_session_revoked_in_postgres_ends_at_once() {
    a_revoked_session_ends_at_once(Backend::Postgres).await;
}

async fn an_expired_session_is_refused(verifier: Verifier, world: World, alice: SignedIn) {
    let headers = session_cookie(&alice.cookie);
    world.advance(Duration::from_secs(604_799));
    check(&verifier, &headers).await.unwrap();
    world.advance(Duration::from_secs(1));
    assert!(refusal(check(&verifier, &headers).await).starts_with("401 "));
}

#[tokio::test]
async fn an_expired_session_of_the_database_is_refused() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let world = World::new(backend).await;
        let alice = world.alice().await;
        let verifier = world.builder().shared_database(world.shared_database()).build().unwrap();
        an_expired_session_is_refused(verifier, world, alice).await;
    }
}

#[tokio::test]
async fn an_expired_session_of_the_auth_server_is_refused() {
    let world = World::new(Backend::Sqlite).await;
    let alice = world.alice().await;
    let verifier = world.builder().remote(Remote::new(&world.base_url()).unwrap()).build().unwrap();
    an_expired_session_is_refused(verifier, world, alice).await;
}

#[tokio::test]
async fn the_auth_server_knows_everybody() {
    let world = World::new(Backend::Sqlite).await;
    let alice = world.alice().await;
    let verifier = world.builder().remote(Remote::new(&world.base_url()).unwrap()).build().unwrap();
    for headers in [
        session_cookie(&alice.cookie),
        bearer(&alice.signed),
        bearer(&alice.cookie),
        bearer(&alice.token),
    ] {
        let found = check(&verifier, &headers).await.unwrap();
        assert_is(&alice, &found, Mode::Remote);
        assert_eq!(found.user.email.as_deref(), Some("alice@example.com"));
        assert!(found.session.id.is_some());
    }
}

#[tokio::test]
async fn a_revoked_session_of_the_auth_server_works_as_long_as_answers_are_kept() {
    let world = World::new(Backend::Sqlite).await;
    let mut alice = world.alice().await;
    let remote = || Remote::new(&world.base_url()).unwrap();
    let kept =
        world.builder().remote(remote().cache_for(Duration::from_secs(600))).build().unwrap();
    let never = world.builder().remote(remote().cache_for(Duration::ZERO)).build().unwrap();
    let headers = session_cookie(&alice.cookie);
    check(&kept, &headers).await.unwrap();
    check(&never, &headers).await.unwrap();
    alice.actor.post("/sign-out", json!({})).await.expect_ok();
    check(&kept, &headers).await.unwrap();
    assert!(refusal(check(&never, &headers).await).starts_with("401 SESSION_ENDED"));
}

#[tokio::test]
async fn a_session_cache_is_believed_in_each_of_its_forms() {
    let world = World::new(Backend::Sqlite).await;
    let alice = world.alice().await;
    let (key, now) = (new_key(Algorithm::EdDsa), world.now());
    let keys = Keys::of_json(&jwks(&key, "k1")).unwrap();
    for (cache, value) in [
        (CookieCache::compact(SECRET), alice.compact(now)),
        (CookieCache::jwt(SECRET), alice.jwt_cache(now)),
        (CookieCache::jwe(SECRET, &["an older secret"]), alice.jwe_cache(now)),
        (CookieCache::key_set(keys, [Algorithm::EdDsa], ISSUER), alice.key_set_cache(&key, now)),
    ] {
        let verifier = world.builder().cookie_cache(cache).build().unwrap();
        let found = check(&verifier, &alice.with_cache(&value)).await.unwrap();
        assert_is(&alice, &found, Mode::CookieCache);
        assert_eq!(found.user.email.as_deref(), Some("alice@example.com"));
    }
}

#[tokio::test]
async fn a_cache_in_chunks_and_with_the_secure_prefix_is_put_together() {
    let world = World::new(Backend::Sqlite).await;
    let mut alice = world.alice().await;
    let long = json!({ "image": format!("data:{}", "x".repeat(9000)) });
    alice.actor.post("/update-user", long).await.expect_ok();
    alice.look_again().await;
    let cache = data_cookies(&format!("__Secure-{DATA_COOKIE}"), &alice.compact(world.now()));
    assert!(cache.contains("session_data.2="));
    let verifier = world.builder().cookie_cache(CookieCache::compact(SECRET)).build().unwrap();
    let headers = cookie(&format!("{cache}; __Secure-{COOKIE}={}", alice.cookie));
    let found = check(&verifier, &headers).await.unwrap();
    assert_eq!(found.user.image.map(|image| image.len()), Some(9005));
}

#[tokio::test]
async fn a_cache_that_is_old_or_absent_falls_back() {
    let world = World::new(Backend::Sqlite).await;
    let mut alice = world.alice().await;
    let cache = alice.compact(world.now());
    let alone = world.builder().cookie_cache(CookieCache::compact(SECRET)).build().unwrap();
    let both = world.builder().cookie_cache(CookieCache::compact(SECRET));
    let both = both.shared_database(world.shared_database()).build().unwrap();

    let mode = check(&both, &alice.with_cache(&cache)).await.unwrap().mode;
    assert_eq!(mode, Mode::CookieCache);
    let mode = check(&both, &session_cookie(&alice.cookie)).await.unwrap().mode;
    assert_eq!(mode, Mode::SharedDatabase);
    let mode = check(&both, &alice.with_cache("nonsense")).await.unwrap().mode;
    assert_eq!(mode, Mode::SharedDatabase);
    let refused = refusal(check(&alone, &session_cookie(&alice.cookie)).await);
    assert!(refused.contains("`/get-session`"), "{refused}");

    // For as long as its copy lasts, a revoked session works.
    alice.actor.post("/sign-out", json!({})).await.expect_ok();
    world.advance(Duration::from_secs(300));
    check(&both, &alice.with_cache(&cache)).await.unwrap();
    world.advance(Duration::from_millis(1));
    let refused = refusal(check(&both, &alice.with_cache(&cache)).await);
    assert!(refused.starts_with("401 SESSION_ENDED"), "{refused}");
    let refused = refusal(check(&alone, &alice.with_cache(&cache)).await);
    assert_eq!(refused, "401 CREDENTIAL_EXPIRED: the session cache cookie has expired");
}

#[tokio::test]
async fn a_cache_of_another_version_is_not_believed() {
    let world = World::new(Backend::Sqlite).await;
    let alice = world.alice().await;
    let headers = alice.with_cache(&alice.compact(world.now()));
    let cache = CookieCache::compact(SECRET).version("2");
    let verifier = world.builder().cookie_cache(cache).build().unwrap();
    assert!(refusal(check(&verifier, &headers).await).contains("another `version`"));
}

#[tokio::test]
async fn a_jwt_of_each_algorithm_is_taken_until_it_expires() {
    let world = World::new(Backend::Sqlite).await;
    let alice = world.alice().await;
    for algorithm in Algorithm::ALL {
        let key = new_key(algorithm);
        let jwt = Jwt::new(Keys::of_json(&jwks(&key, "k1")).unwrap(), ISSUER, AUDIENCE);
        let verifier = world.builder().jwt(jwt.algorithms([algorithm])).build().unwrap();
        let found = check(&verifier, &bearer(&sign(&key, &alice.claims(world.now())))).await;
        let found = found.unwrap();
        assert_is(&alice, &found, Mode::Jwt);
        assert_eq!(found.user.email, None);
        assert_eq!(found.session.extra["jti"], "j1");
        assert!(found.user.extra.is_empty(), "{:?}", found.user.extra);
    }
}

#[tokio::test]
async fn the_leeway_is_added_to_the_expiry() {
    let world = World::new(Backend::Sqlite).await;
    let alice = world.alice().await;
    let key = new_key(Algorithm::Es256);
    let token = bearer(&sign(&key, &alice.claims(world.now())));
    let keys = Keys::of_json(&jwks(&key, "k1")).unwrap();
    let jwt = Jwt::new(keys, ISSUER, AUDIENCE).algorithms([Algorithm::Es256]);
    let lenient = world.builder().jwt(jwt.clone()).build().unwrap();
    let strict = world.builder().jwt(jwt.leeway(Duration::ZERO)).build().unwrap();
    world.advance(Duration::from_secs(900));
    check(&lenient, &token).await.unwrap();
    let refused = refusal(check(&strict, &token).await);
    assert_eq!(refused, "401 CREDENTIAL_EXPIRED: the JWT has expired");
    world.advance(Duration::from_secs(15));
    assert!(refusal(check(&lenient, &token).await).starts_with("401 CREDENTIAL_EXPIRED"));
}

#[tokio::test]
async fn an_hs256_token_is_taken_with_the_derived_key_of_its_audience() {
    let world = World::new(Backend::Sqlite).await;
    let alice = world.alice().await;
    let audience_key = vestibule_tokens::derive::audience_key(SECRET, AUDIENCE);
    let key = vestibule_tokens::signature::SigningKey::new(&audience_key);
    let now = world.now().as_seconds();
    let token = vestibule_tokens::jwt::sign(&key, alice.claims(world.now()), now, 900);
    let jwt = Jwt::new(Keys::shared(&audience_key), ISSUER, AUDIENCE);
    let verifier = world.builder().jwt(jwt).build().unwrap();
    let found = check(&verifier, &bearer(&token)).await.unwrap();
    assert_is(&alice, &found, Mode::Jwt);
    world.advance(Duration::from_secs(915));
    let refused = refusal(check(&verifier, &bearer(&token)).await);
    assert_eq!(refused, "401 CREDENTIAL_EXPIRED: the JWT has expired");
}

#[tokio::test]
async fn other_cookie_names_are_found() {
    let world = World::new(Backend::Sqlite).await;
    let alice = world.alice().await;
    for (names, name) in [
        (CookieNames::with_prefix("acme"), "acme.session_token"),
        (CookieNames::default().session_token("sid"), "sid"),
        (CookieNames::default().session_token("__Secure-sid"), "__Secure-sid"),
    ] {
        let verifier = world.builder().cookie_names(names).shared_database(world.shared_database());
        let verifier = verifier.build().unwrap();
        check(&verifier, &cookie(&format!("{name}={}", alice.cookie))).await.unwrap();
        let refused = refusal(check(&verifier, &session_cookie(&alice.cookie)).await);
        assert!(refused.starts_with("401 NOT_SIGNED_IN"), "{refused}");
    }
}
