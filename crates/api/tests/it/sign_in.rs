use insta::assert_snapshot;
use serde_json::json;
use vestibule_testkit::{PASSWORD, TestAuth};

#[tokio::test]
async fn the_right_password_signs_in() {
    let app = TestAuth::new().await;
    app.sign_up("alice@example.com").await;
    let mut visitor = app.anyone();
    let body = json!({ "email": "ALICE@example.com", "password": PASSWORD });
    let answer = visitor.post("/sign-in/email", body).await;
    assert_snapshot!(answer.line(), @r#"200 {"redirect":false,"token":"D8Pa2ZoSMY1xckAJlUfUNas8ut7kaxuY","user":{"name":"Test","email":"alice@example.com","emailVerified":false,"image":null,"createdAt":"2030-01-01T00:00:00.123Z","updatedAt":"2030-01-01T00:00:00.123Z","id":"1nOqWojPTsoEgyuNgh2dR8CeniLIRL4R"}}"#);
    assert_snapshot!(answer.set_cookies().join("\n"), @"better-auth.session_token=D8Pa2ZoSMY1xckAJlUfUNas8ut7kaxuY.UJ2H%2BT87Hd4RoJ5xrZLVH5jZuAwebYjsdSHACaiJkzQ%3D; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax");
}

#[tokio::test]
async fn a_callback_url_is_answered_and_put_into_location() {
    let app = TestAuth::new().await;
    app.sign_up("alice@example.com").await;
    let body =
        json!({ "email": "alice@example.com", "password": PASSWORD, "callbackURL": "/dash?ü" });
    let answer = app.anyone().post("/sign-in/email", body).await;
    assert_eq!(answer.headers["location"], "/dash?%C3%BC");
    assert_eq!(answer.json()["url"], "/dash?ü");
    assert_eq!(answer.json()["redirect"], true);
}

#[tokio::test]
async fn a_wrong_password_is_told_as_an_unknown_address() {
    let app = TestAuth::new().await;
    app.sign_up("alice@example.com").await;
    let body = json!({ "email": "alice@example.com", "password": "wrong password" });
    let wrong = app.anyone().post("/sign-in/email", body).await;
    let body = json!({ "email": "nobody@example.com", "password": "wrong password" });
    let unknown = app.anyone().post("/sign-in/email", body).await;
    assert_snapshot!(wrong.line(), @r#"401 {"message":"Invalid email or password","code":"INVALID_EMAIL_OR_PASSWORD"}"#);
    assert_eq!(wrong.line(), unknown.line());
    assert!(wrong.set_cookies().is_empty());
}

#[tokio::test]
async fn a_password_counts_to_its_last_character() {
    let app = TestAuth::new().await;
    app.sign_up("alice@example.com").await;
    for wrong in
        [&PASSWORD[..PASSWORD.len() - 1], &format!("{PASSWORD} "), &PASSWORD.to_uppercase()]
    {
        let body = json!({ "email": "alice@example.com", "password": wrong });
        assert_eq!(app.anyone().post("/sign-in/email", body).await.status, 401, "{wrong:?}");
    }
}

#[tokio::test]
async fn refusals_come_in_the_references_order() {
    let app = TestAuth::new().await;
    let invalid = json!({ "email": "nobody", "password": "x".repeat(129) });
    assert_snapshot!(app.anyone().post("/sign-in/email", invalid).await.line(), @r#"400 {"message":"Invalid email","code":"INVALID_EMAIL"}"#);
    let long = json!({ "email": "nobody@example.com", "password": "x".repeat(129) });
    assert_snapshot!(app.anyone().post("/sign-in/email", long).await.line(), @r#"400 {"message":"Password too long","code":"PASSWORD_TOO_LONG"}"#);
    assert_snapshot!(app.anyone().post("/sign-in/email", json!({ "email": 1 })).await.line(), @r#"400 {"message":"[body.email] Invalid input: expected string, received number; [body.password] Invalid input: expected string, received undefined","code":"VALIDATION_ERROR"}"#);

    let off = TestAuth::builder().options(|it| it.email_and_password.enabled = false).start().await;
    let body = json!({ "email": "nobody", "password": "x" });
    assert_snapshot!(off.anyone().post("/sign-in/email", body).await.line(), @r#"400 {"message":"Email and password is not enabled","code":"EMAIL_PASSWORD_DISABLED"}"#);
}

#[tokio::test]
async fn an_unverified_user_stays_outside() {
    let app = TestAuth::builder()
        .options(|options| options.email_and_password.require_email_verification = true)
        .start()
        .await;
    let body = json!({ "name": "A", "email": "alice@example.com", "password": PASSWORD });
    app.anyone().post("/sign-up/email", body).await.expect_ok();
    let body = json!({ "email": "alice@example.com", "password": PASSWORD });
    let answer = app.anyone().post("/sign-in/email", body).await;
    assert_snapshot!(answer.line(), @r#"403 {"message":"Email not verified","code":"EMAIL_NOT_VERIFIED"}"#);
    assert!(answer.set_cookies().is_empty());
}

#[tokio::test]
async fn other_origins_cannot_sign_anybody_in() {
    let app = TestAuth::new().await;
    app.sign_up("alice@example.com").await;
    let body = json!({ "email": "alice@example.com", "password": PASSWORD });

    let mut foreign = app.anyone().with_header("origin", "https://evil.example");
    assert_snapshot!(foreign.post("/sign-in/email", body.clone()).await.line(), @r#"403 {"message":"Invalid origin","code":"INVALID_ORIGIN","hint":"add the origin to the configuration: trustedOrigins = [\"https://evil.example\"]"}"#);
    let mut navigation = app
        .anyone()
        .with_header("sec-fetch-site", "cross-site")
        .with_header("sec-fetch-mode", "navigate");
    assert_snapshot!(navigation.post("/sign-in/email", body.clone()).await.line(), @r#"403 {"message":"Cross-site navigation login blocked. This request appears to be a CSRF attack.","code":"CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"}"#);
    let mut null = app.anyone().with_cookie("some", "cookie").with_header("origin", "null");
    assert_snapshot!(null.post("/sign-in/email", body).await.line(), @r#"403 {"message":"Missing or null Origin","code":"MISSING_OR_NULL_ORIGIN"}"#);
}

#[tokio::test]
async fn nobody_is_sent_to_foreign_urls() {
    let app = TestAuth::new().await;
    app.sign_up("alice@example.com").await;
    for target in ["https://evil.example", "//evil.example", "/\\evil.example", "/%5cevil.example"]
    {
        let body =
            json!({ "email": "alice@example.com", "password": PASSWORD, "callbackURL": target });
        let answer = app.anyone().post("/sign-in/email", body).await;
        assert_eq!(answer.json()["code"], "INVALID_CALLBACK_URL", "{target}");
        assert!(answer.set_cookies().is_empty());
    }
    let body = json!({ "email": "alice@example.com", "password": PASSWORD, "callbackURL": ["/x"] });
    assert_snapshot!(app.anyone().post("/sign-in/email", body).await.line(), @r#"400 {"message":"Invalid callbackURL: expected a string"}"#);
}
