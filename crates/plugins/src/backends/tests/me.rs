use insta::assert_snapshot;

use super::*;

#[tokio::test]
async fn a_session_says_who_somebody_is() {
    let app = server().start().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let user = alice.get("/get-session").await.json()["user"].clone();
    let answer = alice.at_origin().get("/auth/me").await;
    assert_eq!(answer.expect_ok().json(), user);
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn nobody_is_401_with_what_to_do() {
    let app = server().start().await;
    let answer = app.anyone().at_origin().get("/auth/me").await;
    assert_snapshot!(answer.line(), @r#"401 {"message":"Nobody is signed in: send the session cookie (in a browser: fetch with credentials: include) or, with the plugin bearer, a session token as Authorization: Bearer","code":"UNAUTHORIZED"}"#);
    assert_snapshot!(answer.headers["www-authenticate"].to_str().unwrap(), @r#"Bearer realm="vestibule""#);
}

#[tokio::test]
async fn an_ended_session_is_401_and_its_cookie_goes() {
    let app = server().start().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let elsewhere = alice.clone();
    alice.post("/revoke-sessions", json!({})).await.expect_ok();
    let answer = elsewhere.at_origin().get("/auth/me").await;
    assert_eq!(answer.status, 401);
    assert_snapshot!(answer.headers["www-authenticate"].to_str().unwrap(), @r#"Bearer realm="vestibule", error="invalid_token""#);
    assert!(answer.set_cookies().iter().all(|cookie| cookie.contains("Max-Age=0")));
    assert!(!answer.set_cookies().is_empty());
}

#[tokio::test]
async fn a_query_says_nothing_about_who_it_is() {
    let app = server().start().await;
    let answer = app.anyone().at_origin().get("/auth/me?email=alice@example.com&userId=1").await;
    assert_eq!(answer.status, 401);
}
