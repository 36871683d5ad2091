//! Classes for SQLModel (0.0.14 and later, Pydantic 2).

use super::naming::{Names, pascal_case, snake_case};
use super::python::{self, GUARD, RESERVED, SAYS, TIME};
use super::tables::{Table, Tables};
use super::{Format, head};

pub(super) fn generate(tables: &Tables<'_>) -> String {
    let head = head(Format::Sqlmodel, tables, SAYS, "#");
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
        "{head}\n{imports}from sqlalchemy.orm import registry\nfrom sqlmodel import Field, SQLModel\n\n\n\
         class AuthTable(SQLModel, registry=registry(metadata=sa.MetaData({schema}))):\n    \
         \"\"\"A table of the auth server.\"\"\"\n\n\n{TIME}\n\n{GUARD}{classes}"
    )
}

fn class(table: &Table<'_>, tables: &Tables<'_>, classes: &mut Names) -> String {
    let name = classes.take(format!("Auth{}", pascal_case(&table.model.name)));
    let mut names = Names::new(RESERVED);
    let fields = table.columns.iter().map(|column| {
        let name = names.take(snake_case(&column.field.name));
        let annotation = python::annotation(column);
        let arguments = python::arguments(column, tables);
        format!("    {name}: {annotation} = Field(sa_column=sa.Column({arguments}))\n")
    });
    let fields: String = fields.collect();
    let table = python::text(&table.model.table);
    format!("class {name}(AuthTable, table=True):\n    __tablename__ = {table}\n\n{fields}")
}
