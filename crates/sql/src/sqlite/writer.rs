//! The one connection that writes, on its own thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use vestibule_core::store::StoreError;

use super::roll_back;

/// How long to wait for the turn, which a transaction keeps until it ends.
const TURN_TIMEOUT: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A hand on the writer; clones share it. Its thread ends with the last of them.
#[derive(Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
    turn: Arc<Mutex<()>>,
}

/// The right to give the writer work: a statement keeps it for itself, a transaction from begin to end.
pub(super) struct Turn {
    _guard: OwnedMutexGuard<()>,
}

impl Writer {
    pub(super) fn start(mut connection: Connection) -> Self {
        let (jobs, work) = mpsc::channel::<Job>();
        let thread = thread::Builder::new().name("vestibule-sqlite".to_owned());
        let started = thread.spawn(move || {
            while let Ok(job) = work.recv() {
                // Whoever waits for a job that panics is told; the next one finds a thread and no
                // transaction that is not its own.
                if catch_unwind(AssertUnwindSafe(|| job(&mut connection))).is_err() {
                    roll_back(&connection);
                }
            }
        });
        // Without a thread the channel is closed, and every job says so.
        if let Err(error) = started {
            tracing::error!(error = %error, "failed to start the thread that writes to SQLite");
        }
        Self { jobs, turn: Arc::default() }
    }

    pub(super) async fn turn(&self, attempt: &str) -> Result<Turn, StoreError> {
        if let Ok(guard) = self.turn.clone().try_lock_owned() {
            return Ok(Turn { _guard: guard });
        }
        let waiting = tokio::time::timeout(TURN_TIMEOUT, self.turn.clone().lock_owned());
        waiting.await.map(|_guard| Turn { _guard }).map_err(|_| StoreError::Unavailable {
            attempt: attempt.to_owned(),
            source: "another transaction has been open for too long".into(),
        })
    }

    /// Has the writer do something and waits for it. Jobs are done in order, and to their end even
    /// when nobody waits any more.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        _turn: &Turn,
        job: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.post(move |connection| {
            // Nobody waits any more when the request was given up; the job is done all the same.
            let _ = answer.send(job(connection));
        });
        answered.await.unwrap_or_else(|_| {
            Err(StoreError::Unavailable {
                attempt: "write to SQLite".to_owned(),
                source: "the writer's thread has ended".into(),
            })
        })
    }

    /// The same without waiting.
    pub(super) fn post(&self, job: impl FnOnce(&mut Connection) + Send + 'static) {
        // If the thread is gone, so is whoever would have waited for the answer: it is dropped with the job.
        let _ = self.jobs.send(Box::new(job));
    }
}
