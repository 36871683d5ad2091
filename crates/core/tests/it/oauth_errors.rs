//! Errors in the form of OAuth, and plugins that stop the start.

use std::sync::Arc;

use insta::assert_snapshot;
use serde::Deserialize;
use serde_json::json;
use vestibule_core::Auth;
use vestibule_core::auth::BuildError;
use vestibule_core::oauth_error::INVALID_TARGET;
use vestibule_core::options::Options;
use vestibule_core::plugin::{Contribution, Plugin};
use vestibule_core::prelude::*;
use vestibule_core::store::memory::MemoryStore;
use vestibule_testkit::TestAuth;

/// Speaks OAuth, and wants users to have a field.
struct Exchanges {
    field: &'static str,
}

#[derive(Deserialize, Shape)]
struct Body {
    audience: String,
}

impl Plugin for Exchanges {
    fn id(&self) -> &'static str {
        "exchanges"
    }

    fn contribute(self: Arc<Self>) -> Contribution {
        let endpoints = vec![Endpoint::post("/exchange", &self, exchange).oauth_errors()];
        Contribution { endpoints, ..Contribution::default() }
    }

    fn check_server(&self, auth: &Auth) -> Result<(), BuildError> {
        match auth.model("user").field(self.field) {
            Some(_) => Ok(()),
            None => Err(BuildError::Option {
                option: "exchanges.field".to_owned(),
                reason: format!("users have no `{}`", self.field),
            }),
        }
    }
}

async fn exchange(_: &Exchanges, call: &mut Call<SignedIn>, body: Body) -> Result<bool> {
    assert!(!call.caller.0.user.id.is_empty());
    match body.audience.as_str() {
        "api" => Ok(true),
        _ => Err(Error::bad_request(INVALID_TARGET)),
    }
}

#[tokio::test]
async fn errors_have_both_forms_wherever_they_come_from() {
    let app = TestAuth::builder()
        .configure(|builder| builder.plugin(Exchanges { field: "email" }))
        .start()
        .await;
    let mut alice = app.sign_up("alice@example.com").await;
    let body = json!({ "audience": "api" });
    assert_eq!(alice.post("/exchange", body.clone()).await.line(), "200 true");
    let answer = alice.post("/exchange", json!({ "audience": "shop" })).await;
    assert_snapshot!(answer.line(), @r#"400 {"message":"The audience is not known","code":"INVALID_TARGET","error":"invalid_target","error_description":"The audience is not known"}"#);
    assert_snapshot!(alice.post("/exchange", json!({})).await.line(), @r#"400 {"message":"[body.audience] Invalid input: expected string, received undefined","code":"VALIDATION_ERROR","error":"invalid_request","error_description":"[body.audience] Invalid input: expected string, received undefined"}"#);
    assert_snapshot!(app.anyone().post("/exchange", body.clone()).await.line(), @r#"401 {"message":"Unauthorized","code":"UNAUTHORIZED","error":"invalid_grant","error_description":"Unauthorized"}"#);
    let mut foreign = alice.clone().with_header("origin", "https://evil.example");
    assert_snapshot!(foreign.post("/exchange", body.clone()).await.line(), @r#"403 {"message":"Invalid origin","code":"INVALID_ORIGIN","hint":"add the origin to the configuration: trustedOrigins = [\"https://evil.example\"]","error":"access_denied","error_description":"Invalid origin"}"#);
    let mut stranger = alice.clone().with_header("x-vestibule-service-key", "vsk_api_1_x");
    assert_snapshot!(stranger.post("/exchange", body).await.line(), @r#"401 {"message":"Invalid service key","code":"INVALID_SERVICE_KEY","hint":"`vestibule secret derive --service NAME` prints the key of a service that the configuration has as `[services.NAME]`","error":"invalid_client","error_description":"Invalid service key"}"#);
    assert_snapshot!(alice.post("/sign-in/email", json!({})).await.line(), @r#"400 {"message":"[body.email] Invalid input: expected string, received undefined; [body.password] Invalid input: expected string, received undefined","code":"VALIDATION_ERROR"}"#);
}

#[test]
fn a_plugin_that_does_not_fit_stops_the_start() {
    let builder = Auth::builder(Options::default()).plugin(Exchanges { field: "shoeSize" });
    let store = Arc::new(MemoryStore::new(&builder.schema().unwrap()));
    let refused = builder.store(store).build().unwrap_err();
    assert_snapshot!(refused, @"`exchanges.field`: users have no `shoeSize`");
}
