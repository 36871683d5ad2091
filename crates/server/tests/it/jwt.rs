//! The plugin `jwt`, from the file to a service that knows nothing but the origin.

use insta::assert_snapshot;
use serde_json::Value as Json;
use vestibule_tokens::jose::{Algorithm, PublicKeys, Validation, jws};

use crate::server::{Place, Server};

const CONFIG: &str = "
[emailAndPassword]
enabled = true
[tokens.api]
algorithm = 'RS256'
[plugins.jwt.jwks]
keyPairConfig = { alg = 'ES256' }
";

/// What a framework does that has been told an authority, an audience and an algorithm.
fn verify(server: &Server, token: &str, audience: &str, algorithm: Algorithm) -> Json {
    let unverified = jws::Unverified::parse(token).unwrap().unverified_claims().unwrap();
    let now = unverified["iat"].as_i64().unwrap();
    let authority = format!("http://{}", server.address);
    let discovery = server.send("GET /.well-known/openid-configuration", &[], b"").json();
    assert_eq!(discovery["issuer"], authority);
    let algorithms = discovery["id_token_signing_alg_values_supported"].as_array().unwrap();
    assert!(algorithms.contains(&algorithm.name().into()), "{algorithms:?}");
    let jwks = discovery["jwks_uri"].as_str().unwrap().strip_prefix(&authority).unwrap();
    let jwks = server.send(&format!("GET {jwks}"), &[], b"").json();
    let keys = PublicKeys::from_jwks(jwks.as_object().unwrap()).unwrap();
    let validation = Validation::new([algorithm]).issuer(&*authority).audience(audience);
    let verified = jws::verify(token, &validation, now, |header| keys.find(header)).unwrap();
    verified.claims.into()
}

#[test]
fn a_service_that_knows_the_origin_verifies() {
    let place = Place::with_config(CONFIG);
    let server = place.serve();
    let cookie = server.sign_up("ada@example.com").cookie();
    let origin = format!("http://{}", server.address);
    let headers =
        [("cookie", &*cookie), ("origin", &*origin), ("content-type", "application/json")];

    let token = server.send("GET /api/auth/token", &headers, b"").json();
    let claims = verify(&server, token["token"].as_str().unwrap(), &origin, Algorithm::Es256);
    assert_eq!(claims["email"], "ada@example.com");

    let granted = server.send("POST /auth/token", &headers, b"{}").json();
    let granted = granted["access_token"].as_str().unwrap();
    let of_audience = verify(&server, granted, "api", Algorithm::Rs256);
    assert_eq!(of_audience["sub"], claims["sub"]);
}

#[test]
fn mistakes_are_named_with_their_place() {
    let complaint = |config: &str| Place::with_config(config).complaint(&["config", "check"]);
    assert_snapshot!(complaint("[plugins.jwt.jwks]\nkeyPairConfig = { alg = 'HS256' }"), @r#"
    error: `vestibule.toml` cannot be used:
      plugins.jwt.jwks.keyPairConfig.alg: expected "EdDSA", "ES256", "ES512", "RS256" or "PS256", found the text "HS256"
    "#);
    assert_snapshot!(complaint("[plugins.jwt.jwks]\nrotationIntervall = 60"), @r#"
    error: `vestibule.toml` cannot be used:
      plugins.jwt.jwks.rotationIntervall: there is no such key; did you mean `plugins.jwt.jwks.rotationInterval`?
    "#);
    assert_snapshot!(complaint("[plugins.jwt.jwt]\nexpirationTime = 'soon'"), @r#"error: `vestibule.toml` cannot be used: plugins.jwt: `jwt.expirationTime`: expected a time span such as "15m", or seconds since 1970"#);
    assert_snapshot!(complaint("[plugins.jwt.jwt]\nexpirationTime = 900"), @r#"error: `plugins.jwt.jwt.expirationTime`: a number is a moment in seconds since 1970, and 900 is long past; a duration is a text, such as "900s""#);
    assert_snapshot!(complaint("[plugins.jwt.jwt]\nsign = { webhook = 'https://kms.example' }"), @"error: `plugins.jwt.jwt.sign`: it needs `jwks.remoteUrl`, where its keys are");
    assert_snapshot!(complaint("[plugins.jwt]\nsessionCookieCache = true"), @r#"error: `session.cookieCache.strategy`: expected "jwt", because a plugin's keys are to sign the cache"#);
}
