use std::time::Duration;

use insta::assert_snapshot;
use vestibule_testkit::Answer;

use super::*;

fn headers(answer: &Answer) -> String {
    let named = answer.headers.iter().filter(|(name, _)| name.as_str().starts_with("x-auth-"));
    let lines: Vec<_> =
        named.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.join("\n")
}

#[tokio::test]
async fn a_proxy_learns_who_it_is() {
    let app = server().start().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let answer = alice.get("/verify").await;
    assert_snapshot!(answer.line(), @r#"200 {"userId":"1nOqWojPTsoEgyuNgh2dR8CeniLIRL4R","sessionId":"72vpam44JfdShCIRugpwYzS5Y0qw78Na","expiresAt":"2030-01-08T00:00:00.123Z"}"#);
    assert_snapshot!(headers(&answer), @"
    x-auth-user-id: 1nOqWojPTsoEgyuNgh2dR8CeniLIRL4R
    x-auth-user-email: alice@example.com
    x-auth-user-name: Test
    x-auth-session-id: 72vpam44JfdShCIRugpwYzS5Y0qw78Na
    x-auth-expires: 2030-01-08T00:00:00.123Z
    ");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let session = alice.get("/get-session").await.json();
    assert_eq!(answer.headers["x-auth-session-id"], session["session"]["id"].as_str().unwrap());
    assert_eq!(answer.headers["x-auth-expires"], session["session"]["expiresAt"].as_str().unwrap());
}

#[tokio::test]
async fn every_name_fits_into_its_header() {
    let app = server().start().await;
    let mut alice = app.sign_up("alice@example.com").await;
    for (name, encoded) in [
        ("José 李", "Jos%C3%A9 %E6%9D%8E"),
        ("x\r\nX-Auth-User-Id: bob", "x%0D%0AX-Auth-User-Id: bob"),
        ("", ""),
    ] {
        alice.post("/update-user", json!({ "name": name })).await.expect_ok();
        let answer = alice.get("/verify").await;
        assert_eq!(answer.expect_ok().headers["x-auth-user-name"], encoded);
        assert_eq!(answer.headers.get_all("x-auth-user-id").iter().count(), 1);
    }
}

#[tokio::test]
async fn nobody_is_401() {
    let app = server().start().await;
    let answer = app.anyone().get("/verify").await;
    assert_snapshot!(answer.line(), @r#"401 {"message":"Nobody is signed in: send the session cookie (in a browser: fetch with credentials: include) or, with the plugin bearer, a session token as Authorization: Bearer","code":"UNAUTHORIZED"}"#);
    assert_snapshot!(answer.headers["www-authenticate"].to_str().unwrap(), @r#"Bearer realm="vestibule""#);
    assert_eq!(headers(&answer), "");
    // What a client makes up says nothing.
    let mut forger = app.anyone().with_header("x-auth-user-id", "alice");
    assert_eq!(forger.get("/verify").await.status, 401);
}

#[tokio::test]
async fn what_the_original_request_was_does_not_matter() {
    let app = server().start().await;
    let mut alice = app
        .sign_up("alice@example.com")
        .await
        .with_header("x-forwarded-method", "DELETE")
        .with_header("x-forwarded-uri", "/admin?disableRefresh=1")
        .with_header("x-forwarded-host", "app.example")
        .with_header("origin", "https://evil.example")
        .with_header("sec-fetch-site", "cross-site");
    assert_eq!(alice.get("/verify").await.status, 200);
    assert_eq!(alice.post("/verify", json!({})).await.status, 404);
}

#[tokio::test]
async fn a_session_that_is_due_is_prolonged_unless_the_proxy_cannot_pass_cookies_on() {
    let app = server().start().await;
    let alice = app.sign_up("alice@example.com").await;
    app.advance(Duration::from_secs(25 * 60 * 60));
    let unprolonged = alice.clone().get("/verify?disableRefresh=true").await;
    assert!(unprolonged.expect_ok().set_cookies().is_empty());
    let prolonged = alice.clone().get("/verify").await;
    assert_eq!(prolonged.expect_ok().set_cookies().len(), 1);
    assert_ne!(prolonged.headers["x-auth-expires"], unprolonged.headers["x-auth-expires"]);
}

#[tokio::test]
async fn a_session_cache_counts_as_it_does_everywhere_unless_the_proxy_says_otherwise() {
    let app = server().options(|options| options.session.cookie_cache.enabled = true).start().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let elsewhere = alice.clone();
    let cached = elsewhere.clone().get("/verify").await;
    assert_eq!(cached.expect_ok().headers["x-auth-user-email"], "alice@example.com");
    for query in ["disableCookieCache=true", "disableRefresh=true&disableCookieCache=true"] {
        let asked = elsewhere.clone().get(&format!("/verify?{query}")).await;
        assert_eq!(
            asked.expect_ok().set_cookies().is_empty(),
            query.contains("Refresh"),
            "{query}"
        );
    }
    alice.post("/revoke-sessions", json!({})).await.expect_ok();
    assert_eq!(elsewhere.clone().get("/verify").await.status, 200);
    assert_eq!(elsewhere.clone().get("/verify?disableCookieCache=true").await.status, 401);
}

#[tokio::test]
async fn a_proxy_may_ask_for_a_page_of_many_parts() {
    let app = server().options(|options| options.rate_limit.enabled = Some(true)).start().await;
    for _ in 0..1000 {
        assert_eq!(app.anyone().get("/verify").await.status, 401);
    }
    assert_eq!(app.anyone().get("/verify").await.status, 429);
}
