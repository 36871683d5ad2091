//! What the engine needs of an async runtime, given by whoever embeds it.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Spawning and sleeping; `vestibule-http` brings tokio's.
pub trait Runtime: Send + Sync {
    /// Runs a future to its end, beside the request that started it.
    fn spawn(&self, future: BoxFuture<'static, ()>);

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}
