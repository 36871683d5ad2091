//! Migrations of SQLite, beside what the reference says and makes.

use rusqlite::Connection;
use vestibule_core::schema::{IdPolicy, Schema};
use vestibule_core::store::{Filter, Row};
use vestibule_sql::{Database, MigrateError};

use crate::schemas;
use crate::sqlite::Directory;

macro_rules! reference {
    ($name:literal) => {
        (
            include_str!(concat!("reference/", $name, ".sqlite.sql")),
            include_str!(concat!("reference/", $name, ".sqlite.made.txt")),
        )
    };
}

fn connect(directory: &Directory, schema: &Schema) -> Database {
    Database::connect(&directory.url(), schema).expect("a database")
}

/// All definitions, in the order in which they were made.
fn made(directory: &Directory) -> String {
    let connection = Connection::open(directory.file("test.db")).expect("the file");
    let sql = "select sql || char(10) from sqlite_schema where sql is not null";
    let mut statement = connection.prepare(sql).expect("a statement");
    let lines = statement.query_map([], |row| row.get::<_, String>(0)).expect("lines");
    lines.collect::<Result<_, _>>().expect("lines")
}

/// Migrates from one schema to the next, and compares the last step and what is there then.
async fn assert_same(steps: &[Schema], (said, result): (&str, &str)) {
    let directory = Directory::new();
    for (index, schema) in steps.iter().enumerate() {
        let database = connect(&directory, schema);
        let plan = database.plan().await.expect("a plan");
        let done = database.migrate().await.expect("a migration");
        assert_eq!(plan.statements(), done.statements());
        assert_eq!(done.warnings(), [""; 0]);
        if index + 1 == steps.len() {
            assert_eq!(format!("{}\n", done.to_sql()), said);
        }
        assert!(database.migrate().await.expect("a migration").is_empty());
        database.check().await.expect("a schema that fits");
    }
    assert_eq!(made(&directory), result);
}

#[tokio::test]
async fn the_core_schema_is_the_references() {
    assert_same(&[schemas::core(IdPolicy::Random)], reference!("core")).await;
}

#[tokio::test]
async fn the_plugins_schema_is_the_references() {
    assert_same(&[schemas::plugins()], reference!("plugins")).await;
}

#[tokio::test]
async fn uuids_are_as_the_references() {
    assert_same(&[schemas::core(IdPolicy::Uuid)], reference!("uuid")).await;
}

#[tokio::test]
async fn serial_ids_are_as_the_references() {
    assert_same(&[schemas::core(IdPolicy::Serial)], reference!("serial")).await;
}

#[tokio::test]
async fn renamed_tables_and_columns_are_as_the_references() {
    assert_same(&[schemas::renamed()], reference!("renamed")).await;
}

#[tokio::test]
async fn a_schema_grows_as_the_references() {
    let steps = [schemas::core(IdPolicy::Random), schemas::grown()];
    assert_same(&steps, reference!("grown")).await;
}

#[tokio::test]
async fn a_database_of_the_references_needs_nothing() {
    let all = [
        (schemas::core(IdPolicy::Random), reference!("core")),
        (schemas::core(IdPolicy::Serial), reference!("serial")),
        (schemas::plugins(), reference!("plugins")),
        (schemas::renamed(), reference!("renamed")),
        (schemas::grown(), reference!("grown")),
    ];
    for (schema, (_, made)) in all {
        let directory = Directory::new();
        let connection = Connection::open(directory.file("test.db")).expect("the file");
        connection.execute_batch(&made.replace('\n', ";")).expect("the reference's schema");
        let migration = connect(&directory, &schema).migrate().await.expect("a migration");
        assert_eq!((migration.statements(), migration.warnings()), (&[][..], &[][..]));
    }
}

#[tokio::test]
async fn what_is_missing_is_listed() {
    let directory = Directory::new();
    let database = connect(&directory, &schemas::core(IdPolicy::Random));
    let error = database.check().await.expect_err("an empty database");
    let MigrateError::Schema(check) = error else { panic!("{error:?}") };
    assert_eq!(check.findings.len(), 4);
    assert!(check.to_string().contains("the table \"user\" is missing; "), "{check}");
    assert!(check.to_string().ends_with("run `vestibule migrate`"), "{check}");
}

#[tokio::test]
async fn a_required_column_without_default_is_explained() {
    let directory = Directory::new();
    connect(&directory, &schemas::core(IdPolicy::Random)).migrate().await.expect("a migration");
    let mut builder = Schema::builder(IdPolicy::Random);
    let with = schemas::plugins();
    let session = with.model("session").expect("a model");
    let mut fields = session.fields.clone();
    fields.retain(|field| field.references.is_none());
    fields.iter_mut().for_each(|field| field.required = true);
    builder.add("session", fields, Vec::new());
    let schema = builder.build().expect("a schema");
    let error = connect(&directory, &schema).migrate().await.expect_err("a required column");
    assert!(
        error.to_string().contains("required column \"impersonatedBy\" to the table \"session\"")
    );
    connect(&directory, &schemas::core(IdPolicy::Random)).check().await.expect("nothing changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_that_start_at_once_all_come_up() {
    for _ in 0..5 {
        let directory = Directory::new();
        let url = directory.url();
        let starts: Vec<_> = (0..8)
            .map(|_| {
                let url = url.clone();
                tokio::spawn(async move {
                    let schema = schemas::plugins();
                    let database = Database::connect(&url, &schema).expect("a database");
                    database.migrate().await.expect("a migration");
                    database.check().await.expect("a schema that fits");
                    let model = schema.model("user").expect("a model").clone();
                    let store = database.store();
                    store.count(model, Filter::EVERYTHING).await.expect("a number")
                })
            })
            .collect();
        for start in starts {
            assert_eq!(start.await.expect("a start"), 0);
        }
        assert_eq!(made(&directory), reference!("plugins").1);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let directory = Directory::new();
    let schema = schemas::core(IdPolicy::Random);
    connect(&directory, &schema).migrate().await.expect("a migration");
    let metadata = std::fs::metadata(directory.file("test.db")).expect("the file");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_said() {
    let url = vestibule_sql::url::DatabaseUrl::parse("/no/such/place/x.db").expect("a URL");
    let error =
        Database::connect(&url, &schemas::core(IdPolicy::Random)).expect_err("no directory");
    assert!(error.to_string().contains("`/no/such/place/x.db`; is its directory there"), "{error}");
}

#[tokio::test]
async fn a_missing_table_is_a_failure_that_names_it() {
    let directory = Directory::new();
    let schema = schemas::core(IdPolicy::Random);
    let database = connect(&directory, &schema);
    let row = Row::empty(schema.model("verification").expect("a model").clone());
    let error = database.store().create(row).await.expect_err("no table");
    assert_eq!(error.to_string(), "failed to insert into `verification`");
}

/// The core's models, with an outbox and without.
#[tokio::test]
async fn an_outbox_adds_its_own_tables_alone() {
    let directory = Directory::new();
    let (without, with) = schemas::outbox_off_and_on();
    connect(&directory, &without).migrate().await.expect("a migration");
    let database = connect(&directory, &with);
    assert!(matches!(database.check().await, Err(MigrateError::Schema(_))));
    let done = database.migrate().await.expect("a migration");
    assert_eq!(done.warnings(), [""; 0]);
    assert!(done.statements().iter().all(|statement| statement.contains("vestibule_outbox")));
    assert!(database.migrate().await.expect("a migration").is_empty());
    database.check().await.expect("a schema that fits");
    let database = connect(&directory, &without);
    assert!(database.plan().await.expect("a plan").is_empty(), "off again, they are left alone");
    database.check().await.expect("a schema that fits");
}
