//! Migrations of PostgreSQL, beside what the reference says and makes.

use tokio_postgres::{Client, NoTls};
use vestibule_core::schema::{IdPolicy, Schema};
use vestibule_core::store::Filter;
use vestibule_sql::url::DatabaseUrl;
use vestibule_sql::{Database, MigrateError};

use crate::postgres::{admin, new_name, server, with};
use crate::schemas;

macro_rules! reference {
    ($name:literal) => {
        (
            include_str!(concat!("reference/", $name, ".postgres.sql")),
            include_str!(concat!("reference/", $name, ".postgres.made.txt")),
        )
    };
}

/// A database of its own.
pub(crate) struct Empty {
    name: String,
    url: String,
}

impl Empty {
    pub(crate) async fn new() -> Self {
        let name = new_name();
        admin().await.batch_execute(&format!("create database {name}")).await.expect("a database");
        let (before, after) =
            server().rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).expect("a path");
        let query = after.split_once('?').map_or(String::new(), |(_, query)| format!("?{query}"));
        Self { url: format!("{before}/{name}{query}"), name }
    }

    pub(crate) fn connect(&self, schema: &Schema) -> Database {
        let url = DatabaseUrl::parse(&self.url).expect("a URL");
        Database::connect(&url, schema).expect("a database")
    }

    pub(crate) async fn client(&self) -> Client {
        let (client, connection) =
            tokio_postgres::connect(&self.url, NoTls).await.expect("a connection");
        tokio::spawn(connection);
        client
    }

    pub(crate) async fn drop(self) {
        let sql = format!("drop database {} with (force)", self.name);
        admin().await.batch_execute(&sql).await.expect("to drop the database");
    }

    /// All columns, constraints and indexes, as `reference/generate.mjs` lists them.
    async fn made(&self, schema_name: &str) -> String {
        let client = self.client().await;
        let list = async |sql: &str| -> Vec<String> {
            let rows = client.query(sql, &[&schema_name]).await.expect("rows");
            rows.iter().map(|row| row.get(0)).collect()
        };
        let mut lines = list(
            "select c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
              || case when a.attnotnull then ' not null' else '' end
              || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
              || case a.attidentity when 'd' then ' identity' else '' end
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
            left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
            where n.nspname = $1 and c.relkind = 'r' order by c.relname collate \"C\", a.attnum",
        )
        .await;
        let mut constraints = list(
            "select c.relname || ' ' || k.conname || ' ' || pg_get_constraintdef(k.oid)
            from pg_constraint k join pg_class c on c.oid = k.conrelid
            join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1",
        )
        .await;
        let mut indexes = list("select indexdef from pg_indexes where schemaname = $1").await;
        constraints.sort();
        indexes.sort();
        lines.extend(constraints);
        lines.extend(indexes);
        lines.join("\n") + "\n"
    }
}

/// Migrates from one schema to the next, and compares the last step and what is there then.
async fn assert_same(steps: &[Schema], (said, made): (&str, &str)) {
    let empty = Empty::new().await;
    for (index, schema) in steps.iter().enumerate() {
        let database = empty.connect(schema);
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
    assert_eq!(empty.made("public").await, made);
    empty.drop().await;
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
async fn a_schema_name_qualifies_everything() {
    let empty = Empty::new().await;
    let (said, made) = reference!("schema-name");
    let url = with(&empty.url, "schema=au%22th");
    let schema = schemas::core(IdPolicy::Random);
    let database = Database::connect(&url, &schema).expect("a database");
    let done = database.migrate().await.expect("a migration");
    assert_eq!(format!("{}\n", done.to_sql()), said);
    assert!(database.migrate().await.expect("a migration").is_empty());
    database.check().await.expect("a schema that fits");
    assert_eq!(empty.made("au\"th").await, made);
    let user = schema.model("user").expect("a model").clone();
    assert_eq!(database.store().count(user, Filter::EVERYTHING).await.expect("a number"), 0);
    empty.drop().await;
}

#[tokio::test]
async fn a_database_of_the_references_needs_nothing() {
    let all = [
        (schemas::core(IdPolicy::Random), reference!("core").0),
        (schemas::core(IdPolicy::Uuid), reference!("uuid").0),
        (schemas::core(IdPolicy::Serial), reference!("serial").0),
        (schemas::plugins(), reference!("plugins").0),
        (schemas::renamed(), reference!("renamed").0),
    ];
    for (schema, said) in all {
        let empty = Empty::new().await;
        empty.client().await.batch_execute(said).await.expect("the reference's schema");
        let migration = empty.connect(&schema).migrate().await.expect("a migration");
        assert_eq!((migration.statements(), migration.warnings()), (&[][..], &[][..]));
        empty.drop().await;
    }
}

#[tokio::test]
async fn a_required_column_is_refused_where_there_are_rows() {
    let empty = Empty::new().await;
    empty.connect(&schemas::core(IdPolicy::Random)).migrate().await.expect("a migration");
    let mut builder = Schema::builder(IdPolicy::Random);
    let plugins = schemas::plugins();
    let mut fields = plugins.model("verification").expect("a model").fields.clone();
    fields.push(vestibule_core::schema::Field::new(
        "note",
        vestibule_core::schema::FieldKind::String,
    ));
    builder.add("verification", fields, Vec::new());
    let schema = builder.build().expect("a schema");
    let client = empty.client().await;
    let insert = "insert into verification values ('1', 'a', 'b', now(), now(), now())";
    client.batch_execute(insert).await.expect("a row");
    let error = empty.connect(&schema).migrate().await.expect_err("a required column");
    assert!(matches!(error, MigrateError::RequiredColumn(_)), "{error:?}");
    client.batch_execute("delete from verification").await.expect("no row");
    let done = empty.connect(&schema).migrate().await.expect("a migration");
    assert_eq!(done.to_sql(), "alter table \"verification\" add column \"note\" text not null;");
    empty.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_that_start_at_once_all_come_up() {
    let empty = Empty::new().await;
    let starts: Vec<_> = (0..8)
        .map(|_| {
            let database = empty.connect(&schemas::plugins());
            tokio::spawn(async move {
                let done = database.migrate().await.expect("a migration");
                database.check().await.expect("a schema that fits");
                done.is_empty()
            })
        })
        .collect();
    let mut idle = 0;
    for start in starts {
        idle += u32::from(start.await.expect("a start"));
    }
    assert_eq!((idle, empty.made("public").await.as_str()), (7, reference!("plugins").1));
    empty.drop().await;
}

#[tokio::test]
async fn a_migration_that_fails_changes_nothing() {
    let empty = Empty::new().await;
    let client = empty.client().await;
    // A view is no table, so the plan makes the table, and cannot.
    client.batch_execute("create view verification as select 1 as one").await.expect("a view");
    let error = empty.connect(&schemas::core(IdPolicy::Random)).migrate().await;
    let error = error.expect_err("the name is taken");
    assert!(matches!(error, MigrateError::Statement { .. }), "{error:?}");
    let rows = client.query("select 1 from pg_tables where schemaname = 'public'", &[]).await;
    assert_eq!(rows.expect("rows").len(), 0);
    empty.drop().await;
}

#[tokio::test]
async fn what_is_missing_is_listed() {
    let empty = Empty::new().await;
    let database = empty.connect(&schemas::core(IdPolicy::Random));
    let error = database.check().await.expect_err("an empty database");
    let MigrateError::Schema(check) = error else { panic!("{error:?}") };
    assert_eq!(check.findings.len(), 4);
    empty.drop().await;
}

/// The core's models, with an outbox and without.
#[tokio::test]
async fn an_outbox_adds_its_own_tables_alone() {
    let empty = Empty::new().await;
    let (without, with) = schemas::outbox_off_and_on();
    empty.connect(&without).migrate().await.expect("a migration");
    let database = empty.connect(&with);
    assert!(matches!(database.check().await, Err(MigrateError::Schema(_))));
    let done = database.migrate().await.expect("a migration");
    assert_eq!(done.warnings(), [""; 0]);
    assert!(done.statements().iter().all(|statement| statement.contains("vestibule_outbox")));
    assert!(database.migrate().await.expect("a migration").is_empty());
    database.check().await.expect("a schema that fits");
    drop(database);
    let database = empty.connect(&without);
    assert!(database.plan().await.expect("a plan").is_empty(), "off again, they are left alone");
    database.check().await.expect("a schema that fits");
    drop(database);
    empty.drop().await;
}
