//! PostgreSQL: the suite, directly and behind a pooler.
//!
//! The server is `TEST_DATABASE_URL`, or the local one. The pooler, in transaction mode, is
//! `TEST_PGBOUNCER_URL`; `cargo xtask test` sets both.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::{Client, NoTls};
use vestibule_core::schema::Schema;
use vestibule_core::store::Store;
use vestibule_sql::Database;
use vestibule_sql::url::DatabaseUrl;
use vestibule_testkit::store_suite::Backend;

pub(crate) fn server() -> String {
    variable("TEST_DATABASE_URL")
        .unwrap_or_else(|| "postgres://postgres@127.0.0.1:5432/postgres".to_owned())
}

pub(crate) fn pooler() -> String {
    variable("TEST_PGBOUNCER_URL").expect(
        "TEST_PGBOUNCER_URL, a PgBouncer in transaction mode before the tests' PostgreSQL; \
         `cargo xtask test --only tests` starts one",
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where servers are"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A connection beside the store's.
pub(crate) async fn admin() -> Client {
    let (client, connection) =
        tokio_postgres::connect(&server(), NoTls).await.expect("PostgreSQL for tests");
    tokio::spawn(connection);
    client
}

/// A name that no other test has.
pub(crate) fn new_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("vestibule_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The URL with one parameter more.
pub(crate) fn with(url: &str, parameter: &str) -> DatabaseUrl {
    let separator = if url.contains('?') { '&' } else { '?' };
    DatabaseUrl::parse(&format!("{url}{separator}{parameter}")).expect("a URL")
}

pub(crate) async fn drop_schema(name: &str) {
    let sql = format!("drop schema if exists \"{name}\" cascade");
    admin().await.batch_execute(&sql).await.expect("to drop the schema");
}

/// A schema of its own.
pub(crate) struct Direct {
    database: Database,
    name: String,
}

impl Direct {
    async fn at(url: &str, schema: &Schema) -> Self {
        let name = new_name();
        let database = Database::connect(&with(url, &format!("schema={name}")), schema);
        let database = database.expect("a database");
        database.migrate().await.expect("a migration");
        Self { database, name }
    }
}

impl Backend for Direct {
    async fn open(schema: &Schema) -> Self {
        Self::at(&server(), schema).await
    }

    fn store(&self) -> Arc<dyn Store> {
        self.database.store()
    }

    async fn close(self) {
        drop_schema(&self.name).await;
    }
}

struct Pooled(Direct);

impl Backend for Pooled {
    async fn open(schema: &Schema) -> Self {
        Self(Direct::at(&pooler(), schema).await)
    }

    fn store(&self) -> Arc<dyn Store> {
        self.0.store()
    }

    async fn close(self) {
        self.0.close().await;
    }
}

mod direct {
    use super::Direct;

    vestibule_testkit::store_suite!(Direct);

    mod outbox {
        use super::Direct;

        vestibule_testkit::outbox_suite!(Direct);
    }
}

mod pooled {
    use super::Pooled;

    vestibule_testkit::store_suite!(Pooled);

    mod outbox {
        use super::Pooled;

        vestibule_testkit::outbox_suite!(Pooled);
    }
}
