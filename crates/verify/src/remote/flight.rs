//! One question at a time: whoever asks what is being asked already waits for that answer.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// What is under way, by what it is about.
pub(crate) struct Flights<K, T> {
    running: Mutex<HashMap<K, Landing<T>>>,
}

impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        Self { running: Mutex::new(HashMap::new()) }
    }
}

/// An answer that is on its way.
pub(crate) struct Landing<T>(watch::Receiver<Option<T>>);

impl<T> Clone for Landing<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Clone> Landing<T> {
    /// `None` if the flight came to no end, because the runtime shuts down.
    pub(crate) async fn landed(mut self) -> Option<T> {
        self.0.wait_for(Option::is_some).await.ok()?.clone()
    }
}

impl<K, T> Flights<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    pub(crate) fn running(&self, key: &K) -> Option<Landing<T>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    pub(crate) fn count(&self) -> usize {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Starts a flight, or joins the one under way. It goes on without those who wait for it: one
    /// client that gives up must not take the answer from the others.
    pub(crate) fn start(
        self: &Arc<Self>,
        key: K,
        flight: impl Future<Output = T> + Send + 'static,
    ) -> Landing<T> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(landing) = running.get(&key) {
            return landing.clone();
        }
        let (land, landing) = watch::channel(None);
        running.insert(key.clone(), Landing(landing.clone()));
        let ending = Ending { flights: self.clone(), key };
        tokio::spawn(async move {
            let answer = flight.await;
            drop(ending);
            // Nobody may be left to be told.
            let _ = land.send(Some(answer));
        });
        Landing(landing)
    }
}

/// Takes a flight off the list, however it ends.
struct Ending<K: Eq + Hash, T> {
    flights: Arc<Flights<K, T>>,
    key: K,
}

impl<K: Eq + Hash, T> Drop for Ending<K, T> {
    fn drop(&mut self) {
        let running = &self.flights.running;
        running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
