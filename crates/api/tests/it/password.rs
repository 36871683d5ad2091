use insta::assert_snapshot;
use serde_json::json;
use vestibule_testkit::{PASSWORD, TestAuth};

const NEW: &str = "another good password";

#[tokio::test]
async fn a_changed_password_replaces_the_old_one() {
    let app = TestAuth::new().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let body = json!({ "currentPassword": PASSWORD, "newPassword": NEW });
    let answer = alice.post("/change-password", body).await;
    assert_snapshot!(answer.line(), @r#"200 {"token":null,"user":{"name":"Test","email":"alice@example.com","emailVerified":false,"image":null,"createdAt":"2030-01-01T00:00:00.123Z","updatedAt":"2030-01-01T00:00:00.123Z","id":"1nOqWojPTsoEgyuNgh2dR8CeniLIRL4R"}}"#);
    assert!(answer.set_cookies().is_empty());

    let old = json!({ "email": "alice@example.com", "password": PASSWORD });
    assert_eq!(app.anyone().post("/sign-in/email", old).await.status, 401);
    let new = json!({ "email": "alice@example.com", "password": NEW });
    app.anyone().post("/sign-in/email", new).await.expect_ok();
}

#[tokio::test]
async fn other_sessions_can_end_with_it() {
    let app = TestAuth::new().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let mut phone = app.sign_in("alice@example.com").await;
    let body =
        json!({ "currentPassword": PASSWORD, "newPassword": NEW, "revokeOtherSessions": true });
    let answer = alice.post("/change-password", body).await;
    assert_eq!(answer.set_cookies().len(), 1);
    assert_eq!(phone.get("/get-session").await.line(), "200 null");
    let session = alice.get("/get-session").await.json();
    assert_eq!(session["session"]["token"], answer.json()["token"]);
}

#[tokio::test]
async fn refusals_of_a_change() {
    let app = TestAuth::new().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let short = json!({ "currentPassword": "wrong", "newPassword": "short" });
    assert_snapshot!(alice.post("/change-password", short).await.line(), @r#"400 {"message":"Password too short","code":"PASSWORD_TOO_SHORT"}"#);
    let long = json!({ "currentPassword": "wrong", "newPassword": "x".repeat(129) });
    assert_snapshot!(alice.post("/change-password", long).await.line(), @r#"400 {"message":"Password too long","code":"PASSWORD_TOO_LONG"}"#);
    let wrong = json!({ "currentPassword": "wrong", "newPassword": NEW });
    assert_snapshot!(alice.post("/change-password", wrong.clone()).await.line(), @r#"400 {"message":"Invalid password","code":"INVALID_PASSWORD"}"#);
    assert_snapshot!(alice.post("/change-password", json!({})).await.line(), @r#"400 {"message":"[body.newPassword] Invalid input: expected string, received undefined; [body.currentPassword] Invalid input: expected string, received undefined","code":"VALIDATION_ERROR"}"#);
    assert_snapshot!(app.anyone().post("/change-password", wrong).await.line(), @r#"401 {"message":"Unauthorized","code":"UNAUTHORIZED"}"#);
}

#[tokio::test]
async fn a_password_can_be_checked() {
    let app = TestAuth::new().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let right = alice.post("/verify-password", json!({ "password": PASSWORD })).await;
    assert_snapshot!(right.line(), @r#"200 {"status":true}"#);
    let wrong = alice.post("/verify-password", json!({ "password": "wrong" })).await;
    assert_snapshot!(wrong.line(), @r#"400 {"message":"Invalid password","code":"INVALID_PASSWORD"}"#);
    let long = alice.post("/verify-password", json!({ "password": "x".repeat(129) })).await;
    assert_snapshot!(long.line(), @r#"400 {"message":"Password too long","code":"PASSWORD_TOO_LONG"}"#);
    assert_eq!(app.anyone().post("/verify-password", json!({ "password": "x" })).await.status, 401);
}
