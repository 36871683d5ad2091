//! What tests are written with: a server without a socket, people who use it, and their answers.
//!
//! ```ignore
//! let app = TestAuth::new().await;
//! let alice = app.sign_up("alice@example.com").await;
//! let answer = alice.post("/revoke-sessions", json!({})).await;
//! assert_snapshot!(answer.line(), @r#"200 {"status":true}"#);
//! ```
//!
//! The clock is frozen and moves by [`TestAuth::advance`]; randomness comes from a seed. Both make
//! every answer the same in every run.

mod actor;
mod app;
mod faulty_store;
pub mod outbox_suite;
pub mod store_suite;
mod world;

pub use actor::{Actor, Answer};
pub use app::{PASSWORD, TestAuth, TestAuthBuilder};
pub use faulty_store::FaultyStore;
pub use world::{FrozenClock, SeededRandom};
