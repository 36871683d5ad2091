use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::json;
use vestibule_core::options::{CustomRule, RateLimitStorage, RateRule};
use vestibule_testkit::{PASSWORD, TestAuth};

#[tokio::test]
async fn it_is_there() {
    let app = TestAuth::new().await;
    assert_snapshot!(app.anyone().get("/ok").await.line(), @r#"200 {"ok":true}"#);
}

// Difference: one-spelling-of-a-path.
#[tokio::test]
async fn a_path_has_one_spelling() {
    let app = TestAuth::new().await;
    for path in ["/ok/", "//ok", "/./ok", "/o%6b", "/OK", "/ok;x", "/nothing", ""] {
        assert_eq!(app.anyone().get(path).await.status, 404, "{path}");
    }
    assert_snapshot!(app.anyone().get("/nothing").await.line(), @r#"404 {"message":"Not Found","code":"NOT_FOUND"}"#);
    assert_eq!(app.anyone().post("/ok", json!({})).await.status, 404);
}

#[tokio::test]
async fn trailing_slashes_can_be_skipped_and_paths_disabled() {
    let app = TestAuth::builder()
        .options(|options| {
            options.advanced.skip_trailing_slashes = true;
            options.disabled_paths = vec!["/sign-up/email".to_owned()];
        })
        .start()
        .await;
    app.anyone().get("/ok/").await.expect_ok();
    for path in ["/sign-up/email", "/sign-up/email/"] {
        assert_eq!(app.anyone().post(path, json!({})).await.status, 404, "{path}");
    }
}

// Difference: retry-after.
#[tokio::test]
async fn too_many_sign_ins_have_to_wait() {
    for storage in [RateLimitStorage::Memory, RateLimitStorage::Database] {
        let app = TestAuth::builder()
            .options(|options| {
                options.rate_limit.enabled = Some(true);
                options.rate_limit.storage = storage;
            })
            .start()
            .await;
        let body = json!({ "email": "nobody", "password": PASSWORD });
        for _ in 0..3 {
            assert_eq!(app.anyone().post("/sign-in/email", body.clone()).await.status, 400);
        }
        app.advance(std::time::Duration::from_millis(2500));
        let refused = app.anyone().post("/sign-in/email", body.clone()).await;
        assert_eq!(
            refused.line(),
            r#"429 {"message":"Too many requests. Please try again later."}"#
        );
        assert_eq!(refused.headers["x-retry-after"], "8");
        assert_eq!(refused.headers["retry-after"], "8");
        app.advance(std::time::Duration::from_millis(7500));
        assert_eq!(app.anyone().post("/sign-in/email", body).await.status, 400);
    }
}

#[tokio::test]
async fn a_burst_never_gets_more_than_its_share() {
    for storage in [RateLimitStorage::Memory, RateLimitStorage::Database] {
        let app = TestAuth::builder()
            .options(|options| {
                options.rate_limit.enabled = Some(true);
                options.rate_limit.storage = storage;
                let rule = CustomRule::Rule(RateRule { window: 10, max: 7 });
                options.rate_limit.custom_rules.insert("/ok".to_owned(), rule);
            })
            .start()
            .await;
        let mut burst = tokio::task::JoinSet::new();
        for _ in 0..30 {
            let mut visitor = app.anyone();
            burst.spawn(async move { visitor.get("/ok").await.status.as_u16() });
        }
        let statuses = burst.join_all().await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 7);
    }
}

#[tokio::test]
async fn openapi_describes_every_endpoint() {
    let app = TestAuth::new().await;
    assert_json_snapshot!(app.auth.openapi());
}
