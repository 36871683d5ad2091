//! What must be done to the database before the first request of the API is served.
//!
//! The server accepts connections at once; requests that need the database wait here. A database
//! that is away is asked again and again, and meanwhile requests are told to come later.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::watch;
use vestibule_core::models::User;
use vestibule_core::store::{Filter, ModelRow as _, StoreError};
use vestibule_core::{Auth, Error};
use vestibule_sql::url::Target;
use vestibule_sql::{Database, MigrateError};

use crate::settings::{self, AtStart};

/// How long to wait before each further attempt; the last one holds for all that follow.
const RETRY_AFTER: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(3),
];

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    UnderWay,
    /// The last attempt failed; there will be another.
    Away,
    /// Tables or columns are missing, and to make them is somebody else's business.
    Incomplete,
    Done,
}

/// Lets requests of the API through once the database is prepared.
#[derive(Clone)]
pub(crate) struct Gate {
    auth: Auth,
    progress: watch::Receiver<Progress>,
}

impl Gate {
    pub(crate) fn new(auth: Auth, progress: watch::Receiver<Progress>) -> Self {
        Self { auth, progress }
    }

    pub(crate) fn progress(&self) -> Progress {
        *self.progress.borrow()
    }
}

/// A middleware that makes requests wait; how long at most is for the request's own time limit.
pub(crate) async fn wait(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    if gate.progress() == Progress::Done {
        return next.run(request).await;
    }
    let mut progress = gate.progress.clone();
    let outcome = progress.wait_for(|progress| *progress != Progress::UnderWay).await;
    // The sender is gone when the process is about to end, because preparing failed for good.
    match outcome.map(|progress| *progress) {
        Ok(Progress::Done) => next.run(request).await,
        Ok(Progress::Away | Progress::Incomplete | Progress::UnderWay) | Err(_) => {
            let error = Error::unavailable("use the database", Duration::from_secs(1));
            gate.auth.refuse(error, request.uri().path()).map(Body::from)
        }
    }
}

/// Prepares the database, for as long as it takes. Fails where trying again is in vain.
pub(crate) async fn prepare(
    database: Arc<Database>,
    auth: Auth,
    settings: settings::Database,
    progress: watch::Sender<Progress>,
) -> Result<()> {
    let mut delays = RETRY_AFTER.into_iter();
    let mut delay = RETRY_AFTER[0];
    loop {
        let error = match prepare_for_serving(&database, &auth, &settings).await {
            Ok(()) => {
                progress.send_replace(Progress::Done);
                return Ok(());
            }
            Err(MigrateError::Schema(missing)) if settings.at_start == AtStart::Nothing => {
                // Once is enough: until somebody migrates it stays so.
                if progress.send_replace(Progress::Incomplete) != Progress::Incomplete {
                    tracing::warn!("Nothing is served before `vestibule migrate`: {missing}");
                }
                tokio::time::sleep(RETRY_AFTER[3]).await;
                continue;
            }
            Err(MigrateError::Store(error @ StoreError::Unavailable { .. })) => error,
            Err(error) => return Err(error).context("the database cannot be used"),
        };
        progress.send_replace(Progress::Away);
        delay = delays.next().unwrap_or(delay);
        tracing::warn!(
            error = format!("{:#}", anyhow::Error::from(error)),
            retry_after_ms = delay.as_millis(),
            "The database cannot be used yet ({settings}; `{}` says where it is)",
            settings.named_by
        );
        tokio::time::sleep(delay).await;
    }
}

async fn prepare_for_serving(
    database: &Database,
    auth: &Auth,
    settings: &settings::Database,
) -> Result<(), MigrateError> {
    if settings.at_start == AtStart::Migrate {
        return prepare_once(database, AtStart::Migrate).await;
    }
    database.check().await?;
    if let Target::Sqlite(_) = settings.url.target {
        // Of a file that may only be read it is learnt now, and not from the first who signs up.
        let nobody = Filter::Any(Vec::new());
        auth.store().delete_many(auth.model(User::MODEL).clone(), nobody).await?;
    }
    Ok(())
}

/// One attempt, for commands.
pub(crate) async fn prepare_once(
    database: &Database,
    at_start: AtStart,
) -> Result<(), MigrateError> {
    match at_start {
        AtStart::Migrate => {
            let migration = database.migrate().await?;
            for warning in migration.warnings() {
                tracing::warn!("{warning}");
            }
            if !migration.is_empty() {
                let statements = migration.statements().len();
                tracing::info!(statements, "The database was migrated");
            }
            Ok(())
        }
        AtStart::Check => database.check().await,
        AtStart::Nothing => Ok(()),
    }
}
