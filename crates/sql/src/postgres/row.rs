//! Arguments as PostgreSQL reads them, and its values as ours.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::Row;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type, to_sql_checked};
use vestibule_core::schema::{Field, FieldKind, Model};
use vestibule_core::store::{Source, StoreError};
use vestibule_core::{Timestamp, Value};

use crate::number::number_of;
use crate::shape::{Argument, is_text};
use crate::statement::Statement;

/// 2000-01-01, PostgreSQL's epoch, in milliseconds since 1970.
const EPOCH_MILLIS: i64 = 946_684_800_000;

const DAY_MILLIS: i64 = 86_400_000;

/// Arguments go as text of no type, so that PostgreSQL takes them as whatever the column is: `text`,
/// `uuid`, `citext`, `bigint`, a domain.
impl ToSql for Argument {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Integer(integer) => out.extend_from_slice(integer.to_string().as_bytes()),
            Self::Real(real) => out.extend_from_slice(real.to_string().as_bytes()),
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// Arguments with the type that means "find out".
pub(super) fn untyped(arguments: &[Argument]) -> Vec<(&(dyn ToSql + Sync), Type)> {
    arguments.iter().map(|argument| (argument as &(dyn ToSql + Sync), Type::UNKNOWN)).collect()
}

/// The bytes of a column.
struct Raw<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

pub(super) fn decoded(row: &Row, statement: &Statement) -> Result<Vec<Value>, StoreError> {
    let mut values = Vec::with_capacity(row.len());
    for (position, (model, field)) in statement.fields().enumerate() {
        let Raw(bytes) = row.get(position);
        let column_type = row.columns()[position].type_();
        let value = bytes.map_or(Ok(Value::Null), |bytes| value(model, field, column_type, bytes));
        values.push(value?);
    }
    Ok(values)
}

fn value(
    model: &Model,
    field: &Field,
    column_type: &Type,
    bytes: &[u8],
) -> Result<Value, StoreError> {
    let corrupt = |source: Source| StoreError::Corrupt {
        model: model.name.clone(),
        field: field.name.clone(),
        source,
    };
    let decoded = if is_text(field) {
        text(bytes).map(Value::Text)
    } else {
        match field.kind {
            FieldKind::Boolean => boolean(column_type, bytes),
            FieldKind::Number | FieldKind::BigNumber => number(column_type, bytes),
            FieldKind::Date => date(column_type, bytes),
            _ => json(column_type, bytes),
        }
    };
    decoded.map_err(corrupt)
}

fn text(bytes: &[u8]) -> Result<String, Source> {
    Ok(str::from_utf8(bytes)?.to_owned())
}

fn boolean(column_type: &Type, bytes: &[u8]) -> Result<Value, Source> {
    match *column_type {
        Type::BOOL => Ok(Value::Boolean(bool::from_sql(column_type, bytes)?)),
        _ => match number(column_type, bytes)? {
            Value::Integer(integer) => Ok(Value::Boolean(integer != 0)),
            _ => Err(unexpected(column_type)),
        },
    }
}

fn number(column_type: &Type, bytes: &[u8]) -> Result<Value, Source> {
    Ok(match *column_type {
        Type::INT2 => Value::Integer(i16::from_sql(column_type, bytes)?.into()),
        Type::INT4 => Value::Integer(i32::from_sql(column_type, bytes)?.into()),
        Type::INT8 => Value::Integer(i64::from_sql(column_type, bytes)?),
        Type::FLOAT4 => number_of(f32::from_sql(column_type, bytes)?.into()),
        Type::FLOAT8 => number_of(f64::from_sql(column_type, bytes)?),
        Type::NUMERIC => number_of(numeric(bytes).ok_or_else(|| unexpected(column_type))?),
        _ => return Err(unexpected(column_type)),
    })
}

/// `numeric` on the wire: number of digits, weight of the first, sign, scale, digits to the base 10000.
fn numeric(bytes: &[u8]) -> Option<f64> {
    let mut words = bytes.chunks_exact(2).map(|word| u16::from_be_bytes([word[0], word[1]]));
    let (count, weight, sign) = (words.next()?, words.next()?.cast_signed(), words.next()?);
    let _scale = words.next()?;
    let digits: Vec<_> = words.take(usize::from(count)).collect();
    let mut exponent = i32::from(weight);
    let mut number = 0.0;
    for digit in digits {
        number += f64::from(digit) * 10_000f64.powi(exponent);
        exponent -= 1;
    }
    match sign {
        0 => Some(number),
        0x4000 => Some(-number),
        _ => None,
    }
}

fn date(column_type: &Type, bytes: &[u8]) -> Result<Value, Source> {
    let millis = match *column_type {
        Type::TIMESTAMPTZ | Type::TIMESTAMP => match i64::from_be_bytes(bytes.try_into()?) {
            i64::MAX => return Ok(Value::Time(Timestamp::MAX)),
            i64::MIN => return Ok(Value::Time(Timestamp::MIN)),
            micros => micros.div_euclid(1000),
        },
        Type::DATE => match i32::from_be_bytes(bytes.try_into()?) {
            i32::MAX => return Ok(Value::Time(Timestamp::MAX)),
            i32::MIN => return Ok(Value::Time(Timestamp::MIN)),
            days => i64::from(days) * DAY_MILLIS,
        },
        _ => return Err(unexpected(column_type)),
    };
    Ok(Value::Time(Timestamp::from_millis(EPOCH_MILLIS.saturating_add(millis))))
}

fn json(column_type: &Type, bytes: &[u8]) -> Result<Value, Source> {
    let text = match *column_type {
        // A version stands before it.
        Type::JSONB => bytes.get(1..).unwrap_or_default(),
        Type::JSON | Type::TEXT | Type::VARCHAR => bytes,
        _ => return Err(unexpected(column_type)),
    };
    Ok(Value::Json(serde_json::from_slice(text)?))
}

fn unexpected(column_type: &Type) -> Source {
    format!("found a column of type {column_type}").into()
}
