//! [`Value`], what one column of one row holds, whatever the database.

use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use crate::Timestamp;

/// What one field holds. Ids are text here, whatever their type in the database.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    #[default]
    Null,
    Boolean(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    Time(Timestamp),
    /// Arrays and `json` fields: TEXT in SQLite, `jsonb` in PostgreSQL.
    Json(Json),
}

impl Value {
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(integer) => Some(*integer),
            _ => None,
        }
    }

    pub fn as_time(&self) -> Option<Timestamp> {
        match self {
            Self::Time(time) => Some(*time),
            _ => None,
        }
    }

    /// Whether a NUL character is in it. PostgreSQL cannot hold one, so no store takes one.
    pub fn contains_nul(&self) -> bool {
        fn json_contains_nul(json: &Json) -> bool {
            match json {
                Json::String(text) => text.contains('\0'),
                Json::Array(items) => items.iter().any(json_contains_nul),
                Json::Object(fields) => {
                    fields.iter().any(|(key, json)| key.contains('\0') || json_contains_nul(json))
                }
                Json::Null | Json::Bool(_) | Json::Number(_) => false,
            }
        }
        match self {
            Self::Text(text) => text.contains('\0'),
            Self::Json(json) => json_contains_nul(json),
            _ => false,
        }
    }

    /// As the JSON of an answer: dates are text.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Boolean(boolean) => Json::Bool(*boolean),
            Self::Integer(integer) => Json::from(*integer),
            Self::Real(real) => Json::from(*real),
            Self::Text(text) => Json::String(text.clone()),
            Self::Time(time) => Json::String(time.to_string()),
            Self::Json(json) => json.clone(),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Boolean(boolean) => serializer.serialize_bool(*boolean),
            Self::Integer(integer) => serializer.serialize_i64(*integer),
            Self::Real(real) => serializer.serialize_f64(*real),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Time(time) => time.serialize(serializer),
            Self::Json(json) => json.serialize(serializer),
        }
    }
}

impl From<bool> for Value {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        Self::Time(time)
    }
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        Self::Json(json)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A value of another type than the field's, found in a row.
#[derive(Debug, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct WrongType {
    pub expected: &'static str,
    pub found: &'static str,
}

impl Value {
    /// The name of the value's type, for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Real(_) => "a number",
            Self::Text(_) => "text",
            Self::Time(_) => "a date",
            Self::Json(_) => "JSON",
        }
    }
}

/// Turns a field of a stored row into the field of a row struct; what `derive(Model)` calls.
pub trait FromValue: Sized {
    fn from_value(value: Value) -> Result<Self, WrongType>;
}

macro_rules! from_value {
    ($($type:ty, $variant:ident, $expected:literal;)*) => {$(
        impl FromValue for $type {
            fn from_value(value: Value) -> Result<Self, WrongType> {
                match value {
                    Value::$variant(value) => Ok(value),
                    other => Err(WrongType { expected: $expected, found: other.type_name() }),
                }
            }
        }
    )*};
}

from_value! {
    bool, Boolean, "a boolean";
    i64, Integer, "an integer";
    String, Text, "text";
    Timestamp, Time, "a date";
    Json, Json, "JSON";
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self, WrongType> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}
