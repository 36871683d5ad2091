//! Tables and cookies that Better Auth itself wrote; `reference/generate.mjs` makes them.

use http::HeaderMap;
use serde_json::Value;
use vestibule_verify::{Clock, CookieCache, Database, Mode, SharedDatabase, Timestamp, Verifier};

use super::world::{SECRET, admin, bearer, check, cookie, new_schema, refusal};

fn made() -> Value {
    serde_json::from_str(include_str!("reference/made.json")).unwrap()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

async fn sessions_of_the_reference_are_found(made: &Value, name: &str, url: &str) {
    let (now, db) = (made["now"].as_i64().unwrap(), &made["databases"][name]);
    let at = |millis: i64| {
        let clock = Clock::new(move || Timestamp::from_millis(millis));
        let database = SharedDatabase::new(Database::connect(url).unwrap(), SECRET);
        Verifier::builder().clock(clock).shared_database(database).build().unwrap()
    };
    let verifier = at(now);
    for headers in [cookie(text(db, "cookie")), bearer(text(db, "bearer"))] {
        let found = check(&verifier, &headers).await.unwrap();
        assert_eq!(serde_json::to_value(&found.user).unwrap(), db["user"]);
        assert_eq!(found.session.id.as_deref(), db["sessionId"].as_str());
        assert_eq!(found.user.name.as_deref(), Some("Ada Löwe"));
    }
    // A week later the same row is too old.
    let later = at(now + 7 * 86_400_000 + 60_000);
    let refused = refusal(check(&later, &cookie(text(db, "cookie"))).await);
    assert_eq!(refused, "401 CREDENTIAL_EXPIRED: the session has expired");
}

#[tokio::test]
async fn a_session_that_better_auth_wrote_into_sqlite_is_found() {
    let made = made();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("auth.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch(text(&made["databases"]["sqlite"], "sql")).unwrap();
    sessions_of_the_reference_are_found(&made, "sqlite", &path.display().to_string()).await;
}

#[tokio::test]
async fn a_session_that_better_auth_wrote_into_postgres_is_found() {
    let made = made();
    let url = new_schema().await;
    let (_, schema) = url.split_once("?schema=").unwrap();
    let sql = text(&made["databases"]["postgres"], "sql");
    admin().await.batch_execute(&format!("set search_path = {schema}; {sql}")).await.unwrap();
    sessions_of_the_reference_are_found(&made, "postgres", &url).await;
    admin().await.batch_execute(&format!("drop schema {schema} cascade")).await.unwrap();
}

#[tokio::test]
async fn session_caches_that_better_auth_wrote_are_read() {
    let made = made();
    let now = made["now"].as_i64().unwrap();
    for name in ["sqlite", "postgres"] {
        let db = &made["databases"][name];
        for (strategy, cache) in [
            ("compact", CookieCache::compact(SECRET)),
            ("jwt", CookieCache::jwt(SECRET)),
            ("jwe", CookieCache::jwe(SECRET, &[])),
        ] {
            let at = |millis: i64| {
                let clock = Clock::new(move || Timestamp::from_millis(millis));
                Verifier::builder().clock(clock).cookie_cache(cache.clone()).build().unwrap()
            };
            let headers: HeaderMap = cookie(text(&db["caches"], strategy));
            let found = check(&at(now), &headers).await.unwrap();
            assert_eq!(found.mode, Mode::CookieCache);
            assert_eq!(serde_json::to_value(&found.user).unwrap(), db["user"], "{strategy}");
            // Five minutes after the last of them was made, and the tolerance of the encrypted one.
            let refused = refusal(check(&at(now + 330_000), &headers).await);
            assert!(refused.starts_with("401 CREDENTIAL_EXPIRED"), "{strategy}: {refused}");
        }
    }
}
