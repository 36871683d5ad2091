//! [`MirrorTable`]: the names of your table, and which fields of a user it has.

use serde_json::{Map, Value};

/// Your table of users.
///
/// ```
/// use vestibule_verify::MirrorTable;
///
/// let table = MirrorTable::named("app_users")
///     .id("auth_user_id")
///     .column("email", "email")
///     .column("display_name", "name")
///     .events("auth_sequence", "auth_deleted_at");
/// ```
///
/// It goes with a table like this one. The id's column must be a primary key or unique; the others
/// must take null, since a JWT has no e-mail address and a deleted user has no name.
///
/// ```sql
/// create table app_users (
///     auth_user_id text primary key,
///     email text,
///     display_name text,
///     auth_sequence bigint,
///     auth_deleted_at timestamptz
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorTable {
    pub(super) schema: Option<String>,
    pub(super) name: String,
    pub(super) id: String,
    pub(super) columns: Vec<Column>,
    pub(super) events: Option<EventColumns>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    field: String,
}

/// What makes late events harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EventColumns {
    pub(super) sequence: String,
    pub(super) deleted_at: String,
}

impl MirrorTable {
    /// With the column `id` for the user's id, and nothing else.
    pub fn named(name: &str) -> Self {
        Self {
            schema: None,
            name: name.to_owned(),
            id: "id".to_owned(),
            columns: Vec::new(),
            events: None,
        }
    }

    /// The PostgreSQL schema of the table.
    #[must_use]
    pub fn schema(mut self, name: &str) -> Self {
        self.schema = Some(name.to_owned());
        self
    }

    /// The column of the user's id.
    #[must_use]
    pub fn id(mut self, column: &str) -> Self {
        column.clone_into(&mut self.id);
        self
    }

    /// A column, and the field of Better Auth's user that goes into it: `email`, `name`, `image`,
    /// `emailVerified`, `createdAt`, `updatedAt`, or an additional one.
    #[must_use]
    pub fn column(mut self, column: &str, field: &str) -> Self {
        self.columns.push(Column { name: column.to_owned(), field: field.to_owned() });
        self
    }

    /// The columns of [`Mirror::apply`](crate::Mirror::apply): the number of the last event (`bigint`),
    /// and when the user was deleted (`timestamptz`; in SQLite text).
    #[must_use]
    pub fn events(mut self, sequence: &str, deleted_at: &str) -> Self {
        let (sequence, deleted_at) = (sequence.to_owned(), deleted_at.to_owned());
        self.events = Some(EventColumns { sequence, deleted_at });
        self
    }

    /// The id, then the other columns' values.
    pub(super) fn row(&self, id: &str, user: &Map<String, Value>) -> Vec<Value> {
        let value = |column: &Column| user.get(&column.field).cloned().unwrap_or_default();
        std::iter::once(Value::from(id)).chain(self.columns.iter().map(value)).collect()
    }
}
