//! The keys for other parts of the server, and `verify_jwt`.

use vestibule_core::call::Exchange;
use vestibule_core::key_set::Expected;
use vestibule_tokens::encoding::base64url;
use vestibule_tokens::signature::SigningKey;

use super::*;

fn some_claims() -> Object {
    let claims = json!({ "sub": "u1", "iss": "i", "aud": "a", "exp": NOW + 60 });
    claims.as_object().unwrap().clone()
}

/// A server, its key set, and a call to use it with.
async fn with_key_set(options: Json) -> (TestAuth, Arc<dyn KeySet>, Exchange) {
    let app = app(options).await;
    let key_set = app.auth.key_set().unwrap().clone();
    let call = app.auth.unrequested().unwrap();
    (app, key_set, call)
}

#[tokio::test]
async fn a_key_of_each_algorithm_is_made_when_it_is_needed() {
    let options =
        json!({ "jwks": { "keyPairConfigs": [{ "alg": "RS256", "modulusLength": 3072 }] } });
    let (app, key_set, mut call) = with_key_set(options).await;
    assert_eq!(key_set.algorithm(), Algorithm::EdDsa);
    for algorithm in [Algorithm::Es256, Algorithm::Rs256, Algorithm::Es256] {
        let token =
            key_set.sign(&mut call, algorithm, Some("at+jwt"), some_claims()).await.unwrap();
        let header = header(&token);
        assert_eq!((&header["alg"], &header["typ"]), (&json!(algorithm), &json!("at+jwt")));
        assert_eq!(claims(&token), json!(some_claims()), "claims are signed as they are");
    }
    let keys = jwks(&app).await;
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    assert_eq!(keys["keys"][1]["n"].as_str().unwrap().len(), 512, "of the configured length");
    // The primary algorithm has no key yet, but another key signs.
    let mut alice = app.sign_up("alice@example.com").await;
    token(&mut alice).await;
    assert_eq!(rows(&app.auth).await.len(), 2);
}

#[tokio::test]
async fn a_token_verifies_when_all_is_as_expected() {
    let (app, key_set, mut call) = with_key_set(json!({})).await;
    let token =
        key_set.sign(&mut call, Algorithm::EdDsa, Some("at+jwt"), some_claims()).await.unwrap();
    let good = Expected {
        token_type: Some("at+jwt"),
        issuer: Some("i"),
        audience: Some("a"),
        leeway_seconds: 0,
    };
    assert_eq!(key_set.verify(&mut call, &token, good).await.unwrap(), Some(some_claims()));
    assert!(key_set.verify(&mut call, &token, Expected::default()).await.unwrap().is_some());
    for expected in [
        Expected { token_type: Some("other+jwt"), ..good },
        Expected { issuer: Some("j"), ..good },
        Expected { audience: Some("b"), ..good },
    ] {
        assert_eq!(key_set.verify(&mut call, &token, expected).await.unwrap(), None);
    }
    app.advance(Duration::from_secs(65));
    let mut later = app.auth.unrequested().unwrap();
    assert_eq!(key_set.verify(&mut later, &token, good).await.unwrap(), None);
    let lenient = Expected { leeway_seconds: 15, ..good };
    assert!(key_set.verify(&mut later, &token, lenient).await.unwrap().is_some());
}

#[tokio::test]
async fn what_no_key_of_ours_signed_is_nothing() {
    let (_, key_set, mut call) = with_key_set(json!({})).await;
    let token = key_set.sign(&mut call, Algorithm::EdDsa, None, some_claims()).await.unwrap();
    let (_other_app, other, mut other_call) = with_key_set(json!({})).await;
    let foreign = other.sign(&mut other_call, Algorithm::EdDsa, None, some_claims()).await.unwrap();
    let kid = header(&token)["kid"].clone();
    let payload = base64url(json!(some_claims()).to_string());
    let forge = |header: Json| format!("{}.{payload}", base64url(header.to_string()));
    let hmac = forge(json!({ "alg": "HS256", "kid": kid }));
    let mac = base64url(SigningKey::new("x").mac(hmac.as_bytes()));
    let (unsigned, signature) = token.rsplit_once('.').unwrap();
    for forged in [
        String::new(),
        "opaque".to_owned(),
        unsigned.to_owned(),
        format!("{unsigned}."),
        format!("{unsigned}.{}", signature.replace(|_| true, "A")),
        format!("{}.", forge(json!({ "alg": "none", "kid": kid }))),
        format!("{hmac}.{mac}"),
        format!("{}.{signature}", forge(json!({ "alg": "ES256", "kid": kid }))),
        format!("{}.{signature}", forge(json!({ "alg": "EdDSA" }))),
        format!("{}.{signature}", forge(json!({ "alg": "EdDSA", "kid": "' OR 1=1 --\u{0}" }))),
        foreign.clone(),
        format!("{}.{}", token.split_once('.').unwrap().0, foreign.split_once('.').unwrap().1),
    ] {
        let verified = key_set.verify(&mut call, &forged, Expected::default()).await.unwrap();
        assert_eq!(verified, None, "{forged}");
    }
}

/// Difference: `keys-end-with-their-grace`.
#[tokio::test]
async fn a_token_of_a_key_that_is_gone_is_nothing() {
    let options = json!({ "jwks": { "rotationInterval": 10, "gracePeriod": 10 } });
    let (app, key_set, mut call) = with_key_set(options).await;
    let mut claims = some_claims();
    claims.insert("exp".to_owned(), json!(NOW + 1000));
    let token = key_set.sign(&mut call, Algorithm::EdDsa, None, claims).await.unwrap();
    app.advance(Duration::from_secs(19));
    let mut call = app.auth.unrequested().unwrap();
    assert!(key_set.verify(&mut call, &token, Expected::default()).await.unwrap().is_some());
    app.advance(Duration::from_secs(1));
    let mut call = app.auth.unrequested().unwrap();
    assert_eq!(key_set.verify(&mut call, &token, Expected::default()).await.unwrap(), None);
}

#[tokio::test]
async fn embedders_sign_and_verify() {
    let options = json!({ "jwt": { "audience": ["a", "b"] } });
    let jwt = Arc::new(plugin(options));
    let shared: Arc<dyn Plugin> = jwt.clone();
    let app = TestAuth::builder().configure(move |builder| builder.plugins([shared])).start().await;
    let mut call = app.auth.unrequested().unwrap();
    let payload = |payload: Json| payload.as_object().unwrap().clone();
    let token = jwt.sign_jwt(&mut call, payload(json!({ "sub": "job" }))).await.unwrap();
    let verified = jwt.verify_jwt(&call, &token, None).await.unwrap();
    let expected = json!({ "sub": "job", "exp": NOW + 900, "iss": ORIGIN, "aud": ["a", "b"] });
    assert_eq!(verified, Some(payload(expected)));
    assert_eq!(jwt.verify_jwt(&call, &token, Some("https://else.example")).await.unwrap(), None);
    for other in [
        json!({ "sub": "job", "aud": "c" }),
        json!({ "sub": "job", "iss": "c" }),
        json!({ "sub": "job", "exp": NOW }),
        json!({ "sub": "" }),
        json!({}),
    ] {
        let token = jwt.sign_jwt(&mut call, payload(other.clone())).await.unwrap();
        assert_eq!(jwt.verify_jwt(&call, &token, None).await.unwrap(), None, "{other}");
    }
}

/// A server whose session cache is signed by the keys.
async fn with_session_cache(jwt: Json) -> TestAuth {
    let plugin = plugin(jwt);
    TestAuth::builder()
        .json(json!({
            "emailAndPassword": { "enabled": true },
            "session": { "cookieCache": { "enabled": true, "strategy": "jwt" } },
        }))
        .configure(|builder| builder.plugin(plugin))
        .start()
        .await
}

const CACHE: &str = "better-auth.session_data";

#[tokio::test]
async fn the_session_cache_is_for_whoever_has_the_key_set() {
    let app = with_session_cache(json!({ "sessionCookieCache": true })).await;
    let mut alice = app.sign_up("alice@example.com").await;
    let cache = alice.cookie(CACHE).unwrap().to_owned();
    let said = header(&cache);
    assert_eq!(said["alg"], "EdDSA");
    assert_eq!(said["typ"], "better-auth.session-cache+jwt");
    assert_eq!(claims(&cache)["sub"], claims(&cache)["user"]["id"]);

    let set = jwks(&app).await;
    let keys = PublicKeys::from_jwks(set.as_object().unwrap()).unwrap();
    let validation = Validation::new([Algorithm::EdDsa])
        .typ("better-auth.session-cache+jwt")
        .issuer(ORIGIN)
        .audience("better-auth:session-cache");
    assert!(jws::verify(&cache, &validation, NOW, |header| keys.find(header)).is_ok());
    assert!(verify(&cache, &set).unwrap_err().starts_with("the token's `aud` is"));

    // It is believed without the database, and a token for services is not.
    let answer = alice.get("/get-session").await;
    assert_eq!(answer.set_cookies(), [""; 0]);
    let token = answer.headers["set-auth-jwt"].to_str().unwrap().to_owned();
    let mut confused = alice.clone().with_cookie(CACHE, &token);
    let answer = confused.get("/get-session").await;
    assert_eq!(answer.json()["user"]["email"], "alice@example.com");
    assert_eq!(answer.set_cookies().len(), 2, "the token is taken back, and there is a cache");
}

#[tokio::test]
async fn without_the_option_the_secret_signs_the_cache() {
    let app = with_session_cache(json!({})).await;
    let alice = app.sign_up("alice@example.com").await;
    assert_eq!(header(alice.cookie(CACHE).unwrap())["alg"], "HS256");
}
