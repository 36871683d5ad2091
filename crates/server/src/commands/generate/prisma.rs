//! Models for Prisma.

use serde_json::Value as Json;
use vestibule_core::schema::{Model, OnDelete};
use vestibule_sql::Storage;

use super::naming::{Names, as_in_answers, camel_case, pascal_case};
use super::tables::{Column, Table, Tables};
use super::{Format, head};

const SAYS: &str = "\
Read-only: the auth server alone writes these tables. Prisma knows no read-only models, so
- let its migrations be without them, in prisma.config.ts (`experimental: { externalTables: true }`):
    tables: { external: [EXTERNAL] }
- and refuse writes where the client is made:
    const refuse = ({ operation, args, query }) => {
      if (/^(find|count|aggregate|groupBy)/.test(operation)) return query(args)
      throw new Error(`${operation}: the auth server alone writes this table`)
    }
    new PrismaClient(..).$extends({ query: { QUERY } })";

pub(super) fn generate(tables: &Tables<'_>) -> String {
    let mut names = Names::new(&[]);
    let models: Vec<_> = tables
        .all
        .iter()
        .map(|table| (table, names.take(format!("Auth{}", pascal_case(&table.model.name)))))
        .collect();
    let external: Vec<_> = models
        .iter()
        .map(|(table, _)| {
            let schema = tables.schema_name().or((!tables.is_sqlite()).then_some("public"));
            let path: Vec<_> = schema.into_iter().chain([&*table.model.table]).collect();
            Json::from(path.join(".")).to_string()
        })
        .collect();
    let query: Vec<_> = models
        .iter()
        .map(|(_, name)| format!("{}: {{ $allOperations: refuse }}", camel_case(name)))
        .collect();
    let mut says =
        SAYS.replace("EXTERNAL", &external.join(", ")).replace("QUERY", &query.join(", "));
    if let Some(name) = tables.schema_name() {
        says.push_str(&format!("\nThe datasource needs `schemas = [{}]`.", Json::from(name)));
    }
    let head = head(Format::Prisma, tables, &says, "//");
    let texts: Vec<_> =
        models.iter().map(|(table, name)| model(table, name, &models, tables)).collect();
    format!("{head}\n{}", texts.join("\n"))
}

fn model(
    table: &Table<'_>,
    name: &str,
    models: &[(&Table<'_>, String)],
    tables: &Tables<'_>,
) -> String {
    let mut names = Names::new(&[]);
    let mut lines = Vec::new();
    let fields: Vec<_> = table
        .columns
        .iter()
        .map(|column| (column, names.take(as_in_answers(&column.field.name))))
        .collect();
    for (column, field) in &fields {
        lines.push(scalar(column, field));
    }
    for (column, field) in &fields {
        let Some((target, other)) = column.reference else { continue };
        let relation = names.take(camel_case(field.strip_suffix("Id").unwrap_or(field)));
        let optional = if column.field.required { "" } else { "?" };
        let on_delete = on_delete(column);
        lines.push(format!(
            "{relation} {}{optional} @relation(\"{name}_{field}\", fields: [{field}], references: [{}], onDelete: {on_delete})",
            model_name(target, models),
            as_in_answers(&other.name),
        ));
    }
    // Prisma wants both ends of a relation.
    for (other, other_name) in models {
        let mut keys = Names::new(&[]);
        for column in &other.columns {
            let field = keys.take(as_in_answers(&column.field.name));
            if column.reference.is_some_and(|(target, _)| target.name == table.model.name) {
                let many = if column.field.unique { "?" } else { "[]" };
                let plural = if column.field.unique { "" } else { "s" };
                let relation = names.take(format!("{}{plural}", camel_case(&other.model.name)));
                lines.push(format!(
                    "{relation} {other_name}{many} @relation(\"{other_name}_{field}\")"
                ));
            }
        }
    }
    lines.push(String::new());
    lines.push(format!("@@map({})", Json::from(&*table.model.table)));
    if let Some(schema) = tables.schema_name() {
        lines.push(format!("@@schema({})", Json::from(schema)));
    }
    let lines: String = lines
        .iter()
        .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") })
        .collect();
    format!("model {name} {{\n{lines}}}\n")
}

fn scalar(column: &Column<'_>, name: &str) -> String {
    let field = column.field;
    let (scalar, native) = match column.storage {
        Storage::Text => ("String", ""),
        Storage::Uuid => ("String", " @db.Uuid"),
        Storage::Integer => ("Int", ""),
        Storage::BigInteger => ("BigInt", ""),
        Storage::Boolean | Storage::IntegerBoolean => ("Boolean", ""),
        Storage::Time => ("DateTime", " @db.Timestamptz(6)"),
        Storage::TextTime => ("DateTime", ""),
        Storage::Json | Storage::TextJson => ("Json", ""),
    };
    let optional = if field.required { "" } else { "?" };
    let id = if field.name == "id" { " @id" } else { "" };
    let unique = if field.unique { " @unique" } else { "" };
    let map = match field.column == name {
        true => String::new(),
        false => format!(" @map({})", Json::from(&*field.column)),
    };
    format!("{name} {scalar}{optional}{id}{unique}{map}{native}")
}

fn model_name<'n>(model: &Model, models: &'n [(&Table<'_>, String)]) -> &'n str {
    let found = models.iter().find(|(table, _)| table.model.name == model.name);
    &found.expect("only references to generated tables are kept").1
}

fn on_delete(column: &Column<'_>) -> &'static str {
    match column.field.references.as_ref().map(|reference| reference.on_delete) {
        Some(OnDelete::Cascade) | None => "Cascade",
        Some(OnDelete::NoAction) => "NoAction",
        Some(OnDelete::Restrict) => "Restrict",
        Some(OnDelete::SetNull) => "SetNull",
        Some(OnDelete::SetDefault) => "SetDefault",
    }
}
