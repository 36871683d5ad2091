//! A SQLite file of another process.
//!
//! A read by key takes some microseconds and runs where it is called: a hand-off to a thread costs more.
//! In WAL mode, which Vestibule sets, a reader waits for nobody. The TypeScript drivers leave the mode
//! as it is, and there a writer locks readers out for a moment: then the read is repeated on a blocking
//! thread, which waits.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, Row};
use serde_json::{Map, Value};

use super::Found;
#[cfg(feature = "mirror")]
use super::StatementError;
use super::tables::BOUNDARY;
use crate::refusal::Unavailable;

/// How long a blocking thread waits for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connections that are kept open.
const IDLE_LIMIT: usize = 16;

pub(super) struct Sqlite {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    #[cfg(feature = "mirror")]
    writer: Mutex<Option<Connection>>,
}

impl Sqlite {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            idle: Mutex::new(Vec::new()),
            #[cfg(feature = "mirror")]
            writer: Mutex::new(None),
        }
    }

    pub(super) async fn find(
        self: &Arc<Self>,
        sql: &Arc<str>,
        token: &str,
    ) -> Result<Option<Found>, Unavailable> {
        match self.read(sql, token, Duration::ZERO) {
            Err(error) if is_busy(&error) => {}
            done => return done.map_err(unavailable),
        }
        let (this, sql, token) = (self.clone(), sql.clone(), token.to_owned());
        let waiting = tokio::task::spawn_blocking(move || this.read(&sql, &token, PATIENCE));
        let done = waiting.await.map_err(|error| Unavailable::new("read from SQLite", error))?;
        done.map_err(unavailable)
    }

    /// The number of rows that were changed, or found.
    #[cfg(feature = "mirror")]
    pub(super) async fn execute(
        self: &Arc<Self>,
        sql: &str,
        arguments: Vec<Value>,
    ) -> Result<u64, StatementError> {
        let (this, sql) = (self.clone(), sql.to_owned());
        let writing = tokio::task::spawn_blocking(move || this.write(&sql, &arguments));
        let error = match writing.await {
            Ok(Ok(count)) => return Ok(count),
            Ok(Err(error)) => error,
            Err(error) => return Err(Unavailable::new(WRITE, error).into()),
        };
        match error.sqlite_error_code() {
            // Its message names tables and columns, and no values.
            Some(ErrorCode::ConstraintViolation) => Err(StatementError::Refused(error.to_string())),
            _ => Err(Unavailable::new(WRITE, error).into()),
        }
    }

    /// One at a time, as SQLite has it anyway.
    #[cfg(feature = "mirror")]
    fn write(&self, sql: &str, arguments: &[Value]) -> rusqlite::Result<u64> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match writer.take() {
            Some(connection) => connection,
            None => {
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                Connection::open_with_flags(&self.path, flags)?
            }
        };
        connection.busy_timeout(PATIENCE)?;
        let count = execute(&connection, sql, arguments)?;
        *writer = Some(connection);
        Ok(count)
    }

    fn read(&self, sql: &str, token: &str, patience: Duration) -> rusqlite::Result<Option<Found>> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let connection = match kept {
            Some(connection) => connection,
            None => self.open()?,
        };
        connection.busy_timeout(patience)?;
        let found = find(&connection, sql, token)?;
        // A connection that failed is not kept: its file may have been replaced.
        let mut idle = idle();
        if idle.len() < IDLE_LIMIT {
            idle.push(connection);
        }
        Ok(found)
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(&self.path, flags)
    }
}

#[cfg(feature = "mirror")]
const WRITE: &str = "write the row of a user into SQLite";

#[cfg(feature = "mirror")]
fn execute(connection: &Connection, sql: &str, arguments: &[Value]) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(sql)?;
    for (index, argument) in arguments.iter().enumerate() {
        match argument {
            Value::Null => statement.raw_bind_parameter(index + 1, None::<String>)?,
            Value::Bool(boolean) => statement.raw_bind_parameter(index + 1, boolean)?,
            Value::Number(number) => match number.as_i64() {
                Some(integer) => statement.raw_bind_parameter(index + 1, integer)?,
                None => statement.raw_bind_parameter(index + 1, number.as_f64())?,
            },
            Value::String(text) => statement.raw_bind_parameter(index + 1, text)?,
            Value::Array(_) | Value::Object(_) => {
                statement.raw_bind_parameter(index + 1, argument.to_string())?;
            }
        }
    }
    if statement.readonly() {
        let mut rows = statement.raw_query();
        return rows.next().map(|row| u64::from(row.is_some()));
    }
    statement.raw_execute().map(|changed| changed as u64)
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn unavailable(error: rusqlite::Error) -> Unavailable {
    Unavailable::new("look up a session in SQLite", error)
}

fn find(connection: &Connection, sql: &str, token: &str) -> rusqlite::Result<Option<Found>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([token])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    // Asked for after the first step, which prepares anew when the schema has changed.
    let names: Vec<_> = row.as_ref().column_names().collect();
    let boundary = names.iter().position(|name| *name == BOUNDARY).unwrap_or(names.len());
    let session = fields(row, &names, 0..boundary)?;
    let user = fields(row, &names, boundary + 1..names.len())?;
    Ok(Some((session, user)))
}

fn fields(
    row: &Row<'_>,
    names: &[&str],
    columns: Range<usize>,
) -> rusqlite::Result<Map<String, Value>> {
    let mut fields = Map::new();
    for column in columns {
        let value = match row.get_ref(column)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(integer) => integer.into(),
            ValueRef::Real(real) => real.into(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
            // Better Auth has no field of bytes; JSON has no place for them.
            ValueRef::Blob(_) => continue,
        };
        fields.insert(names[column].to_owned(), value);
    }
    Ok(fields)
}
