use insta::assert_snapshot;
use serde_json::json;
use vestibule_testkit::TestAuth;

#[tokio::test]
async fn name_and_image_can_be_changed() {
    let app = TestAuth::new().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let answer = alice.post("/update-user", json!({ "name": "Zoë", "image": null })).await;
    assert_snapshot!(answer.line(), @r#"200 {"status":true}"#);
    assert_eq!(answer.set_cookies().len(), 1);
    assert_eq!(alice.get("/get-session").await.json()["user"]["name"], "Zoë");
}

// Difference: types-of-fields.
#[tokio::test]
async fn what_cannot_be_changed_is_said() {
    let app = TestAuth::new().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let email = alice.post("/update-user", json!({ "email": "other@example.com" })).await;
    assert_snapshot!(email.line(), @r#"400 {"message":"Email can not be updated","code":"EMAIL_CAN_NOT_BE_UPDATED"}"#);
    assert_snapshot!(alice.post("/update-user", json!({})).await.line(), @r#"400 {"message":"No fields to update"}"#);
    let closed = alice.post("/update-user", json!({ "id": "x", "emailVerified": true })).await;
    assert_snapshot!(closed.line(), @r#"400 {"message":"No fields to update"}"#);
    let wrong = alice.post("/update-user", json!({ "name": null })).await;
    assert_snapshot!(wrong.line(), @r#"400 {"message":"[body.name] Invalid input: expected string","code":"VALIDATION_ERROR"}"#);
    assert_snapshot!(alice.post("/update-user", json!("name")).await.line(), @r#"400 {"message":"[body] Invalid input: expected record, received string","code":"VALIDATION_ERROR"}"#);
    assert_eq!(app.anyone().post("/update-user", json!({ "name": "x" })).await.status, 401);
}

// Difference: values-the-database-refuses.
#[tokio::test]
async fn a_taken_value_is_told() {
    let app = TestAuth::builder()
        .json(json!({
            "emailAndPassword": { "enabled": true },
            "user": { "additionalFields": {
                "handle": { "type": "string", "unique": true, "required": false },
            } },
        }))
        .start()
        .await;
    let mut alice = app.sign_up("alice@example.com").await;
    alice.post("/update-user", json!({ "handle": "ally" })).await.expect_ok();
    let mut bob = app.sign_up("bob@example.com").await;
    let taken = bob.post("/update-user", json!({ "handle": "ally" })).await;
    assert_snapshot!(taken.line(), @r#"409 {"message":"This value is taken already","code":"VALUE_ALREADY_TAKEN"}"#);
}
