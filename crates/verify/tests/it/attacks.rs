//! What must not pass, in every mode: a table of forged, old and misplaced credentials.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use vestibule_tokens::encoding::{base64url, encode_uri_component};
use vestibule_tokens::jose::{Algorithm, Object, PrivateKey, jws};
use vestibule_tokens::signature::SigningKey;
use vestibule_tokens::{derive, jwt, session_cache};
use vestibule_verify::{CookieCache, Jwt, Keys, Remote, Verifier};

use super::world::{
    AUDIENCE, Backend, ISSUER, SECRET, SignedIn, World, bearer, check, cookie, data_cookies, jwks,
    new_key, session_cookie, sign,
};

/// A way to be verified, and what it takes when nobody cheats.
struct Tried {
    name: String,
    verifier: Verifier,
    genuine: HeaderMap,
}

fn attack(name: &str, headers: HeaderMap) -> (String, HeaderMap) {
    (name.to_owned(), headers)
}

/// Every mode, alone.
async fn modes(world: &World, alice: &SignedIn, key: &PrivateKey) -> Vec<Tried> {
    let now = world.now();
    let keys = || Keys::of_json(&jwks(key, "k1")).unwrap();
    let audience_key = derive::audience_key(SECRET, AUDIENCE);
    let hs256 =
        jwt::sign(&SigningKey::new(&audience_key), alice.claims(now), now.as_seconds(), 900);
    let with_cache = |cache: CookieCache| world.builder().cookie_cache(cache).build().unwrap();
    let with_jwt = |jwt: Jwt| world.builder().jwt(jwt).build().unwrap();
    let remote = Remote::new(&world.base_url()).unwrap().cache_for(Duration::ZERO);
    let algorithms = Algorithm::ALL;
    let modes = [
        (
            "shared database",
            world.builder().shared_database(world.shared_database()).build().unwrap(),
            session_cookie(&alice.cookie),
        ),
        ("remote", world.builder().remote(remote).build().unwrap(), session_cookie(&alice.cookie)),
        (
            "compact cache",
            with_cache(CookieCache::compact(SECRET)),
            alice.with_cache(&alice.compact(now)),
        ),
        (
            "jwt cache",
            with_cache(CookieCache::jwt(SECRET)),
            alice.with_cache(&alice.jwt_cache(now)),
        ),
        (
            "jwe cache",
            with_cache(CookieCache::jwe(SECRET, &[])),
            alice.with_cache(&alice.jwe_cache(now)),
        ),
        (
            "key set cache",
            with_cache(CookieCache::key_set(keys(), algorithms, ISSUER)),
            alice.with_cache(&alice.key_set_cache(key, now)),
        ),
        (
            "jwt",
            with_jwt(Jwt::new(keys(), ISSUER, AUDIENCE).algorithms(algorithms)),
            bearer(&sign(key, &alice.claims(now))),
        ),
        (
            "hs256",
            with_jwt(Jwt::new(Keys::shared(&audience_key), ISSUER, AUDIENCE)),
            bearer(&hs256),
        ),
    ];
    let all = world
        .builder()
        .shared_database(world.shared_database())
        .cookie_cache(CookieCache::compact(SECRET))
        .jwt(Jwt::new(keys(), ISSUER, AUDIENCE).algorithms(algorithms))
        .build()
        .unwrap();
    let together = Tried {
        name: "all together".to_owned(),
        verifier: all,
        genuine: session_cookie(&alice.cookie),
    };
    let alone = modes.into_iter().map(|(name, verifier, genuine)| Tried {
        name: name.to_owned(),
        verifier,
        genuine,
    });
    alone.chain([together]).collect()
}

/// Session cookies and session tokens that are nobody's.
fn forged_sessions(alice: &SignedIn) -> Vec<(String, HeaderMap)> {
    let mut attacks = vec![
        attack("nothing", HeaderMap::new()),
        attack("an empty cookie", session_cookie("")),
        attack("an unsigned token", session_cookie(&alice.token)),
        attack("a dot", session_cookie(".")),
        attack("the session's id as token", bearer(alice.session_id())),
        attack("the user's id as token", bearer(alice.id())),
        attack("an e-mail address as token", bearer("alice@example.com")),
        attack("a quotation mark", bearer("'or'1'='1")),
        attack("a token longer than any", bearer(&"a".repeat(5000))),
        attack("a NUL in a cookie", session_cookie("a%00b.c")),
        attack("a NUL in a bearer token", bearer("a%00b")),
        attack("an empty bearer token", bearer("")),
    ];
    let key = SigningKey::new(SECRET);
    let other = SigningKey::new("another secret of sufficient length");
    let encoded = |signed: &str| encode_uri_component(signed).into_owned();
    let with_other_secret = other.sign(&alice.token);
    attacks.push(attack("another secret", session_cookie(&encoded(&with_other_secret))));
    attacks.push(attack("another secret, as bearer", bearer(&with_other_secret)));
    // The value of the cookie `dont_remember`, whose signature is genuine.
    attacks.push(attack("another cookie's value", session_cookie(&encoded(&key.sign("true")))));
    for length in (1..alice.signed.len()).step_by(5) {
        let cut = &alice.signed[..length];
        attacks.push(attack("truncated", session_cookie(&encoded(cut))));
        // Cut before the dot it is a raw token.
        attacks.push(attack("truncated, as bearer", bearer(cut)));
    }
    for at in 0..alice.signed.len() {
        let mut altered = alice.signed.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        attacks.push(attack("tampered", session_cookie(&encoded(&altered))));
        attacks.push(attack("tampered, as bearer", bearer(&altered)));
    }
    // Cut right before the dot, the raw token is genuine; that is not an attack.
    attacks.retain(|(_, headers)| headers != &bearer(&alice.token));
    attacks
}

/// JWTs that are not for this service, not of this issuer, or not genuine.
fn forged_jwts(world: &World, alice: &SignedIn, key: &PrivateKey) -> Vec<(String, HeaderMap)> {
    let now = world.now();
    let claims = alice.claims(now);
    let seconds = now.as_seconds();
    let genuine = sign(key, &claims);
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims.insert(name.to_owned(), value);
        sign(key, &claims)
    };
    let without = |name: &str| {
        let mut claims = claims.clone();
        claims.shift_remove(name);
        sign(key, &claims)
    };
    let hmac = |secret: &str, claims: &Object| {
        let header = base64url(r#"{"alg":"HS256","kid":"k1","typ":"at+jwt"}"#);
        let signed = format!("{header}.{}", base64url(Value::Object(claims.clone()).to_string()));
        let mac = SigningKey::new(secret).mac(signed.as_bytes());
        format!("{signed}.{}", base64url(mac))
    };
    let unsigned = |alg: &str| {
        let header = base64url(json!({ "alg": alg, "kid": "k1" }).to_string());
        format!("{header}.{}.", base64url(Value::Object(claims.clone()).to_string()))
    };
    let jwk = Value::Object(key.public_key().clone().with_kid("k1").to_jwk());
    let root = SigningKey::new(SECRET);
    let link = json!({ "email": "alice@example.com" }).as_object().unwrap().clone();
    let other_key = new_key(key.algorithm());
    let (head, tail) = genuine.split_at(genuine.find('.').unwrap());
    let critical = base64url(r#"{"alg":"EdDSA","kid":"k1","crit":["b64"],"b64":false}"#);

    let mut attacks: Vec<_> = [
        ("expired", with("exp", json!(seconds - 16))),
        ("not valid yet", with("nbf", json!(seconds + 60))),
        ("for another audience", with("aud", json!("billing"))),
        ("for several other audiences", with("aud", json!(["billing", "notes2"]))),
        ("of another issuer", with("iss", json!("https://evil.example"))),
        ("without an expiry", without("exp")),
        ("without an audience", without("aud")),
        ("without an issuer", without("iss")),
        ("without a subject", without("sub")),
        ("with an empty subject", with("sub", json!(""))),
        ("alg none", unsigned("none")),
        ("alg None", unsigned("None")),
        ("alg HS256 without a signature", unsigned("HS256")),
        ("the public key as HMAC secret", hmac(&jwk.to_string(), &claims)),
        ("the public key's x as HMAC secret", hmac(jwk["x"].as_str().unwrap(), &claims)),
        ("the root secret as HMAC secret", hmac(SECRET, &claims)),
        ("no secret as HMAC secret", hmac("", &claims)),
        ("another audience's derived key", hmac(&derive::audience_key(SECRET, "billing"), &claims)),
        ("another key of the same name", sign(&other_key, &claims)),
        (
            "another key of an unknown name",
            jws::sign(&other_key, Some("k2"), None, &claims).unwrap(),
        ),
        ("a key within the token", {
            let own = other_key.public_key().to_jwk();
            let header = json!({ "alg": other_key.algorithm().name(), "jwk": own });
            let signed = format!(
                "{}.{}",
                base64url(header.to_string()),
                base64url(Value::Object(claims.clone()).to_string())
            );
            format!("{signed}.{}", base64url(other_key.sign(signed.as_bytes()).unwrap()))
        }),
        ("a critical extension", format!("{critical}{tail}")),
        ("no payload", format!("{head}..")),
        ("a verification link's token", jwt::sign(&root, link.clone(), seconds, 3600)),
        ("a change of e-mail's token", {
            let mut link = link;
            link.insert("updateTo".to_owned(), "eve@example.com".into());
            jwt::sign(&root, link, seconds, 3600)
        }),
        ("a cookie cache as JWT", alice.jwt_cache(now)),
        ("a cookie cache of the key set", alice.key_set_cache(key, now)),
        ("an encrypted cookie cache", alice.jwe_cache(now)),
        ("a compact cookie cache", alice.compact(now)),
    ]
    .into_iter()
    .map(|(name, token)| attack(name, bearer(&token)))
    .collect();
    for length in (head.len()..genuine.len()).step_by(9) {
        attacks.push(attack("a truncated JWT", bearer(&genuine[..length])));
    }
    for at in (0..genuine.len()).step_by(3) {
        let mut altered = genuine.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        attacks.push(attack("a tampered JWT", bearer(&String::from_utf8(altered).unwrap())));
    }
    // As cookies they are nothing either.
    let as_cookies: Vec<_> = attacks
        .iter()
        .filter_map(|(name, headers)| {
            let token = headers.get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")?;
            Some(attack(&format!("{name}, as cookie"), session_cookie(token)))
        })
        .collect();
    attacks.extend(as_cookies);
    attacks
}

async fn nothing_forged_passes(backend: Backend) {
    let world = World::new(backend).await;
    let alice = world.alice().await;
    let key = new_key(Algorithm::EdDsa);
    let modes = modes(&world, &alice, &key).await;
    for Tried { name, verifier, genuine } in &modes {
        let found = check(verifier, genuine).await;
        assert!(found.is_ok(), "{name} takes what is genuine: {found:?}");
    }
    let mut attacks = forged_sessions(&alice);
    attacks.extend(forged_jwts(&world, &alice, &key));
    assert!(attacks.len() > 200);
    for Tried { name, verifier, .. } in &modes {
        for (attack, headers) in &attacks {
            match check(verifier, headers).await {
                Ok(found) => panic!("{name}: {attack} passed as {}", found.user.id),
                Err(refusal) => {
                    assert_eq!(refusal.status(), StatusCode::UNAUTHORIZED, "{name}: {attack}");
                }
            }
        }
    }
}

#[tokio::test]
async fn nothing_forged_passes_on_sqlite() {
    nothing_forged_passes(Backend::Sqlite).await;
}

#[tokio::test]
async fn nothing_forged_passes_on_postgres() {
    nothing_forged_passes(Backend::Postgres).await;
}

/// The cookie `session_data` of a request whose session cookie is genuine.
#[tokio::test]
async fn no_forged_cache_is_believed() {
    let world = World::new(Backend::Sqlite).await;
    let (alice, mallory) = (world.alice().await, world.sign_up("mallory@example.com").await);
    let (key, other_key) = (new_key(Algorithm::EdDsa), new_key(Algorithm::EdDsa));
    let now = world.now();
    let other = SigningKey::new("another secret of sufficient length");
    let payload = alice.payload(now);
    let keys = Keys::of_json(&jwks(&key, "k1")).unwrap();
    let seconds = now.as_seconds();
    let forms = [
        (
            CookieCache::compact(SECRET),
            alice.compact(now),
            mallory.compact(now),
            session_cache::compact::encode(&other, &payload, now.as_millis() + 300_000),
        ),
        (
            CookieCache::jwt(SECRET),
            alice.jwt_cache(now),
            mallory.jwt_cache(now),
            session_cache::jwt::encode(&other, &payload, seconds, 300),
        ),
        (
            CookieCache::jwe(SECRET, &[]),
            alice.jwe_cache(now),
            mallory.jwe_cache(now),
            // Encrypted for another purpose: the keys differ.
            {
                use vestibule_tokens::jwe::{Key, Purpose, Unique};
                let key = Key::derive(SECRET, Purpose::Account);
                let unique = Unique { id: "a".to_owned(), iv: [7; 16] };
                session_cache::jwe::encode(&key, &payload, seconds, 300, unique)
            },
        ),
        (
            CookieCache::key_set(keys, [Algorithm::EdDsa], ISSUER),
            alice.key_set_cache(&key, now),
            mallory.key_set_cache(&key, now),
            alice.key_set_cache(&other_key, now),
        ),
    ];
    let access_token = sign(&key, &alice.claims(now));
    let genuine: Vec<_> = forms.iter().map(|(_, genuine, ..)| genuine.clone()).collect();
    for (index, (cache, value, anothers, forged)) in forms.into_iter().enumerate() {
        let verifier = world.builder().cookie_cache(cache).build().unwrap();
        check(&verifier, &alice.with_cache(&value)).await.unwrap();
        let mut attacks = vec![
            ("another's", anothers),
            ("another key's", forged),
            ("an access token", access_token.clone()),
            ("no base64", "{}".to_owned()),
        ];
        for (form, other) in genuine.iter().enumerate().filter(|(form, _)| *form != index) {
            attacks.push((["compact", "jwt", "jwe", "key set"][form], other.clone()));
        }
        for length in (1..value.len()).step_by(31) {
            attacks.push(("truncated", value[..length].to_owned()));
        }
        for at in (0..value.len()).step_by(7) {
            let mut altered = value.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            attacks.push(("tampered", String::from_utf8(altered).unwrap()));
        }
        for (attack, value) in attacks {
            let outcome = check(&verifier, &alice.with_cache(&value)).await;
            assert!(outcome.is_err(), "form {index}: {attack}");
        }
        // A copy alone, and with a session cookie that is not its own, proves nothing.
        let alone = cookie(&data_cookies("better-auth.session_data", &value));
        assert!(check(&verifier, &alone).await.is_err());
        assert!(check(&verifier, &mallory.with_cache(&value)).await.is_err());
        world.advance(Duration::from_secs(1));
    }
}
