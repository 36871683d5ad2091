//! Additional fields of a model.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::schema::{DefaultValue, Field, FieldKind, OnDelete, Reference};
use crate::{Timestamp, Value};

/// Additional fields by name; their order is the order of the columns.
pub type AdditionalFields = IndexMap<String, AdditionalField>;

/// A field of your own.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdditionalField {
    /// "string", "number", "boolean", "date", "json", "string[]", "number[]", or a list of the texts it may be.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// True: a sign-up without it is refused. Unless it is false, the column is NOT NULL.
    pub required: Option<bool>,
    /// Answers contain it. Default: true.
    pub returned: Option<bool>,
    /// Clients may set it. Default: true.
    pub input: Option<bool>,
    /// What a new row gets where nothing was given.
    pub default_value: Option<Json>,
    /// A foreign key.
    pub references: Option<ReferenceOption>,
    /// No two rows have the same value. Default: false.
    #[serde(default)]
    pub unique: bool,
    /// The column has an index. Default: false.
    #[serde(default)]
    pub index: bool,
    /// A number that needs 64 bits. Default: false.
    #[serde(default)]
    pub bigint: bool,
    /// For databases that sort only short text; it changes nothing in SQLite and PostgreSQL.
    #[serde(default)]
    pub sortable: bool,
    /// The column's name. Default: the field's.
    pub field_name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FieldType {
    Named(NamedType),
    Enum(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NamedType {
    String,
    Number,
    Boolean,
    Date,
    Json,
    #[serde(rename = "string[]")]
    StringArray,
    #[serde(rename = "number[]")]
    NumberArray,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReferenceOption {
    pub model: String,
    pub field: String,
    /// Default: "cascade".
    pub on_delete: Option<OnDeleteOption>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnDeleteOption {
    #[serde(rename = "no action")]
    NoAction,
    Restrict,
    Cascade,
    #[serde(rename = "set null")]
    SetNull,
    #[serde(rename = "set default")]
    SetDefault,
}

impl AdditionalField {
    /// The field of the schema. Fails where the default is not of the field's type.
    pub fn to_field(&self, name: &str) -> Result<Field, String> {
        let kind = self.kind();
        let default = match &self.default_value {
            None | Some(Json::Null) => DefaultValue::None,
            Some(json) => match read_value(&kind, json) {
                Some(value) => DefaultValue::Value(value),
                None => {
                    return Err(format!(
                        "expected {} for `defaultValue`, found {json}",
                        kind_name(&kind)
                    ));
                }
            },
        };
        Ok(Field {
            column: self.field_name.clone().unwrap_or_else(|| name.to_owned()),
            required: self.required != Some(false),
            required_on_input: self.required == Some(true),
            unique: self.unique,
            index: self.index,
            input: self.input != Some(false),
            returned: self.returned != Some(false),
            default,
            references: self.references.as_ref().map(ReferenceOption::to_reference),
            ..Field::new(name, kind)
        })
    }

    fn kind(&self) -> FieldKind {
        match &self.field_type {
            FieldType::Enum(options) => FieldKind::Enum(options.clone()),
            FieldType::Named(named) => match named {
                NamedType::String
                    if self.references.as_ref().is_some_and(|to| to.field == "id") =>
                {
                    FieldKind::Id
                }
                NamedType::String => FieldKind::String,
                NamedType::Number if self.bigint => FieldKind::BigNumber,
                NamedType::Number => FieldKind::Number,
                NamedType::Boolean => FieldKind::Boolean,
                NamedType::Date => FieldKind::Date,
                NamedType::Json => FieldKind::Json,
                NamedType::StringArray => FieldKind::StringArray,
                NamedType::NumberArray => FieldKind::NumberArray,
            },
        }
    }
}

impl ReferenceOption {
    fn to_reference(&self) -> Reference {
        let on_delete = match self.on_delete {
            None | Some(OnDeleteOption::Cascade) => OnDelete::Cascade,
            Some(OnDeleteOption::NoAction) => OnDelete::NoAction,
            Some(OnDeleteOption::Restrict) => OnDelete::Restrict,
            Some(OnDeleteOption::SetNull) => OnDelete::SetNull,
            Some(OnDeleteOption::SetDefault) => OnDelete::SetDefault,
        };
        Reference { model: self.model.clone(), field: self.field.clone(), on_delete }
    }
}

/// Reads JSON as a value of a field; `None` where it is of another type.
pub fn read_value(kind: &FieldKind, json: &Json) -> Option<Value> {
    match (kind, json) {
        (_, Json::Null) => Some(Value::Null),
        (FieldKind::Json, json) => Some(Value::Json(json.clone())),
        (FieldKind::Id | FieldKind::String, Json::String(text)) => Some(Value::Text(text.clone())),
        (FieldKind::Enum(options), Json::String(text)) if options.contains(text) => {
            Some(Value::Text(text.clone()))
        }
        (FieldKind::Boolean, Json::Bool(boolean)) => Some(Value::Boolean(*boolean)),
        (FieldKind::Number | FieldKind::BigNumber, Json::Number(number)) => {
            number.as_i64().map(Value::Integer).or_else(|| number.as_f64().map(Value::Real))
        }
        (FieldKind::Date, Json::String(text)) => text.parse::<Timestamp>().ok().map(Value::Time),
        (FieldKind::StringArray, Json::Array(items)) if items.iter().all(Json::is_string) => {
            Some(Value::Json(json.clone()))
        }
        (FieldKind::NumberArray, Json::Array(items)) if items.iter().all(Json::is_number) => {
            Some(Value::Json(json.clone()))
        }
        _ => None,
    }
}

/// The name of a type, for messages.
pub fn kind_name(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Id | FieldKind::String => "string",
        FieldKind::Number | FieldKind::BigNumber => "number",
        FieldKind::Boolean => "boolean",
        FieldKind::Date => "date",
        FieldKind::Json => "json",
        FieldKind::StringArray => "string[]",
        FieldKind::NumberArray => "number[]",
        FieldKind::Enum(_) => "one of the listed texts",
    }
}
