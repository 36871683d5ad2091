use std::time::Duration;

use insta::assert_snapshot;
use serde_json::json;
use vestibule_testkit::{PASSWORD, TestAuth};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SESSION_COOKIE: &str = "better-auth.session_token";

#[tokio::test]
async fn nobody_is_null() {
    let app = TestAuth::new().await;
    let answer = app.anyone().get("/get-session").await;
    assert_snapshot!(answer.line(), @"200 null");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["pragma"], "no-cache");
}

#[tokio::test]
async fn a_cookie_with_another_signature_is_nobodys() {
    let app = TestAuth::new().await;
    let alice = app.sign_up("alice@example.com").await;
    let cookie = alice.cookie(SESSION_COOKIE).unwrap().to_owned();
    let (token, signature) = cookie.split_once('.').unwrap();
    let forged = [
        token.to_owned(),
        format!("{token}."),
        format!("x{token}.{signature}"),
        format!("{token}.{}", signature.replace(|it: char| it.is_ascii_digit(), "A")),
        format!("{token}.{}", &signature[..signature.len() - 3]),
        "%".to_owned(),
        "\"".to_owned(),
    ];
    for cookie in forged {
        let answer = app.anyone().with_cookie(SESSION_COOKIE, &cookie).get("/get-session").await;
        assert_eq!(answer.line(), "200 null", "{cookie}");
        assert!(answer.set_cookies().is_empty(), "{cookie}");
    }
}

#[tokio::test]
async fn use_prolongs_a_session_once_a_day() {
    let app = TestAuth::new().await;
    let mut alice = app.sign_up("alice@example.com").await;
    app.advance(DAY - HOUR);
    let early = alice.get("/get-session").await;
    assert_eq!(early.json()["session"]["expiresAt"], "2030-01-08T00:00:00.123Z");
    assert!(early.set_cookies().is_empty());

    app.advance(HOUR);
    let due = alice.get("/get-session").await;
    assert_eq!(due.json()["session"]["expiresAt"], "2030-01-09T00:00:00.123Z");
    assert_eq!(due.json()["session"]["updatedAt"], "2030-01-02T00:00:00.123Z");
    assert_eq!(due.set_cookies().len(), 1);

    app.advance(DAY);
    let refused = alice.get("/get-session?disableRefresh=false").await;
    assert_eq!(refused.json()["session"]["expiresAt"], "2030-01-09T00:00:00.123Z");
}

#[tokio::test]
async fn an_expired_session_is_deleted_and_its_cookies_are_expired() {
    let app = TestAuth::new().await;
    let mut alice = app.sign_up("alice@example.com").await;
    app.advance(7 * DAY);
    let answer = alice.get("/get-session").await;
    assert_snapshot!(answer.line(), @"200 null");
    assert_snapshot!(answer.set_cookies().join("\n"), @r"
    better-auth.session_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax
    better-auth.session_data=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax
    better-auth.dont_remember=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax
    ");

    let mut bob = app.sign_in("alice@example.com").await;
    let sessions = bob.get("/list-sessions").await.json();
    assert_eq!(sessions.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_session_that_is_not_remembered_is_not_prolonged() {
    let app = TestAuth::builder().options(|options| options.session.update_age = 0).start().await;
    app.sign_up("alice@example.com").await;
    let mut alice = app.anyone();
    let body = json!({ "email": "alice@example.com", "password": PASSWORD, "rememberMe": false });
    alice.post("/sign-in/email", body).await.expect_ok();
    app.advance(HOUR);
    let answer = alice.get("/get-session").await;
    assert_eq!(answer.json()["session"]["expiresAt"], "2030-01-02T00:00:00.123Z");
    assert!(answer.set_cookies().is_empty());
}

#[tokio::test]
async fn a_deferred_refresh_is_announced_by_get_and_done_by_post() {
    let app = TestAuth::builder()
        .options(|options| options.session.defer_session_refresh = true)
        .start()
        .await;
    let mut alice = app.sign_up("alice@example.com").await;
    assert_eq!(alice.get("/get-session").await.json()["needsRefresh"], false);
    app.advance(DAY);
    let due = alice.get("/get-session").await;
    assert_eq!(due.json()["needsRefresh"], true);
    assert!(due.set_cookies().is_empty());
    let done = alice.post_raw("/get-session", "{}").await;
    assert_eq!(done.json()["session"]["expiresAt"], "2030-01-09T00:00:00.123Z");
    assert_eq!(done.json().get("needsRefresh"), None);
}

#[tokio::test]
async fn a_post_needs_deferred_refreshes() {
    let app = TestAuth::new().await;
    let answer = app.anyone().post("/get-session", json!({})).await;
    assert_snapshot!(answer.line(), @r#"405 {"message":"POST method requires deferSessionRefresh to be enabled in session config","code":"METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED"}"#);
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn the_list_needs_a_fresh_session() {
    let app = TestAuth::new().await;
    assert_snapshot!(app.anyone().get("/list-sessions").await.line(), @r#"401 {"message":"Unauthorized","code":"UNAUTHORIZED"}"#);
    let mut alice = app.sign_up("alice@example.com").await;
    app.sign_in("alice@example.com").await;
    let list = alice.get("/list-sessions").await.json();
    assert_eq!(list.as_array().map(Vec::len), Some(2));

    app.advance(DAY);
    assert_snapshot!(alice.get("/list-sessions").await.line(), @r#"403 {"message":"Session is not fresh","code":"SESSION_NOT_FRESH"}"#);
}

#[tokio::test]
async fn expired_sessions_do_not_crowd_live_ones_out_of_the_list() {
    let app = TestAuth::builder()
        .options(|options| options.advanced.database.default_find_many_limit = 2)
        .start()
        .await;
    app.sign_up("alice@example.com").await;
    app.sign_in("alice@example.com").await;
    app.advance(8 * DAY);
    let mut alice = app.sign_in("alice@example.com").await;
    let list = alice.get("/list-sessions").await.json();
    assert_eq!(list.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn freshness_can_be_for_ever() {
    let app = TestAuth::builder().options(|options| options.session.fresh_age = 0).start().await;
    let mut alice = app.sign_up("alice@example.com").await;
    app.advance(6 * DAY);
    alice.get("/list-sessions").await.expect_ok();
}

#[tokio::test]
async fn a_revoked_session_is_over_at_once() {
    let app = TestAuth::new().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let mut phone = app.sign_in("alice@example.com").await;
    let token = phone.get("/get-session").await.json()["session"]["token"].clone();
    let answer = alice.post("/revoke-session", json!({ "token": token })).await;
    assert_snapshot!(answer.line(), @r#"200 {"status":true}"#);
    assert_eq!(phone.get("/get-session").await.line(), "200 null");
    alice.get("/list-sessions").await.expect_ok();
}

#[tokio::test]
async fn nobody_ends_the_sessions_of_others() {
    let app = TestAuth::new().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let mut mallory = app.sign_up("mallory@example.com").await;
    let token = alice.get("/get-session").await.json()["session"]["token"].clone();
    let answer = mallory.post("/revoke-session", json!({ "token": token })).await;
    assert_eq!(answer.line(), r#"200 {"status":true}"#);
    assert_ne!(alice.get("/get-session").await.line(), "200 null");

    let outside = app.anyone().post("/revoke-session", json!({ "token": token })).await;
    assert_eq!(outside.status, 401);
    assert_ne!(alice.get("/get-session").await.line(), "200 null");
    let wrong = alice.post("/revoke-session", json!({ "token": 1 })).await;
    assert_snapshot!(wrong.line(), @r#"400 {"message":"[body.token] Invalid input: expected string, received number","code":"VALIDATION_ERROR"}"#);
}

#[tokio::test]
async fn all_sessions_or_all_but_one_can_be_ended() {
    let app = TestAuth::new().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let mut phone = app.sign_in("alice@example.com").await;
    let mut bob = app.sign_up("bob@example.com").await;
    assert_eq!(
        phone.post("/revoke-other-sessions", json!({})).await.line(),
        r#"200 {"status":true}"#
    );
    assert_eq!(alice.get("/get-session").await.line(), "200 null");
    assert_ne!(phone.get("/get-session").await.line(), "200 null");

    assert_eq!(phone.post("/revoke-sessions", json!({})).await.line(), r#"200 {"status":true}"#);
    assert_eq!(phone.get("/get-session").await.line(), "200 null");
    assert_ne!(bob.get("/get-session").await.line(), "200 null");
    for path in ["/revoke-sessions", "/revoke-other-sessions"] {
        assert_eq!(app.anyone().post(path, json!({})).await.status, 401);
    }
}
