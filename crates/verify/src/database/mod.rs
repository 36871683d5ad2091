//! The auth server's tables, read by one statement for each check.
//!
//! - [`tables`] has the names and writes the statement, [`url`] reads `DATABASE_URL`.
//! - [`postgres`] sends unnamed statements, one round trip each, so that a pooler in transaction mode
//!   (Neon's, PgBouncer) may give every one of them to another connection.
//! - [`sqlite`] opens the file for reading where it can; readers wait for nobody.
//!
//! Nothing is connected before the first request, so that the order of starting does not matter.

#[cfg(feature = "postgres")]
mod postgres;
mod shared;
#[cfg(feature = "sqlite")]
mod sqlite;
mod tables;
mod url;

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};
#[cfg(feature = "postgres")]
pub use vestibule_postgres_tls::TlsError;

pub use self::shared::SharedDatabase;
#[cfg(feature = "mirror")]
pub(crate) use self::tables::quoted;
pub use self::tables::{Table, Tables};
use self::url::Target;
use crate::refusal::Unavailable;

/// A database, not connected yet. Clones share its connections.
#[derive(Clone)]
pub struct Database {
    connection: Connection,
    schema: Option<Arc<str>>,
}

#[derive(Clone)]
enum Connection {
    #[cfg(feature = "postgres")]
    Postgres(Arc<postgres::Postgres>),
    #[cfg(feature = "sqlite")]
    Sqlite(Arc<sqlite::Sqlite>),
}

/// Which SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    #[cfg(feature = "postgres")]
    Postgres,
    #[cfg(feature = "sqlite")]
    Sqlite,
}

#[cfg(feature = "mirror")]
impl Dialect {
    /// The place of an argument, from 1.
    pub(crate) fn argument(self, index: usize) -> String {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres => format!("${index}"),
            #[cfg(feature = "sqlite")]
            Self::Sqlite => format!("?{index}"),
        }
    }
}

/// Why a statement that writes was not carried out.
#[cfg(feature = "mirror")]
#[derive(Debug, thiserror::Error)]
pub(crate) enum StatementError {
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// A constraint, without values: those are people's.
    #[error("{0}")]
    Refused(String),
}

/// A database URL that cannot be used. It does not repeat the URL, which has a password in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    #[error("the database URL {0}")]
    Url(String),
    #[error("this build does not speak {0}; enable the feature of that name of `vestibule-verify`")]
    NotBuilt(&'static str),
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// The fields of a session and of its user, under the columns' names.
pub(crate) type Found = (Map<String, Value>, Map<String, Value>);

impl Database {
    /// Reads a URL in the spellings that people have in `DATABASE_URL`: `postgres://…` with the
    /// parameters of libpq, Prisma and SQLAlchemy, `sqlite:///file.db`, or the path of a SQLite file.
    pub fn connect(url: &str) -> Result<Self, ConnectError> {
        match url::parse(url)? {
            #[cfg(feature = "postgres")]
            Target::Postgres(target) => {
                let schema = target.schema.as_deref().map(Arc::from);
                let postgres = Arc::new(postgres::Postgres::new(*target)?);
                Ok(Self { connection: Connection::Postgres(postgres), schema })
            }
            #[cfg(not(feature = "postgres"))]
            Target::Postgres => Err(ConnectError::NotBuilt("postgres")),
            #[cfg(feature = "sqlite")]
            Target::Sqlite(path) => {
                let sqlite = Arc::new(sqlite::Sqlite::new(path));
                Ok(Self { connection: Connection::Sqlite(sqlite), schema: None })
            }
            #[cfg(not(feature = "sqlite"))]
            Target::Sqlite(_) => Err(ConnectError::NotBuilt("sqlite")),
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self.connection {
            #[cfg(feature = "postgres")]
            Connection::Postgres(_) => Dialect::Postgres,
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// What the URL says of the schema.
    pub(crate) fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// The row that the statement of [`Tables`] finds for this token.
    async fn find(&self, sql: &Arc<str>, token: &str) -> Result<Option<Found>, Unavailable> {
        match &self.connection {
            #[cfg(feature = "postgres")]
            Connection::Postgres(postgres) => postgres.find(sql, token).await,
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(sqlite) => sqlite.find(sql, token).await,
        }
    }

    /// Runs a statement that may be carried out twice, and returns the number of changed rows.
    #[cfg(feature = "mirror")]
    pub(crate) async fn execute(
        &self,
        sql: &str,
        arguments: Vec<Value>,
    ) -> Result<u64, StatementError> {
        match &self.connection {
            #[cfg(feature = "postgres")]
            Connection::Postgres(postgres) => postgres.execute(sql, &arguments).await,
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(sqlite) => sqlite.execute(sql, arguments).await,
        }
    }

    /// Whether a row is found by its id.
    #[cfg(feature = "mirror")]
    pub(crate) async fn finds(&self, sql: &str, id: &str) -> Result<bool, StatementError> {
        // Rows that are read are counted as those that are changed.
        self.execute(sql, vec![id.into()]).await.map(|count| count > 0)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("dialect", &self.dialect()).finish_non_exhaustive()
    }
}
