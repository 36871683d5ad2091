use insta::assert_snapshot;
use serde_json::json;
use vestibule_testkit::TestAuth;

#[tokio::test]
async fn a_sign_out_ends_the_session_and_expires_its_cookies() {
    let app = TestAuth::new().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let mut thief = alice.clone();
    let answer = alice.post("/sign-out", json!({})).await;
    assert_snapshot!(answer.line(), @r#"200 {"success":true}"#);
    assert_snapshot!(answer.set_cookies().join("\n"), @r"
    better-auth.session_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax
    better-auth.session_data=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax
    better-auth.dont_remember=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax
    ");
    assert_eq!(thief.get("/get-session").await.line(), "200 null");
}

#[tokio::test]
async fn nobody_can_sign_out_as_often_as_they_like() {
    let app = TestAuth::new().await;
    let answer = app.anyone().post("/sign-out", json!({})).await;
    assert_eq!(answer.line(), r#"200 {"success":true}"#);
}

#[tokio::test]
async fn a_forged_cookie_ends_nobodys_session() {
    let app = TestAuth::new().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let token = alice.get("/get-session").await.json()["session"]["token"].clone();
    let forged = format!("{}.{}", token.as_str().unwrap(), "A".repeat(43) + "%3D");
    let mut mallory = app.anyone().with_cookie("better-auth.session_token", &forged);
    mallory.post("/sign-out", json!({})).await.expect_ok();
    assert_ne!(alice.get("/get-session").await.line(), "200 null");
}
