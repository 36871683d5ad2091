//! [`World`]: an auth server with a database and an address, people who are signed in, and verifiers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use http::{Extensions, HeaderMap, HeaderValue, header};
use serde_json::{Map, Value, json};
use vestibule_core::Auth;
use vestibule_core::options::Options;
use vestibule_core::service_key::Service;
use vestibule_plugins::bearer::Bearer;
use vestibule_sql::Database as Tables;
use vestibule_sql::url::DatabaseUrl;
use vestibule_testkit::{Actor, TestAuth};
use vestibule_tokens::cookie::chunks;
use vestibule_tokens::encoding::{decode_uri_component, encode_uri_component};
use vestibule_tokens::jose::{Algorithm, KeyParameters, Object, PrivateKey, jws};
use vestibule_tokens::jwe::{Key, Purpose, Unique};
use vestibule_tokens::session_cache::{self, Payload};
use vestibule_tokens::signature::SigningKey;
use vestibule_verify::{
    Authenticated, Builder, Clock, Database, Refusal, SharedDatabase, Timestamp, Verifier,
};

/// `TestAuth`'s.
pub(crate) const SECRET: &str = "a-secret-for-tests-of-32-characters!";

pub(crate) const ISSUER: &str = "http://localhost:3000";

pub(crate) const AUDIENCE: &str = "notes";

pub(crate) const COOKIE: &str = "better-auth.session_token";

pub(crate) const DATA_COOKIE: &str = "better-auth.session_data";

/// When the frozen clock starts; milliseconds.
const START: i64 = 1_893_456_000_123;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

pub(crate) struct World {
    pub(crate) app: TestAuth,
    pub(crate) url: String,
    now: Arc<AtomicI64>,
    /// Where the auth server listens.
    pub(crate) address: SocketAddr,
    _file: Option<tempfile::TempDir>,
}

impl World {
    pub(crate) async fn new(backend: Backend) -> Self {
        Self::with(backend, json!({})).await
    }

    /// With options over those of `TestAuth`.
    pub(crate) async fn with(backend: Backend, options: Value) -> Self {
        Self::start(backend, options, |builder| builder).await
    }

    /// With an outbox, and a service `notes` that may read it.
    pub(crate) async fn with_outbox(backend: Backend) -> Self {
        let configure = |builder: vestibule_core::auth::Builder| {
            let service = Service { name: "notes".to_owned(), key_versions: vec![1] };
            builder.outbox(|| {}).services([service])
        };
        Self::start(backend, json!({}), configure).await
    }

    /// With plugins and more.
    pub(crate) async fn start(
        backend: Backend,
        options: Value,
        configure: fn(vestibule_core::auth::Builder) -> vestibule_core::auth::Builder,
    ) -> Self {
        let (url, file) = match backend {
            Backend::Sqlite => {
                let folder = tempfile::tempdir().expect("a folder");
                let path = folder.path().join("auth.db").display().to_string();
                (path, Some(folder))
            }
            Backend::Postgres => (new_schema().await, None),
        };
        let parsed: Options = serde_json::from_value(options.clone()).expect("options");
        let builder = Auth::builder(parsed).plugin(vestibule_api::Core);
        let schema = configure(builder).schema().expect("a schema");
        let database = DatabaseUrl::parse(&url).expect("a URL");
        let tables = Tables::connect(&database, &schema).expect("a database");
        tables.migrate().await.expect("a migration");
        let mut options = options;
        options["emailAndPassword"] = json!({ "enabled": true });
        let app = TestAuth::builder()
            .json(options)
            .configure(move |builder| configure(builder).plugin(Bearer::default()))
            .store(tables.store())
            .start()
            .await;
        let address = serve(vestibule_http::router(app.auth.clone())).await;
        Self { app, url, now: Arc::new(AtomicI64::new(START)), address, _file: file }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.load(Ordering::SeqCst))
    }

    /// Lets time pass for the auth server and for the verifiers.
    pub(crate) fn advance(&self, by: Duration) {
        self.app.advance(by);
        let millis = i64::try_from(by.as_millis()).expect("tests do not wait for ages");
        self.now.fetch_add(millis, Ordering::SeqCst);
    }

    pub(crate) fn builder(&self) -> Builder {
        let now = self.now.clone();
        let clock = Clock::new(move || Timestamp::from_millis(now.load(Ordering::SeqCst)));
        Verifier::builder().clock(clock)
    }

    pub(crate) fn shared_database(&self) -> SharedDatabase {
        SharedDatabase::new(Database::connect(&self.url).expect("a URL"), SECRET)
    }

    /// The `Cookie` header that a browser sends after `/get-session`.
    pub(crate) fn cookies(&self, actor: &Actor, names: &[&str]) -> HeaderMap {
        let pairs = names.iter().filter_map(|name| Some(format!("{name}={}", actor.cookie(name)?)));
        cookie(&pairs.collect::<Vec<_>>().join("; "))
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/api/auth", self.address)
    }

    pub(crate) async fn alice(&self) -> SignedIn {
        self.sign_up("alice@example.com").await
    }

    pub(crate) async fn sign_up(&self, email: &str) -> SignedIn {
        let mut actor = self.app.sign_up(email).await;
        let cookie = actor.cookie(COOKIE).expect("a session cookie").to_owned();
        let signed = decode_uri_component(&cookie).expect("an encoded cookie").into_owned();
        let token = signed.split('.').next().expect("a token").to_owned();
        let found = actor.get("/get-session").await.json();
        SignedIn { actor, cookie, signed, token, found }
    }
}

/// Somebody, and everything that proves them.
pub(crate) struct SignedIn {
    pub(crate) actor: Actor,
    /// As it stands in the `Cookie` header.
    pub(crate) cookie: String,
    /// `token.signature`
    pub(crate) signed: String,
    pub(crate) token: String,
    /// What `/get-session` answers.
    found: Value,
}

impl SignedIn {
    /// After a change of the session or the user.
    pub(crate) async fn look_again(&mut self) {
        self.found = self.actor.get("/get-session").await.json();
    }

    pub(crate) fn id(&self) -> &str {
        self.found["user"]["id"].as_str().expect("an id")
    }

    pub(crate) fn session_id(&self) -> &str {
        self.found["session"]["id"].as_str().expect("an id")
    }

    pub(crate) fn payload(&self, now: Timestamp) -> Payload {
        let object = |name: &str| self.found[name].as_object().expect("an object").clone();
        Payload::new(object("session"), object("user"), now.as_millis(), "1".to_owned())
            .expect("a payload")
    }

    pub(crate) fn compact(&self, now: Timestamp) -> String {
        let expires_at = now.as_millis() + 300_000;
        session_cache::compact::encode(&SigningKey::new(SECRET), &self.payload(now), expires_at)
    }

    pub(crate) fn jwt_cache(&self, now: Timestamp) -> String {
        let key = SigningKey::new(SECRET);
        session_cache::jwt::encode(&key, &self.payload(now), now.as_seconds(), 300)
    }

    pub(crate) fn jwe_cache(&self, now: Timestamp) -> String {
        let key = Key::derive(SECRET, Purpose::Session);
        let unique = Unique { id: "a".to_owned(), iv: [7; 16] };
        session_cache::jwe::encode(&key, &self.payload(now), now.as_seconds(), 300, unique)
    }

    pub(crate) fn key_set_cache(&self, key: &PrivateKey, now: Timestamp) -> String {
        let payload = self.payload(now);
        let claims = session_cache::key_set::claims(&payload, now.as_seconds(), 300, ISSUER);
        jws::sign(key, Some("k1"), Some(session_cache::key_set::TYPE), &claims)
            .expect("a signature")
    }

    /// The claims of a token for this service.
    pub(crate) fn claims(&self, now: Timestamp) -> Object {
        let now = now.as_seconds();
        object(json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": self.id(), "jti": "j1", "iat": now,
            "exp": now + 900, "name": "Test",
        }))
    }

    /// The cookies of a browser that has a session cache too.
    pub(crate) fn with_cache(&self, cache: &str) -> HeaderMap {
        cookie(&format!("{COOKIE}={}; {}", self.cookie, data_cookies(DATA_COOKIE, cache)))
    }
}

/// The cookies that carry a cache, in chunks where it is long.
pub(crate) fn data_cookies(name: &str, cache: &str) -> String {
    let cookies = chunks::split(name, cache, &Default::default()).expect("a cache of sound length");
    let pairs = cookies.iter().map(|it| format!("{}={}", it.name, encode_uri_component(&it.value)));
    pairs.collect::<Vec<_>>().join("; ")
}

pub(crate) fn new_key(algorithm: Algorithm) -> PrivateKey {
    PrivateKey::generate(KeyParameters::from(algorithm)).expect("a key")
}

/// The set with the public half of one key.
pub(crate) fn jwks(key: &PrivateKey, kid: &str) -> String {
    let jwk = key.public_key().clone().with_kid(kid).to_jwk();
    json!({ "keys": [jwk] }).to_string()
}

pub(crate) fn sign(key: &PrivateKey, claims: &Object) -> String {
    jws::sign(key, Some("k1"), Some("at+jwt"), claims).expect("a signature")
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

pub(crate) fn cookie(header: &str) -> HeaderMap {
    headers(header::COOKIE, header)
}

pub(crate) fn session_cookie(value: &str) -> HeaderMap {
    cookie(&format!("{COOKIE}={value}"))
}

pub(crate) fn bearer(token: &str) -> HeaderMap {
    headers(header::AUTHORIZATION, &format!("Bearer {token}"))
}

fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
    HeaderMap::from_iter([(name, HeaderValue::from_str(value).expect("a header"))])
}

/// Who the request is from, by a verifier of this configuration.
pub(crate) async fn check(
    verifier: &Verifier,
    headers: &HeaderMap,
) -> Result<Authenticated, Refusal> {
    verifier.check(headers, &Extensions::new()).await
}

/// The code and the message of the refusal.
#[track_caller]
pub(crate) fn refusal(outcome: Result<Authenticated, Refusal>) -> String {
    match outcome {
        Ok(found) => panic!("{} was let in by {:?}", found.user.id, found.mode),
        Err(refusal) => format!("{} {}: {refusal}", refusal.status().as_u16(), refusal.code()),
    }
}

/// Serves until the test ends.
pub(crate) async fn serve(router: axum::Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where servers are"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The tests' PostgreSQL.
pub(crate) fn postgres() -> String {
    variable("TEST_DATABASE_URL")
        .unwrap_or_else(|| "postgres://postgres@127.0.0.1:5432/postgres".to_owned())
}

/// A PgBouncer in transaction mode before it, where there is one.
pub(crate) fn pooler() -> Option<String> {
    variable("TEST_PGBOUNCER_URL")
}

impl Drop for World {
    fn drop(&mut self) {
        let Some((_, schema)) = self.url.split_once("?schema=") else { return };
        let sql = format!("drop schema {schema} cascade");
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async { admin().await.batch_execute(&sql).await })
        });
        // What the test found matters more than what it leaves behind.
        let _ = dropped.join();
    }
}

pub(crate) async fn admin() -> tokio_postgres::Client {
    let connected = tokio_postgres::connect(&postgres(), tokio_postgres::NoTls).await;
    let (client, connection) = connected.expect("PostgreSQL for tests");
    tokio::spawn(connection);
    client
}

/// A URL with a schema that no other test has.
pub(crate) async fn new_schema() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("verify_{}_{count}", std::process::id());
    let sql = format!("drop schema if exists {name} cascade; create schema {name}");
    admin().await.batch_execute(&sql).await.expect("a schema");
    format!("{}?schema={name}", postgres())
}
