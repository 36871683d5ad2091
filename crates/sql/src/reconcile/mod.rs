//! Comparing the users with a table of the application that refers to them.
//!
//! The databases do the joins, so that no table is too long for it: what comes back are counts and a
//! few samples. A [`Finding`] has statements that mend it where that takes no decision, and proposals
//! where it takes one. Rows are never tied to a user by an address, not even in `mend`: whoever signs
//! up with somebody's address would inherit what is theirs.

mod statements;

use vestibule_core::models::User;
use vestibule_core::schema::diff::{Found, FoundColumn, FoundTable};
use vestibule_core::store::{ModelRow as _, StoreError};

use self::statements::Statements;
use crate::dialect::Dialect;
use crate::{Connection, Database};

/// Values of a finding that are shown.
const SAMPLES_LIMIT: usize = 10;

/// The application's table.
#[derive(Debug, Clone)]
pub struct Question {
    /// Its PostgreSQL schema, where that is not in the search path.
    pub schema_name: Option<String>,
    pub table: String,
    /// The column that holds the user's id.
    pub id: String,
    /// The column that holds the user's address, if there is one.
    pub email: Option<String>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub users: u64,
    pub rows: u64,
    pub findings: Vec<Finding>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub kind: Kind,
    /// How many rows it is about.
    pub count: u64,
    /// Ids or addresses, ten at most.
    pub samples: Vec<String>,
    /// More about it, for people.
    pub note: String,
    /// What mends it without a decision.
    pub mend: Vec<String>,
    /// What might, if somebody decides so.
    pub proposals: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The ids are of different types.
    IdType,
    /// Rows whose id is no user's.
    Orphan,
    /// Users without a row.
    Missing,
    /// Ids that several rows have.
    Duplicate,
    /// Nothing keeps two rows from having one id.
    NotUnique,
    /// Rows without an id.
    NullId,
    /// Rows with another address than their user has.
    EmailDiffers,
    /// Addresses that several rows have, whatever the case of their letters.
    EmailClash,
    /// Users whose address has capital letters, by which nobody can sign in.
    UserEmailCase,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("there is no table \"{table}\"{place}")]
    NoTable { table: String, place: String },
    #[error(
        "the users' table \"{table}\" is not there; is this the database of the auth server, and was it migrated?"
    )]
    NoUsers { table: String },
    #[error("the table \"{table}\" has no column \"{column}\"; it has {known}")]
    NoColumn { table: String, column: String, known: String },
    #[error("the name {name:?} contains a control character")]
    BadName { name: String },
    #[error("`--schema` is for PostgreSQL: SQLite has no schemas")]
    NoSchemas,
}

impl Kind {
    /// Its name, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::IdType => "id-type",
            Self::Orphan => "orphan",
            Self::Missing => "missing",
            Self::Duplicate => "duplicate",
            Self::NotUnique => "not-unique",
            Self::NullId => "null-id",
            Self::EmailDiffers => "email-differs",
            Self::EmailClash => "email-clash",
            Self::UserEmailCase => "user-email-case",
        }
    }
}

impl Database {
    /// Compares; changes nothing. `progress` is told what is looked at, and how much of it is done.
    pub async fn reconcile(
        &self,
        question: &Question,
        progress: &mut (dyn FnMut(&str, u8) + Send),
    ) -> Result<Report, ReconcileError> {
        let comparison = Comparison::prepare(self, question).await?;
        comparison.report(progress).await
    }

    /// Runs statements in one transaction, and returns how many rows each has changed.
    pub async fn run_all(&self, statements: &[String]) -> Result<Vec<u64>, StoreError> {
        match &self.connection {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(database) => database.run_all(statements.to_vec()).await,
            #[cfg(feature = "postgres")]
            Connection::Postgres(database) => database.run_all(statements).await,
        }
    }

    /// The rows of a query, as text.
    async fn texts(&self, sql: String) -> Result<Vec<Vec<Option<String>>>, StoreError> {
        match &self.connection {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(database) => database.texts(sql).await,
            #[cfg(feature = "postgres")]
            Connection::Postgres(database) => database.texts(&sql).await,
        }
    }

    #[cfg_attr(
        not(feature = "postgres"),
        expect(unused_variables, reason = "SQLite has no schemas")
    )]
    async fn found(&self, schema_name: Option<&str>) -> Result<Found, StoreError> {
        match &self.connection {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(database) => database.found().await,
            #[cfg(feature = "postgres")]
            Connection::Postgres(database) => database.found(schema_name).await,
        }
    }
}

/// Both tables, as they are.
struct Comparison<'a> {
    database: &'a Database,
    statements: Statements,
    id: FoundColumn,
    user_id_type: String,
    has_email: bool,
    /// A unique index over the id.
    is_unique: bool,
    /// Columns that an insert must name, beside id and address.
    required: Vec<String>,
}

impl<'a> Comparison<'a> {
    async fn prepare(database: &'a Database, question: &Question) -> Result<Self, ReconcileError> {
        let Question { schema_name, table, id, email } = question;
        let names = [schema_name.as_ref(), Some(table), Some(id), email.as_ref()];
        for name in names.into_iter().flatten() {
            if name.chars().any(char::is_control) {
                return Err(ReconcileError::BadName { name: name.clone() });
            }
        }
        let planner = &database.planner;
        if schema_name.is_some() && planner.dialect == Dialect::Sqlite {
            return Err(ReconcileError::NoSchemas);
        }
        let model = planner.schema.model(User::MODEL).expect("the core declares its user");
        let found = database.found(planner.schema_name.as_deref()).await?;
        let users = find_table(&found, &model.table, planner.schema_name.as_deref())
            .map_err(|_| ReconcileError::NoUsers { table: model.table.clone() })?;
        let user_id = find_column(users, &model.fields[0].column)?;
        let found = database.found(schema_name.as_deref()).await?;
        let rows = find_table(&found, table, schema_name.as_deref())?;
        let id = find_column(rows, id)?;
        let email = email.as_ref().map(|email| find_column(rows, email)).transpose()?;
        let is_named = |column: &&FoundColumn| {
            column.name == id.name || email.is_some_and(|email| email.name == column.name)
        };
        let required =
            rows.columns.iter().filter(|column| !column.is_nullable && !column.has_default);
        let required =
            required.filter(|column| !is_named(column)).map(|column| column.name.clone());
        let is_unique = found.indexes.iter().any(|index| {
            index.table == *table
                && index.unique
                && index.is_complete
                && index.columns == [Some(id.name.clone())]
        });
        let statements =
            Statements::new(planner, model, question, is_same_type(planner.dialect, id, user_id));
        Ok(Self {
            database,
            statements,
            id: id.clone(),
            user_id_type: user_id.data_type.clone(),
            has_email: email.is_some(),
            is_unique,
            required: required.collect(),
        })
    }

    async fn report(
        &self,
        progress: &mut (dyn FnMut(&str, u8) + Send),
    ) -> Result<Report, ReconcileError> {
        progress("counting", 0);
        let counts = self.numbers(self.statements.totals()).await?;
        let mut report = Report { users: counts[0], rows: counts[1], findings: Vec::new() };
        let findings = &mut report.findings;
        findings.extend(self.id_type(report.rows));
        progress("rows without a user", 10);
        findings.extend(self.orphans().await?);
        progress("users without a row", 30);
        findings.extend(self.missing().await?);
        progress("ids that several rows have", 50);
        let duplicates = self.duplicates().await?;
        let has_duplicates = duplicates.is_some();
        findings.extend(duplicates);
        findings.extend(self.not_unique(has_duplicates));
        progress("rows without an id", 60);
        findings.extend(self.null_ids().await?);
        if self.has_email {
            progress("addresses", 70);
            findings.extend(self.differing_emails(has_duplicates).await?);
            progress("addresses that several rows have", 80);
            findings.extend(self.clashing_emails().await?);
        }
        progress("the users' addresses", 90);
        findings.extend(self.user_emails().await?);
        progress("done", 100);
        Ok(report)
    }

    fn id_type(&self, rows: u64) -> Option<Finding> {
        if self.statements.is_same_type {
            return None;
        }
        let (ours, theirs) = (&self.user_id_type, &self.id.data_type);
        Some(Finding {
            note: format!(
                "The users' ids are {ours}, these are {theirs}: no foreign key is possible, and every join converts. \
                 Nothing else is mended before"
            ),
            proposals: self.statements.alter_type(ours),
            ..Finding::of(Kind::IdType, rows)
        })
    }

    async fn orphans(&self) -> Result<Option<Finding>, StoreError> {
        let Some(finding) = self.look(Kind::Orphan, self.statements.orphans()).await? else {
            return Ok(None);
        };
        let mut proposals = vec![self.statements.delete_orphans()];
        if self.id.is_nullable {
            proposals.push(self.statements.release_orphans());
        }
        let note =
            "Rows that belong to no user; their users were deleted, or never were in this database";
        Ok(Some(Finding { note: note.to_owned(), proposals, ..finding }))
    }

    async fn missing(&self) -> Result<Option<Finding>, StoreError> {
        let Some(finding) = self.look(Kind::Missing, self.statements.missing()).await? else {
            return Ok(None);
        };
        let mut note = "Users that have no row".to_owned();
        let mut mend = Vec::new();
        if !self.required.is_empty() {
            let columns: Vec<_> = self.required.iter().map(|name| format!("\"{name}\"")).collect();
            let columns = columns.join(", ");
            note.push_str(&format!("; only the application knows what to put into {columns}"));
        } else if self.statements.is_same_type {
            mend.push(self.statements.insert_missing());
            if self.has_email {
                note.push_str(
                    "; those whose address a row has already get none, since that may be theirs",
                );
            }
        }
        Ok(Some(Finding { note, mend, ..finding }))
    }

    async fn duplicates(&self) -> Result<Option<Finding>, StoreError> {
        let found = self.look(Kind::Duplicate, self.statements.duplicates()).await?;
        let note =
            "Ids that several rows have; only the application knows which of them is to stay";
        Ok(found.map(|finding| Finding {
            note: note.to_owned(),
            proposals: vec![self.statements.show_duplicates()],
            ..finding
        }))
    }

    fn not_unique(&self, has_duplicates: bool) -> Option<Finding> {
        if self.is_unique {
            return None;
        }
        let index = vec![self.statements.unique_index()];
        let note =
            "No unique index is over the id alone, so two first requests at once make two rows";
        let finding = Finding { note: note.to_owned(), ..Finding::of(Kind::NotUnique, 0) };
        Some(match has_duplicates {
            true => Finding { proposals: index, ..finding },
            false => Finding { mend: index, ..finding },
        })
    }

    async fn null_ids(&self) -> Result<Option<Finding>, StoreError> {
        let null = self.statements.null_ids(self.has_email);
        let Some(finding) = self.look(Kind::NullId, null).await? else { return Ok(None) };
        let mut note = "Rows without an id".to_owned();
        let mut proposals = Vec::new();
        if self.has_email && self.statements.is_same_type {
            let adoptable = self.numbers(self.statements.adoptable()).await?[0];
            note.push_str(&format!(
                "; {adoptable} of them have the verified address of one user without a row. That is no proof \
                 that they belong together: look at each before you adopt it"
            ));
            proposals.extend((adoptable > 0).then(|| self.statements.adopt()));
        }
        Ok(Some(Finding { note, proposals, ..finding }))
    }

    /// Capital letters are mended, where it is clear whose row it is; another address may be meant so.
    async fn differing_emails(&self, has_duplicates: bool) -> Result<Option<Finding>, StoreError> {
        let found = self.look(Kind::EmailDiffers, self.statements.differing_emails()).await?;
        let Some(finding) = found else { return Ok(None) };
        let note = "Rows with another address than their user has, be it by capital letters alone";
        let may_mend = self.statements.is_same_type && !has_duplicates;
        let mend = may_mend.then(|| self.statements.copy_email_case());
        Ok(Some(Finding {
            note: note.to_owned(),
            mend: mend.into_iter().collect(),
            proposals: vec![self.statements.copy_emails()],
            ..finding
        }))
    }

    async fn clashing_emails(&self) -> Result<Option<Finding>, StoreError> {
        let found = self.look(Kind::EmailClash, self.statements.clashing_emails()).await?;
        Ok(found.map(|finding| Finding {
            note: "Addresses that several rows have, capital letters aside".to_owned(),
            proposals: vec![self.statements.show_clashing_emails()],
            ..finding
        }))
    }

    async fn user_emails(&self) -> Result<Option<Finding>, StoreError> {
        let found = self.look(Kind::UserEmailCase, self.statements.user_emails()).await?;
        Ok(found.map(|finding| Finding {
            note: "Users whose address has capital letters: Better Auth looks for small ones, so \
                   they cannot sign in by it"
                .to_owned(),
            proposals: vec![self.statements.lower_user_emails()],
            ..finding
        }))
    }

    /// Counts, and where there is something to count, fetches samples.
    async fn look(
        &self,
        kind: Kind,
        rows: statements::Rows,
    ) -> Result<Option<Finding>, StoreError> {
        let count = self.numbers(rows.count()).await?[0];
        if count == 0 {
            return Ok(None);
        }
        let samples = self.database.texts(rows.samples(SAMPLES_LIMIT)).await?;
        let samples = samples.into_iter().flatten().flatten().collect();
        Ok(Some(Finding { samples, ..Finding::of(kind, count) }))
    }

    /// The numbers in the first row.
    async fn numbers(&self, sql: String) -> Result<Vec<u64>, StoreError> {
        let rows = self.database.texts(sql).await?;
        let first = rows.into_iter().next().unwrap_or_default();
        let number = |text: Option<String>| text.and_then(|text| text.parse().ok()).unwrap_or(0);
        Ok(first.into_iter().map(number).collect())
    }
}

impl Finding {
    fn of(kind: Kind, count: u64) -> Self {
        let (samples, mend, proposals) = (Vec::new(), Vec::new(), Vec::new());
        Self { kind, count, samples, note: String::new(), mend, proposals }
    }
}

fn find_table<'f>(
    found: &'f Found,
    table: &str,
    schema_name: Option<&str>,
) -> Result<&'f FoundTable, ReconcileError> {
    found.tables.iter().find(|found| found.name == table).ok_or_else(|| ReconcileError::NoTable {
        table: table.to_owned(),
        place: schema_name.map(|name| format!(" in the schema \"{name}\"")).unwrap_or_default(),
    })
}

fn find_column<'f>(table: &'f FoundTable, column: &str) -> Result<&'f FoundColumn, ReconcileError> {
    table.columns.iter().find(|found| found.name == column).ok_or_else(|| {
        let known: Vec<_> = table.columns.iter().map(|column| &*column.name).collect();
        ReconcileError::NoColumn {
            table: table.name.clone(),
            column: column.to_owned(),
            known: known.join(", "),
        }
    })
}

/// Whether the two can be compared as they are.
fn is_same_type(dialect: Dialect, one: &FoundColumn, other: &FoundColumn) -> bool {
    let family = |column: &FoundColumn| {
        let name = column.data_type.to_ascii_lowercase();
        let name = name.split('(').next().unwrap_or_default().trim().to_owned();
        match name.as_str() {
            "varchar" | "character varying" | "bpchar" | "citext" | "char" | "" => {
                "text".to_owned()
            }
            "int2" | "int4" | "int8" | "bigint" | "int" | "smallint" => "integer".to_owned(),
            // In SQLite it is a name for text.
            "uuid" if dialect == Dialect::Sqlite => "text".to_owned(),
            _ => name,
        }
    };
    family(one) == family(other)
}
