//! SQLite, in the file of the auth server. One connection writes and reads; a notes file asks no more.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rusqlite::{Connection, Row};
use tokio::task::spawn_blocking;

use crate::notes::Note;

/// How long to wait for the auth server, which writes to the same file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

const TABLES: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA foreign_keys = ON;
    CREATE TABLE IF NOT EXISTS app_users (
        auth_user_id TEXT PRIMARY KEY,
        created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ'))
    );
    CREATE TABLE IF NOT EXISTS notes (
        id INTEGER PRIMARY KEY,
        auth_user_id TEXT NOT NULL REFERENCES app_users ON DELETE CASCADE,
        text TEXT NOT NULL,
        created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ'))
    );
    CREATE INDEX IF NOT EXISTS notes_auth_user_id ON notes (auth_user_id);
";

const NOTES_OF: &str =
    "SELECT id, text, created_at FROM notes WHERE auth_user_id = ?1 ORDER BY id DESC";

const ADD: &str = "
    INSERT INTO notes (auth_user_id, text) VALUES (?1, ?2) RETURNING id, text, created_at";

const DELETE: &str = "DELETE FROM notes WHERE auth_user_id = ?1 AND id = ?2";

#[derive(Clone)]
pub(crate) struct Sqlite(Arc<Mutex<Connection>>);

impl Sqlite {
    pub(crate) fn open(path: &str) -> Result<Self> {
        let connection =
            Connection::open(path).with_context(|| format!("failed to open `{path}`"))?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.execute_batch(TABLES).context("failed to make the tables")?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    pub(crate) async fn notes_of(&self, user_id: &str) -> Result<Vec<Note>> {
        let user_id = user_id.to_owned();
        self.run(move |connection| {
            connection.prepare_cached(NOTES_OF)?.query_map([user_id], note)?.collect()
        })
        .await
    }

    pub(crate) async fn add_note(&self, user_id: &str, text: &str) -> Result<Note> {
        let values = [user_id.to_owned(), text.to_owned()];
        self.run(move |connection| connection.query_one(ADD, values, note)).await
    }

    pub(crate) async fn delete_note(&self, user_id: &str, id: i64) -> Result<bool> {
        let user_id = user_id.to_owned();
        self.run(move |connection| Ok(connection.execute(DELETE, (user_id, id))? > 0)).await
    }

    /// SQLite blocks its thread, so it gets one that may be blocked.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let connection = self.0.clone();
        let done = spawn_blocking(move || {
            // Whoever panicked left a connection behind that is as good as before.
            work(&connection.lock().unwrap_or_else(PoisonError::into_inner))
        });
        Ok(done.await??)
    }
}

fn note(row: &Row<'_>) -> rusqlite::Result<Note> {
    Ok(Note { id: row.get(0)?, text: row.get(1)?, created_at: row.get(2)? })
}
