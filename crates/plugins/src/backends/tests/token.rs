use std::sync::Arc;
use std::time::Duration;

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::json;
use vestibule_core::Auth;
use vestibule_core::options::Options;
use vestibule_testkit::{Actor, Answer, FaultyStore, TestAuth};
use vestibule_tokens::derive::audience_key;
use vestibule_tokens::jwt;
use vestibule_tokens::signature::SigningKey;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

async fn exchange(actor: &Actor, body: Json) -> Answer {
    actor.at_origin().post("/auth/token", body).await
}

/// The session's token, as a sign-in answers it, and as the cookie has it.
async fn session_tokens(app: &TestAuth, email: &str) -> (String, String) {
    let mut actor = app.sign_up(email).await;
    let session = actor.get("/get-session").await.json();
    let token = session["session"]["token"].as_str().unwrap().to_owned();
    let signed = SigningKey::new(SECRET).sign(&token);
    (token, signed)
}

#[tokio::test]
async fn a_session_becomes_a_token_for_a_service() {
    let app = server().start().await;
    let alice = app.sign_up("alice@example.com").await;
    let answer = exchange(&alice, json!({ "audience": "api" })).await;
    assert_snapshot!(answer.line(), @r#"200 {"access_token":"eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJpc3MiOiJodHRwOi8vbG9jYWxob3N0OjMwMDAiLCJhdWQiOiJhcGkiLCJzdWIiOiIxbk9xV29qUFRzb0VneXVOZ2gyZFI4Q2VuaUxJUkw0UiIsInNpZCI6IjcydnBhbTQ0SmZkU2hDSVJ1Z3B3WXpTNVkwcXc3OE5hIiwianRpIjoiS0hUeHNpc2I1OWs1TDQ2eGc2bkNZNVVkcFNmamE2RGwiLCJpYXQiOjE4OTM0NTYwMDAsImV4cCI6MTg5MzQ1NjkwMH0.8j6ceBUu0VfB8cp42vHtU19tPIE411slilccoL8wgjk","token_type":"Bearer","expires_in":900,"issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}"#);
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["pragma"], "no-cache");
    let (header, claims) = parts(answer.json()["access_token"].as_str().unwrap());
    assert_json_snapshot!(json!({ "header": header, "claims": claims }), @r#"
    {
      "header": {
        "alg": "HS256",
        "typ": "at+jwt"
      },
      "claims": {
        "iss": "http://localhost:3000",
        "aud": "api",
        "sub": "1nOqWojPTsoEgyuNgh2dR8CeniLIRL4R",
        "sid": "72vpam44JfdShCIRugpwYzS5Y0qw78Na",
        "jti": "KHTxsisb59k5L46xg6nCY5UdpSfja6Dl",
        "iat": 1893456000,
        "exp": 1893456900
      }
    }
    "#);
}

#[tokio::test]
async fn its_key_is_derived_for_that_service_alone() {
    let app = server().start().await;
    let alice = app.sign_up("alice@example.com").await;
    let answer = exchange(&alice, json!({})).await.json();
    let token = answer["access_token"].as_str().unwrap();
    let now = parts(token).1["iat"].as_i64().unwrap();
    for (key, fits) in [
        (audience_key(SECRET, "api"), true),
        (audience_key(SECRET, "shop"), false),
        (SECRET.to_owned(), false),
    ] {
        let key = SigningKey::new(&key);
        assert_eq!(jwt::verify_as(&key, "at+jwt", token, now).is_ok(), fits);
    }
}

#[tokio::test]
async fn a_form_is_as_good_as_json() {
    let app = server().start().await;
    let alice = app.sign_up("alice@example.com").await;
    let mut alice =
        alice.at_origin().with_header("content-type", "application/x-www-form-urlencoded");
    let form = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&audience=api\
                &requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt";
    let answer = alice.post_raw("/auth/token", form).await;
    assert_eq!(
        answer.expect_ok().json()["issued_token_type"],
        "urn:ietf:params:oauth:token-type:jwt"
    );
}

#[tokio::test]
async fn never_from_an_e_mail_address_in_a_body() {
    let app = server().start().await;
    let alice = app.sign_up("alice@example.com").await;
    app.sign_up("bob@example.com").await;
    let bob = json!({
        "email": "bob@example.com", "userId": "bob", "sub": "bob", "user": { "id": "bob" },
        "username": "bob@example.com", "password": vestibule_testkit::PASSWORD, "audience": "api",
        "client_id": "api", "assertion": "bob@example.com", "subject": "bob@example.com",
    });
    assert_snapshot!(exchange(&app.anyone(), bob.clone()).await.line(), @r#"401 {"message":"Nobody is signed in: send the session cookie (in a browser: fetch with credentials: include) or, with the plugin bearer, a session token as Authorization: Bearer","code":"UNAUTHORIZED","error":"invalid_grant","error_description":"Nobody is signed in: send the session cookie (in a browser: fetch with credentials: include) or, with the plugin bearer, a session token as Authorization: Bearer"}"#);
    let me = alice.at_origin().get("/auth/me").await.json()["id"].clone();
    let answer = exchange(&alice, bob).await.json();
    assert_eq!(parts(answer["access_token"].as_str().unwrap()).1["sub"], me);
    // Neither is a token that is none.
    let claims = json!({ "audience": "api", "subject_token": "bob@example.com" });
    assert_snapshot!(exchange(&app.anyone(), claims).await.line(), @r#"400 {"message":"The subject_token is not the token of a session, or the session has ended","code":"INVALID_REQUEST","error":"invalid_request","error_description":"The subject_token is not the token of a session, or the session has ended"}"#);
}

#[tokio::test]
async fn nobody_signed_in_gets_none_and_learns_what_to_send() {
    let app = server().start().await;
    let answer = exchange(&app.anyone(), json!({})).await;
    assert_snapshot!(answer.line(), @r#"401 {"message":"Nobody is signed in: send the session cookie (in a browser: fetch with credentials: include) or, with the plugin bearer, a session token as Authorization: Bearer","code":"UNAUTHORIZED","error":"invalid_grant","error_description":"Nobody is signed in: send the session cookie (in a browser: fetch with credentials: include) or, with the plugin bearer, a session token as Authorization: Bearer"}"#);
    assert_snapshot!(answer.headers["www-authenticate"].to_str().unwrap(), @r#"Bearer realm="vestibule""#);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let forged = app.anyone().with_cookie("better-auth.session_token", "stolen.signature");
    let answer = exchange(&forged, json!({})).await;
    assert_eq!(answer.status, 401);
    assert_snapshot!(answer.headers["www-authenticate"].to_str().unwrap(), @r#"Bearer realm="vestibule", error="invalid_token""#);
}

#[tokio::test]
async fn a_revoked_session_mints_nothing() {
    let app = server().start().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let elsewhere = alice.clone();
    assert_eq!(exchange(&elsewhere, json!({})).await.status, 200);
    alice.post("/revoke-sessions", json!({})).await.expect_ok();
    assert_eq!(exchange(&elsewhere, json!({})).await.status, 401);
}

/// A session cache in a cookie outlives the session; what it says is not proof enough.
#[tokio::test]
async fn a_session_cache_mints_nothing() {
    let app = server().options(|options| options.session.cookie_cache.enabled = true).start().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let mut elsewhere = alice.clone();
    alice.post("/revoke-sessions", json!({})).await.expect_ok();
    assert_ne!(elsewhere.get("/get-session").await.line(), "200 null", "the cache still says so");
    assert_eq!(exchange(&elsewhere, json!({})).await.status, 401);
}

#[tokio::test]
async fn an_expired_session_mints_nothing() {
    let app = server().start().await;
    let alice = app.sign_up("alice@example.com").await;
    app.advance(Duration::from_secs(7 * 24 * 60 * 60) + MINUTE);
    assert_eq!(exchange(&alice, json!({})).await.status, 401);
}

#[tokio::test]
async fn no_token_outlives_its_session() {
    let app = server().options(|options| options.session.expires_in = 20 * 60).start().await;
    let alice = app.sign_up("alice@example.com").await;
    let lifetime = |answer: &Answer| answer.expect_ok().json()["expires_in"].clone();
    assert_eq!(lifetime(&exchange(&alice, json!({})).await), 15 * 60);
    app.advance(10 * MINUTE);
    let answer = exchange(&alice, json!({})).await;
    assert_eq!(lifetime(&answer), 10 * 60);
    let (_, claims) = parts(answer.json()["access_token"].as_str().unwrap());
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 10 * 60);
    // In the session's last second there is nothing left to give.
    app.advance(10 * MINUTE - Duration::from_millis(50));
    assert_snapshot!(exchange(&alice, json!({})).await.line(), @r#"401 {"message":"Nobody is signed in: send the session cookie (in a browser: fetch with credentials: include) or, with the plugin bearer, a session token as Authorization: Bearer","code":"UNAUTHORIZED","error":"invalid_grant","error_description":"Nobody is signed in: send the session cookie (in a browser: fetch with credentials: include) or, with the plugin bearer, a session token as Authorization: Bearer"}"#);
}

#[tokio::test]
async fn a_session_that_is_due_is_prolonged() {
    let app = server().start().await;
    let alice = app.sign_up("alice@example.com").await;
    assert!(exchange(&alice, json!({})).await.set_cookies().is_empty());
    app.advance(Duration::from_secs(25 * 60 * 60));
    let answer = exchange(&alice, json!({})).await;
    assert_eq!(answer.expect_ok().set_cookies().len(), 1);
}

#[tokio::test]
async fn a_foreign_origin_is_refused_and_nothing_is_minted() {
    let app = server().start().await;
    let alice =
        app.sign_up("alice@example.com").await.with_header("origin", "https://evil.example");
    assert_snapshot!(exchange(&alice, json!({})).await.line(), @r#"403 {"message":"Invalid origin","code":"INVALID_ORIGIN","hint":"add the origin to the configuration: trustedOrigins = [\"https://evil.example\"]","error":"access_denied","error_description":"Invalid origin"}"#);
}

#[tokio::test]
async fn the_token_of_a_session_proves_it_without_a_cookie() {
    let app = server().start().await;
    let (raw, signed) = session_tokens(&app, "alice@example.com").await;
    let encoded = vestibule_tokens::encoding::encode_uri_component(&signed).into_owned();
    for subject_token in [&raw, &signed, &encoded] {
        let body = json!({
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": subject_token,
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        });
        let answer = exchange(&app.anyone(), body).await;
        answer.expect_ok();
        assert!(answer.set_cookies().is_empty());
    }
    let (_, other) = signed.split_once('.').unwrap();
    for subject_token in
        ["", "x", "a\0b", &format!("x{raw}"), &format!("{raw}x.{other}"), &"x".repeat(600)]
    {
        let answer = exchange(&app.anyone(), json!({ "subject_token": subject_token })).await;
        assert_eq!(answer.status, 400, "{subject_token}");
        assert_eq!(answer.json()["error"], "invalid_request");
    }
}

#[tokio::test]
async fn a_subject_token_counts_and_not_the_cookie_beside_it() {
    let app = server().start().await;
    let (raw, _) = session_tokens(&app, "alice@example.com").await;
    let bob = app.sign_up("bob@example.com").await;
    let of =
        |answer: Answer| parts(answer.json()["access_token"].as_str().unwrap()).1["sub"].clone();
    let asked = of(exchange(&bob, json!({ "subject_token": raw })).await);
    assert_ne!(asked, of(exchange(&bob, json!({})).await));
    assert_eq!(exchange(&bob, json!({ "subject_token": "x" })).await.status, 400);
}

#[tokio::test]
async fn a_signature_can_be_required() {
    let options = BackendOptions { require_signature: true, ..BackendOptions::default() };
    let app = server_with(Backends::new(options).audience("api", shared())).start().await;
    let (raw, signed) = session_tokens(&app, "alice@example.com").await;
    assert_eq!(exchange(&app.anyone(), json!({ "subject_token": signed })).await.status, 200);
    let refused = exchange(&app.anyone(), json!({ "subject_token": raw })).await;
    assert_snapshot!(refused.line(), @r#"400 {"message":"The subject_token has no signature, which this server requires","code":"INVALID_REQUEST","error":"invalid_request","error_description":"The subject_token has no signature, which this server requires"}"#);
}

#[tokio::test]
async fn what_is_not_supported_is_refused() {
    let app = server().start().await;
    let alice = app.sign_up("alice@example.com").await;
    let mut lines = Vec::new();
    for body in [
        json!({ "audience": "shop" }),
        json!({ "resource": "https://shop.example" }),
        json!({ "audience": "api", "resource": "https://shop.example" }),
        json!({ "grant_type": "password" }),
        json!({ "scope": "read" }),
        json!({ "actor_token": "x" }),
        json!({ "subject_token_type": "urn:ietf:params:oauth:token-type:saml2" }),
        json!({ "requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token" }),
        json!({ "audience": ["api"] }),
        json!([]),
    ] {
        let answer = exchange(&alice, body.clone()).await;
        assert_eq!(answer.status, 400, "{body}");
        let answer = answer.json();
        lines.push(format!("{body}\n  {}: {}", answer["error"], answer["error_description"]));
    }
    assert_snapshot!(lines.join("\n"), @r#"
    {"audience":"shop"}
      "invalid_target": "The audience is not known"
    {"resource":"https://shop.example"}
      "invalid_target": "The audience is not known"
    {"audience":"api","resource":"https://shop.example"}
      "invalid_target": "audience and resource name different services"
    {"grant_type":"password"}
      "unsupported_grant_type": "The only grant_type here is urn:ietf:params:oauth:grant-type:token-exchange"
    {"scope":"read"}
      "invalid_scope": "There are no scopes here"
    {"actor_token":"x"}
      "invalid_request": "There is no actor_token here: nobody acts for others"
    {"subject_token_type":"urn:ietf:params:oauth:token-type:saml2"}
      "invalid_request": "The only subject_token_type here is urn:ietf:params:oauth:token-type:access_token"
    {"requested_token_type":"urn:ietf:params:oauth:token-type:refresh_token"}
      "invalid_request": "The requested_token_type may be urn:ietf:params:oauth:token-type:access_token or urn:ietf:params:oauth:token-type:jwt"
    {"audience":["api"]}
      "invalid_request": "[body.audience] Invalid input: expected string, received array"
    []
      "invalid_request": "[body] Invalid input: expected object, received array"
    "#);
    let granted = [json!({ "audience": "api", "resource": "api" }), json!({ "scope": " " })];
    for body in granted {
        exchange(&alice, body).await.expect_ok();
    }
}

#[tokio::test]
async fn malformed_bodies_are_refused() {
    let app = server().start().await;
    let mut alice = app.sign_up("alice@example.com").await.at_origin();
    assert_snapshot!(alice.post_raw("/auth/token", "{").await.line(), @r#"400 {"message":"Invalid JSON in request body","code":"BAD_REQUEST","error":"invalid_request","error_description":"Invalid JSON in request body"}"#);
    let mut text = alice.clone().with_header("content-type", "text/plain");
    assert_snapshot!(text.post_raw("/auth/token", "audience=api").await.line(), @r#"415 {"message":"Content-Type \"text/plain\" is not allowed. Allowed types: application/x-www-form-urlencoded, application/json","code":"UNSUPPORTED_MEDIA_TYPE","error":"invalid_request","error_description":"Content-Type 'text/plain' is not allowed. Allowed types: application/x-www-form-urlencoded, application/json"}"#);
}

#[tokio::test]
async fn with_several_audiences_one_must_be_named() {
    let backends = Backends::new(BackendOptions::default()).audience("api", shared()).audience(
        "shop",
        audience(json!({ "algorithm": "HS256", "audience": "https://shop.example" })),
    );
    let app = server_with(backends).start().await;
    let alice = app.sign_up("alice@example.com").await;
    assert_snapshot!(exchange(&alice, json!({})).await.line(), @r#"400 {"message":"There are several audiences: say which, as `audience`","code":"INVALID_TARGET","hint":"there are api, shop","error":"invalid_target","error_description":"There are several audiences: say which, as `audience`"}"#);
    for body in [
        json!({ "audience": "shop" }),
        json!({ "audience": "https://shop.example" }),
        json!({ "resource": "https://shop.example" }),
        json!({ "audience": "shop", "resource": "https://shop.example" }),
    ] {
        let answer = exchange(&alice, body).await.json();
        let (_, claims) = parts(answer["access_token"].as_str().unwrap());
        assert_eq!(claims["aud"], "https://shop.example");
    }
}

#[tokio::test]
async fn without_an_audience_the_answer_says_which_lines_to_add() {
    let app = server_with(Backends::new(BackendOptions::default())).start().await;
    let alice = app.sign_up("alice@example.com").await;
    assert_snapshot!(exchange(&alice, json!({})).await.line(), @r#"400 {"message":"This server mints no tokens: no audience is configured","code":"INVALID_TARGET","hint":"add to the configuration: [tokens.api] algorithm = \"HS256\"","error":"invalid_target","error_description":"This server mints no tokens: no audience is configured"}"#);
    assert_snapshot!(exchange(&alice, json!({ "audience": "api" })).await.line(), @r#"400 {"message":"This server mints no tokens: no audience is configured","code":"INVALID_TARGET","hint":"add to the configuration: [tokens.api] algorithm = \"HS256\"","error":"invalid_target","error_description":"This server mints no tokens: no audience is configured"}"#);
}

#[tokio::test]
async fn an_audience_has_its_lifetime_type_and_claims() {
    let options = json!({
        "algorithm": "ES256", "audience": "https://api.example", "expiresIn": "1h", "type": "JWT",
        "claims": ["name", "email", "emailVerified", "image", "role", "createdAt"],
    });
    let backends = Backends::new(BackendOptions::default()).audience("api", audience(options));
    let app = server_with(backends)
        .json(json!({
            "emailAndPassword": { "enabled": true },
            "user": { "additionalFields": { "role": { "type": "string", "defaultValue": "reader", "input": false } } },
        }))
        .configure(|builder| builder.plugin(PretendedKeys))
        .start()
        .await;
    let alice = app.sign_up("alice@example.com").await;
    let answer = exchange(&alice, json!({})).await.json();
    assert_eq!(answer["expires_in"], 3600);
    let (header, claims) = parts(answer["access_token"].as_str().unwrap());
    assert_json_snapshot!(json!({ "header": header, "claims": claims }), @r#"
    {
      "header": {
        "alg": "ES256",
        "kid": "pretended",
        "typ": "JWT"
      },
      "claims": {
        "iss": "http://localhost:3000",
        "aud": "https://api.example",
        "sub": "1nOqWojPTsoEgyuNgh2dR8CeniLIRL4R",
        "sid": "72vpam44JfdShCIRugpwYzS5Y0qw78Na",
        "jti": "KHTxsisb59k5L46xg6nCY5UdpSfja6Dl",
        "iat": 1893456000,
        "exp": 1893459600,
        "name": "Test",
        "email": "alice@example.com",
        "emailVerified": false,
        "role": "reader",
        "createdAt": "2030-01-01T00:00:00.123Z"
      }
    }
    "#);
}

/// Better Auth takes an HS256 token of its secret that has an `email` for a verification link.
#[tokio::test]
async fn a_token_of_the_secret_itself_is_no_verification_link() {
    let options = json!({
        "algorithm": "HS256", "dangerouslySignWithAuthSecret": true, "claims": ["name", "emailVerified"],
    });
    let backends = Backends::new(BackendOptions::default()).audience("api", audience(options));
    let app = server_with(backends).start().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let answer = exchange(&alice, json!({})).await.json();
    let token = answer["access_token"].as_str().unwrap();
    let now = parts(token).1["iat"].as_i64().unwrap();
    let claims = jwt::verify(&SigningKey::new(SECRET), token, now).unwrap();
    for claim in ["email", "updateTo", "session", "user", "requestType"] {
        assert!(!claims.contains_key(claim), "{claim}");
    }
    let verified = alice.get(&format!("/verify-email?token={token}")).await;
    assert_snapshot!(verified.line(), @r#"401 {"message":"Invalid token","code":"INVALID_TOKEN"}"#);
    assert!(verified.set_cookies().is_empty());
    // Nor is it the cookie of a session, or of a session cache.
    for name in ["better-auth.session_token", "better-auth.session_data"] {
        let mut thief = app.anyone().with_cookie(name, token);
        assert_eq!(thief.get("/get-session").await.line(), "200 null");
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_no_sign_out() {
    let builder = Auth::builder(Options::default()).plugin(vestibule_api::Core);
    let store = Arc::new(FaultyStore::new(&builder.schema().unwrap()));
    let app = server().store(store.clone()).start().await;
    let alice = app.sign_up("alice@example.com").await;
    store.go_away();
    assert_snapshot!(exchange(&alice, json!({})).await.line(), @r#"503 {"message":"Service unavailable. Please try again later.","code":"SERVICE_UNAVAILABLE","error":"temporarily_unavailable","error_description":"Service unavailable. Please try again later."}"#);
    let body = json!({ "subject_token": "x" });
    assert_eq!(exchange(&app.anyone(), body).await.status, 503);
    store.come_back();
    assert_eq!(exchange(&alice, json!({})).await.status, 200);
}

#[tokio::test]
async fn the_paths_are_configurable() {
    let options = BackendOptions {
        token_path: "/api/token".to_owned(),
        me_path: "/whoami".to_owned(),
        ..BackendOptions::default()
    };
    let app = server_with(Backends::new(options).audience("api", shared())).start().await;
    let mut alice = app.sign_up("alice@example.com").await.at_origin();
    alice.post("/api/token", json!({})).await.expect_ok();
    alice.get("/whoami").await.expect_ok();
    for path in ["/auth/token", "/auth/me"] {
        assert_eq!(alice.get(path).await.status, 404);
    }
}

#[tokio::test]
async fn a_client_may_ask_a_hundred_times_in_ten_seconds() {
    let app = server().options(|options| options.rate_limit.enabled = Some(true)).start().await;
    let alice = app.sign_up("alice@example.com").await;
    for _ in 0..100 {
        exchange(&alice, json!({})).await.expect_ok();
    }
    assert_eq!(exchange(&alice, json!({})).await.status, 429);
}

#[test]
fn lifetimes_are_seconds_or_texts() {
    let lifetime = |value: Json| {
        let options = json!({ "algorithm": "HS256", "expiresIn": value });
        serde_json::from_value::<AudienceOptions>(options).map(|options| options.expires_in.0)
    };
    for (value, seconds) in [
        (json!(1), 1),
        (json!("90s"), 90),
        (json!("15m"), 900),
        (json!("1h"), 3600),
        (json!("2d"), 172_800),
    ] {
        assert_eq!(lifetime(value).unwrap(), Duration::from_secs(seconds));
    }
    for value in [
        json!(0),
        json!(-1),
        json!(1.5),
        json!(""),
        json!("m"),
        json!("15"),
        json!("+5m"),
        json!("0m"),
        json!("15 m"),
        json!("15µ"),
        json!("999999d"),
        json!("99999999999999999999d"),
        json!(null),
    ] {
        assert!(lifetime(value.clone()).is_err(), "{value}");
    }
    assert_snapshot!(lifetime(json!("soon")).unwrap_err(), @r#"invalid value: string "soon", expected seconds from 1 on, or a text such as "15m" (s, m, h, d)"#);
}
