//! Tables and rows for Diesel 2.

use anyhow::{Result, bail};
use vestibule_sql::Storage;

use super::naming::{Names, pascal_case, snake_case};
use super::tables::{Column, Table, Tables};
use super::{Format, head};

const SAYS: &str = "\
Read-only: the auth server alone writes these tables, so the rows can be queried and selected, and are
neither `Insertable` nor `AsChangeset`. Diesel needs the features `chrono`, `serde_json` for JSON, and
`uuid` for ids that are UUIDs.";

/// The type of times in SQLite. Diesel's own writes a space where the stored text has a `T`, so that its
/// comparisons are wrong.
const TIME: &str = include_str!("../../../templates/generate/diesel_time.rs");

/// Keywords, and what `table!` has in a table's module.
const RESERVED: &[&str] = &[
    "all_columns",
    "as",
    "async",
    "await",
    "box",
    "break",
    "columns",
    "const",
    "continue",
    "crate",
    "dsl",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "match",
    "mod",
    "move",
    "mut",
    "pub",
    "ref",
    "return",
    "self",
    "star",
    "static",
    "struct",
    "super",
    "table",
    "trait",
    "true",
    "try",
    "type",
    "unsafe",
    "use",
    "where",
    "while",
    "yield",
];

/// A table with the names that it has here.
struct Named<'a> {
    table: &'a Table<'a>,
    module: String,
    row: String,
    fields: Vec<(&'a Column<'a>, String)>,
}

pub(super) fn generate(tables: &Tables<'_>) -> Result<String> {
    if let Some(schema) = tables.schema_name().filter(|name| *name != snake_case(name)) {
        bail!(
            "Diesel takes no schema of the name \"{schema}\": it must be small letters, digits and _"
        );
    }
    let mut modules = Names::new(&[]);
    let mut rows = Names::new(&[]);
    let named: Vec<_> = tables
        .all
        .iter()
        .map(|table| {
            let module = modules.take(format!("auth_{}", snake_case(&table.model.name)));
            let row = rows.take(format!("Auth{}", pascal_case(&table.model.name)));
            // A column must not have the name of its table.
            let mut names = Names::new(RESERVED);
            names.take(module.clone());
            let fields = table.columns.iter();
            let fields = fields.map(|column| (column, names.take(snake_case(&column.field.name))));
            Named { table, module, row, fields: fields.collect() }
        })
        .collect();
    let head = head(Format::Diesel, tables, SAYS, "//!");
    let definitions: Vec<_> = named.iter().map(|named| definition(named, tables)).collect();
    let definitions = definitions.join("\n");
    let joins = joins(&named);
    let all: Vec<_> = named.iter().map(|named| &*named.module).collect();
    let together = match all.len() {
        0 | 1 => String::new(),
        _ => format!("diesel::allow_tables_to_appear_in_same_query!({});\n\n", all.join(", ")),
    };
    let rows = named.iter().map(|named| row(named, tables));
    let time = if tables.uses(Storage::TextTime) { TIME } else { "" };
    let mut parts = vec![format!("{definitions}\n{joins}{together}").trim_end().to_owned() + "\n"];
    parts.extend((!time.is_empty()).then(|| time.to_owned()));
    parts.extend(rows);
    // It is a module of its own, of which few programs use everything.
    Ok(format!("{head}#![allow(dead_code)]\n\n{}", parts.join("\n")))
}

fn definition(named: &Named<'_>, tables: &Tables<'_>) -> String {
    let schema = tables.schema_name().map(|name| format!("{name}.")).unwrap_or_default();
    let table = &named.table.model.table;
    let fields = named.fields.iter().map(|(column, name)| {
        let sql_type = sql_type(column);
        let column = &column.field.column;
        let renamed = match column == name {
            true => String::new(),
            false => format!("        #[sql_name = {column:?}]\n"),
        };
        format!("{renamed}        {name} -> {sql_type},\n")
    });
    let fields: String = fields.collect();
    let id = &named.fields[0].1;
    format!(
        "diesel::table! {{\n    #[sql_name = {table:?}]\n    {schema}{} ({id}) {{\n{fields}    }}\n}}\n",
        named.module
    )
}

/// Diesel joins by primary keys, one way for each pair of tables.
fn joins(all: &[Named<'_>]) -> String {
    let mut joined = Vec::new();
    let mut text = String::new();
    for named in all {
        for (column, name) in &named.fields {
            let Some((target, field)) = column.reference else { continue };
            let Some(other) = all.iter().find(|other| other.table.model.name == target.name) else {
                continue;
            };
            let pair = (&named.module, &other.module);
            if field.name == "id" && pair.0 != pair.1 && !joined.contains(&pair) {
                joined.push(pair);
                text.push_str(&format!("diesel::joinable!({} -> {} ({name}));\n", pair.0, pair.1));
            }
        }
    }
    text
}

fn row(named: &Named<'_>, tables: &Tables<'_>) -> String {
    let fields = named.fields.iter();
    let fields: String =
        fields.map(|(column, name)| format!("    pub {name}: {},\n", rust_type(column))).collect();
    let backend = if tables.is_sqlite() { "sqlite::Sqlite" } else { "pg::Pg" };
    let Named { module, row, table, .. } = named;
    format!(
        "/// A row of the table {:?}.\n#[derive(Clone, diesel::Queryable, diesel::Selectable)]\n\
         #[diesel(table_name = {module}, check_for_backend(diesel::{backend}))]\n\
         pub struct {row} {{\n{fields}}}\n",
        table.model.table
    )
}

fn sql_type(column: &Column<'_>) -> String {
    let name = match column.storage {
        Storage::Text | Storage::TextTime => "Text",
        Storage::Uuid => "Uuid",
        Storage::Integer => "Integer",
        Storage::BigInteger => "BigInt",
        Storage::Boolean | Storage::IntegerBoolean => "Bool",
        Storage::Time => "Timestamptz",
        Storage::Json => "Jsonb",
        Storage::TextJson => "Json",
    };
    if column.field.required { name.to_owned() } else { format!("Nullable<{name}>") }
}

fn rust_type(column: &Column<'_>) -> String {
    let name = match column.storage {
        Storage::Text => "String",
        Storage::Uuid => "uuid::Uuid",
        Storage::Integer => "i32",
        Storage::BigInteger => "i64",
        Storage::Boolean | Storage::IntegerBoolean => "bool",
        Storage::Time => "chrono::DateTime<chrono::Utc>",
        Storage::TextTime => "UtcTime",
        Storage::Json | Storage::TextJson => "serde_json::Value",
    };
    if column.field.required { name.to_owned() } else { format!("Option<{name}>") }
}
