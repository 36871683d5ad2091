//! Running a statement on a connection: arguments in, values out.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ToSql};
use vestibule_core::schema::{Field, FieldKind, Model};
use vestibule_core::store::StoreError;
use vestibule_core::{Timestamp, Value};

use super::error::of_statement;
use crate::number::number_of;
use crate::shape::{Argument, Operation, is_text};
use crate::statement::Statement;

/// All rows. The statement runs to its end, since that is where SQLite tells of a failed commit.
pub(super) fn rows(
    connection: &Connection,
    statement: &Statement,
    arguments: &[Argument],
) -> Result<Vec<Vec<Value>>, StoreError> {
    let failed = |error| of_statement(error, statement);
    let mut prepared = prepared(connection, statement, arguments).map_err(failed)?;
    let mut rows = prepared.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut values = Vec::with_capacity(row.as_ref().column_count());
        for (position, (model, field)) in statement.fields().enumerate() {
            let value = row.get_ref(position).map_err(failed)?;
            values.push(decoded(model, field, value)?);
        }
        found.push(values);
    }
    Ok(found)
}

/// The number of rows changed, or counted.
pub(super) fn number(
    connection: &Connection,
    statement: &Statement,
    arguments: &[Argument],
) -> Result<u64, StoreError> {
    let failed = |error| of_statement(error, statement);
    let mut prepared = prepared(connection, statement, arguments).map_err(failed)?;
    if statement.operation != Operation::Count {
        return prepared.raw_execute().map(|changed| changed as u64).map_err(failed);
    }
    let mut rows = prepared.raw_query();
    let counted = rows.next().and_then(|row| row.map_or(Ok(0), |row| row.get(0)));
    counted.map(i64::unsigned_abs).map_err(failed)
}

fn prepared<'a>(
    connection: &'a Connection,
    statement: &Statement,
    arguments: &[Argument],
) -> rusqlite::Result<CachedStatement<'a>> {
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    for (index, argument) in arguments.iter().enumerate() {
        prepared.raw_bind_parameter(index + 1, argument)?;
    }
    Ok(prepared)
}

impl ToSql for Argument {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Real(real) => ValueRef::Real(*real),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// Any value as text, for people.
pub(super) fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(integer) => Some(integer.to_string()),
        ValueRef::Real(real) => Some(real.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
    }
}

/// The value of a field. SQLite's columns hold values of any type, so what can be understood is.
fn decoded(model: &Model, field: &Field, value: ValueRef<'_>) -> Result<Value, StoreError> {
    let corrupt = |source| StoreError::Corrupt {
        model: model.name.clone(),
        field: field.name.clone(),
        source,
    };
    let unexpected = || corrupt(format!("found a value of type {}", value.data_type()).into());
    let text = || match value {
        ValueRef::Text(bytes) => str::from_utf8(bytes).map_err(|error| corrupt(error.into())),
        _ => Err(unexpected()),
    };
    if let ValueRef::Null = value {
        return Ok(Value::Null);
    }
    if is_text(field) {
        return match value {
            ValueRef::Integer(integer) => Ok(Value::Text(integer.to_string())),
            ValueRef::Real(real) => Ok(Value::Text(real.to_string())),
            _ => Ok(Value::Text(text()?.to_owned())),
        };
    }
    match (&field.kind, value) {
        (FieldKind::Boolean, ValueRef::Integer(integer)) => Ok(Value::Boolean(integer != 0)),
        (FieldKind::Number | FieldKind::BigNumber, ValueRef::Integer(integer)) => {
            Ok(Value::Integer(integer))
        }
        (FieldKind::Number | FieldKind::BigNumber, ValueRef::Real(real)) => Ok(number_of(real)),
        // Other tools write dates as milliseconds.
        (FieldKind::Date, ValueRef::Integer(millis)) => {
            Ok(Value::Time(Timestamp::from_millis(millis)))
        }
        #[expect(clippy::cast_possible_truncation, reason = "casts saturate")]
        (FieldKind::Date, ValueRef::Real(millis)) => {
            Ok(Value::Time(Timestamp::from_millis(millis as i64)))
        }
        (FieldKind::Date, _) => text()?.parse().map(Value::Time).map_err(|_| unexpected()),
        (FieldKind::Json | FieldKind::StringArray | FieldKind::NumberArray, _) => {
            serde_json::from_str(text()?).map(Value::Json).map_err(|error| corrupt(error.into()))
        }
        _ => Err(unexpected()),
    }
}
