//! `/token`, `set-auth-jwt`, and what tokens say.

use vestibule_core::callback::Callback;
use vestibule_core::models::SessionUser;

use super::*;

#[tokio::test]
async fn a_token_says_who_the_user_is() {
    let app = app(json!({})).await;
    let mut alice = app.sign_up("alice@example.com").await;
    let answer = alice.get("/token").await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    let mut claims = claims(&token);
    assert_eq!(claims["sub"], claims["id"]);
    claims["sub"] = json!("<id>");
    claims["id"] = json!("<id>");
    assert_snapshot!(claims, @r#"{"iat":1893456000,"name":"Test","email":"alice@example.com","emailVerified":false,"image":null,"createdAt":"2030-01-01T00:00:00.123Z","updatedAt":"2030-01-01T00:00:00.123Z","id":"<id>","sub":"<id>","exp":1893456900,"iss":"http://localhost:3000","aud":"http://localhost:3000"}"#);
    let header = header(&token);
    assert_eq!(header.as_object().unwrap().keys().collect::<Vec<_>>(), ["alg", "kid"]);
}

#[tokio::test]
async fn nobody_gets_no_token_and_no_key_is_made_for_them() {
    let app = app(json!({})).await;
    assert_snapshot!(app.anyone().get("/token").await.line(), @r#"401 {"message":"Unauthorized","code":"UNAUTHORIZED"}"#);
    assert_snapshot!(app.anyone().post("/token", json!({})).await.line(), @r#"404 {"message":"Not Found","code":"NOT_FOUND"}"#);
    let answer = app.anyone().get("/get-session").await;
    assert_eq!(answer.headers.get("set-auth-jwt"), None);
    assert!(rows(&app.auth).await.is_empty());
}

#[tokio::test]
async fn a_session_comes_with_a_token() {
    let app = app(json!({})).await;
    let mut alice = app.sign_up("alice@example.com").await;
    let answer = alice.get("/get-session").await;
    assert_eq!(answer.headers["access-control-expose-headers"], "set-auth-jwt");
    let token = answer.headers["set-auth-jwt"].to_str().unwrap().to_owned();
    assert_eq!(verify(&token, &jwks(&app).await).unwrap()["sub"], answer.json()["user"]["id"]);
    for path in ["/ok", "/list-sessions"] {
        assert_eq!(alice.get(path).await.expect_ok().headers.get("set-auth-jwt"), None, "{path}");
    }
}

#[tokio::test]
async fn the_header_can_be_switched_off() {
    let app = app(json!({ "disableSettingJwtHeader": true })).await;
    let mut alice = app.sign_up("alice@example.com").await;
    let answer = alice.get("/get-session").await;
    assert_eq!(answer.expect_ok().headers.get("set-auth-jwt"), None);
    assert_eq!(answer.headers.get("access-control-expose-headers"), None);
    token(&mut alice).await;
}

#[tokio::test]
async fn issuer_audience_and_end_are_as_configured() {
    let options = json!({ "jwt": {
        "issuer": "https://issuer.example",
        "audience": ["https://a.example", "https://b.example"],
        "expirationTime": "1 hour",
    } });
    let app = app(options).await;
    let mut alice = app.sign_up("alice@example.com").await;
    let said = claims(&token(&mut alice).await);
    assert_eq!(said["iss"], "https://issuer.example");
    assert_eq!(said["aud"], json!(["https://a.example", "https://b.example"]));
    assert_eq!((&said["iat"], &said["exp"]), (&json!(NOW), &json!(NOW + 3600)));

    let options = json!({ "jwt": { "audience": "api", "expirationTime": NOW + 77 } });
    let app = self::app(options).await;
    let mut alice = app.sign_up("alice@example.com").await;
    let said = claims(&token(&mut alice).await);
    assert_eq!((&said["aud"], &said["exp"]), (&json!("api"), &json!(NOW + 77)));
}

/// A server whose tokens say what a function says.
async fn defining(payload: Json) -> Actor {
    let mut options = super::super::Options::default();
    options.jwt.define_payload = Some(Callback::new(move |session: SessionUser| {
        let mut payload = payload.clone();
        async move {
            payload["for"] = json!(session.user.email);
            Ok(payload.as_object().cloned())
        }
    }));
    let jwt = Jwt::from(options);
    let app = TestAuth::builder().configure(|builder| builder.plugin(jwt)).start().await;
    app.sign_up("alice@example.com").await
}

#[tokio::test]
async fn a_function_defines_the_payload() {
    let mut alice = defining(json!({ "role": "admin" })).await;
    let mut said = claims(&token(&mut alice).await);
    said["sub"] = json!("<id>");
    assert_snapshot!(said, @r#"{"iat":1893456000,"role":"admin","for":"alice@example.com","sub":"<id>","exp":1893456900,"iss":"http://localhost:3000","aud":"http://localhost:3000"}"#);
}

#[tokio::test]
async fn what_the_payload_says_stands() {
    let payload = json!({
        "iat": NOW - 5, "exp": NOW + 5, "iss": "me", "aud": ["you"], "sub": "somebody", "nbf": NOW,
    });
    let mut alice = defining(payload).await;
    let mut said = claims(&token(&mut alice).await);
    // The subject alone is not the payload's to say.
    assert_ne!(said["sub"], "somebody");
    said["sub"] = json!("<id>");
    assert_snapshot!(said, @r#"{"iat":1893455995,"exp":1893456005,"iss":"me","aud":["you"],"sub":"<id>","nbf":1893456000,"for":"alice@example.com"}"#);

    let mut alice =
        defining(json!({ "iat": NOW - 5, "exp": null, "iss": null, "aud": null })).await;
    let said = claims(&token(&mut alice).await);
    assert_eq!((&said["exp"], &said["iss"]), (&json!(NOW - 5 + 900), &json!(ORIGIN)));

    let mut alice = defining(json!({ "exp": "2h" })).await;
    assert_eq!(claims(&token(&mut alice).await)["exp"], NOW + 7200);
}

#[tokio::test]
async fn a_payload_whose_dates_are_none_is_our_failure() {
    let mut lines = Vec::new();
    for payload in [json!({ "exp": "soon" }), json!({ "exp": true }), json!({ "iat": "now" })] {
        let mut alice = defining(payload).await;
        lines.push(alice.get("/token").await.line());
    }
    assert_snapshot!(lines.join("\n"), @r#"
    500 {"message":"Internal Server Error","code":"INTERNAL_SERVER_ERROR"}
    500 {"message":"Internal Server Error","code":"INTERNAL_SERVER_ERROR"}
    500 {"message":"Internal Server Error","code":"INTERNAL_SERVER_ERROR"}
    "#);
}

#[tokio::test]
async fn a_function_names_the_subject() {
    for (answer, subject) in [(Some("acct:alice"), Some("acct:alice")), (None, None)] {
        let mut options = super::super::Options::default();
        options.jwt.get_subject =
            Some(Callback::new(move |_: SessionUser| async move { Ok(answer.map(str::to_owned)) }));
        let jwt = Jwt::from(options);
        let app = TestAuth::builder().configure(|builder| builder.plugin(jwt)).start().await;
        let mut alice = app.sign_up("alice@example.com").await;
        let said = claims(&token(&mut alice).await);
        let id = said["id"].as_str();
        assert_eq!(said["sub"].as_str(), subject.or(id));
    }
}

#[tokio::test]
async fn tokens_may_be_signed_elsewhere() {
    let mut options: super::super::Options = serde_json::from_value(json!({ "jwks": {
        "remoteUrl": "https://keys.example/jwks",
        "keyPairConfig": { "alg": "ES256" },
    } }))
    .unwrap();
    options.jwt.sign = Some(Callback::new(|(claims, header, signing): SignArguments| async move {
        assert_eq!(header, None);
        assert!(signing.is_empty());
        Ok(format!("signed-elsewhere.{}.{}", claims["iss"], claims["exp"]).replace('"', ""))
    }));
    let jwt = Jwt::from(options);
    let app = TestAuth::builder().configure(|builder| builder.plugin(jwt)).start().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let signed = format!("signed-elsewhere.{ORIGIN}.{}", NOW + 900);
    assert_eq!(token(&mut alice).await, signed);
    assert_eq!(alice.get("/get-session").await.headers["set-auth-jwt"], signed);
    assert!(rows(&app.auth).await.is_empty());
    assert_snapshot!(app.anyone().get("/jwks").await.line(), @r#"404 {"message":"Not Found","code":"NOT_FOUND"}"#);
}
