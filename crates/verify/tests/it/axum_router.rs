//! As applications use it: extractors and layers in an axum router.

use std::convert::Infallible;
use std::future::ready;

use axum::body::Body;
use axum::extract::FromRef;
use axum::routing::get;
use axum::{Json, Router};
use http::{HeaderMap, Request, Response, header};
use tower::{Layer, ServiceExt};
use vestibule_verify::{
    Authenticated, Database, Jwt, Keys, Remote, SharedDatabase, User, Verifier,
};

use super::world::{AUDIENCE, Backend, ISSUER, SECRET, World, bearer, session_cookie};

#[derive(Clone)]
struct AppState {
    verifier: Verifier,
}

impl FromRef<AppState> for Verifier {
    fn from_ref(state: &AppState) -> Self {
        state.verifier.clone()
    }
}

async fn me(Authenticated { user, .. }: Authenticated) -> Json<User> {
    Json(user)
}

async fn greeting(found: Option<Authenticated>) -> String {
    found.map_or("Hello, guest".to_owned(), |found| format!("Hello, {}", found.user.id))
}

fn router(verifier: Verifier) -> Router {
    Router::new()
        .route("/me", get(me))
        .route("/greeting", get(greeting))
        .with_state(AppState { verifier })
}

async fn send(router: &Router, path: &str, headers: &HeaderMap) -> (u16, HeaderMap, String) {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    *request.headers_mut() = headers.clone();
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    (parts.status.as_u16(), parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_handler_gets_the_user_or_is_not_called() {
    let world = World::new(Backend::Sqlite).await;
    let mut alice = world.alice().await;
    let router = router(world.builder().shared_database(world.shared_database()).build().unwrap());

    let (status, _, body) = send(&router, "/me", &session_cookie(&alice.cookie)).await;
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200);
    // What the auth server itself answers.
    assert_eq!(body, alice.actor.get("/get-session").await.json()["user"]);

    let (status, headers, body) = send(&router, "/me", &HeaderMap::new()).await;
    assert_eq!(status, 401);
    assert_eq!(headers[header::WWW_AUTHENTICATE], "Bearer realm=\"api\"");
    assert_eq!(headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    assert!(body.contains("NOT_SIGNED_IN"), "{body}");

    let (status, headers, _) = send(&router, "/me", &bearer("gone")).await;
    assert_eq!(status, 401);
    assert_eq!(
        headers[header::WWW_AUTHENTICATE],
        "Bearer realm=\"api\", error=\"invalid_token\", error_description=\"there is no such session, \
         or no longer\""
    );
}

#[tokio::test]
async fn a_guest_is_none_and_a_stale_cookie_makes_a_guest() {
    let world = World::new(Backend::Sqlite).await;
    let alice = world.alice().await;
    let router = router(world.builder().shared_database(world.shared_database()).build().unwrap());
    let (_, _, body) = send(&router, "/greeting", &session_cookie(&alice.cookie)).await;
    assert_eq!(body, format!("Hello, {}", alice.id()));
    for headers in [HeaderMap::new(), session_cookie("stale.signature"), bearer("gone")] {
        let (status, _, body) = send(&router, "/greeting", &headers).await;
        assert_eq!((status, body.as_str()), (200, "Hello, guest"));
    }
}

#[tokio::test]
async fn nobody_is_a_guest_because_the_source_is_away() {
    let world = World::new(Backend::Sqlite).await;
    let alice = world.alice().await;
    let closed = "http://127.0.0.1:1/api/auth";
    let database = Database::connect("postgres://nobody:hunter2@127.0.0.1:1/none").unwrap();
    let file = Database::connect("/no/such/folder/auth.db").unwrap();
    let keys = Keys::at("http://127.0.0.1:1/jwks").unwrap();
    let token = "eyJhbGciOiJFZERTQSIsImtpZCI6ImsxIn0.e30.c2ln";
    for (verifier, headers) in [
        (world.builder().remote(Remote::new(closed).unwrap()), session_cookie(&alice.cookie)),
        (
            world.builder().shared_database(SharedDatabase::new(database, SECRET)),
            session_cookie(&alice.cookie),
        ),
        (
            world.builder().shared_database(SharedDatabase::new(file, SECRET)),
            session_cookie(&alice.cookie),
        ),
        (world.builder().jwt(Jwt::new(keys, ISSUER, AUDIENCE)), bearer(token)),
    ] {
        let router = router(verifier.build().unwrap());
        for path in ["/me", "/greeting"] {
            let (status, headers, body) = send(&router, path, &headers).await;
            assert_eq!(status, 503, "{body}");
            assert!(headers.contains_key(header::RETRY_AFTER));
            assert!(!headers.contains_key(header::WWW_AUTHENTICATE));
            assert!(body.contains("AUTH_UNAVAILABLE") && !body.contains("hunter2"), "{body}");
        }
    }
}

#[tokio::test]
async fn one_request_is_checked_once() {
    let world = World::new(Backend::Sqlite).await;
    let mut alice = world.alice().await;
    let verifier = world.builder().shared_database(world.shared_database()).build().unwrap();
    let mut request = Request::new(());
    *request.headers_mut() = session_cookie(&alice.cookie);
    let (mut parts, ()) = request.into_parts();
    use axum::extract::FromRequestParts;
    let state = AppState { verifier };
    let first = Authenticated::from_request_parts(&mut parts, &state).await.unwrap();
    alice.actor.post("/sign-out", serde_json::json!({})).await.expect_ok();
    let second = Authenticated::from_request_parts(&mut parts, &state).await.unwrap();
    assert_eq!(first, second);
    // Another verifier may ask for more, and does not believe the first one.
    let other = world.builder().shared_database(world.shared_database()).build().unwrap();
    let other = AppState { verifier: other };
    assert!(Authenticated::from_request_parts(&mut parts, &other).await.is_err());
}

#[tokio::test]
async fn a_plain_tower_service_is_guarded_too() {
    let world = World::new(Backend::Sqlite).await;
    let alice = world.alice().await;
    let verifier = world.builder().realm("notes").shared_database(world.shared_database());
    let verifier = verifier.build().unwrap();
    let service = tower::service_fn(|request: Request<()>| {
        let found = request.extensions().get::<Authenticated>();
        let name = found.map_or("nobody".to_owned(), |found| found.user.id.clone());
        ready(Ok::<_, Infallible>(Response::new(name)))
    });
    let request = |headers: HeaderMap| {
        let mut request = Request::new(());
        *request.headers_mut() = headers;
        request
    };
    let guarded = verifier.layer().layer(service);
    let answer = guarded.clone().oneshot(request(session_cookie(&alice.cookie))).await.unwrap();
    assert_eq!(answer.into_body(), alice.id());
    let answer = guarded.oneshot(request(HeaderMap::new())).await.unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.headers()[header::WWW_AUTHENTICATE], "Bearer realm=\"notes\"");

    // Behind another guard a guest is a guest all the same.
    let none = Jwt::new(Keys::shared("a key"), ISSUER, AUDIENCE);
    let other = world.builder().jwt(none).build().unwrap();
    let both = verifier.layer().layer(other.layer().allow_guests().layer(service));
    let answer = both.oneshot(request(session_cookie(&alice.cookie))).await.unwrap();
    assert_eq!(answer.into_body(), "nobody");

    let open = verifier.layer().allow_guests().layer(service);
    let answer = open.clone().oneshot(request(HeaderMap::new())).await.unwrap();
    assert_eq!(answer.into_body(), "nobody");
    let answer = open.oneshot(request(session_cookie(&alice.cookie))).await.unwrap();
    assert_eq!(answer.into_body(), alice.id());
}
