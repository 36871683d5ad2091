//! The service beside a real auth server, on one SQLite file. Chromium has the rest.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use vestibule_core::Auth;
use vestibule_core::options::Options;
use vestibule_sql::Database;
use vestibule_sql::url::DatabaseUrl;
use vestibule_testkit::{Actor, TestAuth};

use crate::app::App;
use crate::settings::{Settings, Trust};

/// That of [`TestAuth`].
const SECRET: &str = "a-secret-for-tests-of-32-characters!";

const FRONTEND: &str = "https://app.example.com";

struct World {
    auth: TestAuth,
    notes: Router,
    path: String,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.db").display().to_string();
        let schema = Auth::builder(Options::default()).plugin(vestibule_api::Core).schema();
        let database =
            Database::connect(&DatabaseUrl::parse(&path).unwrap(), &schema.unwrap()).unwrap();
        database.migrate().await.unwrap();
        let options = json!({ "emailAndPassword": { "enabled": true } });
        let auth = TestAuth::builder().json(options).store(database.store()).start().await;
        let settings = Settings {
            address: String::new(),
            database_url: path.clone(),
            trust: Trust::SharedDatabase { secret: SECRET.to_owned() },
            frontend_origins: vec![FRONTEND.to_owned()],
        };
        let notes = App::start(&settings).await.unwrap().router(&settings).unwrap();
        Self { auth, notes, path, _folder: folder }
    }

    /// Status and body.
    async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let answer = self.notes.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    fn count(&self, table: &str) -> i64 {
        let connection = rusqlite::Connection::open(&self.path).unwrap();
        connection
            .query_one(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
            .unwrap()
    }
}

fn request(method: &str, path: &str, person: &Actor, body: Option<&Value>) -> Request<Body> {
    let cookie = person.cookie("better-auth.session_token").unwrap();
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::COOKIE, format!("better-auth.session_token={cookie}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.map_or(Body::empty(), |body| Body::from(body.to_string())))
        .unwrap()
}

#[tokio::test]
async fn one_user_never_sees_nor_deletes_anothers_notes() {
    let world = World::new().await;
    let (alice, bob) = (
        world.auth.sign_up("alice@example.com").await,
        world.auth.sign_up("bob@example.com").await,
    );
    let text = json!({ "text": "  Alice's  " });
    let (status, note) = world.send(request("POST", "/notes", &alice, Some(&text))).await;
    assert_eq!((status, &note["text"]), (StatusCode::CREATED, &json!("Alice's")));

    let (_, notes) = world.send(request("GET", "/notes", &bob, None)).await;
    assert_eq!(notes, json!([]));
    let path = format!("/notes/{}", note["id"]);
    let (status, body) = world.send(request("DELETE", &path, &bob, None)).await;
    assert_eq!((status, &body["code"]), (StatusCode::NOT_FOUND, &json!("NOTE_NOT_FOUND")));

    let (_, notes) = world.send(request("GET", "/notes", &alice, None)).await;
    assert_eq!(notes, json!([note]));
    let (status, _) = world.send(request("DELETE", &path, &alice, None)).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(world.count("notes"), 0);
}

#[tokio::test]
async fn a_hundred_first_requests_make_one_row() {
    let world = World::new().await;
    let alice = world.auth.sign_up("alice@example.com").await;
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..100 {
        requests.spawn(world.notes.clone().oneshot(request("GET", "/notes", &alice, None)));
    }
    for answer in requests.join_all().await {
        assert_eq!(answer.unwrap().status(), StatusCode::OK);
    }
    assert_eq!(world.count("app_users"), 1);
}

#[tokio::test]
async fn strangers_are_told_what_to_do() {
    let world = World::new().await;
    let stranger = Request::get("/notes").body(Body::empty()).unwrap();
    let (status, body) = world.send(stranger).await;
    assert_eq!((status, &body["code"]), (StatusCode::UNAUTHORIZED, &json!("NOT_SIGNED_IN")));
    let anyone = Request::get("/health").body(Body::empty()).unwrap();
    assert_eq!(world.send(anyone).await, (StatusCode::OK, json!({ "status": "ok" })));
    assert_eq!(world.count("app_users"), 0);
}

#[tokio::test]
async fn input_that_makes_no_sense_is_refused_and_never_a_5xx() {
    let world = World::new().await;
    let alice = world.auth.sign_up("alice@example.com").await;
    let long = "ä".repeat(2001);
    for body in [
        json!({}),
        json!([]),
        json!({ "text": 1 }),
        json!({ "text": " \n" }),
        json!({ "text": "a\0b" }),
        json!({ "text": long }),
        json!({ "text": "a".repeat(100_000) }),
    ] {
        let (status, answer) = world.send(request("POST", "/notes", &alice, Some(&body))).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
        assert_eq!(answer["code"], "INVALID_NOTE");
    }
    let longest = json!({ "text": "ä".repeat(2000) });
    let (status, _) = world.send(request("POST", "/notes", &alice, Some(&longest))).await;
    assert_eq!(status, StatusCode::CREATED);
    for id in ["abc", "-1", "99999999999999999999999", "%00", "1.5"] {
        let path = format!("/notes/{id}");
        let (status, _) = world.send(request("DELETE", &path, &alice, None)).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{id}");
    }
}

#[tokio::test]
async fn pages_of_other_hosts_read_nothing_and_write_nothing() {
    let world = World::new().await;
    let alice = world.auth.sign_up("alice@example.com").await;
    let from = |origin: &str| {
        let mut request = request("POST", "/notes", &alice, Some(&json!({ "text": "x" })));
        request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
        world.notes.clone().oneshot(request)
    };
    for origin in ["https://evil.example.com", "null", "https://app.example.com.evil.example"] {
        let answer = from(origin).await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{origin}");
        assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{origin}");
    }
    let answer = from(FRONTEND).await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], FRONTEND);
    assert_eq!(world.count("notes"), 1);
}
