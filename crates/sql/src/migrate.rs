//! Bringing a database to the schema that is wanted.

use vestibule_core::schema::Schema;
use vestibule_core::schema::diff::{self, Change, DiffError, Finding, Found, Rules};
use vestibule_core::store::{Source, StoreError};

use crate::ddl::Definitions;
use crate::dialect::Dialect;

/// What a migration does, or has done.
#[derive(Debug, Clone)]
pub struct Migration {
    statements: Vec<String>,
    warnings: Vec<String>,
    /// Columns that a table with rows cannot get.
    pub(crate) required_columns: Vec<RequiredColumn>,
}

impl Migration {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    pub fn statements(&self) -> &[String] {
        &self.statements
    }

    /// Sentences about what is there and not as expected, and stays so.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The statements as a script, as the reference prints it.
    pub fn to_sql(&self) -> String {
        format!("{};", self.statements.join(";\n\n"))
    }
}

/// A column that takes no null and has no default, for a table that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredColumn {
    pub table: String,
    pub column: String,
}

/// Why a database was not migrated.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Diff(#[from] DiffError),
    #[error(
        "cannot add the required column \"{column}\" to the table \"{table}\": the rows that are there would \
         have no value; give the field a default or make it optional (`required = false`), or add the column \
         by hand as nullable, fill it, and make it NOT NULL", column = .0.column, table = .0.table
    )]
    RequiredColumn(RequiredColumn),
    #[error("failed to run `{statement}`; nothing was changed")]
    Statement { statement: String, source: Source },
    #[error(transparent)]
    Schema(#[from] SchemaCheck),
}

/// A database that is not as Vestibule needs it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the database does not fit the configuration: {}; run `vestibule migrate`", list(findings))]
pub struct SchemaCheck {
    pub findings: Vec<Finding>,
}

fn list(findings: &[Finding]) -> String {
    findings.iter().map(Finding::to_string).collect::<Vec<_>>().join("; ")
}

/// Knows what is wanted, and how to write it.
#[derive(Debug, Clone)]
pub(crate) struct Planner {
    pub(crate) schema: Schema,
    pub(crate) dialect: Dialect,
    pub(crate) schema_name: Option<String>,
}

impl Planner {
    pub(crate) fn plan(&self, found: &Found) -> Result<Migration, MigrateError> {
        let dialect = self.dialect;
        let rules = Rules {
            type_fits: &|field, data_type| dialect.type_fits(field, data_type),
            now_is_column_default: dialect.now_is_column_default(),
        };
        let plan = diff::plan(&self.schema, found, &rules)?;
        let schema_name = self.schema_name.as_deref();
        let definitions = Definitions { dialect, schema: &self.schema, schema_name };
        let required = plan.changes.iter().filter_map(|change| match change {
            Change::AddColumn { model, field, needs_empty_table: true } => Some(RequiredColumn {
                table: model.table.clone(),
                column: model.fields[*field].column.clone(),
            }),
            _ => None,
        });
        let required_columns = required.collect();
        let mut warnings = plan.warnings.clone();
        let findings = diff::findings(&self.schema, found).into_iter();
        let in_the_way =
            findings.filter(|finding| matches!(finding, Finding::UnexpectedRequiredColumn { .. }));
        warnings.extend(in_the_way.map(|finding| finding.to_string()));
        Ok(Migration { statements: definitions.statements(&plan), warnings, required_columns })
    }

    pub(crate) fn check(&self, found: &Found) -> Result<(), MigrateError> {
        let findings = diff::findings(&self.schema, found);
        if findings.is_empty() { Ok(()) } else { Err(SchemaCheck { findings }.into()) }
    }
}
