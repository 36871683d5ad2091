//! What the formats for Python share: SQLAlchemy is under both.

use serde_json::Value as Json;
use vestibule_core::schema::FieldKind;
use vestibule_sql::Storage;

use super::tables::{Column, Tables};

/// The type of times, and the guard that refuses writes. It needs `AuthTable` before it.
pub(super) const TIME: &str = include_str!("../../../templates/generate/time.py");
pub(super) const GUARD: &str = include_str!("../../../templates/generate/guard.py");

/// What both say of themselves.
pub(super) const SAYS: &str = "\
Read-only: the auth server alone writes these tables, so every insert, update and delete of them by
this program is refused. They have a MetaData of their own, so neither `create_all` nor Alembic
touches them. A foreign key of a table of yours: `sa.ForeignKey(AuthUser.__table__.c.id)`.
Times are aware and in UTC, on PostgreSQL and on SQLite.";

/// Keywords, and what SQLAlchemy and Pydantic have on every class.
pub(super) const RESERVED: &[&str] = &[
    "False",
    "None",
    "True",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "construct",
    "continue",
    "copy",
    "def",
    "del",
    "dict",
    "elif",
    "else",
    "except",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "json",
    "lambda",
    "metadata",
    "model_config",
    "model_fields",
    "nonlocal",
    "not",
    "or",
    "parse_obj",
    "pass",
    "raise",
    "registry",
    "return",
    "schema",
    "sqlmodel",
    "try",
    "update_forward_refs",
    "validate",
    "while",
    "with",
    "yield",
];

/// A name or a text, as a literal.
pub(super) fn text(text: &str) -> String {
    Json::from(text).to_string()
}

/// The type of an attribute.
pub(super) fn annotation(column: &Column<'_>) -> String {
    let name = match (&column.field.kind, column.storage) {
        (FieldKind::StringArray, _) => "list[str]",
        (FieldKind::NumberArray, _) => "list[float]",
        (_, Storage::Text | Storage::Uuid) => "str",
        (_, Storage::Integer | Storage::BigInteger) => "int",
        (_, Storage::Boolean | Storage::IntegerBoolean) => "bool",
        (_, Storage::Time | Storage::TextTime) => "datetime",
        (_, Storage::Json | Storage::TextJson) => "Any",
    };
    match column.field.required {
        true => name.to_owned(),
        false => format!("Optional[{name}]"),
    }
}

/// What stands in the parentheses of a column, for both databases.
pub(super) fn arguments(column: &Column<'_>, tables: &Tables<'_>) -> String {
    let field = column.field;
    let sql_type = match column.storage {
        Storage::Text => "sa.Text()",
        // What is text in the other database.
        Storage::Uuid => "sa.Text().with_variant(postgresql.UUID(as_uuid=False), \"postgresql\")",
        Storage::Integer => "sa.Integer()",
        Storage::BigInteger => "sa.BigInteger()",
        Storage::Boolean | Storage::IntegerBoolean => "sa.Boolean()",
        Storage::Time | Storage::TextTime => "UtcTime()",
        Storage::Json | Storage::TextJson => {
            "sa.JSON().with_variant(postgresql.JSONB(), \"postgresql\")"
        }
    };
    let mut arguments = vec![text(&field.column), sql_type.to_owned()];
    if let Some((model, target)) = column.reference {
        let table = [tables.schema_name(), Some(&model.table), Some(&target.column)];
        let path: Vec<_> = table.into_iter().flatten().collect();
        // A path is split at its dots; names that have some are joined by hand.
        if path.iter().all(|part| !part.contains('.')) {
            arguments.push(format!("sa.ForeignKey({})", text(&path.join("."))));
        }
    }
    if field.name == "id" {
        arguments.push("primary_key=True".to_owned());
    } else {
        let nullable = if field.required { "False" } else { "True" };
        arguments.push(format!("nullable={nullable}"));
    }
    arguments.join(", ")
}

/// The imports that the columns need.
pub(super) fn imports(tables: &Tables<'_>) -> String {
    let optional =
        tables.all.iter().flat_map(|table| &table.columns).any(|column| !column.field.required);
    let any = tables
        .all
        .iter()
        .flat_map(|table| &table.columns)
        .any(|column| column.field.kind == FieldKind::Json);
    let typing: Vec<_> = [("Any", any), ("Optional", optional)]
        .into_iter()
        .filter_map(|(name, is_used)| is_used.then_some(name))
        .collect();
    let typing = match typing.as_slice() {
        [] => String::new(),
        names => format!("from typing import {}\n", names.join(", ")),
    };
    let storages = [Storage::Uuid, Storage::Json, Storage::TextJson];
    let postgresql = storages.into_iter().any(|storage| tables.uses(storage));
    let postgresql = if postgresql { "from sqlalchemy.dialects import postgresql\n" } else { "" };
    format!(
        "from datetime import datetime, timezone\n{typing}\nimport sqlalchemy as sa\n{postgresql}"
    )
}
