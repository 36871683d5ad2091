use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::HeaderValue;
use insta::assert_snapshot;
use serde_json::json;
use vestibule_core::call::Exchange;
use vestibule_core::hook::Hook;
use vestibule_core::plugin::{Contribution, Plugin};
use vestibule_core::prelude::*;
use vestibule_testkit::TestAuth;

type Log = Arc<Mutex<Vec<String>>>;

/// Notes when it runs.
struct Noted {
    name: &'static str,
    log: Log,
}

#[async_trait]
impl Hook for Noted {
    fn matches(&self, path: &str) -> bool {
        path == "/ok"
    }

    async fn before(&self, _: &mut Exchange) -> Result<Option<Reply>> {
        self.log.lock().unwrap().push(format!("{} before", self.name));
        Ok(None)
    }

    async fn after(&self, _: &mut Exchange, answer: Result<Reply>) -> Result<Reply> {
        self.log.lock().unwrap().push(format!("{} after", self.name));
        answer
    }
}

struct NotedPlugin(&'static str, Log);

impl Plugin for NotedPlugin {
    fn id(&self) -> &'static str {
        self.0
    }

    fn contribute(self: Arc<Self>) -> Contribution {
        let hook = Noted { name: self.0, log: self.1.clone() };
        Contribution { hooks: vec![Arc::new(hook)], ..Contribution::default() }
    }
}

#[tokio::test]
async fn the_users_hooks_run_first_and_plugins_in_their_order() {
    for order in [["a", "b"], ["b", "a"]] {
        let log = Log::default();
        let kept = log.clone();
        let app = TestAuth::builder()
            .configure(move |builder| {
                builder
                    .plugin(NotedPlugin(order[0], log.clone()))
                    .plugin(NotedPlugin(order[1], log.clone()))
                    .hook(Noted { name: "user", log })
            })
            .start()
            .await;
        app.anyone().get("/ok").await.expect_ok();
        app.anyone().get("/get-session").await.expect_ok();
        let [first, second] = order;
        let expected = ["user", first, second].map(|name| format!("{name} before"));
        let after = ["user", first, second].map(|name| format!("{name} after"));
        assert_eq!(*kept.lock().unwrap(), [expected, after].concat());
    }
}

/// Changes what comes in, answers itself, and replaces answers.
struct Meddler;

#[async_trait]
impl Hook for Meddler {
    fn matches(&self, path: &str) -> bool {
        path.starts_with("/sign-") || path == "/ok"
    }

    async fn before(&self, call: &mut Exchange) -> Result<Option<Reply>> {
        if call.endpoint == Some("/sign-out") {
            return Reply::json(&json!({ "answered": "by the hook" })).map(Some);
        }
        if let Some(body) = call.received.body.as_mut().and_then(|body| body.as_object_mut()) {
            body.insert("name".to_owned(), json!("Changed"));
        }
        Ok(None)
    }

    async fn after(&self, call: &mut Exchange, answer: Result<Reply>) -> Result<Reply> {
        call.set_header("x-meddled".parse().unwrap(), HeaderValue::from_static("yes"));
        match answer {
            Err(_) => Reply::json(&json!({ "mended": true })),
            Ok(_) if call.endpoint == Some("/ok") => Err(Error::forbidden("Not ok")),
            Ok(reply) => Ok(reply),
        }
    }
}

#[tokio::test]
async fn a_hook_changes_requests_and_answers() {
    let app = TestAuth::builder().configure(|builder| builder.hook(Meddler)).start().await;
    let mut alice = app.sign_up("alice@example.com").await;
    assert_eq!(alice.get("/get-session").await.json()["user"]["name"], "Changed");

    let answered = alice.post("/sign-out", json!({})).await;
    assert_snapshot!(answered.line(), @r#"200 {"answered":"by the hook"}"#);
    assert_ne!(alice.get("/get-session").await.line(), "200 null");

    assert_snapshot!(app.anyone().get("/ok").await.line(), @r#"403 {"message":"Not ok"}"#);
    let mended = app.anyone().post("/sign-in/email", json!({})).await;
    assert_snapshot!(mended.line(), @r#"200 {"mended":true}"#);
    assert_eq!(mended.headers["x-meddled"], "yes");
}

/// Knows who somebody is by a header of its own.
struct Badge;

#[async_trait]
impl Hook for Badge {
    fn matches(&self, _: &str) -> bool {
        true
    }

    async fn identify(&self, call: &mut Exchange) -> Result<()> {
        if let Some(badge) = call.headers.get("x-badge") {
            let token = badge.to_str().unwrap().to_owned();
            let signed = call.auth().signing_key().sign(&token);
            let name = call.auth().cookies().session_token.name.clone();
            call.set_request_cookie(&name, &signed);
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_hook_may_know_by_other_means_whose_request_it_is() {
    let app = TestAuth::builder().configure(|builder| builder.hook(Badge)).start().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let session = alice.get("/get-session").await.json();
    let token = session["session"]["token"].as_str().unwrap();

    let mut badged = app.anyone().with_header("x-badge", token);
    assert_eq!(badged.get("/get-session").await.json()["user"], session["user"]);
    badged.post("/update-user", json!({ "name": "Alicia" })).await.expect_ok();
    // A sign-in judges origins by what was sent: there was no cookie.
    let wrong = json!({ "email": "alice@example.com", "password": "wrong" });
    assert_eq!(badged.post("/sign-in/email", wrong).await.status, 401);

    // Routes that are not ours know them by the same means.
    let mut headers = http::HeaderMap::new();
    headers.insert("x-badge", token.parse().unwrap());
    let found = app.auth.session(&headers).await.unwrap();
    assert_eq!(found.unwrap().user.email, "alice@example.com");
    assert!(app.auth.session(&http::HeaderMap::new()).await.unwrap().is_none());
}
