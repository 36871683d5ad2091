//! What clients may say about additional fields.
//!
//! Reference: better-auth 1.7.7, `parseUserInput` and `parseSessionInput`.

use serde_json::{Map, Value as Json};

use crate::error::{Error, Result};
use crate::options::read_field;
use crate::schema::{DefaultValue, Field, FieldKind, Model};
use crate::shape::Truthy;
use crate::store::Changes;
use crate::{Timestamp, Value};

/// What the input is for: a new row, or changes to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Create,
    Update,
}

/// Reads the additional fields of a model from an input. Unknown keys are ignored, so ids, roles
/// and whatever else the model does not open to clients cannot be set.
pub fn parse(model: &Model, input: &Map<String, Json>, action: Action) -> Result<Changes> {
    let mut changes = Changes::new();
    for (position, field) in model.additional() {
        if let Some(value) = parse_field(field, input.get(&field.name), action)? {
            changes.push((position, value));
        }
    }
    Ok(changes)
}

/// `None` leaves the field alone, which on create means: to its default.
fn parse_field(field: &Field, given: Option<&Json>, action: Action) -> Result<Option<Value>> {
    let has_default = field.default != DefaultValue::None;
    match given {
        Some(_) if !field.input && has_default && action == Action::Create => Ok(None),
        Some(given) if !field.input && Truthy::of(given) => {
            Err(Error::bad_request(format!("{} is not allowed to be set", field.name))
                .with_code("FIELD_NOT_ALLOWED"))
        }
        Some(_) if !field.input => Ok(None),
        Some(Json::Null) if action == Action::Create && field.required_on_input && has_default => {
            Ok(None)
        }
        Some(given) => read(field, given).map(Some),
        None if action == Action::Create && field.required_on_input && !has_default => {
            Err(Error::bad_request(format!("{} is required", field.name))
                .with_code("MISSING_FIELD"))
        }
        None => Ok(None),
    }
}

/// The reference lets the database judge the type; we say what was expected.
fn read(field: &Field, given: &Json) -> Result<Value> {
    let coerced = coerce(&field.kind, given);
    read_field(&field.kind, coerced.as_ref().unwrap_or(given)).ok_or_else(|| {
        let expected = crate::options::kind_name(&field.kind);
        let message = format!("[body.{}] Invalid input: expected {expected}", field.name);
        Error::bad_request(message).with_code("VALIDATION_ERROR")
    })
}

/// Forms have nothing but text, and JavaScript writes dates as numbers too.
fn coerce(kind: &FieldKind, given: &Json) -> Option<Json> {
    match (kind, given) {
        (FieldKind::Date, Json::Number(number)) => {
            Some(Timestamp::from_millis(number.as_i64()?).to_string().into())
        }
        (FieldKind::Number | FieldKind::BigNumber, Json::String(text)) => {
            serde_json::from_str::<serde_json::Number>(text.trim()).ok().map(Json::Number)
        }
        (FieldKind::Boolean, Json::String(text)) => text.parse::<bool>().ok().map(Json::Bool),
        _ => None,
    }
}
