//! What is wrong with a database that works: for whoever looks for the cause of something.
//!
//! A migration adds what is missing and warns of types that cannot hold a value. This looks for what
//! can hold it and still goes wrong later: times without a zone, a verification date where a boolean
//! belongs, ids that are kept as something else. It reads, and changes nothing.
//!
//! [`misfits`] compares what was found with what is wanted; the databases' modules find out the rest.

use std::fmt;
use std::time::Duration;

use vestibule_core::Timestamp;
use vestibule_core::schema::diff::{self, Finding, Found, FoundColumn};
use vestibule_core::schema::{Field, FieldKind, Model, Schema};

use crate::dialect::{Dialect, quoted};

/// What was learnt from a database by asking it.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// Such as "PostgreSQL 17.5".
    pub product: String,
    /// How long an answer takes: the median of a few.
    pub round_trip: Duration,
    /// The database's clock when the answer was on its way; `None` where it is this computer's.
    pub clock: Option<Reading>,
    pub pooler: Pooler,
    pub is_read_only: bool,
    pub misfits: Vec<Misfit>,
    /// Sentences about what is there and not as expected, the misfits apart.
    pub warnings: Vec<String>,
}

/// What the database's clock said between two moments of ours.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    pub asked: Timestamp,
    pub said: Timestamp,
    pub answered: Timestamp,
}

impl Reading {
    /// By how many milliseconds the database's clock is ahead of ours, as far as can be said: what may
    /// have passed on the way counts for nothing.
    pub fn skew_millis(&self) -> i64 {
        let said = self.said.as_millis();
        let (earliest, latest) = (self.asked.as_millis(), self.answered.as_millis());
        if said < earliest { said - earliest } else { (said - latest).max(0) }
    }
}

/// Whether something between us and PostgreSQL gives our statements to connections of its choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooler {
    /// None that can be noticed; one in session mode cannot, and does no harm.
    None,
    /// Two of our connections were served by one process of PostgreSQL.
    Transaction,
    /// The pool has but one connection, which is too few to tell.
    Unknown,
}

/// A column of another type than what is written into it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    pub table: String,
    pub column: String,
    /// In the database's own words.
    pub data_type: String,
    pub kind: MisfitKind,
    /// The statement that mends it, where there is one.
    pub mend: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MisfitKind {
    /// A column of ours that keeps times without their zone.
    NaiveTime,
    /// A column of ours that holds this many times without a zone, written by somebody else.
    NaiveTimes { rows: u64 },
    /// A column of another table, beside a user's id, that keeps times without their zone.
    NaiveTimeElsewhere,
    /// A boolean of ours that is something else.
    NoBoolean,
    /// A column that takes no null and has no default, and that nothing writes: every insert fails.
    Unwritten,
    /// A column that refers to an id of another type.
    Reference { table: String, column: String, data_type: String },
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, column, data_type, kind, .. } = self;
        write!(f, "the column \"{column}\" of the table \"{table}\" ")?;
        match kind {
            MisfitKind::NaiveTime | MisfitKind::NaiveTimeElsewhere => {
                write!(f, "is of type {data_type}, which keeps no zone")
            }
            MisfitKind::NaiveTimes { rows } => {
                write!(f, "holds times without a zone, in {rows} rows")
            }
            MisfitKind::NoBoolean => write!(f, "is of type {data_type}, and holds true or false"),
            MisfitKind::Unwritten => f.write_str(
                "takes no null and has no default, and the server writes nothing into it",
            ),
            MisfitKind::Reference { table, column, data_type: wanted } => write!(
                f,
                "is of type {data_type}, and refers to \"{column}\" of \"{table}\", of type {wanted}"
            ),
        }
    }
}

/// Compares the columns that are there with those that are wanted, and with what refers to them.
pub(crate) fn misfits(schema: &Schema, found: &Found, dialect: Dialect) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    for model in schema.models().iter() {
        for (field, column) in found_fields(model, found) {
            misfits.extend(own_misfit(schema, found, dialect, model, field, column));
        }
    }
    misfits.extend(unwritten(schema, found, dialect));
    misfits.extend(misfits_elsewhere(schema, found, dialect));
    misfits
}

/// Columns of our tables that somebody else made, and that make every insert fail.
fn unwritten(schema: &Schema, found: &Found, dialect: Dialect) -> Vec<Misfit> {
    let findings = diff::findings(schema, found).into_iter();
    let misfit = |finding| {
        let Finding::UnexpectedRequiredColumn { table, column } = finding else { return None };
        let is_it = |it: &&FoundColumn| it.name == column;
        let there = found.tables.iter().find(|it| it.name == table)?.columns.iter().find(is_it)?;
        let drop = format!(
            "alter table {} alter column {} drop not null;",
            quoted(&table),
            quoted(&column)
        );
        let data_type = there.data_type.clone();
        let mend = (dialect == Dialect::Postgres).then_some(drop);
        Some(Misfit { table, column, data_type, kind: MisfitKind::Unwritten, mend })
    };
    findings.filter_map(misfit).collect()
}

/// Those of the plan's warnings that no misfit says better.
pub(crate) fn other_warnings(warnings: &[String], misfits: &[Misfit]) -> Vec<String> {
    let is_said = |warning: &String| {
        misfits.iter().any(|misfit| {
            let place =
                format!("the column \"{}\" of the table \"{}\" ", misfit.column, misfit.table);
            let rest = warning.strip_prefix(&place);
            rest.is_some_and(|rest| rest.starts_with("is ") || misfit.kind == MisfitKind::Unwritten)
        })
    };
    warnings.iter().filter(|warning| !is_said(warning)).cloned().collect()
}

/// Date columns of ours that keep text, and so may keep a time without its zone: table and column.
#[cfg(feature = "sqlite")]
pub(crate) fn text_times(schema: &Schema, found: &Found) -> Vec<(String, String)> {
    let models = schema.models().iter();
    models
        .flat_map(|model| {
            let dates =
                found_fields(model, found).filter(|(field, _)| field.kind == FieldKind::Date);
            dates.map(|(_, column)| (model.table.clone(), column.name.clone()))
        })
        .collect()
}

fn found_fields<'a>(
    model: &'a Model,
    found: &'a Found,
) -> impl Iterator<Item = (&'a Field, &'a FoundColumn)> {
    let table = found.tables.iter().find(|table| table.name == model.table);
    model.fields.iter().filter_map(move |field| {
        let column = table?.columns.iter().find(|column| column.name == field.column)?;
        Some((field, column))
    })
}

fn own_misfit(
    schema: &Schema,
    found: &Found,
    dialect: Dialect,
    model: &Model,
    field: &Field,
    column: &FoundColumn,
) -> Option<Misfit> {
    let misfit = |kind, mend| {
        let (table, data_type) = (model.table.clone(), column.data_type.clone());
        Some(Misfit { table, column: column.name.clone(), data_type, kind, mend })
    };
    if let Some(reference) = &field.references {
        let referred = schema.model(&reference.model)?;
        let (_, wanted) =
            found_fields(referred, found).find(|(field, _)| field.name == reference.field)?;
        if Family::of(&column.data_type) == Family::of(&wanted.data_type) {
            return None;
        }
        let kind = MisfitKind::Reference {
            table: referred.table.clone(),
            column: wanted.name.clone(),
            data_type: wanted.data_type.clone(),
        };
        return misfit(kind, retype(dialect, &model.table, &column.name, &wanted.data_type));
    }
    match field.kind {
        FieldKind::Boolean if !dialect.type_fits(field, &column.data_type) => {
            misfit(MisfitKind::NoBoolean, to_boolean(dialect, &model.table, column))
        }
        FieldKind::Date if is_naive(dialect, &column.data_type) => {
            misfit(MisfitKind::NaiveTime, Some(to_aware(&model.table, &column.name)))
        }
        _ => None,
    }
}

/// Tables of an application that keep a user's id, by the name of the column.
fn misfits_elsewhere(schema: &Schema, found: &Found, dialect: Dialect) -> Vec<Misfit> {
    let Some(user) = schema.model("user") else { return Vec::new() };
    let Some((_, id)) = found_fields(user, found).next() else { return Vec::new() };
    let is_ours = |name: &str| schema.models().iter().any(|model| model.table == name);
    let mut misfits = Vec::new();
    for table in found.tables.iter().filter(|table| !is_ours(&table.name)) {
        let Some(reference) = table.columns.iter().find(|column| names_a_user(&column.name)) else {
            continue;
        };
        if Family::of(&reference.data_type) != Family::of(&id.data_type) {
            misfits.push(Misfit {
                table: table.name.clone(),
                column: reference.name.clone(),
                data_type: reference.data_type.clone(),
                kind: MisfitKind::Reference {
                    table: user.table.clone(),
                    column: id.name.clone(),
                    data_type: id.data_type.clone(),
                },
                mend: retype(dialect, &table.name, &reference.name, &id.data_type),
            });
        }
        for column in table.columns.iter().filter(|column| is_naive(dialect, &column.data_type)) {
            misfits.push(Misfit {
                table: table.name.clone(),
                column: column.name.clone(),
                data_type: column.data_type.clone(),
                kind: MisfitKind::NaiveTimeElsewhere,
                mend: Some(to_aware(&table.name, &column.name)),
            });
        }
    }
    misfits
}

/// `user_id`, `userId`, `auth_user_id`, `ownerUserID`.
fn names_a_user(column: &str) -> bool {
    let letters: String = column.chars().filter(char::is_ascii_alphanumeric).collect();
    letters.to_ascii_lowercase().ends_with("userid")
}

/// Types that hold the same ids.
#[derive(Debug, PartialEq, Eq)]
enum Family {
    Text,
    Uuid,
    Integer,
    Other(String),
}

impl Family {
    fn of(data_type: &str) -> Self {
        let lower = data_type.to_ascii_lowercase();
        let name = lower.split('(').next().unwrap_or_default().trim();
        match name {
            "text" | "varchar" | "character varying" | "bpchar" | "char" | "citext" => Self::Text,
            "uuid" => Self::Uuid,
            "int2" | "int4" | "int8" | "integer" | "bigint" | "int" | "smallint" => Self::Integer,
            other => Self::Other(other.to_owned()),
        }
    }
}

fn is_naive(dialect: Dialect, data_type: &str) -> bool {
    dialect == Dialect::Postgres && data_type.eq_ignore_ascii_case("timestamp")
}

fn to_aware(table: &str, column: &str) -> String {
    let (table, column) = (quoted(table), quoted(column));
    format!(
        "alter table {table} alter column {column} type timestamptz using {column} at time zone 'UTC';"
    )
}

fn retype(dialect: Dialect, table: &str, column: &str, data_type: &str) -> Option<String> {
    let (table, column) = (quoted(table), quoted(column));
    (dialect == Dialect::Postgres).then(|| {
        format!("alter table {table} alter column {column} type {data_type} using {column}::text::{data_type};")
    })
}

fn to_boolean(dialect: Dialect, table: &str, column: &FoundColumn) -> Option<String> {
    if dialect == Dialect::Sqlite {
        return None; // SQLite changes no column's type; the table has to be made anew.
    }
    let (table, name) = (quoted(table), quoted(&column.name));
    let using = match Family::of(&column.data_type) {
        Family::Integer => format!("coalesce({name}, 0) <> 0"),
        Family::Text => format!("coalesce(lower({name}) in ('t', 'true', '1', 'yes'), false)"),
        // A time of verification.
        Family::Uuid | Family::Other(_) => format!("{name} is not null"),
    };
    Some(format!(
        "alter table {table} alter column {name} drop default, alter column {name} type boolean using ({using}), \
         alter column {name} set default false, alter column {name} set not null;"
    ))
}

#[cfg(test)]
mod tests;
