//! Endpoints at the origin, beside those below the base path.

use std::sync::Arc;

use insta::assert_snapshot;
use serde_json::json;
use vestibule_core::Auth;
use vestibule_core::auth::BuildError;
use vestibule_core::endpoint::configured;
use vestibule_core::options::Options;
use vestibule_core::plugin::{Contribution, Plugin};
use vestibule_core::prelude::*;
use vestibule_core::store::memory::MemoryStore;
use vestibule_testkit::TestAuth;

/// Says who is asking, at a path of the configuration's choice.
struct WhoAmI(&'static str);

impl Plugin for WhoAmI {
    fn id(&self) -> &'static str {
        "who-am-i"
    }

    fn contribute(self: Arc<Self>) -> Contribution {
        let endpoints = vec![
            Endpoint::get(configured(self.0.to_owned()), &self, who).at_origin().id("who"),
            Endpoint::post(configured(self.0.to_owned()), &self, who).at_origin(),
        ];
        Contribution { endpoints, ..Contribution::default() }
    }
}

async fn who(_: &WhoAmI, call: &mut Call<SignedIn>, (): ()) -> Result<serde_json::Value> {
    Ok(json!({ "email": call.caller.0.user.email }))
}

/// Has an endpoint below the base path.
struct Notes;

impl Plugin for Notes {
    fn id(&self) -> &'static str {
        "notes"
    }

    fn contribute(self: Arc<Self>) -> Contribution {
        let endpoints = vec![Endpoint::get("/notes/:id", &self, read)];
        Contribution { endpoints, ..Contribution::default() }
    }
}

async fn read(_: &Notes, _: &mut Call, (): ()) -> Result<bool> {
    Ok(true)
}

async fn app() -> TestAuth {
    TestAuth::builder().configure(|builder| builder.plugin(WhoAmI("/auth/me"))).start().await
}

#[tokio::test]
async fn a_session_counts_there_as_everywhere() {
    let app = app().await;
    let alice = app.sign_up("alice@example.com").await;
    let answer = alice.at_origin().get("/auth/me").await;
    assert_snapshot!(answer.line(), @r#"200 {"email":"alice@example.com"}"#);
    assert_eq!(app.anyone().at_origin().get("/auth/me").await.status, 401);
}

#[tokio::test]
async fn it_is_not_below_the_base_path_and_nothing_else_is_at_the_origin() {
    let app = app().await;
    assert_eq!(app.anyone().get("/auth/me").await.status, 404);
    for path in ["/get-session", "/auth/me/", "/auth//me", "/auth/me/x", "/Auth/me", "/auth/%6de"] {
        assert_eq!(app.anyone().at_origin().get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn origins_are_checked_there_too() {
    let app = app().await;
    let alice = app.sign_up("alice@example.com").await;
    let mut foreign = alice.at_origin().with_header("origin", "https://evil.example");
    assert_eq!(foreign.post("/auth/me", json!({})).await.status, 403);
    assert_eq!(alice.at_origin().post("/auth/me", json!({})).await.status, 200);
}

#[tokio::test]
async fn the_description_says_where_it_is() {
    let app = app().await;
    let description = app.auth.openapi();
    let item = &description["paths"]["/auth/me"];
    assert_eq!(item["servers"], json!([{ "url": "http://localhost:3000" }]));
    assert_eq!(item["get"]["operationId"], "who");
}

#[test]
fn a_path_that_hides_another_endpoint_stops_the_start() {
    for path in ["/api/auth/notes/list", "/api/auth/notes/all", "/api/auth", "/api/auth/"] {
        let builder = Auth::builder(Options::default()).plugin(Notes).plugin(WhoAmI(path));
        let store = Arc::new(MemoryStore::new(&builder.schema().unwrap()));
        let built = builder.store(store).build();
        assert!(matches!(built, Err(BuildError::ShadowedEndpoint(found)) if found == path));
    }
}

/// One path by two methods: below the base path and at the origin.
struct Tokens;

impl Plugin for Tokens {
    fn id(&self) -> &'static str {
        "tokens"
    }

    fn contribute(self: Arc<Self>) -> Contribution {
        let endpoints = vec![
            Endpoint::get("/token", &self, own),
            Endpoint::post("/auth/token", &self, exchange).at_origin(),
        ];
        Contribution { endpoints, ..Contribution::default() }
    }
}

async fn own(_: &Tokens, _: &mut Call, (): ()) -> Result<serde_json::Value> {
    Ok(json!("ours"))
}

async fn exchange(_: &Tokens, _: &mut Call, (): ()) -> Result<serde_json::Value> {
    Ok(json!("exchanged"))
}

#[tokio::test]
async fn another_method_of_the_same_path_is_not_hidden() {
    let app = TestAuth::builder()
        .options(|options| options.base_path = "/auth".to_owned())
        .configure(|builder| builder.plugin(Tokens))
        .start()
        .await;
    let mut anyone = app.anyone().at_origin();
    assert_eq!(anyone.get("/auth/token").await.line(), r#"200 "ours""#);
    assert_eq!(anyone.post("/auth/token", json!({})).await.line(), r#"200 "exchanged""#);
}

#[tokio::test]
async fn who_asks_by_another_method_is_told_which() {
    let app = TestAuth::builder().configure(|builder| builder.plugin(Tokens)).start().await;
    let answer = app.anyone().at_origin().get("/auth/token").await;
    assert_snapshot!(answer.line(), @r#"404 {"message":"Not Found","code":"NOT_FOUND","hint":"`/auth/token` is asked for by POST"}"#);
}

#[test]
fn a_path_without_a_slash_stops_the_start() {
    for path in ["", "/", "me", "/:id", "/a?b", "/a%20b"] {
        let store =
            Arc::new(MemoryStore::new(&Auth::builder(Options::default()).schema().unwrap()));
        let built = Auth::builder(Options::default()).plugin(WhoAmI(path)).store(store).build();
        assert!(matches!(built, Err(BuildError::OriginPath(found)) if found == path), "{path}");
    }
}
