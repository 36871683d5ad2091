//! Services that say who they are, and whom they serve.

use insta::assert_snapshot;
use vestibule_core::service_key::Service;
use vestibule_testkit::{Actor, TestAuth};
use vestibule_tokens::derive::service_key;

const SECRET: &str = "a-secret-for-tests-of-32-characters!";

async fn app() -> TestAuth {
    let api = Service { name: "api".to_owned(), key_versions: vec![1] };
    TestAuth::builder()
        .options(|options| {
            options.rate_limit.enabled = Some(true);
            options.rate_limit.max = 2;
        })
        .configure(|builder| builder.services([api]))
        .start()
        .await
}

fn serving(app: &TestAuth, key: &str, client: &str) -> Actor {
    app.anyone()
        .with_header("x-vestibule-service-key", key)
        .with_header("x-vestibule-client-address", client)
}

#[tokio::test]
async fn users_behind_a_service_have_their_own_limits() {
    let app = app().await;
    let key = service_key(SECRET, "api", 1);
    for client in ["203.0.113.1", "203.0.113.2"] {
        for _ in 0..2 {
            assert_eq!(serving(&app, &key, client).get("/get-session").await.status, 200);
        }
        assert_eq!(serving(&app, &key, client).get("/get-session").await.status, 429, "{client}");
    }
}

#[tokio::test]
async fn an_address_without_a_key_changes_nothing() {
    let app = app().await;
    let mut statuses = Vec::new();
    for client in ["203.0.113.1", "203.0.113.2", "203.0.113.3"] {
        let mut stranger = app.anyone().with_header("x-vestibule-client-address", client);
        statuses.push(stranger.get("/get-session").await.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 429]);
}

#[tokio::test]
async fn a_wrong_key_is_refused() {
    let app = app().await;
    let answer = serving(&app, "vsk_api_1_nonsense", "203.0.113.1").get("/get-session").await;
    assert_snapshot!(answer.line(), @r#"401 {"message":"Invalid service key","code":"INVALID_SERVICE_KEY","hint":"`vestibule secret derive --service NAME` prints the key of a service that the configuration has as `[services.NAME]`"}"#);
    let key = service_key(SECRET, "api", 1);
    let answer = serving(&app, &key, "nowhere").get("/get-session").await;
    assert_snapshot!(answer.line(), @r#"400 {"message":"Invalid client address","code":"INVALID_CLIENT_ADDRESS","hint":"expected one IP address, without a port"}"#);
}
