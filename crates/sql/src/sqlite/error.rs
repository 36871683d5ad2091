//! What SQLite's errors mean to the engine.

use rusqlite::ErrorCode;
use rusqlite::ffi;
use vestibule_core::store::StoreError;

use crate::statement::Statement;

/// Another connection holds what this one needs.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

pub(super) fn of_statement(error: rusqlite::Error, statement: &Statement) -> StoreError {
    let model = statement.model.name.clone();
    let Some(code) = error.sqlite_error_code() else {
        return StoreError::Failed { attempt: statement.attempt(), source: error.into() };
    };
    match code {
        ErrorCode::ConstraintViolation if is_unique(&error) => {
            StoreError::Conflict { model, source: error.into() }
        }
        ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig => {
            StoreError::Refused { model, source: error.into() }
        }
        _ => of(error, &statement.attempt()),
    }
}

/// An error of something that is not about one table.
pub(super) fn of(error: rusqlite::Error, attempt: &str) -> StoreError {
    let (attempt, source) = (attempt.to_owned(), error.sqlite_error_code());
    match source {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::ReadOnly
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::OutOfMemory
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::PermissionDenied
            | ErrorCode::OperationInterrupted,
        ) => StoreError::Unavailable { attempt, source: error.into() },
        _ => StoreError::Failed { attempt, source: error.into() },
    }
}

fn is_unique(error: &rusqlite::Error) -> bool {
    let extended = error.sqlite_error().map(|error| error.extended_code);
    matches!(
        extended,
        Some(
            ffi::SQLITE_CONSTRAINT_UNIQUE
                | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                | ffi::SQLITE_CONSTRAINT_ROWID
        )
    )
}
