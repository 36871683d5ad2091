//! Classes for SQLAlchemy 2.

use super::naming::{Names, pascal_case, snake_case};
use super::python::{self, GUARD, RESERVED, SAYS, TIME};
use super::tables::{Table, Tables};
use super::{Format, head};

pub(super) fn generate(tables: &Tables<'_>) -> String {
    let head = head(Format::Sqlalchemy, tables, SAYS, "#");
    let imports = python::imports(tables);
    let schema = tables.schema_name().map(|name| format!("schema={}", python::text(name)));
    let schema = schema.unwrap_or_default();
    let mut classes = Names::new(&["AuthTable", "AuthTableIsReadOnly"]);
    let classes: String = tables
        .all
        .iter()
        .map(|table| format!("\n\n{}", class(table, tables, &mut classes)))
        .collect();
    format!(
        "{head}\n{imports}from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column\n\n\n\
         class AuthTable(DeclarativeBase):\n    \"\"\"A table of the auth server.\"\"\"\n\n    \
         metadata = sa.MetaData({schema})\n\n\n{TIME}\n\n{GUARD}{classes}"
    )
}

fn class(table: &Table<'_>, tables: &Tables<'_>, classes: &mut Names) -> String {
    let name = classes.take(format!("Auth{}", pascal_case(&table.model.name)));
    let mut names = Names::new(RESERVED);
    let fields = table.columns.iter().map(|column| {
        let name = names.take(snake_case(&column.field.name));
        let annotation = python::annotation(column);
        let arguments = python::arguments(column, tables);
        format!("    {name}: Mapped[{annotation}] = mapped_column({arguments})\n")
    });
    let fields: String = fields.collect();
    let table = python::text(&table.model.table);
    format!("class {name}(AuthTable):\n    __tablename__ = {table}\n\n{fields}")
}
