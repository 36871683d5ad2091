//! The schema as data: models and fields, after renames, additional fields and plugins.
//!
//! Table and column names are configuration, so nothing of it is known at compile time except the
//! order of a model's *declared* fields: they come first, `id` before all, in the order of the row
//! struct. A [`Column`](crate::store::Column) is therefore a position, and a
//! [`Row`](crate::store::Row) a list of values in the order of [`Model::fields`].
//! Fields that options or plugins add come after the declared ones.
//!
//! [`Field::column`] and [`Model::table`] are the only physical names; everything above `sql/`
//! speaks of logical names.

mod build;
pub mod diff;

use std::collections::HashMap;
use std::sync::Arc;

pub use build::{Builder, SchemaError};

use crate::Value;

/// All models, in the order in which their tables are created.
#[derive(Debug, Clone)]
pub struct Schema {
    models: Vec<Arc<Model>>,
    by_name: HashMap<String, usize>,
    id_policy: IdPolicy,
}

impl Schema {
    pub fn builder(id_policy: IdPolicy) -> Builder {
        Builder::new(id_policy)
    }

    /// The models, core's first, then each plugin's in plugin order.
    pub fn models(&self) -> &[Arc<Model>] {
        &self.models
    }

    /// A model by its logical name, such as `user`.
    pub fn model(&self, name: &str) -> Option<&Arc<Model>> {
        self.by_name.get(name).map(|&index| &self.models[index])
    }

    pub fn id_policy(&self) -> IdPolicy {
        self.id_policy
    }
}

/// Who makes the ids of new rows: Better Auth's `advanced.database.generateId`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IdPolicy {
    /// 32 characters of `[a-zA-Z0-9]`, made here. Columns are text.
    #[default]
    Random,
    /// UUID version 4. PostgreSQL has a `uuid` column and makes it; SQLite has text, and we make it.
    Uuid,
    /// An integer that the database counts up. It is text in every answer.
    Serial,
    /// The column is text and the database fills it: Better Auth's `generateId: false`.
    Database,
}

/// One table.
#[derive(Debug)]
pub struct Model {
    /// The logical name: `user`.
    pub name: String,
    /// The table's name in the database.
    pub table: String,
    /// All fields; `id` is the first.
    pub fields: Vec<Field>,
    /// Number of fields that the row struct declares; those after it are additional.
    pub declared: usize,
    /// Indexes over several fields, or unique ones that are not part of their column; a single
    /// field's own are [`Field::unique`] and [`Field::index`].
    pub indexes: Vec<Index>,
    /// The table exists already, or belongs to someone else: migrations leave it alone.
    pub disable_migration: bool,
    by_name: HashMap<String, usize>,
}

impl Model {
    /// The position of a field by its logical name.
    pub fn position(&self, field: &str) -> Option<usize> {
        self.by_name.get(field).copied()
    }

    pub fn field(&self, field: &str) -> Option<&Field> {
        self.position(field).map(|position| &self.fields[position])
    }

    /// The fields that options and plugins added, with their positions.
    pub fn additional(&self) -> impl Iterator<Item = (usize, &Field)> {
        self.fields.iter().enumerate().skip(self.declared)
    }
}

/// An index of a table: Better Auth's `indexes` of a plugin's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Logical names, in the index's order.
    pub fields: Vec<String>,
    pub unique: bool,
}

/// One column.
#[derive(Debug, Clone)]
pub struct Field {
    /// The logical name, as in JSON: `emailVerified`.
    pub name: String,
    /// The column's name in the database.
    pub column: String,
    pub kind: FieldKind,
    /// NOT NULL in the database. True unless `required: false` is said.
    pub required: bool,
    /// A missing value is refused on input: only where `required: true` is said (a reference quirk).
    pub required_on_input: bool,
    pub unique: bool,
    pub index: bool,
    /// Clients may set it.
    pub input: bool,
    /// Answers contain it.
    pub returned: bool,
    pub default: DefaultValue,
    /// Set to the current time by each update.
    pub touched_on_update: bool,
    pub references: Option<Reference>,
}

impl Field {
    /// A required field that clients may set and see.
    pub fn new(name: &str, kind: FieldKind) -> Self {
        Self {
            name: name.to_owned(),
            column: name.to_owned(),
            kind,
            required: true,
            required_on_input: false,
            unique: false,
            index: false,
            input: true,
            returned: true,
            default: DefaultValue::None,
            touched_on_update: false,
            references: None,
        }
    }

    /// Whether the column has the type of ids: the primary key, and what refers to one.
    pub fn is_id(&self) -> bool {
        self.kind == FieldKind::Id
            || self.references.as_ref().is_some_and(|reference| reference.field == "id")
    }
}

/// The logical type of a field; the databases' types follow from it in `sql/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldKind {
    /// The primary key, or (with [`Field::references`]) a reference to one; its type follows [`IdPolicy`].
    Id,
    String,
    Number,
    /// A number that needs 64 bits in the database.
    BigNumber,
    Boolean,
    Date,
    Json,
    StringArray,
    NumberArray,
    /// Text that is one of these.
    Enum(Vec<String>),
}

impl FieldKind {
    /// Whether a field of this kind can hold the value; every one can hold null.
    pub fn holds(&self, value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Boolean(_) => *self == Self::Boolean,
            Value::Integer(_) | Value::Real(_) => matches!(self, Self::Number | Self::BigNumber),
            Value::Text(_) => matches!(self, Self::Id | Self::String | Self::Enum(_)),
            Value::Time(_) => *self == Self::Date,
            Value::Json(_) => matches!(self, Self::Json | Self::StringArray | Self::NumberArray),
        }
    }
}

/// What a new row gets where nothing was given.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum DefaultValue {
    #[default]
    None,
    Value(Value),
    /// The current time. PostgreSQL's column has `CURRENT_TIMESTAMP` as well.
    Now,
    /// A number that the database counts up as rows are inserted, whatever a new row says; it must be
    /// [`unique`](Field::unique). Numbers have gaps, and a larger one may be committed first.
    Counted,
}

/// A foreign key. It points at the logical model and field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub model: String,
    pub field: String,
    pub on_delete: OnDelete,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDelete {
    #[default]
    Cascade,
    NoAction,
    Restrict,
    SetNull,
    SetDefault,
}
