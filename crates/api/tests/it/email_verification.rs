//! `/send-verification-email` and `/verify-email`.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use insta::assert_snapshot;
use serde_json::{Map, Value as Json, json};
use vestibule_core::Auth;
use vestibule_core::callback::{Callback, Ignored};
use vestibule_core::models::User;
use vestibule_core::options::SendVerificationEmail;
use vestibule_testkit::TestAuth;
use vestibule_tokens::jwt;

async fn app() -> TestAuth {
    TestAuth::builder()
        .options(|options| {
            options.email_verification.send_verification_email =
                Some(Callback::new(|_: SendVerificationEmail| async { Ok(()) }));
        })
        .start()
        .await
}

/// What `/verify-email` says to a token of the server's own secret with these claims.
async fn redeem(claims: serde_json::Value) -> String {
    let app = app().await;
    app.sign_up("alice@example.com").await;
    let claims: Map<_, _> = claims.as_object().unwrap().clone();
    let now = app.auth.clock().now().as_seconds();
    let token = jwt::sign(app.auth.signing_key(), claims, now, 60);
    app.anyone().get(&format!("/verify-email?token={token}")).await.line()
}

#[tokio::test]
async fn only_tokens_with_an_address_at_the_top_are_links() {
    assert_snapshot!(redeem(json!({ "email": "alice@example.com" })).await, @r#"200 {"status":true,"user":null}"#);
    for claims in [
        json!({}),
        // An access token, a cookie cache: nothing of these may verify anybody.
        json!({ "sub": "1", "aud": "api", "iss": "http://localhost:3000" }),
        json!({ "user": { "email": "alice@example.com" }, "session": {} }),
        json!({ "email": null }),
        json!({ "email": ["alice@example.com"] }),
        json!({ "email": "alice" }),
        json!({ "email": "alice@example.com", "updateTo": 1 }),
        json!({ "email": "alice@example.com", "updateTo": "b@example.com", "requestType": {} }),
    ] {
        assert_eq!(
            redeem(claims.clone()).await,
            r#"401 {"message":"Invalid token","code":"INVALID_TOKEN"}"#,
            "{claims}"
        );
    }
}

#[tokio::test]
async fn a_link_redirects_to_trusted_places_only() {
    let app = app().await;
    for callback in ["https://evil.example", "//evil.example", "/%5cevil.example", "javascript:a"] {
        let path = format!("/verify-email?token=x&callbackURL={callback}");
        let answer = app.anyone().get(&path).await;
        assert_eq!(answer.status, 403, "{callback}");
        assert!(!answer.headers.contains_key("location"), "{callback}");
    }
    let answer = app.anyone().get("/verify-email?token=x&callbackURL=/in").await;
    assert_snapshot!(answer.headers["location"].to_str().unwrap(), @"/in?error=INVALID_TOKEN");
}

#[tokio::test]
async fn strangers_wait_as_long_for_known_as_for_unknown_addresses() {
    let app = app().await;
    app.sign_up("alice@example.com").await;
    for email in ["alice@example.com", "nobody@example.com"] {
        let request = http::Request::post("http://localhost:3000/api/auth/send-verification-email")
            .header("content-type", "application/json")
            .body(json!({ "email": email }).to_string().into())
            .unwrap();
        let response = app.auth.handle(request).await;
        assert_eq!(response.status(), 200);
        let waits = response.extensions().get::<vestibule_core::dispatch::NoSoonerThan>();
        assert_eq!(waits.map(|waits| waits.0), Some(Duration::from_millis(500)), "{email}");
    }
}

#[tokio::test]
async fn a_link_proves_no_address_that_came_after_it() {
    let server = Arc::new(OnceLock::<Auth>::new());
    let changing = server.clone();
    let app = TestAuth::builder()
        .options(|options| {
            options.email_verification.before_email_verification =
                Some(Callback::new(move |user: Map<String, Json>| {
                    // Between the look at the link and its effect.
                    let mut call = changing.get().unwrap().unrequested().unwrap();
                    async move {
                        let changes = vec![User::EMAIL.set("new@example.com")];
                        call.users().update(user["id"].as_str().unwrap(), changes).await?;
                        Ok(Ignored)
                    }
                }));
        })
        .start()
        .await;
    server.set(app.auth.clone()).unwrap();
    let mut alice = app.sign_up("alice@example.com").await;
    let claims: Map<_, _> = json!({ "email": "alice@example.com" }).as_object().unwrap().clone();
    let token = jwt::sign(app.auth.signing_key(), claims, app.auth.clock().now().as_seconds(), 60);

    let answer = app.anyone().get(&format!("/verify-email?token={token}")).await;
    assert_snapshot!(answer.line(), @r#"401 {"message":"User not found","code":"USER_NOT_FOUND"}"#);
    let user = &alice.get("/get-session").await.json()["user"];
    assert_eq!(user["email"], "new@example.com");
    assert_eq!(user["emailVerified"], false);
}
