//! Answers that are a few seconds old.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// More are not kept: strangers can make up credentials, and each has an answer.
const ENTRIES_LIMIT: usize = 10_000;

pub(super) struct Recent<T> {
    entries: Mutex<HashMap<String, (T, Instant)>>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self { entries: Mutex::new(HashMap::new()) }
    }
}

impl<T: Clone> Recent<T> {
    /// The answer, if it is younger than this.
    pub(super) fn get(&self, key: &str, lifetime: Duration) -> Option<T> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let (answer, at) = entries.get(key)?;
        (at.elapsed() < lifetime).then(|| answer.clone())
    }

    pub(super) fn put(&self, key: String, answer: T, lifetime: Duration) {
        if lifetime.is_zero() {
            return;
        }
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= ENTRIES_LIMIT {
            entries.retain(|_, (_, at)| at.elapsed() < lifetime);
        }
        // All are young: better to ask everybody's question again than to grow.
        if entries.len() >= ENTRIES_LIMIT {
            entries.clear();
        }
        entries.insert(key, (answer, Instant::now()));
    }
}
