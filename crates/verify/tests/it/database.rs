//! Tables as other people have them: renamed, in a schema of their own, with columns of their own.

use serde_json::json;
use vestibule_verify::{Database, Mode, SharedDatabase, Table, Tables, Timestamp};

use super::world::{
    Backend, SECRET, World, admin, bearer, check, new_schema, pooler, postgres, refusal,
    session_cookie,
};

fn renamed() -> (serde_json::Value, Tables) {
    let options = json!({
        "user": {
            "modelName": "people",
            "fields": { "email": "mail", "emailVerified": "mail_verified" },
        },
        "session": {
            "modelName": "visits",
            "fields": { "userId": "person", "token": "secret_token", "expiresAt": "ends_at" },
        },
    });
    let user =
        Table::named("people").field("email", "mail").field("emailVerified", "mail_verified");
    let session = Table::named("visits")
        .field("userId", "person")
        .field("token", "secret_token")
        .field("expiresAt", "ends_at");
    (options, Tables::default().user(user).session(session))
}

#[tokio::test]
async fn renamed_tables_and_columns_are_found_under_better_auths_names() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (options, tables) = renamed();
        let world = World::with(backend, options).await;
        let alice = world.alice().await;
        let database = world.shared_database().tables(tables);
        database.check().await.unwrap();
        let verifier = world.builder().shared_database(database).build().unwrap();
        let found = check(&verifier, &session_cookie(&alice.cookie)).await.unwrap();
        assert_eq!(found.user.email.as_deref(), Some("alice@example.com"));
        assert!(found.user.extra.is_empty(), "{:?}", found.user.extra);
        let other: Vec<_> = found.session.extra.keys().collect();
        assert_eq!(other, ["userId"]);
        assert!(!format!("{found:?}").contains(&alice.token));
    }
}

#[tokio::test]
async fn a_wrong_name_is_said_at_the_start_and_is_nobodys_sign_out() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let world = World::new(backend).await;
        let alice = world.alice().await;
        let tables = Tables::default().user(Table::named("users"));
        let database = world.shared_database().tables(tables);
        assert!(database.check().await.is_err());
        let verifier = world.builder().shared_database(database).build().unwrap();
        let refused = refusal(check(&verifier, &session_cookie(&alice.cookie)).await);
        assert!(refused.starts_with("503 "), "{refused}");
    }
}

/// Columns of types that Better Auth never makes, and dates without an offset, which are UTC.
#[tokio::test]
async fn every_type_of_postgres_is_kept_and_no_time_is_naive() {
    let url = new_schema().await;
    let (_, schema) = url.split_once("?schema=").unwrap();
    let sql = format!(
        "set search_path = {schema}; set timezone = 'America/New_York';
         create type plan as enum ('free', 'paid');
         create table \"user\" (id uuid primary key, name text, email text, \"emailVerified\" boolean,
             \"createdAt\" timestamptz, plan plan, tags text[], balance numeric, settings jsonb,
             secret bytea, since date);
         create table session (id bigint primary key, token uuid, \"userId\" uuid,
             \"expiresAt\" timestamp, \"createdAt\" timestamptz);
         insert into \"user\" values ('0f8fad5b-d9cb-469f-a165-70867728950e', 'Ada', 'ada@example.com',
             true, '2029-12-31 19:00:00-05', 'paid', '{{a,b}}', 1.5, '{{\"dark\": true}}', '\\x00ff',
             '2020-02-29');
         insert into session values (7, '6fa459ea-ee8a-3ca4-894e-db77e160355e', '0f8fad5b-d9cb-469f-a165-70867728950e',
             '2030-01-01 00:00:01', now());"
    );
    admin().await.batch_execute(&sql).await.unwrap();
    let tables = Tables::default().user(Table::named("user").hide("secret"));
    let database = SharedDatabase::new(Database::connect(&url).unwrap(), SECRET).tables(tables);
    let world = World::new(Backend::Sqlite).await;
    let verifier = world.builder().shared_database(database).build().unwrap();
    // What the column's type cannot hold is a token of nobody, and not a fault of the database.
    assert!(refusal(check(&verifier, &bearer("tok")).await).starts_with("401 SESSION_ENDED"));
    let token = "6fa459ea-ee8a-3ca4-894e-db77e160355e";
    let found = check(&verifier, &bearer(token)).await.unwrap();
    assert_eq!(found.user.id, "0f8fad5b-d9cb-469f-a165-70867728950e");
    assert_eq!(found.user.created_at, Timestamp::parse("2030-01-01T00:00:00Z"));
    assert_eq!(found.session.id.as_deref(), Some("7"));
    assert_eq!(found.session.expires_at, Timestamp::parse("2030-01-01T00:00:01Z").unwrap());
    assert_eq!(
        serde_json::Value::Object(found.user.extra),
        json!({
            "plan": "paid", "tags": ["a", "b"], "balance": 1.5, "settings": { "dark": true },
            "since": "2020-02-29",
        })
    );
    admin().await.batch_execute(&format!("drop schema {schema} cascade")).await.unwrap();
}

/// Dates as the drivers of other languages write them, in a file that is not in WAL mode.
#[tokio::test]
async fn sqlite_written_by_others_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("theirs.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "create table user (id integer primary key, name text, email text, emailVerified integer,
                 banned integer, photo blob);
             create table session (id integer primary key, token text, userId integer, expiresAt date);
             insert into user values (1, 'Ada', 'ada@example.com', 1, 0, x'00ff');
             insert into session values (1, 'iso', 1, '2030-01-01T00:00:01.000Z'),
                 (2, 'naive', 1, '2030-01-01 00:00:01'), (3, 'millis', 1, 1893456001000),
                 (4, 'offset', 1, '2030-01-01T02:00:01+02:00'), (5, 'past', 1, 1893455999000),
                 (6, 'odd', 1, 'tomorrow'), (7, 'orphan', 2, '2030-01-01T00:00:01.000Z');",
        )
        .unwrap();
    let url = path.display().to_string();
    let database = SharedDatabase::new(Database::connect(&url).unwrap(), SECRET);
    let world = World::new(Backend::Sqlite).await;
    let verifier = world.builder().shared_database(database).build().unwrap();
    for token in ["iso", "naive", "millis", "offset"] {
        let found = check(&verifier, &bearer(token)).await.unwrap();
        assert_eq!(found.user.id, "1");
        assert_eq!(found.user.flag("banned"), Some(false));
        assert_eq!(found.session.expires_at.as_seconds(), 1_893_456_001, "{token}");
    }
    assert!(refusal(check(&verifier, &bearer("past")).await).starts_with("401 CREDENTIAL_EXPIRED"));
    assert!(refusal(check(&verifier, &bearer("orphan")).await).starts_with("401 SESSION_ENDED"));
    // A date that cannot be understood is a mistake of ours or theirs, and not the caller's.
    assert!(refusal(check(&verifier, &bearer("odd")).await).starts_with("503 "));
}

/// Behind a pooler each statement may run on another connection.
#[tokio::test]
async fn a_pooler_in_transaction_mode_is_no_obstacle() {
    let world = World::new(Backend::Postgres).await;
    let alice = world.alice().await;
    let pooled = world.url.replace(&postgres(), &pooler().unwrap_or_else(postgres));
    let database = SharedDatabase::new(Database::connect(&pooled).unwrap(), SECRET);
    let verifier = world.builder().shared_database(database).build().unwrap();
    let headers = session_cookie(&alice.cookie);
    let mut checks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (verifier, headers) = (verifier.clone(), headers.clone());
        checks.spawn(async move { check(&verifier, &headers).await.map(|found| found.mode) });
    }
    while let Some(outcome) = checks.join_next().await {
        assert_eq!(outcome.unwrap().unwrap(), Mode::SharedDatabase);
    }
}
