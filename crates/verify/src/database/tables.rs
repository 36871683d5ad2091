//! Names of tables and columns, and the statement that they make.

use serde_json::{Map, Value};

use super::Dialect;

/// Stands between the session's columns and the user's in a row of SQLite.
#[cfg(feature = "sqlite")]
pub(super) const BOUNDARY: &str = "vestibule:user";

/// The tables of the auth server, under the names that its configuration gives them.
///
/// ```
/// use vestibule_verify::{Table, Tables};
///
/// let tables = Tables::default()
///     .schema("auth")
///     .user(Table::named("users").field("emailVerified", "email_verified").hide("internalNote"))
///     .session(Table::named("sessions").field("userId", "user_id").field("expiresAt", "expires_at"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    schema: Option<String>,
    session: Table,
    user: Table,
}

/// One table: its name, and what is different about its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    name: String,
    renamed: Vec<Renamed>,
    hidden: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Renamed {
    field: String,
    column: String,
}

impl Default for Tables {
    fn default() -> Self {
        Self { schema: None, session: Table::named("session"), user: Table::named("user") }
    }
}

impl Tables {
    /// The PostgreSQL schema that qualifies both, Vestibule's `database.schemaName`.
    #[must_use]
    pub fn schema(mut self, name: &str) -> Self {
        self.schema = Some(name.to_owned());
        self
    }

    #[must_use]
    pub fn session(mut self, table: Table) -> Self {
        self.session = table;
        self
    }

    #[must_use]
    pub fn user(mut self, table: Table) -> Self {
        self.user = table;
        self
    }

    /// Finds the session with the token that is the only argument, and its user.
    pub(super) fn statement(&self, dialect: Dialect, schema: Option<&str>) -> String {
        let schema = self.schema.as_deref().or(schema);
        let qualified = |table: &Table| match schema {
            Some(schema) => format!("{}.{}", quoted(schema), quoted(&table.name)),
            None => quoted(&table.name),
        };
        let (session, user) = (qualified(&self.session), qualified(&self.user));
        let id = quoted(self.user.column("id"));
        let user_id = quoted(self.session.column("userId"));
        let token = quoted(self.session.column("token"));
        let (columns, argument) = match dialect {
            // PostgreSQL itself turns every type that a column may have into JSON, those of
            // extensions too, which a driver would have to ask about first.
            #[cfg(feature = "postgres")]
            Dialect::Postgres => ("row_to_json(s)::text, row_to_json(u)::text".to_owned(), "$1"),
            #[cfg(feature = "sqlite")]
            Dialect::Sqlite => (format!("s.*, null as {}, u.*", quoted(BOUNDARY)), "?1"),
        };
        // tidy-allow(sql): this crate knows no engine, and so not the crate that has the SQL.
        format!(
            "select {columns} from {session} s join {user} u on u.{id} = s.{user_id} where s.{token} = {argument}"
        )
    }

    /// The rows with Better Auth's own field names.
    pub(super) fn with_field_names(
        &self,
        session: Map<String, Value>,
        user: Map<String, Value>,
    ) -> (Map<String, Value>, Map<String, Value>) {
        (self.session.with_field_names(session), self.user.with_field_names(user))
    }
}

impl Table {
    /// With Better Auth's own columns and any others.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), renamed: Vec::new(), hidden: Vec::new() }
    }

    /// A field of the auth server's `fields` option, and the column that it names.
    #[must_use]
    pub fn field(mut self, field: &str, column: &str) -> Self {
        self.renamed.push(Renamed { field: field.to_owned(), column: column.to_owned() });
        self
    }

    /// Leaves a column out: one that the auth server has as `returned: false`, for example.
    #[must_use]
    pub fn hide(mut self, column: &str) -> Self {
        self.hidden.push(column.to_owned());
        self
    }

    fn column<'t>(&'t self, field: &'t str) -> &'t str {
        let renamed = self.renamed.iter().rfind(|renamed| renamed.field == field);
        renamed.map_or(field, |renamed| &renamed.column)
    }

    fn with_field_names(&self, mut row: Map<String, Value>) -> Map<String, Value> {
        for column in &self.hidden {
            row.shift_remove(column);
        }
        for Renamed { field, column } in &self.renamed {
            if let Some(value) = row.shift_remove(column) {
                row.insert(field.clone(), value);
            }
        }
        row
    }
}

pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
