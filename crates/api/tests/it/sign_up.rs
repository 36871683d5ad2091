use insta::assert_snapshot;
use serde_json::{Value as Json, json};
use vestibule_core::callback::Callback;
use vestibule_testkit::{PASSWORD, TestAuth};

fn alice() -> Json {
    json!({ "name": "Alice", "email": "Alice@Example.com", "password": PASSWORD })
}

fn with(mut body: Json, key: &str, value: Json) -> Json {
    body[key] = value;
    body
}

#[tokio::test]
async fn a_sign_up_signs_in() {
    let app = TestAuth::new().await;
    let mut visitor = app.anyone();
    let answer = visitor.post("/sign-up/email", alice()).await;
    assert_snapshot!(answer.line(), @r#"200 {"token":"qwQO6tmkOmexLwOgVOh444MwpelFyM7z","user":{"name":"Alice","email":"alice@example.com","emailVerified":false,"image":null,"createdAt":"2030-01-01T00:00:00.123Z","updatedAt":"2030-01-01T00:00:00.123Z","id":"1nOqWojPTsoEgyuNgh2dR8CeniLIRL4R"}}"#);
    assert_snapshot!(answer.set_cookies().join("\n"), @"better-auth.session_token=qwQO6tmkOmexLwOgVOh444MwpelFyM7z.WhmthurKpPaPyuLYHtHY1jkT7h6%2BxLWfOYoFHgXPO%2FM%3D; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax");
    assert_eq!(answer.headers["cache-control"], "no-store");

    let session = visitor.get("/get-session").await;
    assert_eq!(session.json()["user"]["email"], "alice@example.com");
}

#[tokio::test]
async fn a_session_that_is_not_remembered_lives_a_day() {
    let app = TestAuth::new().await;
    let mut visitor = app.anyone();
    let answer = visitor.post("/sign-up/email", with(alice(), "rememberMe", json!(false))).await;
    assert_snapshot!(answer.set_cookies().join("\n"), @r"
    better-auth.session_token=qwQO6tmkOmexLwOgVOh444MwpelFyM7z.WhmthurKpPaPyuLYHtHY1jkT7h6%2BxLWfOYoFHgXPO%2FM%3D; Path=/; HttpOnly; SameSite=Lax
    better-auth.dont_remember=true.tAfZJs%2FH%2BUEVnvifbIQqLXqZeQc%2FCA9YeSIDC5i69q0%3D; Path=/; HttpOnly; SameSite=Lax
    ");
    let session = visitor.get("/get-session").await.json();
    assert_eq!(session["session"]["expiresAt"], "2030-01-02T00:00:00.123Z");
}

#[tokio::test]
async fn an_address_has_one_user_in_any_case() {
    let app = TestAuth::new().await;
    app.sign_up("alice@example.com").await;
    let again = app.anyone().post("/sign-up/email", alice()).await;
    assert_snapshot!(again.line(), @r#"422 {"message":"User already exists. Use another email.","code":"USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"}"#);
    assert!(again.set_cookies().is_empty());
}

#[tokio::test]
async fn of_concurrent_sign_ups_one_makes_the_user() {
    let app = TestAuth::new().await;
    let (mut one, mut other) = (app.anyone(), app.anyone());
    let (one, other) =
        tokio::join!(one.post("/sign-up/email", alice()), other.post("/sign-up/email", alice()));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422]);
}

#[tokio::test]
async fn every_issue_of_the_body_is_named() {
    let app = TestAuth::new().await;
    let empty = app.anyone().post("/sign-up/email", json!({})).await;
    assert_snapshot!(empty.line(), @r#"400 {"message":"[body.name] Invalid input: expected string, received undefined; [body.email] Invalid input: expected string, received undefined; [body.password] Invalid input: expected string, received undefined","code":"VALIDATION_ERROR"}"#);
    let wrong =
        json!({ "name": 1, "email": "no", "password": "", "image": [], "rememberMe": "true" });
    let wrong = app.anyone().post("/sign-up/email", wrong).await;
    assert_snapshot!(wrong.line(), @r#"400 {"message":"[body.name] Invalid input: expected string, received number; [body.email] Invalid email address; [body.password] Too small: expected string to have >=1 characters; [body.image] Invalid input: expected string, received array; [body.rememberMe] Invalid input: expected boolean, received string","code":"VALIDATION_ERROR"}"#);
    let list = app.anyone().post("/sign-up/email", json!([])).await;
    assert_snapshot!(list.line(), @r#"400 {"message":"[body] Invalid input: expected object, received array; [body] Invalid input: expected record, received array","code":"VALIDATION_ERROR"}"#);
    let nothing = app.anyone().post_raw("/sign-up/email", "").await;
    assert_snapshot!(nothing.line(), @r#"400 {"message":"Invalid JSON in request body","code":"BAD_REQUEST"}"#);
}

#[tokio::test]
async fn a_password_has_a_shortest_and_a_longest_length() {
    let app = TestAuth::new().await;
    for (password, status) in [("x".repeat(7), 400), ("x".repeat(129), 400), ("x".repeat(8), 200)] {
        let body = with(alice(), "password", json!(password));
        let answer = app.anyone().post("/sign-up/email", body).await;
        assert_eq!(answer.status, status, "{} characters", password.len());
    }
    let short = with(alice(), "password", json!("x".repeat(7)));
    assert_snapshot!(app.anyone().post("/sign-up/email", short).await.line(), @r#"400 {"message":"Password too short","code":"PASSWORD_TOO_SHORT"}"#);
    let long = with(alice(), "password", json!("x".repeat(129)));
    assert_snapshot!(app.anyone().post("/sign-up/email", long).await.line(), @r#"400 {"message":"Password too long","code":"PASSWORD_TOO_LONG"}"#);
    // Four emoji are eight UTF-16 code units.
    let body = json!({ "name": "", "email": "b@example.com", "password": "😀😀😀😀" });
    app.anyone().post("/sign-up/email", body).await.expect_ok();
}

#[tokio::test]
async fn a_sign_up_can_be_switched_off() {
    let app = TestAuth::builder()
        .options(|options| options.email_and_password.disable_sign_up = true)
        .start()
        .await;
    let answer = app.anyone().post("/sign-up/email", alice()).await;
    assert_snapshot!(answer.line(), @r#"400 {"message":"Email and password sign up is not enabled","code":"EMAIL_PASSWORD_SIGN_UP_DISABLED"}"#);
}

#[tokio::test]
async fn without_a_session_an_answer_does_not_tell_who_has_an_account() {
    let app = TestAuth::builder()
        .options(|options| options.email_and_password.auto_sign_in = false)
        .start()
        .await;
    let first = app.anyone().post("/sign-up/email", alice()).await;
    let second = app.anyone().post("/sign-up/email", with(alice(), "name", json!("Mallory"))).await;
    assert_snapshot!(first.line(), @r#"200 {"token":null,"user":{"name":"Alice","email":"alice@example.com","emailVerified":false,"image":null,"createdAt":"2030-01-01T00:00:00.123Z","updatedAt":"2030-01-01T00:00:00.123Z","id":"1nOqWojPTsoEgyuNgh2dR8CeniLIRL4R"}}"#);
    assert_snapshot!(second.line(), @r#"200 {"token":null,"user":{"name":"Mallory","email":"alice@example.com","emailVerified":false,"image":null,"createdAt":"2030-01-01T00:00:00.123Z","updatedAt":"2030-01-01T00:00:00.123Z","id":"72vpam44JfdShCIRugpwYzS5Y0qw78Na"}}"#);
    assert!(first.set_cookies().is_empty() && second.set_cookies().is_empty());

    let body = json!({ "email": "alice@example.com", "password": PASSWORD });
    let signed_in = app.anyone().post("/sign-in/email", body).await.json();
    assert_eq!(signed_in["user"]["name"], "Alice", "the second sign-up changed nothing");
}

#[tokio::test]
async fn an_existing_user_is_told_and_the_mail_is_sent_to_new_ones() {
    let (told, mut tellings) = tokio::sync::mpsc::unbounded_channel();
    let mails = told.clone();
    let app = TestAuth::builder()
        .options(|options| {
            options.email_and_password.require_email_verification = true;
            options.email_and_password.on_existing_user_sign_up =
                Some(Callback::new(move |input: vestibule_core::options::ExistingUserSignUp| {
                    told.send(format!("existing {}", input.user["email"])).unwrap();
                    async { Ok(()) }
                }));
            options.email_verification.send_verification_email =
                Some(Callback::new(move |mail: vestibule_core::options::SendVerificationEmail| {
                    mails.send(mail.url).unwrap();
                    async { Ok(()) }
                }));
        })
        .start()
        .await;
    let first =
        app.anyone().post("/sign-up/email", with(alice(), "callbackURL", json!("/in?a=b"))).await;
    assert_snapshot!(first.line(), @r#"200 {"token":null,"user":{"name":"Alice","email":"alice@example.com","emailVerified":false,"image":null,"createdAt":"2030-01-01T00:00:00.123Z","updatedAt":"2030-01-01T00:00:00.123Z","id":"1nOqWojPTsoEgyuNgh2dR8CeniLIRL4R"}}"#);
    assert_snapshot!(tellings.recv().await.unwrap(), @"http://localhost:3000/api/auth/verify-email?token=eyJhbGciOiJIUzI1NiJ9.eyJlbWFpbCI6ImFsaWNlQGV4YW1wbGUuY29tIiwiaWF0IjoxODkzNDU2MDAwLCJleHAiOjE4OTM0NTk2MDB9.vRujui4OT_OlTMVNRtnhC-NB4e3-8_74_gxbtzCRGls&callbackURL=%2Fin%3Fa%3Db");

    app.anyone().post("/sign-up/email", alice()).await.expect_ok();
    assert_snapshot!(tellings.recv().await.unwrap(), @r#"existing "alice@example.com""#);
    assert!(tellings.try_recv().is_err(), "nothing is mailed to somebody who has an account");
}

#[tokio::test]
async fn forms_are_text() {
    let app = TestAuth::new().await;
    let mut form = app.anyone().with_header("content-type", "application/x-www-form-urlencoded");
    let body = "name=Alice&email=alice%40example.com&password=correct+horse+battery";
    form.post_raw("/sign-up/email", body).await.expect_ok();
    let mut form = app.anyone().with_header("content-type", "application/x-www-form-urlencoded");
    let body = "name=Bob&email=bob%40example.com&password=correct+horse+battery&rememberMe=true";
    assert_snapshot!(form.post_raw("/sign-up/email", body).await.line(), @r#"400 {"message":"[body.rememberMe] Invalid input: expected boolean, received string","code":"VALIDATION_ERROR"}"#);
}

#[tokio::test]
async fn bodies_of_other_types_are_refused() {
    let app = TestAuth::new().await;
    let mut plain = app.anyone().with_header("content-type", "text/plain");
    assert_snapshot!(plain.post_raw("/sign-up/email", "{}").await.line(), @r#"415 {"message":"Content-Type \"text/plain\" is not allowed. Allowed types: application/x-www-form-urlencoded, application/json","code":"UNSUPPORTED_MEDIA_TYPE"}"#);
    let broken = app.anyone().post_raw("/sign-up/email", "{\"name\":").await;
    assert_snapshot!(broken.line(), @r#"400 {"message":"Invalid JSON in request body","code":"BAD_REQUEST"}"#);
    let deep = "[".repeat(100_000);
    assert_snapshot!(app.anyone().post_raw("/sign-up/email", deep).await.line(), @r#"400 {"message":"Invalid JSON in request body","code":"BAD_REQUEST"}"#);
}

#[tokio::test]
async fn half_of_a_surrogate_pair_becomes_the_replacement_character() {
    let app = TestAuth::new().await;
    let body = r#"{"name":"\\ud800 \ud800 \ud83e\udd80 \udd80","email":"a@example.com","password":"long enough"}"#;
    let answer = app.anyone().post_raw("/sign-up/email", body).await;
    assert_eq!(answer.json()["user"]["name"], "\\ud800 \u{fffd} 🦀 \u{fffd}");
}

#[tokio::test]
async fn what_clients_must_not_set_is_not_set() {
    let app = TestAuth::new().await;
    let mut body = alice();
    for (key, value) in
        [("id", json!("mine")), ("emailVerified", json!(true)), ("role", json!("admin"))]
    {
        body[key] = value;
    }
    let user = app.anyone().post("/sign-up/email", body).await.json()["user"].clone();
    assert_ne!(user["id"], "mine");
    assert_eq!(user["emailVerified"], false);
    assert_eq!(user["role"], Json::Null);
}

#[tokio::test]
async fn additional_fields_follow_their_rules() {
    let app = TestAuth::builder()
        .json(json!({
            "emailAndPassword": { "enabled": true },
            "user": { "additionalFields": {
                "plan": { "type": ["free", "paid"], "required": true },
                "role": { "type": "string", "input": false, "defaultValue": "member" },
                "credit": { "type": "number", "input": false, "required": false },
                "secret": { "type": "string", "returned": false, "required": false },
                "born": { "type": "date", "required": false },
                "tags": { "type": "string[]", "required": false },
            } },
        }))
        .start()
        .await;
    let openapi = app.auth.openapi();
    let body = &openapi["paths"]["/sign-up/email"]["post"]["requestBody"]["content"];
    let body = &body["application/json"]["schema"];
    assert_eq!(body["properties"]["plan"]["enum"], json!(["free", "paid"]));
    assert_eq!(body["required"], json!(["name", "email", "password", "plan"]));
    assert_eq!(body["properties"].get("role"), None, "clients may not set it");

    let missing = app.anyone().post("/sign-up/email", alice()).await;
    assert_snapshot!(missing.line(), @r#"400 {"message":"plan is required","code":"MISSING_FIELD"}"#);
    let wrong = app.anyone().post("/sign-up/email", with(alice(), "plan", json!("gold"))).await;
    assert_snapshot!(wrong.line(), @r#"400 {"message":"[body.plan] Invalid input: expected one of the listed texts","code":"VALIDATION_ERROR"}"#);
    let closed = with(with(alice(), "plan", json!("paid")), "credit", json!(100));
    assert_snapshot!(app.anyone().post("/sign-up/email", closed).await.line(), @r#"400 {"message":"credit is not allowed to be set","code":"FIELD_NOT_ALLOWED"}"#);

    let body = json!({
        "name": "Alice", "email": "alice@example.com", "password": PASSWORD, "plan": "paid",
        "role": "admin", "secret": "s", "born": "1990-05-06", "tags": ["a", "b"],
    });
    let made = app.anyone().post("/sign-up/email", body).await;
    assert_snapshot!(made.line(), @r#"200 {"token":"qwQO6tmkOmexLwOgVOh444MwpelFyM7z","user":{"name":"Alice","email":"alice@example.com","emailVerified":false,"image":null,"createdAt":"2030-01-01T00:00:00.123Z","updatedAt":"2030-01-01T00:00:00.123Z","plan":"paid","role":"member","credit":null,"born":"1990-05-06T00:00:00.000Z","tags":["a","b"],"id":"1nOqWojPTsoEgyuNgh2dR8CeniLIRL4R"}}"#);
}

#[tokio::test]
async fn a_verdict_of_validate_user_info_is_the_answer() {
    for auto_sign_in in [true, false] {
        let app = TestAuth::builder()
            .options(move |options| {
                options.email_and_password.auto_sign_in = auto_sign_in;
                options.user.validate_user_info = Some(Callback::new(
                    |input: vestibule_core::options::ValidateUserInfo| async move {
                        let refused = input.user["email"] == "alice@example.com";
                        Ok(vestibule_core::options::UserInfoVerdict {
                            error: refused.then(|| "NOT_INVITED".to_owned()),
                            error_description: Some("Ask for an invitation".to_owned()),
                        })
                    },
                ));
            })
            .start()
            .await;
        let refused = app.anyone().post("/sign-up/email", alice()).await;
        match auto_sign_in {
            true => {
                assert_snapshot!(refused.line(), @r#"403 {"message":"Ask for an invitation","code":"NOT_INVITED"}"#)
            }
            // Where sign-ups do not tell who has an account, they do not tell who may have one either.
            false => {
                assert_snapshot!(refused.line(), @r#"200 {"token":null,"user":{"name":"Alice","email":"alice@example.com","emailVerified":false,"image":null,"createdAt":"2030-01-01T00:00:00.123Z","updatedAt":"2030-01-01T00:00:00.123Z","id":"1nOqWojPTsoEgyuNgh2dR8CeniLIRL4R"}}"#)
            }
        }
        app.sign_up("bob@example.com").await;
    }
}
