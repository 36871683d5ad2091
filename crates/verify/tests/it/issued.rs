//! What the auth server itself issues: session caches, tokens of its key set, tokens for an audience.

use serde_json::json;
use vestibule_core::auth::Builder;
use vestibule_core::service_key::Service;
use vestibule_plugins::backends::audience::AudienceOptions;
use vestibule_plugins::backends::{BackendOptions, Backends};
use vestibule_plugins::jwt;
use vestibule_tokens::derive::{audience_key, service_key};
use vestibule_verify::{Algorithm, CookieCache, Jwt, Keys, Mode, Remote};

use super::world::{
    Backend, COOKIE, DATA_COOKIE, ISSUER, SECRET, World, bearer, check, refusal, session_cookie,
};

/// A server with a key set that signs session caches too, two audiences and a service.
fn issuing(builder: Builder) -> Builder {
    let options: jwt::Options =
        serde_json::from_value(json!({ "sessionCookieCache": true })).expect("options");
    with_backends(builder.plugin(jwt::Jwt::from(options)))
}

fn with_backends(builder: Builder) -> Builder {
    let audience = |options| serde_json::from_value::<AudienceOptions>(options).expect("options");
    let backends = Backends::new(BackendOptions::default())
        .audience("notes", audience(json!({ "algorithm": "HS256", "claims": ["name"] })));
    let service = Service { name: "notes".to_owned(), key_versions: vec![1] };
    builder.plugin(backends).services([service])
}

#[tokio::test]
async fn session_caches_of_every_strategy_are_read() {
    for (strategy, cache) in [
        ("compact", CookieCache::compact(SECRET)),
        ("jwt", CookieCache::jwt(SECRET)),
        ("jwe", CookieCache::jwe(SECRET, &[])),
    ] {
        let options =
            json!({ "session": { "cookieCache": { "enabled": true, "strategy": strategy } } });
        let world = World::with(Backend::Sqlite, options).await;
        let alice = world.alice().await;
        let headers = world.cookies(&alice.actor, &[COOKIE, DATA_COOKIE]);
        let verifier = world.builder().cookie_cache(cache).build().unwrap();
        let found = check(&verifier, &headers).await.unwrap();
        assert_eq!((found.mode, found.user.id.as_str()), (Mode::CookieCache, alice.id()));
        assert_eq!(found.user.email.as_deref(), Some("alice@example.com"), "{strategy}");
    }
}

#[tokio::test]
async fn the_key_set_verifies_caches_and_tokens() {
    let options = json!({ "session": { "cookieCache": { "enabled": true, "strategy": "jwt" } } });
    let world = World::start(Backend::Sqlite, options, issuing).await;
    let mut alice = world.alice().await;
    let jwks = format!("http://{}/.well-known/jwks.json", world.address);
    let keys = Keys::at(&jwks).unwrap();
    let verifier = world
        .builder()
        .cookie_cache(CookieCache::key_set(keys.clone(), [Algorithm::EdDsa], ISSUER))
        .jwt(Jwt::new(keys, ISSUER, ISSUER))
        .build()
        .unwrap();
    let headers = world.cookies(&alice.actor, &[COOKIE, DATA_COOKIE]);
    let found = check(&verifier, &headers).await.unwrap();
    assert_eq!((found.mode, found.user.id.as_str()), (Mode::CookieCache, alice.id()));

    let token = alice.actor.get("/token").await.json()["token"].as_str().unwrap().to_owned();
    let found = check(&verifier, &bearer(&token)).await.unwrap();
    assert_eq!((found.mode, found.user.id.as_str()), (Mode::Jwt, alice.id()));
    assert_eq!(found.user.email.as_deref(), Some("alice@example.com"));
    assert_eq!(found.user.created_at, Some(world.now()));
}

#[tokio::test]
async fn a_token_for_an_audience_is_for_no_other() {
    let world = World::start(Backend::Sqlite, json!({}), with_backends).await;
    let alice = world.alice().await;
    let answer = alice.actor.at_origin().post("/auth/token", json!({ "audience": "notes" })).await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let verifier = |audience: &str| {
        let keys = Keys::shared(&audience_key(SECRET, audience));
        let jwt = Jwt::new(keys, ISSUER, audience).typ("at+jwt");
        world.builder().jwt(jwt).build().unwrap()
    };
    let found = check(&verifier("notes"), &bearer(&token)).await.unwrap();
    assert_eq!(found.user.id, alice.id());
    assert_eq!(found.user.name.as_deref(), Some("Test"));
    assert_eq!(found.user.email, None);
    assert_eq!(found.session.id.as_deref(), Some(alice.session_id()));
    assert!(refusal(check(&verifier("billing"), &bearer(&token)).await).starts_with("401 "));
}

#[tokio::test]
async fn a_service_key_is_accepted_or_said_to_be_wrong() {
    let world = World::start(Backend::Sqlite, json!({}), with_backends).await;
    let alice = world.alice().await;
    let remote = |key: &str| {
        let remote = Remote::new(&world.base_url()).unwrap().service_key(key).unwrap();
        let client = |_: &http::HeaderMap, _: &http::Extensions| "192.0.2.7".parse().ok();
        world.builder().remote(remote.client_address(client)).build().unwrap()
    };
    let headers = session_cookie(&alice.cookie);
    let found = check(&remote(&service_key(SECRET, "notes", 1)), &headers).await.unwrap();
    assert_eq!(found.user.id, alice.id());
    // A key that was withdrawn is this service's trouble and not its user's.
    for key in [service_key(SECRET, "notes", 2), "vsk_notes_1_made_up".to_owned()] {
        let refused = refusal(check(&remote(&key), &headers).await);
        assert!(refused.starts_with("503 "), "{refused}");
    }
}
