//! How columns hold values, for whoever reads the tables by other means than this crate.

use vestibule_core::schema::{Field, FieldKind, IdPolicy};

use crate::dialect::Dialect;
use crate::url::Target;

/// What is stored in a column, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    Text,
    Uuid,
    Integer,
    BigInteger,
    Boolean,
    /// 0 or 1.
    IntegerBoolean,
    /// With a time zone.
    Time,
    /// ISO 8601 in UTC, such as `2026-11-20T16:45:00.000Z`; other tools may have written milliseconds.
    TextTime,
    Json,
    TextJson,
}

impl Storage {
    /// How a column that a migration makes holds the field.
    pub fn of(field: &Field, policy: IdPolicy, target: &Target) -> Self {
        let is_sqlite = Dialect::of(target) == Dialect::Sqlite;
        if field.is_id() {
            return match policy {
                IdPolicy::Serial => Self::Integer,
                IdPolicy::Uuid if !is_sqlite => Self::Uuid,
                IdPolicy::Random | IdPolicy::Uuid | IdPolicy::Database => Self::Text,
            };
        }
        match field.kind {
            FieldKind::Id | FieldKind::String | FieldKind::Enum(_) => Self::Text,
            FieldKind::Number => Self::Integer,
            FieldKind::BigNumber => Self::BigInteger,
            FieldKind::Boolean if is_sqlite => Self::IntegerBoolean,
            FieldKind::Boolean => Self::Boolean,
            FieldKind::Date if is_sqlite => Self::TextTime,
            FieldKind::Date => Self::Time,
            FieldKind::Json | FieldKind::StringArray | FieldKind::NumberArray if is_sqlite => {
                Self::TextJson
            }
            FieldKind::Json | FieldKind::StringArray | FieldKind::NumberArray => Self::Json,
        }
    }
}
