//! What PostgreSQL's errors mean to the engine.

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};
use vestibule_core::store::StoreError;

use crate::statement::Statement;

/// The connection is of no use any more, or there never was one. tokio-postgres gives other errors
/// without an SQL state for arguments and columns that it cannot convert; here these are plain bytes.
pub(super) fn is_connection_failure(error: &Error) -> bool {
    match error.code() {
        None => true,
        Some(state) => is_away(state),
    }
}

/// Connection exceptions, shutdown, start, fail-over.
fn is_away(state: &SqlState) -> bool {
    state.code().starts_with("08") || matches!(state.code(), "57P01" | "57P02" | "57P03" | "57P05")
}

/// Whether to try again to connect: not with a wrong password.
pub(super) fn is_passing(error: &Error) -> bool {
    match error.code() {
        // No answer, or a refused connection; not a TLS or configuration error, which have another source.
        None => error_source::<std::io::Error>(error).is_some_and(|error| {
            !matches!(
                error.kind(),
                std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput
            )
        }),
        Some(state) => is_away(state) || state.code().starts_with("53"),
    }
}

fn error_source<T: std::error::Error + 'static>(error: &Error) -> Option<&T> {
    std::error::Error::source(error).and_then(|source| source.downcast_ref())
}

pub(super) fn of_statement(error: Error, statement: &Statement) -> StoreError {
    let model = statement.model.name.clone();
    let Some(found) = error.as_db_error() else { return of(error, &statement.attempt()) };
    match found.code().code() {
        "23505" | "23P01" => StoreError::Conflict { model, source: Violation::of(found).into() },
        // Other constraints; values that a column cannot hold; indexes have a limit of their own.
        code if code.starts_with("23") || code.starts_with("22") || code == "54000" => {
            StoreError::Refused { model, source: Violation::of(found).into() }
        }
        _ => of(error, &statement.attempt()),
    }
}

/// What is left of an error about values when the values are taken out, which are people's and would
/// go to the log.
#[derive(Debug, thiserror::Error)]
#[error("SQL state {code}, constraint {constraint:?}, column {column:?}")]
struct Violation {
    code: String,
    constraint: Option<String>,
    column: Option<String>,
}

impl Violation {
    fn of(error: &DbError) -> Self {
        Self {
            code: error.code().code().to_owned(),
            constraint: error.constraint().map(str::to_owned),
            column: error.column().map(str::to_owned),
        }
    }
}

/// An error of something that is not about one table.
pub(super) fn of(error: Error, attempt: &str) -> StoreError {
    let attempt = attempt.to_owned();
    let is_unavailable = match error.code() {
        None => true,
        // Resources, read-only standbys, serialization failures and deadlocks, cancelled by the server.
        Some(state) => {
            is_away(state)
                || state.code().starts_with("53")
                || state.code().starts_with("40")
                || matches!(state.code(), "25006" | "57014" | "55P03" | "58000" | "58030")
        }
    };
    if is_unavailable {
        StoreError::Unavailable { attempt, source: error.into() }
    } else {
        StoreError::Failed { attempt, source: error.into() }
    }
}
