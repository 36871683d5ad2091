//! Time that stands still and chance that repeats itself.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use vestibule_core::Timestamp;
use vestibule_core::clock::Clock;
use vestibule_core::random::Random;

/// A clock that moves when it is told to. It starts at 2030-01-01T00:00:00.123Z.
#[derive(Debug)]
pub struct FrozenClock(AtomicI64);

impl Default for FrozenClock {
    fn default() -> Self {
        Self(AtomicI64::new(1_893_456_000_123))
    }
}

impl FrozenClock {
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).expect("tests do not wait for ages");
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for FrozenClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Random bytes from a seed: the same in every run.
#[derive(Debug)]
pub struct SeededRandom(Mutex<ChaCha8Rng>);

impl Default for SeededRandom {
    fn default() -> Self {
        Self(Mutex::new(ChaCha8Rng::seed_from_u64(1)))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }
}
