//! SQLite beside other processes, and when it cannot.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use vestibule_core::schema::{IdPolicy, Schema};
use vestibule_core::store::{Filter, Operator, Row, StoreError};
use vestibule_core::{Timestamp, Value};
use vestibule_sql::Database;

use crate::schemas;
use crate::sqlite::Directory;

async fn database(directory: &Directory, schema: &Schema) -> Database {
    let database = Database::connect(&directory.url(), schema).expect("a database");
    database.migrate().await.expect("a migration");
    database
}

fn row(schema: &Schema, id: &str) -> Row {
    let mut row = Row::empty(schema.model("verification").expect("a model").clone());
    for (field, value) in [("id", id.into()), ("identifier", id.into()), ("value", "x".into())] {
        row.set(field, value);
    }
    for field in ["expiresAt", "createdAt", "updatedAt"] {
        row.set(field, Value::Time(Timestamp::from_millis(1_700_000_000_000)));
    }
    row
}

/// Another process, as far as SQLite can tell.
fn other(directory: &Directory) -> Connection {
    Connection::open(directory.file("test.db")).expect("the file")
}

async fn count(database: &Database, schema: &Schema) -> u64 {
    let model = schema.model("verification").expect("a model").clone();
    database.store().count(model, Filter::EVERYTHING).await.expect("a number")
}

#[tokio::test]
async fn a_write_waits_for_another_process() {
    let (directory, schema) = (Directory::new(), schemas::core(IdPolicy::Random));
    let database = database(&directory, &schema).await;
    let other = other(&directory);
    other.execute_batch("begin immediate; delete from verification").expect("a transaction");
    let (store, new) = (database.store(), row(&schema, "a"));
    let mut write = tokio::spawn(async move { store.create(new).await });
    // Readers do not wait meanwhile.
    assert_eq!(count(&database, &schema).await, 0);
    let waited = tokio::time::timeout(Duration::from_millis(100), &mut write).await;
    assert!(waited.is_err(), "a write waits for the other process");
    other.execute_batch("commit").expect("a commit");
    write.await.expect("an end").expect("a new row");
    assert_eq!(count(&database, &schema).await, 1);
}

#[tokio::test]
async fn what_another_process_wrote_is_seen() {
    let (directory, schema) = (Directory::new(), schemas::core(IdPolicy::Random));
    let database = database(&directory, &schema).await;
    assert_eq!(count(&database, &schema).await, 0);
    let insert = "insert into verification values ('1', 'a', 'b', '2030-01-01T00:00:00.000Z', \
                  1700000000000, '2030-01-01 00:00:00')";
    other(&directory).execute_batch(insert).expect("a row");
    let model = schema.model("verification").expect("a model").clone();
    let by_id = Filter::is(0, Operator::Equal, "1");
    let row =
        database.store().consume_one(model, by_id).await.expect("an answer").expect("the row");
    // Other tools' dates are understood too.
    let created = Value::Time(Timestamp::from_millis(1_700_000_000_000));
    assert_eq!(row.get("createdAt"), Some(&created));
    assert_eq!(row.get("expiresAt"), row.get("updatedAt"));
}

#[tokio::test]
async fn a_lock_that_nobody_releases_is_unavailable_in_bounded_time() {
    let (directory, schema) = (Directory::new(), schemas::core(IdPolicy::Random));
    let database = database(&directory, &schema).await;
    let other = other(&directory);
    other.execute_batch("begin immediate").expect("a transaction");
    let start = Instant::now();
    let store = database.store();
    let (write, begin) = tokio::join!(store.create(row(&schema, "a")), store.begin());
    assert!(matches!(write, Err(StoreError::Unavailable { .. })), "{write:?}");
    assert!(matches!(begin.map(drop), Err(StoreError::Unavailable { .. })));
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    assert_eq!(count(&database, &schema).await, 0);
    other.execute_batch("rollback").expect("a roll-back");
    database.store().create(row(&schema, "a")).await.expect("a new row");
}

#[tokio::test]
async fn what_was_acknowledged_is_in_the_file_when_the_store_is_gone() {
    let (directory, schema) = (Directory::new(), schemas::core(IdPolicy::Random));
    let first = database(&directory, &schema).await;
    first.store().create(row(&schema, "a")).await.expect("a new row");
    // Neither closed nor waited for.
    std::mem::forget(first);
    let second = database(&directory, &schema).await;
    assert_eq!(count(&second, &schema).await, 1);
}

#[tokio::test]
async fn a_value_that_is_no_date_is_corrupt_and_named() {
    let (directory, schema) = (Directory::new(), schemas::core(IdPolicy::Random));
    let database = database(&directory, &schema).await;
    let insert = "insert into verification values ('1', 'a', 'b', 'soon', 'x', 'x')";
    other(&directory).execute_batch(insert).expect("a row");
    let model = schema.model("verification").expect("a model").clone();
    let by_id = Filter::is(0, Operator::Equal, "1");
    let error = database.store().consume_one(model, by_id).await.expect_err("no date");
    assert_eq!(error.to_string(), "unexpected value in `verification`.`expiresAt`");
}
