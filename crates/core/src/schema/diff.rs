//! What is wanted against what was found: the plan of a migration, as data.
//!
//! A plan only adds: tables, columns, indexes. It never alters or drops what is there; a column of
//! another type than expected is a warning. The order and the choices are the reference's, so that a
//! database made by either side is the same. `sql/` finds out what is there and writes the statements.
//!
//! Reference: better-auth 1.7.7, `db/get-migration`, `core/db/database-index` and `core/db/schema-diff`.

use std::fmt;
use std::sync::Arc;

use super::{DefaultValue, Field, FieldKind, Model, Schema};
use crate::Value;

/// The bytes that PostgreSQL keeps of a name.
const NAME_LIMIT_BYTES: usize = 63;

/// The tables and indexes of a database.
#[derive(Debug, Clone, Default)]
pub struct Found {
    pub tables: Vec<FoundTable>,
    pub indexes: Vec<FoundIndex>,
}

#[derive(Debug, Clone)]
pub struct FoundTable {
    pub name: String,
    pub columns: Vec<FoundColumn>,
}

#[derive(Debug, Clone)]
pub struct FoundColumn {
    pub name: String,
    /// In the database's own words.
    pub data_type: String,
    pub is_nullable: bool,
    /// The database fills it when an insert leaves it out.
    pub has_default: bool,
}

#[derive(Debug, Clone)]
pub struct FoundIndex {
    pub name: String,
    pub table: String,
    /// `None` where it is over an expression.
    pub columns: Vec<Option<String>>,
    pub unique: bool,
    /// Valid and over all rows.
    pub is_complete: bool,
}

/// What differs between databases.
pub struct Rules<'a> {
    /// Whether a column of this type, in the database's own words, can hold the field.
    pub type_fits: &'a dyn Fn(&Field, &str) -> bool,
    /// A column whose default is the current time gets that default in the database too.
    pub now_is_column_default: bool,
}

/// What to do, in order.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    pub changes: Vec<Change>,
    /// Sentences about what is there and not as expected, and stays so.
    pub warnings: Vec<String>,
}

#[derive(Debug, Clone)]
pub enum Change {
    /// Adds the column of `model.fields[field]` to a table that is there.
    AddColumn {
        model: Arc<Model>,
        field: usize,
        /// It takes no null and has no default: a table that has rows cannot get it.
        needs_empty_table: bool,
    },
    CreateTable(Arc<Model>),
    CreateIndex(NewIndex),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIndex {
    pub name: String,
    pub table: String,
    pub columns: Vec<String>,
    pub unique: bool,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DiffError {
    #[error(
        "the index \"{name}\" of the table \"{table}\" is there, but over other columns or of another \
         uniqueness; rename or replace it, then migrate again"
    )]
    IndexDiffers { name: String, table: String },
    #[error(
        "the index name \"{name}\", wanted for the table \"{table}\", is taken by the table \"{owner}\"; \
         rename that index, then migrate again"
    )]
    IndexNameTaken { name: String, table: String, owner: String },
}

/// Plans how to get from `found` to `schema`.
pub fn plan(schema: &Schema, found: &Found, rules: &Rules<'_>) -> Result<Plan, DiffError> {
    let mut plan = Plan::default();
    let (mut tables, mut columns) = (Vec::new(), Vec::new());
    let (mut indexes, mut table_indexes) = (IndexesToCome::default(), Vec::new());
    for model in migrated(schema) {
        plan_indexes(model, found, &mut table_indexes)?;
        match found.table(&model.table) {
            None => {
                tables.push(Change::CreateTable(model.clone()));
                let own = model.fields.iter().filter(|field| field.index && !field.unique);
                indexes.of_tables.extend(own.map(|field| field_index(model, field)));
            }
            Some(table) => plan_columns(model, table, rules, &mut columns, &mut indexes, &mut plan),
        }
    }
    plan.changes.extend(columns);
    plan.changes.extend(tables);
    let indexes = [indexes.of_columns, indexes.of_tables, table_indexes].into_iter().flatten();
    plan.changes.extend(indexes.map(Change::CreateIndex));
    Ok(plan)
}

/// What keeps Vestibule from working on a database as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    MissingTable {
        table: String,
    },
    MissingColumn {
        table: String,
        column: String,
    },
    /// A column that takes no null, has no default, and is written by nobody: every insert fails.
    UnexpectedRequiredColumn {
        table: String,
        column: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingTable { table } => write!(f, "the table \"{table}\" is missing"),
            Self::MissingColumn { table, column } => {
                write!(f, "the column \"{column}\" is missing from the table \"{table}\"")
            }
            Self::UnexpectedRequiredColumn { table, column } => write!(
                f,
                "the column \"{column}\" of the table \"{table}\" takes no null and has no default, but is \
                 never written, so every insert fails; drop it, make it nullable, or give it a default"
            ),
        }
    }
}

/// Everything that keeps Vestibule from working on a database as it is; empty when all is well.
pub fn findings(schema: &Schema, found: &Found) -> Vec<Finding> {
    let mut findings = Vec::new();
    for model in migrated(schema) {
        let table = model.table.clone();
        let Some(found) = found.table(&table) else {
            findings.push(Finding::MissingTable { table });
            continue;
        };
        for field in model.fields.iter().filter(|field| found.column(&field.column).is_none()) {
            let column = field.column.clone();
            findings.push(Finding::MissingColumn { table: table.clone(), column });
        }
        for column in found.columns.iter().filter(|column| !column.is_nullable) {
            if !column.has_default && model.fields.iter().all(|field| field.column != column.name) {
                let column = column.name.clone();
                findings.push(Finding::UnexpectedRequiredColumn { table: table.clone(), column });
            }
        }
    }
    findings
}

/// The name of an index as the reference makes it: `session_userId_idx`, with a hash where that is too long.
pub fn index_name(table: &str, columns: &[String], unique: bool) -> String {
    let kind = if unique { "uidx" } else { "idx" };
    let stem = format!("{table}_{}", columns.join("_"));
    let name = format!("{stem}_{kind}");
    if name.len() <= NAME_LIMIT_BYTES {
        return name;
    }
    let suffix = format!("_{:08x}_{kind}", fnv1a(&name));
    let mut end = (NAME_LIMIT_BYTES - suffix.len()).min(stem.len());
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{suffix}", &stem[..end])
}

/// FNV-1a of 32 bits over UTF-16 units, as JavaScript's `charCodeAt` gives them.
fn fnv1a(text: &str) -> u32 {
    text.encode_utf16()
        .fold(0x811c_9dc5, |hash, unit| (hash ^ u32::from(unit)).wrapping_mul(0x0100_0193))
}

/// A default that the database can be given as a constant when a column is added.
pub fn static_default(field: &Field) -> Option<&Value> {
    // Reference quirk: an optional unique column gets none, since all rows would share it.
    let fits = matches!(
        field.kind,
        FieldKind::String | FieldKind::Number | FieldKind::BigNumber | FieldKind::Boolean
    );
    match &field.default {
        DefaultValue::Value(value) if fits && (field.required || !field.unique) => {
            Some(value).filter(|value| !value.is_null())
        }
        _ => None,
    }
}

fn migrated(schema: &Schema) -> impl Iterator<Item = &Arc<Model>> {
    schema.models().iter().filter(|model| !model.disable_migration)
}

/// Indexes come after all tables, those of added columns first.
#[derive(Default)]
struct IndexesToCome {
    of_columns: Vec<NewIndex>,
    of_tables: Vec<NewIndex>,
}

fn plan_columns(
    model: &Arc<Model>,
    table: &FoundTable,
    rules: &Rules<'_>,
    columns: &mut Vec<Change>,
    indexes: &mut IndexesToCome,
    plan: &mut Plan,
) {
    for (position, field) in model.fields.iter().enumerate() {
        if let Some(column) = table.column(&field.column) {
            plan.warnings.extend(warnings(model, field, column, rules));
            continue;
        }
        let is_now = field.default == DefaultValue::Now && field.kind == FieldKind::Date;
        let is_filled = static_default(field).is_some() || (is_now && rules.now_is_column_default);
        columns.push(Change::AddColumn {
            model: model.clone(),
            field: position,
            needs_empty_table: field.required && !is_filled,
        });
        if field.index || field.unique {
            indexes.of_columns.push(field_index(model, field));
        }
    }
}

fn warnings(model: &Model, field: &Field, column: &FoundColumn, rules: &Rules<'_>) -> Vec<String> {
    let (table, name) = (&model.table, &column.name);
    let mut warnings = Vec::new();
    if field.required && column.is_nullable && field.name != "id" {
        warnings.push(format!(
            "the column \"{name}\" of the table \"{table}\" takes null, though the field is required; fill \
             the rows that have none, then make it NOT NULL"
        ));
    }
    if !(rules.type_fits)(field, &column.data_type) {
        warnings.push(format!(
            "the column \"{name}\" of the table \"{table}\" is of type {}, which is not meant for {}",
            column.data_type,
            field.kind.describe(),
        ));
    }
    warnings
}

fn field_index(model: &Model, field: &Field) -> NewIndex {
    let columns = vec![field.column.clone()];
    NewIndex {
        name: index_name(&model.table, &columns, field.unique),
        table: model.table.clone(),
        columns,
        unique: field.unique,
    }
}

/// The indexes that a model declares beside those of its fields.
fn plan_indexes(
    model: &Model,
    found: &Found,
    planned: &mut Vec<NewIndex>,
) -> Result<(), DiffError> {
    for index in &model.indexes {
        let columns: Vec<_> = index
            .fields
            .iter()
            .map(|field| {
                model.field(field).map_or_else(|| field.clone(), |field| field.column.clone())
            })
            .collect();
        let (name, table) = (index_name(&model.table, &columns, index.unique), model.table.clone());
        let wanted = NewIndex { name, table, columns, unique: index.unique };
        match found.indexes.iter().find(|index| index.name.eq_ignore_ascii_case(&wanted.name)) {
            None if planned.contains(&wanted) => {}
            None => planned.push(wanted),
            Some(index) if !index.table.eq_ignore_ascii_case(&wanted.table) => {
                let owner = index.table.clone();
                return Err(DiffError::IndexNameTaken {
                    name: wanted.name,
                    table: wanted.table,
                    owner,
                });
            }
            Some(index) if index.is(&wanted) => {}
            Some(_) => {
                return Err(DiffError::IndexDiffers { name: wanted.name, table: wanted.table });
            }
        }
    }
    Ok(())
}

impl Found {
    fn table(&self, name: &str) -> Option<&FoundTable> {
        self.tables.iter().find(|table| table.name == name)
    }
}

impl FoundTable {
    fn column(&self, name: &str) -> Option<&FoundColumn> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl FoundIndex {
    fn is(&self, wanted: &NewIndex) -> bool {
        let columns = self.columns.iter().map(Option::as_deref);
        self.unique == wanted.unique
            && self.is_complete
            && columns.eq(wanted.columns.iter().map(|column| Some(column.as_str())))
    }
}

impl FieldKind {
    fn describe(&self) -> &'static str {
        match self {
            Self::Id => "an id",
            Self::String | Self::Enum(_) => "text",
            Self::Number | Self::BigNumber => "a number",
            Self::Boolean => "a boolean",
            Self::Date => "a date",
            Self::Json => "JSON",
            Self::StringArray | Self::NumberArray => "a list",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{IdPolicy, Index};

    const ANY_TYPE: Rules<'_> = Rules { type_fits: &|_, _| true, now_is_column_default: true };

    fn schema(fields: Vec<Field>) -> Schema {
        let mut builder = Schema::builder(IdPolicy::Random);
        let mut all = vec![Field::new("id", FieldKind::Id)];
        all.extend(fields);
        builder.add("thing", all, vec![Index { fields: vec!["name".into()], unique: true }]);
        builder.build().expect("fits together")
    }

    fn found(columns: &[&str]) -> Found {
        let column = |name: &&str| FoundColumn {
            name: (*name).into(),
            data_type: "text".into(),
            is_nullable: false,
            has_default: false,
        };
        let columns = columns.iter().map(column).collect();
        Found { tables: vec![FoundTable { name: "thing".into(), columns }], indexes: Vec::new() }
    }

    fn outline(plan: &Plan) -> Vec<String> {
        let line = |change: &Change| match change {
            Change::CreateTable(model) => format!("table {}", model.table),
            Change::AddColumn { model, field, needs_empty_table } => {
                format!("column {} {needs_empty_table}", model.fields[*field].column)
            }
            Change::CreateIndex(index) => format!("index {}", index.name),
        };
        plan.changes.iter().map(line).collect()
    }

    #[test]
    fn an_empty_database_gets_tables_then_indexes() {
        let fields = vec![Field { index: true, ..Field::new("name", FieldKind::String) }];
        let plan = plan(&schema(fields), &Found::default(), &ANY_TYPE).expect("a plan");
        assert_eq!(
            outline(&plan),
            ["table thing", "index thing_name_idx", "index thing_name_uidx"]
        );
    }

    #[test]
    fn a_required_column_needs_a_default_or_an_empty_table() {
        let fields = vec![
            Field::new("name", FieldKind::String),
            Field { default: DefaultValue::Now, ..Field::new("createdAt", FieldKind::Date) },
            Field { required: false, ..Field::new("image", FieldKind::String) },
            Field {
                default: DefaultValue::Value(Value::Integer(3)),
                ..Field::new("count", FieldKind::Number)
            },
        ];
        let plan = plan(&schema(fields), &found(&["id"]), &ANY_TYPE).expect("a plan");
        let expected = [
            "column name true",
            "column createdAt false",
            "column image false",
            "column count false",
            "index thing_name_uidx",
        ];
        assert_eq!(outline(&plan), expected);
    }

    #[test]
    fn another_type_is_a_warning_and_nothing_more() {
        let fields = vec![Field::new("name", FieldKind::String)];
        let rules = Rules { type_fits: &|field, _| field.name != "name", ..ANY_TYPE };
        let plan = plan(&schema(fields), &found(&["id", "name"]), &rules).expect("a plan");
        assert_eq!(outline(&plan), ["index thing_name_uidx"]);
        assert_eq!(plan.warnings.len(), 1);
    }

    #[test]
    fn an_index_of_the_name_that_is_another_one_stops_the_plan() {
        let mut found = found(&["id", "name"]);
        let index = |table: &str, unique| FoundIndex {
            name: "thing_name_uidx".into(),
            table: table.into(),
            columns: vec![Some("name".into())],
            unique,
            is_complete: true,
        };
        let schema = schema(vec![Field::new("name", FieldKind::String)]);
        found.indexes = vec![index("thing", true)];
        assert!(plan(&schema, &found, &ANY_TYPE).expect("a plan").changes.is_empty());
        found.indexes = vec![index("thing", false)];
        assert!(matches!(plan(&schema, &found, &ANY_TYPE), Err(DiffError::IndexDiffers { .. })));
        found.indexes = vec![index("other", true)];
        assert!(matches!(plan(&schema, &found, &ANY_TYPE), Err(DiffError::IndexNameTaken { .. })));
    }

    #[test]
    fn what_is_missing_or_in_the_way_is_found() {
        let schema = schema(vec![Field::new("name", FieldKind::String)]);
        let lines = |found: &Found| -> Vec<_> {
            findings(&schema, found).iter().map(Finding::to_string).collect()
        };
        assert_eq!(lines(&Found::default()), ["the table \"thing\" is missing"]);
        let lines = lines(&found(&["id", "issuer"]));
        assert_eq!(lines[0], "the column \"name\" is missing from the table \"thing\"");
        assert!(lines[1].starts_with("the column \"issuer\" of the table \"thing\" takes no null"));
    }

    /// `index_names` of `protocol/vectors.json`.
    #[test]
    fn index_names_are_the_references() {
        let name = |table: &str, columns: &[&str], unique| {
            index_name(
                table,
                &columns.iter().map(|&column| column.into()).collect::<Vec<_>>(),
                unique,
            )
        };
        assert_eq!(name("user", &["email"], true), "user_email_uidx");
        assert_eq!(name("session", &["userId"], false), "session_userId_idx");
        assert_eq!(
            name(
                "oauthAccessTokenVeryLongTableName",
                &["someVeryLongColumnNameNumberOne", "anotherVeryLongColumnName"],
                true
            ),
            "oauthAccessTokenVeryLongTableName_someVeryLongCol_9334ae69_uidx"
        );
    }
}
