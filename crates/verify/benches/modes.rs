//! What one check costs in each mode: `cargo bench -p vestibule-verify --all-features`.
//!
//! The auth server, its PostgreSQL (`TEST_DATABASE_URL`) and the kit are on one machine, so what the
//! network adds is the reader's to add.

#[path = "../tests/it/world.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod world;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use http::HeaderMap;
use tokio::runtime::Runtime;
use vestibule_tokens::jose::Algorithm;
use vestibule_tokens::{derive, jwt, signature::SigningKey};
use vestibule_verify::{Builder, CookieCache, Jwt, Keys, Remote};

use self::world::{
    AUDIENCE, Backend, ISSUER, SECRET, World, bearer, check, jwks, new_key, session_cookie, sign,
};

fn modes(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut measure = |name: &str, builder: Builder, headers: HeaderMap| {
        let verifier = builder.build().expect("a mode");
        runtime.block_on(check(&verifier, &headers)).expect("a genuine request");
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| runtime.block_on(check(&verifier, &headers)));
        });
    };

    for (name, backend) in [
        ("shared database, SQLite", Backend::Sqlite),
        ("shared database, PostgreSQL", Backend::Postgres),
    ] {
        let (world, alice) = runtime.block_on(async {
            let world = World::new(backend).await;
            let alice = world.alice().await;
            (world, alice)
        });
        let builder = world.builder().shared_database(world.shared_database());
        measure(name, builder, session_cookie(&alice.cookie));
    }

    let (world, alice) = runtime.block_on(async {
        let world = World::new(Backend::Sqlite).await;
        let alice = world.alice().await;
        (world, alice)
    });
    let remote = || Remote::new(&world.base_url()).expect("a URL");
    let asked = world.builder().remote(remote().cache_for(Duration::ZERO));
    measure("remote, asked", asked, session_cookie(&alice.cookie));
    let kept = world.builder().remote(remote().cache_for(Duration::from_secs(3600)));
    measure("remote, kept", kept, session_cookie(&alice.cookie));

    let (now, key) = (world.now(), new_key(Algorithm::EdDsa));
    let keys = Keys::of_json(&jwks(&key, "k1")).expect("keys");
    for (name, cache, value) in [
        ("cookie cache, compact", CookieCache::compact(SECRET), alice.compact(now)),
        ("cookie cache, jwt", CookieCache::jwt(SECRET), alice.jwt_cache(now)),
        ("cookie cache, jwe", CookieCache::jwe(SECRET, &[]), alice.jwe_cache(now)),
        (
            "cookie cache, key set EdDSA",
            CookieCache::key_set(keys, [Algorithm::EdDsa], ISSUER),
            alice.key_set_cache(&key, now),
        ),
    ] {
        measure(name, world.builder().cookie_cache(cache), alice.with_cache(&value));
    }

    for algorithm in Algorithm::ALL {
        let key = new_key(algorithm);
        let keys = Keys::of_json(&jwks(&key, "k1")).expect("keys");
        let jwt = Jwt::new(keys, ISSUER, AUDIENCE).algorithms([algorithm]);
        let token = sign(&key, &alice.claims(now));
        measure(&format!("JWT, {algorithm}"), world.builder().jwt(jwt), bearer(&token));
    }
    let audience_key = derive::audience_key(SECRET, AUDIENCE);
    let claims = alice.claims(now);
    let token = jwt::sign(&SigningKey::new(&audience_key), claims, now.as_seconds(), 900);
    let jwt = Jwt::new(Keys::shared(&audience_key), ISSUER, AUDIENCE);
    measure("JWT, HS256", world.builder().jwt(jwt), bearer(&token));
}

criterion_group!(benches, modes);
criterion_main!(benches);
