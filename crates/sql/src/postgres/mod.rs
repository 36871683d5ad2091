//! The store over PostgreSQL.
//!
//! - Statements are unnamed, and each is one round trip, so that poolers may give every one of them
//!   to another connection. Transactions are `BEGIN` and `COMMIT`, and schemas are named in every
//!   statement, since a search path does not outlive them.
//! - A connection that died while it rested is replaced before anything is sent. A statement that
//!   fails with its connection is sent once more if it reads, or if it was certainly not carried out;
//!   of other writes nobody knows, and the caller is told that the database is not available.
//! - Everything ends in bounded time: connecting, waiting for a connection, a statement.

mod diagnosis;
mod error;
mod introspect;
mod pool;
mod row;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};
use vestibule_core::Value;
use vestibule_core::schema::diff::Found;
use vestibule_core::store::{StoreError, Transaction};
pub(crate) use vestibule_postgres_tls::TlsError;

use self::error::{is_connection_failure, of, of_statement};
use self::introspect::Scope;
use self::pool::{Connection, Pool};
use crate::migrate::{MigrateError, Migration, Planner};
use crate::shape::{Argument, Operation};
use crate::statement::Statement;
use crate::store::{Executor, Language, OpenTransaction, SqlStore, ended, nested};
use crate::url::PostgresUrl;

/// How long a migration may take, the wait for another process that migrates included.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(120);

/// How long one statement over whole tables may take.
const COMPARISON_TIMEOUT: Duration = Duration::from_secs(3600);

/// The advisory lock of migrations: "vestibule" read as a number, cut to 64 bits.
const MIGRATION_LOCK: i64 = 0x7665_7374_6962_756c;

/// How long a rollback in the background may take before the connection is given up.
const ROLL_BACK_TIMEOUT: Duration = Duration::from_secs(5);

/// A pool of connections; clones share it.
#[derive(Clone)]
pub(crate) struct Postgres {
    pool: Arc<Pool>,
    statement_timeout: Duration,
}

impl Postgres {
    /// Connects to nothing yet.
    pub(crate) fn new(url: &PostgresUrl) -> Result<Self, TlsError> {
        Ok(Self { pool: Arc::new(Pool::new(url)?), statement_timeout: url.statement_timeout })
    }

    /// What a migration would do now.
    pub(crate) async fn plan(&self, planner: Arc<Planner>) -> Result<Migration, MigrateError> {
        self.with_connection("read the schema", async |client| plan(client, &planner).await).await
    }

    /// Plans, and does it, while nobody else migrates.
    pub(crate) async fn migrate(&self, planner: Arc<Planner>) -> Result<Migration, MigrateError> {
        self.with_connection("migrate", async |client| {
            let first = plan(client, &planner).await?;
            if first.is_empty() { Ok(first) } else { migrate(client, &planner).await }
        })
        .await
    }

    pub(crate) async fn check(&self, planner: Arc<Planner>) -> Result<(), MigrateError> {
        self.with_connection("read the schema", async |client| {
            let schema_name = planner.schema_name.as_deref();
            let found = introspect::found(client, schema_name, Scope::Path).await;
            planner.check(&found.map_err(schema_error)?)
        })
        .await
    }

    /// What there is in a schema, or in the search path.
    pub(crate) async fn found(&self, schema_name: Option<&str>) -> Result<Found, StoreError> {
        self.at_length("read the schema", async |client| {
            introspect::found(client, schema_name, Scope::Path).await
        })
        .await
    }

    /// The rows of a query, as text, however long it takes.
    pub(crate) async fn texts(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>, StoreError> {
        let messages = self.at_length("compare", async |client| client.simple_query(sql).await);
        let rows = messages.await?.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let texts =
            |row: SimpleQueryRow| (0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect();
        Ok(rows.map(texts).collect())
    }

    /// Runs statements in one transaction, however long they take.
    pub(crate) async fn run_all(&self, statements: &[String]) -> Result<Vec<u64>, StoreError> {
        self.at_length("mend", async |client| {
            client.batch_execute("BEGIN").await?;
            let mut changed = Vec::new();
            for statement in statements {
                let messages = client.simple_query(statement).await?;
                changed.extend(messages.into_iter().find_map(|message| match message {
                    SimpleQueryMessage::CommandComplete(number) => Some(number),
                    _ => None,
                }));
            }
            client.batch_execute("COMMIT").await?;
            Ok(changed)
        })
        .await
    }

    /// Without retries: after an error the connection is closed, which rolls back.
    async fn at_length<T>(
        &self,
        attempt: &str,
        work: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, StoreError> {
        let mut connection = self.pool.get(attempt).await?;
        connection.start();
        let done = timeout(COMPARISON_TIMEOUT, work(&connection)).await;
        let done = done.map_err(|_| too_long(attempt))?.map_err(|error| of(error, attempt))?;
        connection.finish();
        Ok(done)
    }

    /// After an error, what was begun on the connection is rolled back.
    async fn with_connection<T>(
        &self,
        attempt: &str,
        work: impl AsyncFnOnce(&Client) -> Result<T, MigrateError>,
    ) -> Result<T, MigrateError> {
        let mut connection = self.pool.get(attempt).await?;
        connection.start();
        let done = timeout(MIGRATION_TIMEOUT, work(&connection)).await;
        let done = done.unwrap_or_else(|_| Err(too_long(attempt).into()))?;
        connection.finish();
        Ok(done)
    }

    /// Runs a statement on a connection of the pool, and once more on another where the first one
    /// turned out to be dead and that can do no harm.
    async fn run(
        &self,
        statement: &Statement,
        arguments: &[Argument],
    ) -> Result<Answer, StoreError> {
        let mut may_retry = true;
        loop {
            let mut connection = self.pool.get(&statement.attempt()).await?;
            let failure =
                match run(&mut connection, statement, arguments, self.statement_timeout).await {
                    Ok(answer) => return Ok(answer),
                    Err(failure) => failure,
                };
            match failure {
                Failure::Statement(error) => return Err(error),
                Failure::Timeout => {
                    self.pool.close_idle();
                    return Err(too_long(&statement.attempt()));
                }
                Failure::Connection { error, is_undone } => {
                    self.pool.close_idle();
                    if !may_retry || (statement.operation.writes() && !is_undone) {
                        return Err(of(error, &statement.attempt()));
                    }
                    may_retry = false;
                }
            }
        }
    }
}

/// Rows, or their number.
struct Answer {
    rows: Vec<Vec<Value>>,
    number: u64,
}

/// Why a statement has no answer.
enum Failure {
    Connection {
        error: tokio_postgres::Error,
        /// It was not carried out, or is undone; otherwise nobody knows.
        is_undone: bool,
    },
    Timeout,
    Statement(StoreError),
}

async fn run(
    connection: &mut Connection,
    statement: &Statement,
    arguments: &[Argument],
    limit: Duration,
) -> Result<Answer, Failure> {
    connection.start();
    let mut is_complete = false;
    let sent = timeout(limit, send(connection, statement, arguments, &mut is_complete)).await;
    let (rows, changed) = match sent {
        Err(_) => return Err(Failure::Timeout),
        Ok(Err(error)) if is_connection_failure(&error) => {
            // The server says that it has given up, before it said that the statement is complete.
            let is_given_up = error.code() == Some(&SqlState::ADMIN_SHUTDOWN) && !is_complete;
            let is_undone = is_given_up || (error.is_closed() && connection.ended_idle().await);
            return Err(Failure::Connection { error, is_undone });
        }
        Ok(answer) => {
            connection.finish();
            answer.map_err(|error| Failure::Statement(of_statement(error, statement)))?
        }
    };
    if statement.operation == Operation::Count {
        let number = rows.first().map_or(0, |row| row.get::<_, i64>(0)).unsigned_abs();
        return Ok(Answer { rows: Vec::new(), number });
    }
    let rows = rows.iter().map(|row| row::decoded(row, statement));
    let rows = rows.collect::<Result<_, _>>().map_err(Failure::Statement)?;
    Ok(Answer { rows, number: changed })
}

/// The rows, and the number of rows that were changed.
async fn send(
    client: &Client,
    statement: &Statement,
    arguments: &[Argument],
    is_complete: &mut bool,
) -> Result<(Vec<tokio_postgres::Row>, u64), tokio_postgres::Error> {
    let arguments = arguments.iter().map(|argument| (argument, Type::UNKNOWN));
    let mut stream = pin!(client.query_typed_raw(&statement.sql, arguments).await?);
    let mut rows = Vec::new();
    loop {
        let next = stream.try_next().await;
        *is_complete = stream.rows_affected().is_some();
        match next? {
            Some(row) => rows.push(row),
            None => return Ok((rows, stream.rows_affected().unwrap_or(0))),
        }
    }
}

impl Executor for Postgres {
    async fn rows(
        &self,
        statement: Arc<Statement>,
        arguments: Vec<Argument>,
    ) -> Result<Vec<Vec<Value>>, StoreError> {
        Ok(self.run(&statement, &arguments).await?.rows)
    }

    async fn number(
        &self,
        statement: Arc<Statement>,
        arguments: Vec<Argument>,
    ) -> Result<u64, StoreError> {
        Ok(self.run(&statement, &arguments).await?.number)
    }

    async fn begin(&self, language: &Language) -> Result<Arc<dyn Transaction>, StoreError> {
        let mut is_retry = false;
        loop {
            let mut connection = self.pool.get("begin a transaction").await?;
            connection.start();
            match timeout(self.statement_timeout, connection.batch_execute("BEGIN")).await {
                Ok(Ok(())) => {
                    connection.finish();
                    let transaction = PostgresTransaction {
                        open: Mutex::new(Some(Open { connection, is_sound: true })),
                        statement_timeout: self.statement_timeout,
                    };
                    return Ok(Arc::new(SqlStore::new(transaction, language.clone())));
                }
                Ok(Err(error)) => {
                    self.pool.close_idle();
                    if is_retry || !is_connection_failure(&error) {
                        return Err(of(error, "begin a transaction"));
                    }
                    is_retry = true;
                }
                Err(_) => {
                    self.pool.close_idle();
                    return Err(too_long("begin a transaction"));
                }
            }
        }
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let attempt = "reach the database";
        let mut connection = self.pool.get(attempt).await?;
        connection.start();
        let answered = timeout(self.statement_timeout, connection.simple_query("select 1")).await;
        answered.map_err(|_| too_long(attempt))?.map_err(|error| of(error, attempt))?;
        connection.finish();
        Ok(())
    }
}

/// A connection with a transaction on it.
struct PostgresTransaction {
    open: Mutex<Option<Open>>,
    statement_timeout: Duration,
}

struct Open {
    connection: Connection,
    /// No statement has failed or was given up: PostgreSQL answers `COMMIT` with success when it in
    /// fact rolls back.
    is_sound: bool,
}

impl PostgresTransaction {
    async fn run(
        &self,
        statement: &Statement,
        arguments: &[Argument],
    ) -> Result<Answer, StoreError> {
        let mut guard = self.open.lock().await;
        let open = guard.as_mut().ok_or_else(ended)?;
        let was_sound = std::mem::replace(&mut open.is_sound, false);
        let limit = self.statement_timeout;
        match run(&mut open.connection, statement, arguments, limit).await {
            Ok(answer) => {
                open.is_sound = was_sound;
                Ok(answer)
            }
            Err(Failure::Statement(error)) => Err(error),
            Err(Failure::Connection { error, .. }) => {
                *guard = None;
                Err(of(error, &statement.attempt()))
            }
            Err(Failure::Timeout) => {
                *guard = None;
                Err(too_long(&statement.attempt()))
            }
        }
    }

    async fn end(&self, statement: &'static str) -> Result<(), StoreError> {
        let Open { mut connection, .. } = self.open.lock().await.take().ok_or_else(ended)?;
        connection.start();
        let done = timeout(self.statement_timeout, connection.batch_execute(statement)).await;
        done.map_err(|_| too_long(statement))?.map_err(|error| of(error, statement))?;
        connection.finish();
        Ok(())
    }
}

impl Executor for PostgresTransaction {
    async fn rows(
        &self,
        statement: Arc<Statement>,
        arguments: Vec<Argument>,
    ) -> Result<Vec<Vec<Value>>, StoreError> {
        Ok(self.run(&statement, &arguments).await?.rows)
    }

    async fn number(
        &self,
        statement: Arc<Statement>,
        arguments: Vec<Argument>,
    ) -> Result<u64, StoreError> {
        Ok(self.run(&statement, &arguments).await?.number)
    }

    async fn begin(&self, _language: &Language) -> Result<Arc<dyn Transaction>, StoreError> {
        Err(nested())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl OpenTransaction for PostgresTransaction {
    async fn commit(&self) -> Result<(), StoreError> {
        let is_sound = self.open.lock().await.as_ref().is_none_or(|open| open.is_sound);
        if is_sound {
            return self.end("COMMIT").await;
        }
        self.end("ROLLBACK").await?;
        Err(StoreError::Failed {
            attempt: "commit a transaction".to_owned(),
            source: "one of its statements has failed, so it was rolled back".into(),
        })
    }

    async fn roll_back(&self) -> Result<(), StoreError> {
        self.end("ROLLBACK").await
    }
}

impl Drop for PostgresTransaction {
    fn drop(&mut self) {
        let Some(Open { mut connection, .. }) = self.open.get_mut().take() else { return };
        // Dropped as it is, the connection is closed; with a runtime at hand it can be saved.
        let was_given_up = !connection.is_idle();
        connection.start();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if was_given_up {
            return;
        }
        runtime.spawn(async move {
            let done = timeout(ROLL_BACK_TIMEOUT, connection.batch_execute("ROLLBACK")).await;
            if matches!(done, Ok(Ok(()))) {
                connection.finish();
            }
        });
    }
}

async fn plan(client: &Client, planner: &Planner) -> Result<Migration, MigrateError> {
    let schema_name = planner.schema_name.as_deref();
    let found =
        introspect::found(client, schema_name, Scope::Target).await.map_err(schema_error)?;
    planner.plan(&found)
}

/// Another process may have been first, so the plan is made again, behind the lock.
async fn migrate(client: &Client, planner: &Planner) -> Result<Migration, MigrateError> {
    let lock = format!("BEGIN; SELECT pg_catalog.pg_advisory_xact_lock({MIGRATION_LOCK})");
    client.batch_execute(&lock).await.map_err(|error| of(error, "lock the schema"))?;
    let migration = plan(client, planner).await?;
    for required in &migration.required_columns {
        let table = crate::statement::table_name(planner.schema_name.as_deref(), &required.table);
        let sql = format!("select exists (select 1 from {table})");
        let rows = client.query_typed(&sql, &[]).await.map_err(schema_error)?;
        if rows.first().is_some_and(|row| row.get(0)) {
            return Err(MigrateError::RequiredColumn(required.clone()));
        }
    }
    for statement in migration.statements() {
        client.batch_execute(statement).await.map_err(|source| MigrateError::Statement {
            statement: statement.clone(),
            source: source.into(),
        })?;
    }
    client.batch_execute("COMMIT").await.map_err(|error| of(error, "commit the migration"))?;
    Ok(migration)
}

fn schema_error(error: tokio_postgres::Error) -> StoreError {
    of(error, "read the schema")
}

fn too_long(attempt: &str) -> StoreError {
    StoreError::Unavailable {
        attempt: attempt.to_owned(),
        source: "PostgreSQL did not answer within the time limit".into(),
    }
}
