//! The stores over SQLite and PostgreSQL, and their migrations.
//!
//! Start at [`Database`]: it connects, gives the [`Store`] and migrates. A store takes the engine's
//! operations apart into [shapes](shape) and arguments, finds or writes the [statement](statement) of
//! that shape, and has it run by a database. Table and column names, dialects and drivers are known
//! here and nowhere else.

mod columns;
mod ddl;
pub mod diagnosis;
mod dialect;
mod migrate;
mod number;
#[cfg(feature = "postgres")]
mod postgres;
pub mod reconcile;
mod shape;
#[cfg(feature = "sqlite")]
mod sqlite;
mod statement;
mod store;
pub mod url;
mod views;

use std::fmt;
use std::sync::Arc;

use vestibule_core::clock::Clock;
use vestibule_core::schema::Schema;
use vestibule_core::store::Store;

pub use crate::columns::Storage;
use crate::diagnosis::Diagnosis;
use crate::dialect::Dialect;
use crate::migrate::Planner;
pub use crate::migrate::{MigrateError, Migration, RequiredColumn, SchemaCheck};
use crate::store::{Language, SqlStore};
use crate::url::{DatabaseUrl, Target};
pub use crate::views::{View, create_views};

/// A database with the schema that is wanted in it.
pub struct Database {
    connection: Connection,
    store: Arc<dyn Store>,
    planner: Arc<Planner>,
}

#[derive(Clone)]
enum Connection {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Sqlite),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Postgres),
}

/// Why a database cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[cfg(feature = "sqlite")]
    #[error(transparent)]
    Sqlite(#[from] sqlite::OpenError),
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Postgres(#[from] postgres::TlsError),
    #[error("this build does not speak {0}; enable the feature of that name of `vestibule-sql`")]
    NotBuilt(&'static str),
}

impl Database {
    /// Opens the file of a SQLite database, or makes the pool of a PostgreSQL database, which connects
    /// when it is first used: a database that is away does not keep a server from coming up.
    pub fn connect(url: &DatabaseUrl, schema: &Schema) -> Result<Self, ConnectError> {
        match &url.target {
            #[cfg(feature = "sqlite")]
            Target::Sqlite(file) => {
                let database = match file {
                    url::SqliteUrl::Memory => sqlite::Sqlite::in_memory()?,
                    url::SqliteUrl::File(path) => sqlite::Sqlite::open(path)?,
                };
                let planner = planner(schema, Dialect::Sqlite, None);
                let store = Arc::new(SqlStore::new(database.clone(), planner.language()));
                Ok(Self { connection: Connection::Sqlite(database), store, planner })
            }
            #[cfg(not(feature = "sqlite"))]
            Target::Sqlite(_) => Err(ConnectError::NotBuilt("sqlite")),
            #[cfg(feature = "postgres")]
            Target::Postgres(url) => {
                let database = postgres::Postgres::new(url)?;
                let planner = planner(schema, Dialect::Postgres, url.schema_name.clone());
                let store = Arc::new(SqlStore::new(database.clone(), planner.language()));
                Ok(Self { connection: Connection::Postgres(database), store, planner })
            }
            #[cfg(not(feature = "postgres"))]
            Target::Postgres(_) => Err(ConnectError::NotBuilt("postgres")),
        }
    }

    /// As [`connect`](Self::connect), for whoever only looks: a SQLite file is neither made nor changed.
    pub fn connect_to_read(url: &DatabaseUrl, schema: &Schema) -> Result<Self, ConnectError> {
        match &url.target {
            #[cfg(feature = "sqlite")]
            Target::Sqlite(url::SqliteUrl::File(path)) => {
                let database = sqlite::Sqlite::open_to_read(path)?;
                let planner = planner(schema, Dialect::Sqlite, None);
                let store = Arc::new(SqlStore::new(database.clone(), planner.language()));
                Ok(Self { connection: Connection::Sqlite(database), store, planner })
            }
            _ => Self::connect(url, schema),
        }
    }

    pub fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    /// What a migration would do now.
    pub async fn plan(&self) -> Result<Migration, MigrateError> {
        let planner = self.planner.clone();
        match &self.connection {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(database) => database.plan(planner).await,
            #[cfg(feature = "postgres")]
            Connection::Postgres(database) => database.plan(planner).await,
        }
    }

    /// Brings the database to the schema, in one transaction, and returns what was done. Of several
    /// processes that do so at once, one does it and the others find nothing left to do.
    pub async fn migrate(&self) -> Result<Migration, MigrateError> {
        let planner = self.planner.clone();
        match &self.connection {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(database) => database.migrate(planner).await,
            #[cfg(feature = "postgres")]
            Connection::Postgres(database) => database.migrate(planner).await,
        }
    }

    /// Fails with [`SchemaCheck`] where tables or columns are missing; changes nothing.
    pub async fn check(&self) -> Result<(), MigrateError> {
        let planner = self.planner.clone();
        match &self.connection {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(database) => database.check(planner).await,
            #[cfg(feature = "postgres")]
            Connection::Postgres(database) => database.check(planner).await,
        }
    }

    /// What is wrong with the database, beside what is missing; changes nothing.
    pub async fn diagnose(&self, clock: &dyn Clock) -> Result<Diagnosis, MigrateError> {
        #[cfg(not(feature = "postgres"))]
        let _ = clock; // SQLite's is ours.
        match &self.connection {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(database) => database.diagnose(&self.planner).await,
            #[cfg(feature = "postgres")]
            Connection::Postgres(database) => database.diagnose(&self.planner, clock).await,
        }
    }
}

fn planner(schema: &Schema, dialect: Dialect, schema_name: Option<String>) -> Arc<Planner> {
    Arc::new(Planner { schema: schema.clone(), dialect, schema_name })
}

impl Planner {
    fn language(&self) -> Language {
        Language::new(self.dialect, self.schema.id_policy(), self.schema_name.clone())
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("dialect", &self.planner.dialect).finish_non_exhaustive()
    }
}
