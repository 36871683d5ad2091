use insta::assert_snapshot;
use serde_json::json;
use vestibule_testkit::TestAuth;

#[tokio::test]
async fn additional_fields_of_a_session_can_be_changed() {
    let app = TestAuth::builder()
        .json(json!({
            "emailAndPassword": { "enabled": true },
            "session": { "additionalFields": {
                "theme": { "type": "string", "required": false },
                "level": { "type": "number", "input": false, "required": false },
            } },
        }))
        .start()
        .await;
    let mut alice = app.sign_up("alice@example.com").await;
    let answer = alice.post("/update-session", json!({ "theme": "dark", "token": "mine" })).await;
    assert_snapshot!(answer.line(), @r#"200 {"session":{"expiresAt":"2030-01-08T00:00:00.123Z","token":"qwQO6tmkOmexLwOgVOh444MwpelFyM7z","createdAt":"2030-01-01T00:00:00.123Z","updatedAt":"2030-01-01T00:00:00.123Z","ipAddress":"127.0.0.1","userAgent":"","userId":"1nOqWojPTsoEgyuNgh2dR8CeniLIRL4R","theme":"dark","level":null,"id":"72vpam44JfdShCIRugpwYzS5Y0qw78Na"}}"#);
    let closed = alice.post("/update-session", json!({ "level": 3 })).await;
    assert_snapshot!(closed.line(), @r#"400 {"message":"level is not allowed to be set","code":"FIELD_NOT_ALLOWED"}"#);
}

#[tokio::test]
async fn there_must_be_something_to_change() {
    let app = TestAuth::new().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let nothing = alice.post("/update-session", json!({ "userId": "x", "expiresAt": 1 })).await;
    assert_snapshot!(nothing.line(), @r#"400 {"message":"No fields to update"}"#);
    assert_eq!(app.anyone().post("/update-session", json!({})).await.status, 401);
}
