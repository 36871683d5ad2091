use std::sync::Arc;
use std::time::Duration;

use insta::{assert_json_snapshot, assert_snapshot};
use vestibule_core::Auth;
use vestibule_core::options::Options;
use vestibule_testkit::{Actor, Answer, FaultyStore};
use vestibule_tokens::derive::{audience_key, service_key};
use vestibule_tokens::encoding::base64;
use vestibule_tokens::jwt;
use vestibule_tokens::signature::SigningKey;

use super::*;

fn service(app: &TestAuth) -> Actor {
    let credentials = base64(format!("api:{}", service_key(SECRET, "api", 1)));
    app.anyone().with_header("authorization", &format!("Basic {credentials}"))
}

async fn ask(app: &TestAuth, token: &str) -> Json {
    let answer = service(app).post("/introspect", json!({ "token": token })).await;
    answer.expect_ok().json()
}

async fn access_token(actor: &Actor) -> String {
    let answer: Answer = actor.at_origin().post("/auth/token", json!({})).await;
    answer.expect_ok().json()["access_token"].as_str().unwrap().to_owned()
}

async fn session_token(actor: &mut Actor) -> String {
    let session = actor.get("/get-session").await.json();
    session["session"]["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_token_of_a_session_is_active_signed_or_not() {
    let app = server().start().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let raw = session_token(&mut alice).await;
    let signed = SigningKey::new(SECRET).sign(&raw);
    let answer = ask(&app, &raw).await;
    assert_json_snapshot!(answer, @r#"
    {
      "active": true,
      "iss": "http://localhost:3000",
      "sub": "1nOqWojPTsoEgyuNgh2dR8CeniLIRL4R",
      "sid": "72vpam44JfdShCIRugpwYzS5Y0qw78Na",
      "iat": 1893456000,
      "exp": 1894060800,
      "token_type": "session"
    }
    "#);
    assert_eq!(ask(&app, &signed).await, answer);
    let encoded = vestibule_tokens::encoding::encode_uri_component(&signed);
    assert_eq!(ask(&app, &encoded).await, answer);
}

#[tokio::test]
async fn an_access_token_is_active_with_its_claims() {
    let options = json!({ "algorithm": "HS256", "claims": ["name"] });
    let backends = Backends::new(BackendOptions::default()).audience("api", audience(options));
    let app = server_with(backends).start().await;
    let alice = app.sign_up("alice@example.com").await;
    let answer = ask(&app, &access_token(&alice).await).await;
    assert_json_snapshot!(answer, @r#"
    {
      "active": true,
      "iss": "http://localhost:3000",
      "aud": "api",
      "sub": "1nOqWojPTsoEgyuNgh2dR8CeniLIRL4R",
      "sid": "72vpam44JfdShCIRugpwYzS5Y0qw78Na",
      "jti": "KHTxsisb59k5L46xg6nCY5UdpSfja6Dl",
      "iat": 1893456000,
      "exp": 1893456900,
      "name": "Test",
      "token_type": "Bearer"
    }
    "#);
}

#[tokio::test]
async fn the_key_set_has_its_say() {
    let backends = Backends::new(BackendOptions::default())
        .audience("api", AudienceOptions::new(SigningAlgorithm::EdDsa));
    let app =
        server_with(backends).configure(|builder| builder.plugin(PretendedKeys)).start().await;
    let alice = app.sign_up("alice@example.com").await;
    let token = access_token(&alice).await;
    assert_eq!(ask(&app, &token).await["active"], true);
    assert_eq!(ask(&app, &format!("{token}x")).await, json!({ "active": false }));
    app.advance(Duration::from_secs(15 * 60));
    assert_eq!(ask(&app, &token).await, json!({ "active": false }));
}

#[tokio::test]
async fn it_ends_with_the_session_it_came_from() {
    let app = server().start().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let token = access_token(&alice).await;
    assert_eq!(ask(&app, &token).await["active"], true);
    alice.post("/sign-out", json!({})).await.expect_ok();
    assert_eq!(ask(&app, &token).await, json!({ "active": false }));
}

#[tokio::test]
async fn it_ends_with_its_time() {
    let app = server().start().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let token = access_token(&alice).await;
    let raw = session_token(&mut alice).await;
    app.advance(Duration::from_secs(15 * 60));
    assert_eq!(ask(&app, &token).await, json!({ "active": false }));
    assert_eq!(ask(&app, &raw).await["active"], true);
    app.advance(Duration::from_secs(7 * 24 * 60 * 60));
    assert_eq!(ask(&app, &raw).await, json!({ "active": false }));
}

/// Among them every other HS256 token of the framework.
#[tokio::test]
async fn everything_else_is_inactive() {
    let options = json!({ "algorithm": "HS256", "dangerouslySignWithAuthSecret": true });
    let backends = Backends::new(BackendOptions::default())
        .audience("api", shared())
        .audience("old", audience(options));
    let app = server_with(backends).start().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let session = alice.get("/get-session").await.json();
    let token = alice.at_origin().post("/auth/token", json!({ "audience": "api" })).await.json();
    let token = token["access_token"].as_str().unwrap().to_owned();
    let (_, claims) = parts(&token);
    let now = claims["iat"].as_i64().unwrap();
    let object = |value: &Json| value.as_object().unwrap().clone();
    let root = SigningKey::new(SECRET);
    let key = SigningKey::new(&audience_key(SECRET, "api"));

    let verification_link =
        jwt::sign(&root, object(&json!({ "email": "alice@example.com" })), now, 60);
    let session_cache = jwt::sign(&root, object(&session), now, 60);
    // The right audience in a token that the framework made of what somebody said.
    let mut of_the_old = object(&claims);
    of_the_old.insert("aud".to_owned(), "old".into());
    let untyped = jwt::sign(&root, of_the_old.clone(), now, 60);
    assert_eq!(ask(&app, &jwt::sign_as(&root, "at+jwt", of_the_old)).await["active"], true);
    let with = |name: &str, value: Json| {
        let mut claims = object(&claims);
        claims.insert(name.to_owned(), value);
        jwt::sign_as(&key, "at+jwt", claims)
    };
    assert_eq!(ask(&app, &with("jti", "x".into())).await["active"], true);
    for token in [
        String::new(),
        " ".to_owned(),
        "alice@example.com".to_owned(),
        "a\0b".to_owned(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        "x".repeat(100_000),
        verification_link,
        session_cache,
        untyped,
        jwt::sign_as(&root, "at+jwt", object(&claims)),
        with("aud", "shop".into()),
        with("aud", json!(["api"])),
        with("sub", "bob".into()),
        with("sid", "another".into()),
        with("sid", Json::Null),
        jwt::sign_as(&key, "JWT", object(&claims)),
        format!("{}.", token.rsplit_once('.').unwrap().0),
        format!("x{token}"),
    ] {
        assert_eq!(ask(&app, &token).await, json!({ "active": false }), "{token:.200}");
    }
    assert_eq!(ask(&app, &token).await["active"], true);
}

#[tokio::test]
async fn a_service_proves_who_it_is_in_either_way() {
    let app = server().start().await;
    let body = json!({ "token": "x", "token_type_hint": "access_token" });
    let key = service_key(SECRET, "api", 1);
    let mut by_header = app.anyone().with_header("x-vestibule-service-key", &key);
    assert_snapshot!(by_header.post("/introspect", body.clone()).await.line(), @r#"200 {"active":false}"#);
    let form = service(&app).with_header("content-type", "application/x-www-form-urlencoded");
    let answer = form.clone().post_raw("/introspect", "token=x&token_type_hint=unheard_of").await;
    assert_snapshot!(answer.line(), @r#"200 {"active":false}"#);
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn without_a_credential_nothing_is_said() {
    let app = server().start().await;
    let body = json!({ "token": "x" });
    let answer = app.anyone().post("/introspect", body.clone()).await;
    assert_snapshot!(answer.line(), @r#"401 {"message":"Expected the name of a service and its key as HTTP Basic, or the key as x-vestibule-service-key","code":"INVALID_CLIENT","hint":"`vestibule secret derive --service NAME` prints the key of a service that the configuration has as `[services.NAME]`","error":"invalid_client","error_description":"Expected the name of a service and its key as HTTP Basic, or the key as x-vestibule-service-key"}"#);
    assert_snapshot!(answer.headers["www-authenticate"].to_str().unwrap(), @r#"Basic realm="vestibule", charset="UTF-8""#);
    let key = service_key(SECRET, "api", 1);
    let mut alice = app.sign_up("alice@example.com").await;
    let raw = session_token(&mut alice).await;
    assert_eq!(alice.post("/introspect", json!({ "token": raw })).await.status, 401);
    for credentials in [
        format!("Basic {}", base64(format!("shop:{key}"))),
        format!("Basic {}", base64(format!(":{key}"))),
        format!("Basic {}", base64("api:")),
        format!("Basic {}", base64(format!("api:{}", service_key("another", "api", 1)))),
        format!("Basic {}", base64(format!("api:{}", service_key(SECRET, "api", 2)))),
        format!("Basic {}", base64(key.clone())),
        format!("Bearer {key}"),
        "Basic ???".to_owned(),
        "Basic".to_owned(),
    ] {
        let mut stranger = app.anyone().with_header("authorization", &credentials);
        let answer = stranger.post("/introspect", body.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]),
            (401, &"invalid_client".into())
        );
    }
}

#[tokio::test]
async fn malformed_input_is_refused() {
    let app = server().start().await;
    let mut service = service(&app);
    for body in [json!({}), json!({ "token": 1 }), json!({ "token": ["x"] }), json!([])] {
        let answer = service.post("/introspect", body.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]),
            (400, &"invalid_request".into())
        );
    }
    assert_snapshot!(service.post("/introspect", json!({})).await.line(), @r#"400 {"message":"[body.token] Invalid input: expected string, received undefined","code":"VALIDATION_ERROR","error":"invalid_request","error_description":"[body.token] Invalid input: expected string, received undefined"}"#);
}

#[tokio::test]
async fn a_database_that_is_away_makes_nothing_inactive() {
    let builder = Auth::builder(Options::default()).plugin(vestibule_api::Core);
    let store = Arc::new(FaultyStore::new(&builder.schema().unwrap()));
    let app = server().store(store.clone()).start().await;
    let mut alice = app.sign_up("alice@example.com").await;
    let tokens = [session_token(&mut alice).await, access_token(&alice).await];
    store.go_away();
    for token in tokens {
        let answer = service(&app).post("/introspect", json!({ "token": token })).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.json()["error"], "temporarily_unavailable");
        assert_eq!(answer.headers["retry-after"], "1");
    }
}

#[tokio::test]
async fn tokens_of_a_secret_that_rotated_out_are_still_known() {
    use vestibule_core::options::{Secret, VersionedSecret};
    let old = service_key("old-secret-for-tests-of-32-characters", "api", 1);
    let app = server()
        .options(|options| {
            let version =
                |version, value: &str| VersionedSecret { version, value: Secret::new(value) };
            options.secrets =
                Some(vec![version(2, SECRET), version(1, "old-secret-for-tests-of-32-characters")]);
        })
        .start()
        .await;
    let alice = app.sign_up("alice@example.com").await;
    let (_, claims) = parts(&access_token(&alice).await);
    let key = SigningKey::new(&audience_key("old-secret-for-tests-of-32-characters", "api"));
    let token = jwt::sign_as(&key, "at+jwt", claims.as_object().unwrap().clone());
    let mut service = app.anyone().with_header("x-vestibule-service-key", &old);
    let answer = service.post("/introspect", json!({ "token": token })).await;
    assert_eq!(answer.expect_ok().json()["active"], true);
}
