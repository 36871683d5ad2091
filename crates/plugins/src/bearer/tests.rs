use std::time::Duration;

use http::HeaderMap;
use insta::assert_snapshot;
use proptest::prelude::{any, proptest};
use serde_json::json;
use vestibule_core::options::Secret;
use vestibule_testkit::{Actor, Answer, TestAuth};

use super::*;

async fn app() -> TestAuth {
    with(Options::default()).await
}

async fn with(options: Options) -> TestAuth {
    TestAuth::builder()
        .configure(move |builder| builder.plugin(Bearer::from(options)))
        .start()
        .await
}

/// Signs Alice up, and throws her cookies away: `token.signature`.
async fn signed_token(app: &TestAuth) -> String {
    let mut alice = app.anyone();
    let body =
        json!({ "name": "Alice", "email": "alice@example.com", "password": "correct horse" });
    token_of(alice.post("/sign-up/email", body).await.expect_ok()).unwrap().to_owned()
}

fn token_of(answer: &Answer) -> Option<&str> {
    answer.headers.get(SET_AUTH_TOKEN).map(|token| token.to_str().unwrap())
}

fn bearing(app: &TestAuth, authorization: &str) -> Actor {
    app.anyone().with_header("authorization", authorization)
}

/// Whose session an `Authorization` header is for.
async fn who(app: &TestAuth, authorization: &str) -> Option<String> {
    let answer = bearing(app, authorization).get("/get-session").await;
    answer.expect_ok();
    answer.json()["user"]["email"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn a_sign_in_answers_with_a_token_that_is_the_session() {
    let app = app().await;
    let mut alice = app.anyone();
    let body =
        json!({ "name": "Alice", "email": "alice@example.com", "password": "correct horse" });
    let answer = alice.post("/sign-up/email", body).await;
    let signed = token_of(&answer).unwrap();
    assert_eq!(answer.headers["access-control-expose-headers"], "set-auth-token");
    let (token, _) = signed.split_once('.').unwrap();
    assert_eq!(answer.json()["token"], token);
    assert_eq!(who(&app, &format!("Bearer {signed}")).await.as_deref(), Some("alice@example.com"));
    assert_eq!(who(&app, &format!("Bearer {token}")).await.as_deref(), Some("alice@example.com"));
}

#[tokio::test]
async fn a_token_works_in_every_spelling_of_a_client() {
    let app = app().await;
    let signed = signed_token(&app).await;
    let encoded = signed.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let (token, _) = signed.split_once('.').unwrap();
    for authorization in [
        format!("bearer {signed}"),
        format!("BEARER {signed}"),
        format!("Bearer   {signed}  "),
        format!("Bearer {encoded}"),
        format!("Bearer  {token}"),
    ] {
        let found = who(&app, &authorization).await;
        assert_eq!(found.as_deref(), Some("alice@example.com"), "{authorization}");
    }
}

#[tokio::test]
async fn what_is_no_token_of_ours_is_nobody_and_never_a_failure() {
    let app = app().await;
    let signed = signed_token(&app).await;
    let (token, signature) = signed.split_once('.').unwrap();
    let foreign = SigningKey::new("another secret").sign(token);
    for authorization in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer .",
        "Bearer ..",
        "Bearer %",
        "Bearer %.%",
        "Bearer %E0%A4%A.x",
        "Bearer \u{e9}\u{ff}",
        "Bearer é.ü",
        "Bearer a;b=c",
        "Bearer a\"b",
        "Bearer null",
        "Bearer undefined",
        "Basic dXNlcjpwYXNz",
        "Token abc",
        "Bearer\tabc",
        &format!("Bearer{signed}"),
        &format!("Bearer Bearer {signed}"),
        &format!("Bearer {token}."),
        &format!("Bearer .{signature}"),
        &format!("Bearer {token}.{}", signature.trim_end_matches('=')),
        &format!("Bearer {token}x.{signature}"),
        &format!("Bearer {signed}.x"),
        &format!("Bearer {signed}, Bearer {signed}"),
        &format!("Bearer {foreign}"),
        &format!("Bearer {}", "a".repeat(10_000)),
        &format!("Bearer {}", ".".repeat(10_000)),
    ] {
        assert_eq!(who(&app, authorization).await, None, "{authorization:.60}");
        let answer = bearing(&app, authorization).get("/list-sessions").await;
        let refused = r#"401 {"message":"Unauthorized","code":"UNAUTHORIZED"}"#;
        assert_eq!(answer.line(), refused, "{authorization:.60}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_nobody() {
    let app = app().await;
    let mut headers = HeaderMap::new();
    let value = HeaderValue::from_bytes(b"Bearer \xff\xfe.\xe9\xa0").unwrap();
    headers.insert(header::AUTHORIZATION, value);
    assert!(app.auth.session(&headers).await.unwrap().is_none());
}

#[tokio::test]
async fn a_bare_token_is_refused_where_a_signature_is_required() {
    let app = with(Options { require_signature: true }).await;
    let signed = signed_token(&app).await;
    let (token, _) = signed.split_once('.').unwrap();
    assert_eq!(who(&app, &format!("Bearer {token}")).await, None);
    assert_eq!(who(&app, &format!("Bearer {signed}")).await.as_deref(), Some("alice@example.com"));
}

#[tokio::test]
async fn a_token_comes_before_the_cookie_and_a_forged_one_does_not() {
    let app = app().await;
    let signed = signed_token(&app).await;
    let bob = app.sign_up("bob@example.com").await;
    let email = |answer: Answer| answer.json()["user"]["email"].clone();

    let mut both = bob.clone().with_header("authorization", &format!("Bearer {signed}"));
    assert_eq!(email(both.get("/get-session").await), "alice@example.com");
    let forged = SigningKey::new("another secret").sign("token");
    let mut both = bob.clone().with_header("authorization", &format!("Bearer {forged}"));
    assert_eq!(email(both.get("/get-session").await), "bob@example.com");
    // Reference quirk: a bare token is signed before anybody knows whether it is a session.
    let mut both = bob.with_header("authorization", "Bearer unknown");
    assert_snapshot!(both.get("/get-session").await.line(), @"200 null");
}

#[tokio::test]
async fn a_request_without_cookies_needs_no_origin() {
    let app = app().await;
    let signed = signed_token(&app).await;
    let authorization = format!("Bearer {signed}");
    let mut phone = bearing(&app, &authorization).with_header("origin", "https://evil.example");
    assert_snapshot!(phone.post("/update-user", json!({ "name": "Alicia" })).await.line(), @r#"200 {"status":true}"#);

    // Where cookies ride along, an origin that is not trusted is refused as ever.
    let mut page = bearing(&app, &authorization)
        .with_cookie("theme", "dark")
        .with_header("origin", "https://evil.example");
    let refused = page.post("/update-user", json!({ "name": "Eve" })).await;
    assert_snapshot!(refused.json()["code"], @r#""INVALID_ORIGIN""#);
}

#[tokio::test]
async fn a_client_with_an_old_token_may_sign_in_again() {
    let app = app().await;
    signed_token(&app).await;
    let body = json!({ "email": "alice@example.com", "password": "correct horse" });
    // No cookie and no origin: no browser. The cookie that the header is turned into is not one.
    let answer = bearing(&app, "Bearer old").post("/sign-in/email", body.clone()).await;
    assert!(token_of(answer.expect_ok()).is_some());
    // A page of somebody else is refused, token or not.
    let mut page = bearing(&app, "Bearer old").with_header("origin", "https://evil.example");
    let refused = page.post("/sign-in/email", body).await;
    assert_eq!(refused.json()["code"], "INVALID_ORIGIN");
    assert_eq!(token_of(&refused), None);
}

#[tokio::test]
async fn a_token_is_answered_where_the_cookie_is_set_and_only_there() {
    let app = app().await;
    let signed = signed_token(&app).await;
    let mut alice = bearing(&app, &format!("Bearer {signed}"));
    assert_eq!(token_of(alice.get("/get-session").await.expect_ok()), None);
    assert_eq!(token_of(alice.get("/ok").await.expect_ok()), None);
    let wrong = json!({ "email": "alice@example.com", "password": "wrong horse" });
    assert_eq!(token_of(&app.anyone().post("/sign-in/email", wrong).await), None);

    app.advance(Duration::from_secs(2 * 86_400));
    let refreshed = bearing(&app, &format!("Bearer {signed}")).get("/get-session").await;
    assert_eq!(token_of(&refreshed), Some(signed.as_str()));

    let mut alice = bearing(&app, &format!("Bearer {signed}"));
    let signed_out = alice.post("/sign-out", json!({})).await;
    assert_snapshot!(signed_out.line(), @r#"200 {"success":true}"#);
    assert_eq!(token_of(&signed_out), None);
    assert_eq!(who(&app, &format!("Bearer {signed}")).await, None);
}

#[tokio::test]
async fn routes_of_ones_own_take_tokens_too() {
    let app = app().await;
    let signed = signed_token(&app).await;
    let (token, _) = signed.split_once('.').unwrap();
    let session = async |authorization: String| {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization.parse().unwrap());
        app.auth.session(&headers).await.unwrap().map(|found| found.user.email)
    };
    let alice = Some("alice@example.com".to_owned());
    assert_eq!(session(format!("Bearer {signed}")).await, alice);
    assert_eq!(session(format!("Bearer {token}")).await, alice);
    assert_eq!(session("Bearer unknown".to_owned()).await, None);
    assert_eq!(session("Basic dXNlcjpwYXNz".to_owned()).await, None);
}

#[tokio::test]
async fn without_the_plugin_the_header_is_nothing() {
    let app = TestAuth::new().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let token = alice.get("/get-session").await.json()["session"]["token"].clone();
    assert_eq!(who(&app, &format!("Bearer {}", token.as_str().unwrap())).await, None);
}

#[tokio::test]
async fn another_secret_ends_every_signed_token() {
    let app = with(Options { require_signature: true }).await;
    let signed = signed_token(&app).await;
    let rotated = TestAuth::builder()
        .options(|options| options.secret = Some(Secret::new("a-rotated-secret-of-32-characters")))
        .configure(|builder| builder.plugin(Bearer::default()))
        .start()
        .await;
    assert_eq!(who(&rotated, &format!("Bearer {signed}")).await, None);
}

proptest! {
    #[test]
    fn no_header_stops_the_reader(text in any::<String>(), near in "[Bb]earer [ .%a-zA-Z0-9+/=é]{0,60}") {
        let key = SigningKey::new("secret");
        for options in [Options { require_signature: true }, Options::default()] {
            let _ = Bearer { options }.signed_token(&key, &text); // Only that it returns.
            let _ = Bearer { options }.signed_token(&key, &near); // Likewise.
        }
    }
}
