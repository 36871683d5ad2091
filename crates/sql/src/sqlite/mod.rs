//! The store over SQLite.
//!
//! - The file is in WAL mode: readers never wait, and there is one writer, here and in other
//!   processes. `synchronous = NORMAL`: what was acknowledged survives the death of the process; at
//!   a power failure the last moments may be lost, but the file stays whole.
//! - Reads by key run where they are called, on a connection of [`readers`]: they take some
//!   microseconds, and a hand-off to a thread costs several times as much. Reads whose time grows
//!   with the table go to a blocking thread.
//! - Writes run on the thread of the [`writer`], in turn. A transaction keeps the turn.
//! - A database in memory is the writer's connection alone: reads go to it as well, in turn.

mod diagnosis;
mod error;
mod introspect;
mod readers;
mod row;
mod writer;

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use vestibule_core::Value;
use vestibule_core::schema::diff::Found;
use vestibule_core::store::{StoreError, Transaction};

use self::readers::{Patience, Readers};
use self::writer::{Turn, Writer};
use crate::migrate::{MigrateError, Migration, Planner};
use crate::shape::Argument;
use crate::statement::Statement;
use crate::store::{Executor, Language, OpenTransaction, SqlStore, ended, nested};

/// How long a connection waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Prepared statements that a connection keeps.
const PREPARED_LIMIT: usize = 128;

/// Why a database file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "failed to create the database file `{path}`; is its directory there, and may we write to it?"
    )]
    Create { path: PathBuf, source: io::Error },
    #[error("failed to open the SQLite database `{path}`")]
    Open { path: PathBuf, source: rusqlite::Error },
}

/// An open database; clones share it.
#[derive(Clone)]
pub(crate) struct Sqlite {
    writer: Writer,
    /// None for a database in memory.
    readers: Option<Arc<Readers>>,
}

impl Sqlite {
    /// Opens a file, and makes it where there is none, for its owner's eyes alone.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        create(path).map_err(|source| OpenError::Create { path: path.to_owned(), source })?;
        let connection = connect(path).and_then(|connection| {
            write_ahead(&connection)?;
            Ok(connection)
        });
        let connection =
            connection.map_err(|source| OpenError::Open { path: path.to_owned(), source })?;
        let readers = Some(Arc::new(Readers::new(path.to_owned())));
        Ok(Self { writer: Writer::start(connection), readers })
    }

    /// Opens a file that is there, on one connection that cannot write.
    pub(crate) fn open_to_read(path: &Path) -> Result<Self, OpenError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).and_then(|connection| {
            connection.busy_timeout(BUSY_TIMEOUT)?;
            Ok(connection)
        });
        let connection =
            connection.map_err(|source| OpenError::Open { path: path.to_owned(), source })?;
        Ok(Self { writer: Writer::start(connection), readers: None })
    }

    pub(crate) fn in_memory() -> Result<Self, OpenError> {
        let connection = Connection::open_in_memory().and_then(|connection| {
            configure(&connection)?;
            Ok(connection)
        });
        let connection = connection
            .map_err(|source| OpenError::Open { path: PathBuf::from(":memory:"), source })?;
        Ok(Self { writer: Writer::start(connection), readers: None })
    }

    /// What a migration would do now.
    pub(crate) async fn plan(&self, planner: Arc<Planner>) -> Result<Migration, MigrateError> {
        self.with_schema(move |connection| plan(connection, &planner)).await
    }

    /// Plans, and does it, while nobody else writes.
    pub(crate) async fn migrate(&self, planner: Arc<Planner>) -> Result<Migration, MigrateError> {
        self.with_schema(move |connection| migrate(connection, &planner)).await
    }

    pub(crate) async fn check(&self, planner: Arc<Planner>) -> Result<(), MigrateError> {
        self.with_schema(move |connection| planner.check(&found(connection)?)).await
    }

    pub(crate) async fn found(&self) -> Result<Found, StoreError> {
        self.at_length("read the schema", introspect::found).await
    }

    /// The rows of a query, as text, however long it takes.
    pub(crate) async fn texts(&self, sql: String) -> Result<Vec<Vec<Option<String>>>, StoreError> {
        self.at_length("compare", move |connection| {
            let mut statement = connection.prepare(&sql)?;
            let count = statement.column_count();
            let rows = statement.query_map([], |row| {
                (0..count).map(|position| row.get_ref(position).map(row::text)).collect()
            })?;
            rows.collect()
        })
        .await
    }

    /// Runs statements in one transaction, however long they take.
    pub(crate) async fn run_all(&self, statements: Vec<String>) -> Result<Vec<u64>, StoreError> {
        self.at_length("mend", move |connection| {
            let transaction = connection.unchecked_transaction()?;
            let changed = statements
                .iter()
                .map(|statement| {
                    // What only defines leaves the number of the statement before it.
                    let before = transaction.total_changes();
                    transaction.execute(statement, [])?;
                    Ok(transaction.total_changes() - before)
                })
                .collect::<rusqlite::Result<_>>()?;
            transaction.commit()?;
            Ok(changed)
        })
        .await
    }

    async fn at_length<T: Send + 'static>(
        &self,
        attempt: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = self.writer.turn(attempt).await?;
        let job = move |connection: &mut Connection| {
            work(connection).map_err(|source| error::of(source, attempt))
        };
        self.writer.run(&turn, job).await
    }

    async fn with_schema<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, MigrateError> + Send + 'static,
    ) -> Result<T, MigrateError> {
        let turn = self.writer.turn("read the schema").await?;
        self.writer.run(&turn, move |connection| Ok(job(connection))).await?
    }

    /// Runs a read on the writer's connection, or on one of the readers.
    async fn read<T: Send + 'static>(
        &self,
        statement: Arc<Statement>,
        arguments: Vec<Argument>,
        run: Run<T>,
    ) -> Result<T, StoreError> {
        let Some(readers) = &self.readers else {
            return self.write(statement, arguments, run).await;
        };
        if statement.is_quick {
            let read = |connection: &Connection| run(connection, &statement, &arguments);
            match readers.read(Patience::None, read) {
                Err(StoreError::Unavailable { source, .. })
                    if source.downcast_ref().is_some_and(error::is_busy) => {}
                done => return done,
            }
        }
        let readers = readers.clone();
        let read = move || {
            readers.read(Patience::Long, |connection| run(connection, &statement, &arguments))
        };
        // Embedders without Tokio wait here.
        match tokio::runtime::Handle::try_current() {
            Err(_) => read(),
            Ok(runtime) => runtime.spawn_blocking(read).await.unwrap_or_else(|error| {
                Err(StoreError::Unavailable {
                    attempt: "read from SQLite".to_owned(),
                    source: error.into(),
                })
            }),
        }
    }

    async fn write<T: Send + 'static>(
        &self,
        statement: Arc<Statement>,
        arguments: Vec<Argument>,
        run: Run<T>,
    ) -> Result<T, StoreError> {
        let turn = self.writer.turn(&statement.attempt()).await?;
        let job = move |connection: &mut Connection| run(connection, &statement, &arguments);
        self.writer.run(&turn, job).await
    }
}

/// [`row::rows`] or [`row::number`].
type Run<T> = fn(&Connection, &Statement, &[Argument]) -> Result<T, StoreError>;

impl Executor for Sqlite {
    async fn rows(
        &self,
        statement: Arc<Statement>,
        arguments: Vec<Argument>,
    ) -> Result<Vec<Vec<Value>>, StoreError> {
        if statement.operation.writes() {
            self.write(statement, arguments, row::rows).await
        } else {
            self.read(statement, arguments, row::rows).await
        }
    }

    async fn number(
        &self,
        statement: Arc<Statement>,
        arguments: Vec<Argument>,
    ) -> Result<u64, StoreError> {
        if statement.operation.writes() {
            self.write(statement, arguments, row::number).await
        } else {
            self.read(statement, arguments, row::number).await
        }
    }

    async fn begin(&self, language: &Language) -> Result<Arc<dyn Transaction>, StoreError> {
        let turn = Arc::new(self.writer.turn("begin a transaction").await?);
        let open = Mutex::new(Some(turn.clone()));
        // First the value whose drop rolls back: this future may be given up at the next await.
        let transaction = SqliteTransaction { writer: self.writer.clone(), turn: open };
        let begin = |connection: &mut Connection| batch(connection, "begin immediate");
        self.writer.run(&turn, begin).await?;
        Ok(Arc::new(SqlStore::new(transaction, language.clone())))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let ask = |connection: &Connection| {
            let asked = connection.query_row("select 1 from sqlite_schema", [], |_| Ok(()));
            match asked {
                Ok(()) | Err(rusqlite::Error::QueryReturnedNoRows) => Ok(()),
                Err(source) => Err(error::of(source, "reach the database")),
            }
        };
        match &self.readers {
            Some(readers) => readers.read(Patience::None, ask),
            None => {
                let turn = self.writer.turn("reach the database").await?;
                self.writer.run(&turn, move |connection| ask(connection)).await
            }
        }
    }
}

/// A transaction: the turn, until it ends.
struct SqliteTransaction {
    writer: Writer,
    turn: Mutex<Option<Arc<Turn>>>,
}

impl SqliteTransaction {
    async fn run<T: Send + 'static>(
        &self,
        statement: Arc<Statement>,
        arguments: Vec<Argument>,
        run: Run<T>,
    ) -> Result<T, StoreError> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let turn = turn.ok_or_else(ended)?;
        let job = move |connection: &mut Connection| {
            still_open(connection)?;
            run(connection, &statement, &arguments)
        };
        self.writer.run(&turn, job).await
    }

    async fn end(&self, statement: &'static str) -> Result<(), StoreError> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner).take();
        let turn = turn.ok_or_else(ended)?;
        let job = move |connection: &mut Connection| {
            let done = still_open(connection).and_then(|()| batch(connection, statement));
            roll_back(connection);
            done
        };
        self.writer.run(&turn, job).await
    }
}

impl Executor for SqliteTransaction {
    async fn rows(
        &self,
        statement: Arc<Statement>,
        arguments: Vec<Argument>,
    ) -> Result<Vec<Vec<Value>>, StoreError> {
        self.run(statement, arguments, row::rows).await
    }

    async fn number(
        &self,
        statement: Arc<Statement>,
        arguments: Vec<Argument>,
    ) -> Result<u64, StoreError> {
        self.run(statement, arguments, row::number).await
    }

    async fn begin(&self, _language: &Language) -> Result<Arc<dyn Transaction>, StoreError> {
        Err(nested())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl OpenTransaction for SqliteTransaction {
    async fn commit(&self) -> Result<(), StoreError> {
        self.end("commit").await
    }

    async fn roll_back(&self) -> Result<(), StoreError> {
        self.end("rollback").await
    }
}

impl Drop for SqliteTransaction {
    fn drop(&mut self) {
        let turn = self.turn.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if turn.is_some() {
            // Before the turn is free: the next one's work comes after it.
            self.writer.post(|connection| roll_back(connection));
        }
    }
}

/// SQLite undoes a transaction by itself when the disk is full, for example. What came after would
/// then be kept, statement by statement.
fn still_open(connection: &Connection) -> Result<(), StoreError> {
    if connection.is_autocommit() {
        return Err(StoreError::Unavailable {
            attempt: "go on in a transaction".to_owned(),
            source: "SQLite has undone it after an error".into(),
        });
    }
    Ok(())
}

fn batch(connection: &Connection, statement: &str) -> Result<(), StoreError> {
    connection.execute_batch(statement).map_err(|source| error::of(source, statement))
}

/// Ends a transaction if one is open.
fn roll_back(connection: &Connection) {
    if connection.is_autocommit() {
        return;
    }
    if let Err(error) = connection.execute_batch("rollback") {
        tracing::error!(error = %error, "failed to roll a transaction back");
    }
}

fn found(connection: &Connection) -> Result<Found, MigrateError> {
    introspect::found(connection)
        .map_err(|source| MigrateError::Store(error::of(source, "read the schema")))
}

fn plan(connection: &Connection, planner: &Planner) -> Result<Migration, MigrateError> {
    planner.plan(&found(connection)?)
}

fn migrate(connection: &Connection, planner: &Planner) -> Result<Migration, MigrateError> {
    let first = plan(connection, planner)?;
    if first.is_empty() {
        return Ok(first);
    }
    batch(connection, "begin immediate")?;
    migrate_inside(connection, planner)
        .inspect(|_| fold_log(connection))
        .inspect_err(|_| roll_back(connection))
}

/// Brings what the log holds into the file, so that whoever copies the file has it.
fn fold_log(connection: &Connection) {
    let folded = connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
    // Another process reads meanwhile: the log is as good a place, and the next one folds it.
    if let Err(error) = folded {
        tracing::debug!(%error, "The log of SQLite was not folded after the migration");
    }
}

/// Another process may have been first, so the plan is made again.
fn migrate_inside(connection: &Connection, planner: &Planner) -> Result<Migration, MigrateError> {
    let migration = plan(connection, planner)?;
    // SQLite refuses such a column even where there are no rows.
    if let Some(column) = migration.required_columns.first() {
        return Err(MigrateError::RequiredColumn(column.clone()));
    }
    for statement in migration.statements() {
        connection.execute_batch(statement).map_err(|source| MigrateError::Statement {
            statement: statement.clone(),
            source: source.into(),
        })?;
    }
    batch(connection, "commit")?;
    Ok(migration)
}

fn create(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        done => done.map(drop),
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    configure(&connection)?;
    Ok(connection)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_LIMIT);
    // Plans do not depend on arguments: otherwise SQLite prepares joins anew for each.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "synchronous", "normal")
}

/// Switches to WAL mode, for which SQLite waits for nobody: processes that start at once try again.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let start = Instant::now();
    loop {
        let done = connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()));
        match done {
            Err(error) if error::is_busy(&error) && start.elapsed() < BUSY_TIMEOUT => {
                thread::sleep(Duration::from_millis(10));
            }
            done => return done,
        }
    }
}
