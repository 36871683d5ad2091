//! Connections that read.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use vestibule_core::store::StoreError;

use super::error::of;
use super::{BUSY_TIMEOUT, connect};

/// Connections that are kept while nobody needs them.
const IDLE_LIMIT: usize = 16;

/// As many connections as are needed at once, made when they are.
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

/// Whether a read may wait for the file, which it must in a few rare moments only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    None,
    Long,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::default() }
    }

    /// Runs `read` on a connection. After an error the connection is not used again.
    pub(super) fn read<T>(
        &self,
        patience: Patience,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect().map_err(|error| of(error, "open the database"))?,
        };
        if patience == Patience::Long {
            wait(&connection, BUSY_TIMEOUT)?;
        }
        let done = read(&connection)?;
        if patience == Patience::Long {
            wait(&connection, Duration::ZERO)?;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_LIMIT {
            idle.push(connection);
        }
        Ok(done)
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let connection = connect(&self.path)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.busy_timeout(Duration::ZERO)?;
        Ok(connection)
    }
}

fn wait(connection: &Connection, time: Duration) -> Result<(), StoreError> {
    connection.busy_timeout(time).map_err(|error| of(error, "set the time to wait"))
}
