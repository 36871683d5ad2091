//! The mirror: one row of your own for each user, so that your tables have something to refer to.
//!
//! The auth server does not write into your tables. A row comes to be in one of two ways, and both may
//! be used at once:
//!
//! - **At first sight**: [`Mirror::see`] inserts the row of a user who has just been verified, in one
//!   statement that is keyed by the **user id**, does nothing where the row is there already, and may
//!   run a hundred times at once. With [`Builder::mirror`](crate::Builder::mirror) it runs before your
//!   handlers do.
//! - **By events** of the auth server's outbox, with names kept up to date and deletions:
//!   [`Mirror::apply`], for events that come as [webhooks](WebhookKey) or are
//!   [pulled](crate::EventFeed). They may come twice and out of order.
//!
//! Never by e-mail address: an address changes hands, and then one user would get another's rows. And
//! there is no password column: who somebody is, is the auth server's business.

mod event;
#[cfg(feature = "remote")]
mod feed;
mod sql;
mod table;
mod webhook;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

pub use self::event::{Event, InvalidEvent};
#[cfg(feature = "remote")]
pub use self::feed::{EventFeed, FeedError, InvalidFeed, Page};
use self::sql::Sql;
pub use self::table::MirrorTable;
pub use self::webhook::{InvalidKey, WebhookError, WebhookKey};
use crate::database::{Database, StatementError};
use crate::refusal::Unavailable;
use crate::{Refusal, User};

/// For this long a user who was seen is not looked for again.
const SEEN_FOR: Duration = Duration::from_secs(60);

/// Users that are remembered as seen.
const SEEN_LIMIT: usize = 100_000;

/// Keeps a table of users. Clones share what they have seen.
#[derive(Clone)]
pub struct Mirror {
    database: Database,
    table: Arc<MirrorTable>,
    sql: Arc<Sql>,
    seen: Arc<Mutex<HashMap<String, Instant>>>,
}

/// Why a row could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MirrorError {
    /// The database is away, or has no such table.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// A constraint is in the way: most often an old row with the same e-mail address and another id.
    #[error(
        "the mirror table refuses the row of a user: {0}; `vestibule reconcile` finds such rows"
    )]
    Refused(String),
    /// The auth server has said that this user is deleted.
    #[error("the user has been deleted")]
    Deleted,
    #[error("name the columns of events with `MirrorTable::events`, so that old ones do no harm")]
    NoEventColumns,
}

impl From<StatementError> for MirrorError {
    fn from(error: StatementError) -> Self {
        match error {
            StatementError::Unavailable(unavailable) => Self::Unavailable(unavailable),
            StatementError::Refused(constraint) => Self::Refused(constraint),
        }
    }
}

impl From<MirrorError> for Refusal {
    /// A row that the table refuses is not the caller's fault, and is logged.
    fn from(error: MirrorError) -> Self {
        match error {
            MirrorError::Deleted => Self::Ended,
            MirrorError::Unavailable(unavailable) => unavailable.into(),
            error => Unavailable::new("mirror the user", error).into(),
        }
    }
}

/// What an event came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    Changed,
    /// A newer event about this user, or this very one, was applied before.
    Old,
    /// It is about a session or an account, or of a type that is not known here.
    Ignored,
}

impl Mirror {
    /// The database is yours; it may be the auth server's too.
    pub fn new(database: Database, table: MirrorTable) -> Self {
        let sql = Arc::new(Sql::new(&table, database.dialect()));
        Self { database, table: Arc::new(table), sql, seen: Arc::default() }
    }

    /// Makes sure that the user's row is there. Of those who do this at once one inserts it; what is
    /// there already stays as it is.
    pub async fn see(&self, user: &User) -> Result<(), MirrorError> {
        let seen = || self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen().get(&user.id).is_some_and(|at| at.elapsed() < SEEN_FOR) {
            return Ok(());
        }
        let row = self.table.row(&user.id, &fields(user));
        let is_new = self.database.execute(&self.sql.see, row).await? > 0;
        if !is_new && !self.database.finds(&self.sql.find_living, &user.id).await? {
            return Err(if self.database.finds(&self.sql.find, &user.id).await? {
                MirrorError::Deleted
            } else {
                MirrorError::Refused("another row has a value that must be unique".to_owned())
            });
        }
        let mut seen = seen();
        if seen.len() >= SEEN_LIMIT {
            seen.clear();
        }
        seen.insert(user.id.clone(), Instant::now());
        Ok(())
    }

    /// Brings the row to the state that an event tells of.
    ///
    /// After `user.deleted` the row stays, with its id and without what it says about the person: rows
    /// of yours may refer to it, and an event that comes late must not bring the user back.
    pub async fn apply(&self, event: &Event) -> Result<Applied, MirrorError> {
        let Some(events) = &self.sql.events else { return Err(MirrorError::NoEventColumns) };
        let sequence = Value::from(event.sequence);
        let changed = match (event.kind.as_str(), event.user()) {
            ("user.deleted", _) => {
                let deleted_at = Value::from(event.time.to_string());
                let arguments = vec![Value::from(event.user_id.as_str()), sequence, deleted_at];
                self.seen.lock().unwrap_or_else(PoisonError::into_inner).remove(&event.user_id);
                self.execute_again(&events.delete, arguments).await?
            }
            (kind, Some(user)) if kind.starts_with("user.") => {
                let mut arguments = self.table.row(&event.user_id, user);
                arguments.push(sequence);
                self.execute_again(&events.update, arguments).await?
            }
            _ => return Ok(Applied::Ignored),
        };
        Ok(if changed == 0 { Applied::Old } else { Applied::Changed })
    }

    /// Runs a statement, and once more if a constraint was in the way: where a column beside the id
    /// is unique, PostgreSQL stops at the same row being inserted by somebody else at this moment.
    async fn execute_again(&self, sql: &str, arguments: Vec<Value>) -> Result<u64, StatementError> {
        match self.database.execute(sql, arguments.clone()).await {
            Err(StatementError::Refused(_)) => self.database.execute(sql, arguments).await,
            done => done,
        }
    }

    /// Applies the events that a feed has after this place, and returns where to go on. Call it now
    /// and then, and keep the place with your data; to begin again costs time and does no harm.
    #[cfg(feature = "remote")]
    pub async fn catch_up(
        &self,
        feed: &EventFeed,
        mut after: Option<String>,
    ) -> Result<Option<String>, FeedError> {
        loop {
            let Page { events, next } = feed.page(after.as_deref()).await?;
            for event in &events {
                self.apply(event).await?;
            }
            if events.is_empty() {
                return Ok(Some(next));
            }
            after = Some(next);
        }
    }
}

/// The user's fields under Better Auth's names.
fn fields(user: &User) -> Map<String, Value> {
    match serde_json::to_value(user) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

impl fmt::Debug for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mirror").field("table", &self.table).finish_non_exhaustive()
    }
}
