//! The service's own tables, beside those of Better Auth: `notes`, and `app_users`, whose rows the
//! mirror of `vestibule-verify` makes.
//!
//! Every statement about a note names its owner, so that no handler can forget to ask.

mod postgres;
mod sqlite;

use crate::notes::Note;
use crate::store::postgres::Postgres;
use crate::store::sqlite::Sqlite;

/// The cause, for the log.
pub(crate) type StoreError = anyhow::Error;

type Result<T> = std::result::Result<T, StoreError>;

#[derive(Clone)]
pub(crate) enum Store {
    Postgres(Postgres),
    Sqlite(Sqlite),
}

impl Store {
    /// Makes the tables that are missing.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        if url.starts_with("postgres") {
            Ok(Self::Postgres(Postgres::open(url).await?))
        } else {
            let path = url.strip_prefix("sqlite:///").unwrap_or(url);
            Ok(Self::Sqlite(Sqlite::open(path)?))
        }
    }

    pub(crate) async fn notes_of(&self, user_id: &str) -> Result<Vec<Note>> {
        match self {
            Self::Postgres(postgres) => postgres.notes_of(user_id).await,
            Self::Sqlite(sqlite) => sqlite.notes_of(user_id).await,
        }
    }

    pub(crate) async fn add_note(&self, user_id: &str, text: &str) -> Result<Note> {
        match self {
            Self::Postgres(postgres) => postgres.add_note(user_id, text).await,
            Self::Sqlite(sqlite) => sqlite.add_note(user_id, text).await,
        }
    }

    /// Whether there was such a note of this user.
    pub(crate) async fn delete_note(&self, user_id: &str, id: i64) -> Result<bool> {
        match self {
            Self::Postgres(postgres) => postgres.delete_note(user_id, id).await,
            Self::Sqlite(sqlite) => sqlite.delete_note(user_id, id).await,
        }
    }
}
