//! What of the schema is generated: which tables, which of their columns, and how these hold values.

use anyhow::{Result, bail};
use vestibule_core::models::{RateLimit, Verification};
use vestibule_core::schema::{Field, FieldKind, IdPolicy, Model, Schema};
use vestibule_core::store::ModelRow as _;
use vestibule_sql::Storage;
use vestibule_sql::url::Target;

use super::naming::contains_words;

/// The server's own bookkeeping: nobody else can do anything with it, so it must be asked for.
const BOOKKEEPING: [&str; 2] = [RateLimit::MODEL, Verification::MODEL];

/// How the names of our own bookkeeping start.
const OWN: &str = "vestibule_";

/// Words that tell of a secret in the name of a text.
const SECRET: &[&[&str]] = &[
    &["password"],
    &["secret"],
    &["token"],
    &["tokens"],
    &["otp"],
    &["nonce"],
    &["private", "key"],
    &["backup", "codes"],
    &["device", "code"],
    &["user", "code"],
];

/// The tables of a configuration, in the order in which they are made.
pub(super) struct Tables<'a> {
    pub(super) all: Vec<Table<'a>>,
    pub(super) target: &'a Target,
    pub(super) policy: IdPolicy,
    /// `table.column` of what was left out because it is secret.
    pub(super) left_out: Vec<String>,
}

pub(super) struct Table<'a> {
    pub(super) model: &'a Model,
    pub(super) columns: Vec<Column<'a>>,
}

pub(super) struct Column<'a> {
    pub(super) field: &'a Field,
    pub(super) storage: Storage,
    /// The table and the column that it refers to, where these are generated as well.
    pub(super) reference: Option<(&'a Model, &'a Field)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    LeaveOut,
    Include,
}

impl<'a> Tables<'a> {
    /// `wanted` are logical names; none stands for all but the bookkeeping.
    pub(super) fn of(
        schema: &'a Schema,
        target: &'a Target,
        wanted: &[String],
        secrets: Secrets,
    ) -> Result<Self> {
        for name in wanted {
            if schema.model(name).is_none() {
                let known: Vec<_> = schema.models().iter().map(|model| &*model.name).collect();
                bail!("`--include`: there is no table `{name}`; there are {}", known.join(", "));
            }
        }
        let is_wanted = |model: &Model| match wanted {
            [] => !BOOKKEEPING.contains(&&*model.name) && !model.name.starts_with(OWN),
            _ => wanted.contains(&model.name),
        };
        let is_column = |model: &Model, position: usize| {
            secrets == Secrets::Include || !is_secret(model, position)
        };
        let mut tables =
            Self { all: Vec::new(), target, policy: schema.id_policy(), left_out: Vec::new() };
        for model in schema.models().iter().filter(|model| is_wanted(model)) {
            let mut columns = Vec::new();
            for (position, field) in model.fields.iter().enumerate() {
                if !is_column(model, position) {
                    tables.left_out.push(format!("{}.{}", model.table, field.column));
                    continue;
                }
                let reference = field.references.as_ref().and_then(|reference| {
                    let model = schema.model(&reference.model).filter(|model| is_wanted(model))?;
                    let position = model.position(&reference.field)?;
                    is_column(model, position).then(|| (&**model, &model.fields[position]))
                });
                let storage = Storage::of(field, tables.policy, target);
                columns.push(Column { field, storage, reference });
            }
            tables.all.push(Table { model, columns });
        }
        Ok(tables)
    }

    /// The PostgreSQL schema of all tables.
    pub(super) fn schema_name(&self) -> Option<&str> {
        match self.target {
            Target::Postgres(url) => url.schema_name.as_deref(),
            Target::Sqlite(_) => None,
        }
    }

    pub(super) fn is_sqlite(&self) -> bool {
        matches!(self.target, Target::Sqlite(_))
    }

    pub(super) fn uses(&self, storage: Storage) -> bool {
        self.all.iter().flat_map(|table| &table.columns).any(|column| column.storage == storage)
    }
}

/// Whether whoever reads the column could act as somebody else. Of texts that are never answered, all
/// those count that Better Auth itself declares; an additional one may be of use to a backend.
fn is_secret(model: &Model, position: usize) -> bool {
    let field = &model.fields[position];
    let is_text = matches!(field.kind, FieldKind::String | FieldKind::Json);
    let is_declared = position < model.declared;
    let is_of_verification = model.name == Verification::MODEL && is_declared;
    is_text
        && ((is_declared && !field.returned)
            || is_of_verification
            || field.name == "key"
            || contains_words(&field.name, SECRET))
}
