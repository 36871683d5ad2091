//! `/change-email`, and the links that it sends.

use insta::assert_snapshot;
use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;
use vestibule_core::callback::Callback;
use vestibule_core::options::{SendChangeEmailConfirmation, SendVerificationEmail};
use vestibule_testkit::TestAuth;

/// A server whose mails arrive here, as the paths of their links.
async fn app() -> (TestAuth, UnboundedReceiver<String>) {
    let (inbox, links) = tokio::sync::mpsc::unbounded_channel();
    let confirmations = inbox.clone();
    let path = |url: &str| url.split_once("/api/auth").unwrap().1.to_owned();
    let app = TestAuth::builder()
        .options(move |options| {
            options.user.change_email.enabled = true;
            options.user.change_email.send_change_email_confirmation =
                Some(Callback::new(move |mail: SendChangeEmailConfirmation| {
                    confirmations.send(path(&mail.url)).unwrap();
                    async { Ok(()) }
                }));
            options.email_verification.send_verification_email =
                Some(Callback::new(move |mail: SendVerificationEmail| {
                    inbox.send(path(&mail.url)).unwrap();
                    async { Ok(()) }
                }));
        })
        .start()
        .await;
    (app, links)
}

#[tokio::test]
async fn a_link_changes_the_address_once() {
    let (app, mut links) = app().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let body = json!({ "newEmail": "new@example.com" });
    assert_snapshot!(alice.post("/change-email", body).await.line(), @r#"200 {"status":true}"#);
    let link = links.recv().await.unwrap().replace("&callbackURL=%2F", "");

    let mut uses = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let mut somebody = app.anyone();
        let link = link.clone();
        uses.spawn(async move { somebody.get(&link).await });
    }
    let answers = uses.join_all().await;
    let changed = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(changed, 1);
    let sessions = answers.iter().filter(|answer| !answer.set_cookies().is_empty()).count();
    assert_eq!(sessions, 1, "whoever comes too late is not signed in");
    let late = answers.iter().find(|answer| answer.status != 200).unwrap();
    assert_snapshot!(late.line(), @r#"401 {"message":"User not found","code":"USER_NOT_FOUND"}"#);
}

// Difference: nobody-has-two.
#[tokio::test]
async fn an_address_that_somebody_took_since_is_refused() {
    let (app, mut links) = app().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let body = json!({ "newEmail": "new@example.com", "callbackURL": "/account" });
    alice.post("/change-email", body).await.expect_ok();
    let link = links.recv().await.unwrap();
    app.sign_up("new@example.com").await;

    let answer = alice.get(&link).await;
    assert_eq!(answer.status, 302);
    assert_snapshot!(answer.headers["location"].to_str().unwrap(), @"/account?error=USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL");
    let answer = alice.get(&link.replace("&callbackURL=%2Faccount", "")).await;
    assert_snapshot!(answer.line(), @r#"401 {"message":"User already exists. Use another email.","code":"USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"}"#);
    let session = alice.get("/get-session").await.json();
    assert_eq!(session["user"]["email"], "alice@example.com");
}

#[tokio::test]
async fn the_old_address_agrees_before_the_new_one_is_asked() {
    let (app, mut links) = app().await;
    let mut alice = app.sign_up("alice@example.com").await;
    alice.post("/send-verification-email", json!({ "email": "alice@example.com" })).await;
    alice.get(&links.recv().await.unwrap()).await;

    alice.post("/change-email", json!({ "newEmail": "new@example.com" })).await.expect_ok();
    let confirmation = links.recv().await.unwrap();
    assert!(links.try_recv().is_err(), "the new address hears nothing yet");
    assert_eq!(app.anyone().get(&confirmation).await.status, 302);
    let session = alice.get("/get-session").await.json();
    assert_eq!(session["user"]["email"], "alice@example.com", "agreeing changes nothing");

    assert_eq!(app.anyone().get(&links.recv().await.unwrap()).await.status, 302);
    let session = alice.get("/get-session").await.json();
    assert_eq!(session["user"]["email"], "new@example.com");
    assert_eq!(session["user"]["emailVerified"], true);
}
