//! Options that the core honours, seen from outside.

use insta::assert_snapshot;
use serde_json::json;
use vestibule_core::Auth;
use vestibule_core::options::{BaseUrlOption, Options};
use vestibule_core::store::memory::MemoryStore;
use vestibule_testkit::TestAuth;

fn refusal(options: serde_json::Value) -> String {
    let options: Options = serde_json::from_value(options).unwrap();
    let builder = Auth::builder(options);
    let store = match builder.schema() {
        Ok(schema) => std::sync::Arc::new(MemoryStore::new(&schema)),
        Err(error) => return error.to_string(),
    };
    builder.store(store).build().unwrap_err().to_string()
}

#[test]
fn options_that_make_no_server_stop_the_start() {
    let lines = [
        json!({ "baseURL": "app.example" }),
        json!({ "baseURL": "https://app.example/?x" }),
        json!({ "session": { "expiresIn": 0 } }),
        json!({ "session": { "expiresIn": 34_560_001 } }),
        json!({ "emailAndPassword": { "minPasswordLength": 200 } }),
        json!({ "emailAndPassword": { "password": { "hash": { "webhook": "https://a.example" } } } }),
        json!({ "advanced": { "ipAddress": { "trustedProxies": ["somewhere"] } } }),
        json!({ "user": { "modelName": "session" } }),
        json!({ "user": { "fields": { "nickname": "nick" } } }),
        json!({ "user": { "fields": { "name": "email" } } }),
        json!({ "user": { "additionalFields": { "age": { "type": "number", "defaultValue": "old" } } } }),
        json!({ "secrets": [] }),
        json!({ "basePath": "/a{b" }),
        json!({ "disabledPaths": ["sign-up/email"] }),
        json!({ "onAPIError": { "errorURL": "oops" } }),
        json!({ "advanced": { "cookiePrefix": "my app" } }),
        json!({ "session": { "cookieCache": { "maxAge": 34_560_001 } } }),
        json!({ "advanced": { "crossSubDomainCookies": { "enabled": true } } }),
    ]
    .map(refusal);
    assert_snapshot!(lines.join("\n"), @r#"
    `baseURL`: Invalid base URL: app.example. Please provide a valid base URL.
    `baseURL`: Invalid base URL: https://app.example/?x. It must have no credentials, query or fragment, and the base path must be a path
    `session.expiresIn`: expected 1 to 34560000 seconds (400 days, browsers keep no cookie longer), found 0
    `session.expiresIn`: expected 1 to 34560000 seconds (400 days, browsers keep no cookie longer), found 34560001
    `emailAndPassword.minPasswordLength`: expected at most `maxPasswordLength`, which is 128, found 200
    `emailAndPassword.password`: expected both `hash` and `verify`, found one of them
    `advanced.ipAddress.trustedProxies`: `somewhere` is not an IP address, a CIDR block
    the schema does not fit together: two models are stored in the table "session"
    the schema does not fit together: `user` has no field `nickname` to rename; it has name, email, emailVerified, image, createdAt, updatedAt
    the schema does not fit together: `user` has two fields in the column "email"
    `user.additionalFields.age`: expected number for `defaultValue`, found "old"
    `secret`: `secrets` array must contain at least one entry.
    `basePath`: expected a plain path such as "/api/auth", found "/a{b"
    `disabledPaths`: expected paths such as "/sign-up/email", found "sign-up/email"
    `onAPIError.errorURL`: expected a URL or a path, found "oops"
    `advanced.cookiePrefix`: expected letters, digits, `-`, `_` and `.`, found "my app"
    `session.cookieCache.maxAge`: expected at most 34560000 seconds, which is 400 days, found 34560001
    `advanced.crossSubDomainCookies`: expected `domain`, or a `baseURL` to take it from
    "#);
}

#[tokio::test]
async fn cookies_take_the_names_and_attributes_of_the_options() {
    let app = TestAuth::builder()
        .options(|options| {
            options.base_url = Some(BaseUrlOption::Static("https://app.example.com".to_owned()));
            options.advanced = serde_json::from_value(json!({
                "cookiePrefix": "shop",
                "crossSubDomainCookies": { "enabled": true },
                "defaultCookieAttributes": { "sameSite": "none", "partitioned": true },
                "cookies": { "session_token": { "name": "sid", "attributes": { "path": "/x" } } },
            }))
            .unwrap();
        })
        .start()
        .await;
    let mut visitor = app.anyone();
    assert_snapshot!(visitor.post("/sign-out", json!({})).await.set_cookies().join("\n"), @r"
    __Secure-sid=; Max-Age=0; Domain=app.example.com; Path=/x; HttpOnly; Secure; SameSite=None; Partitioned
    __Secure-shop.session_data=; Max-Age=0; Domain=app.example.com; Path=/; HttpOnly; Secure; SameSite=None; Partitioned
    __Secure-shop.dont_remember=; Max-Age=0; Domain=app.example.com; Path=/; HttpOnly; Secure; SameSite=None; Partitioned
    ");
}

#[tokio::test]
async fn without_a_base_url_each_request_has_its_own() {
    let app = TestAuth::builder().options(|options| options.base_url = None).start().await;
    let alice = app.sign_up("alice@example.com").await;
    // The request's own origin is trusted for this request, and nobody else's.
    let mut own = alice.clone().with_header("origin", "http://localhost:3000");
    own.post("/update-user", json!({ "name": "A" })).await.expect_ok();
    let mut other = alice.with_header("origin", "http://other.example");
    assert_eq!(other.post("/update-user", json!({ "name": "A" })).await.status, 403);
}

// Difference: hints.
#[tokio::test]
async fn hints_are_for_development() {
    for production in [false, true] {
        let app = TestAuth::builder().options(|it| it.production = production).start().await;
        let alice = app.sign_up("alice@example.com").await;
        let mut foreign = alice.with_header("origin", "https://evil.example");
        let answer = foreign.post("/sign-out", json!({})).await;
        assert_eq!(answer.json().get("hint").is_some(), !production);
    }
}

#[test]
fn production_needs_a_secret_of_its_own() {
    let builder = Auth::builder(Options { production: true, ..Options::default() });
    let store = MemoryStore::new(&builder.schema().unwrap());
    let error = builder.store(std::sync::Arc::new(store)).build().unwrap_err();
    assert_snapshot!(error, @"`secret`: production needs one of your own; `openssl rand -base64 32` makes it");
}

#[tokio::test]
async fn cookies_across_subdomains_have_the_host_of_the_request_where_no_other_is_known() {
    let app = TestAuth::builder()
        .json(json!({
            "emailAndPassword": { "enabled": true },
            "advanced": { "crossSubDomainCookies": { "enabled": true } },
        }))
        .options(|options| {
            let url = json!({ "allowedHosts": ["localhost:3000"], "protocol": "http" });
            options.base_url = Some(serde_json::from_value(url).unwrap());
        })
        .start()
        .await;
    let mut alice = app.anyone();
    let body = json!({ "name": "A", "email": "a@example.com", "password": "correct horse" });
    let lines = alice.post("/sign-up/email", body).await.set_cookies();
    assert!(lines[0].contains("; Domain=localhost;"), "{lines:?}");
}
