//! The plan of a migration as statements, spelled as the reference spells them.

use vestibule_core::Value;
use vestibule_core::schema::diff::{Change, NewIndex, Plan, static_default};
use vestibule_core::schema::{DefaultValue, Field, FieldKind, IdPolicy, Model, Schema};

use crate::dialect::{Dialect, on_delete, quoted};
use crate::statement::table_name;

/// Writes definitions for one database.
pub(crate) struct Definitions<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) schema: &'a Schema,
    pub(crate) schema_name: Option<&'a str>,
}

impl Definitions<'_> {
    pub(crate) fn statements(&self, plan: &Plan) -> Vec<String> {
        let creates = plan.changes.iter().any(|change| matches!(change, Change::CreateTable(_)));
        let schema = self.schema_name.filter(|_| creates);
        let schema = schema.map(|name| format!("create schema if not exists {}", quoted(name)));
        schema.into_iter().chain(plan.changes.iter().map(|change| self.statement(change))).collect()
    }

    fn statement(&self, change: &Change) -> String {
        match change {
            Change::CreateTable(model) => self.create_table(model),
            Change::AddColumn { model, field, .. } => self.add_column(model, &model.fields[*field]),
            Change::CreateIndex(index) => self.create_index(index),
        }
    }

    fn create_table(&self, model: &Model) -> String {
        let mut columns = Vec::new();
        for field in &model.fields {
            let mut column = self.column(field);
            if field.name == "id" {
                let default = self.dialect.id_default(self.policy());
                column.push_str(
                    &default.map(|default| format!(" default {default}")).unwrap_or_default(),
                );
                column.push_str(" not null primary key");
            } else {
                column.push_str(if self.has_now(field) {
                    " default CURRENT_TIMESTAMP"
                } else {
                    ""
                });
                column.push_str(if field.required { " not null" } else { "" });
                column.push_str(if field.unique { " unique" } else { "" });
                column.push_str(&self.references(field));
            }
            columns.push(column);
        }
        format!("create table {} ({})", self.table(&model.table), columns.join(", "))
    }

    /// A unique column gets its index afterwards.
    fn add_column(&self, model: &Model, field: &Field) -> String {
        let default = match static_default(field) {
            _ if self.has_now(field) => " default CURRENT_TIMESTAMP".to_owned(),
            Some(value) => format!(" default {}", self.literal(value)),
            None => String::new(),
        };
        let not_null = if field.required { " not null" } else { "" };
        let (column, references) = (self.column(field), self.references(field));
        let table = self.table(&model.table);
        format!("alter table {table} add column {column}{default}{not_null}{references}")
    }

    fn create_index(&self, index: &NewIndex) -> String {
        let unique = if index.unique { "unique " } else { "" };
        let (name, table) = (quoted(&index.name), self.table(&index.table));
        let columns: Vec<_> = index.columns.iter().map(|column| quoted(column)).collect();
        format!("create {unique}index {name} on {table} ({})", columns.join(", "))
    }

    fn column(&self, field: &Field) -> String {
        format!("{} {}", quoted(&field.column), self.dialect.column_type(field, self.policy()))
    }

    fn references(&self, field: &Field) -> String {
        let Some(reference) = &field.references else { return String::new() };
        let Some(model) = self.schema.model(&reference.model) else { return String::new() };
        let column = model.field(&reference.field).map_or(&reference.field, |field| &field.column);
        let (table, column) = (self.table(&model.table), quoted(column));
        format!(" references {table} ({column}) on delete {}", on_delete(reference.on_delete))
    }

    fn has_now(&self, field: &Field) -> bool {
        field.kind == FieldKind::Date
            && field.default == DefaultValue::Now
            && self.dialect.now_is_column_default()
    }

    fn literal(&self, value: &Value) -> String {
        match value {
            Value::Boolean(boolean) => self.dialect.boolean(*boolean).to_owned(),
            Value::Integer(integer) => integer.to_string(),
            Value::Real(real) => real.to_string(),
            Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
            // No static default is of these.
            Value::Null | Value::Time(_) | Value::Json(_) => "null".to_owned(),
        }
    }

    fn policy(&self) -> IdPolicy {
        self.schema.id_policy()
    }

    fn table(&self, table: &str) -> String {
        table_name(self.schema_name, table)
    }
}
