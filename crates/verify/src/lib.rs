//! Who sends this request? The resource server's half of Better Auth, for backends in Rust.

mod authenticated;
mod clock;
mod cookie_cache;
mod credential;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod database;
#[cfg(feature = "axum")]
mod extract;
mod guard;
mod jwt;
mod refusal;
#[cfg(feature = "remote")]
mod remote;
mod timestamp;
mod verifier;

pub use authenticated::{Authenticated, Mode, Session, User};
pub use clock::Clock;
pub use cookie_cache::CookieCache;
pub use credential::CookieNames;
#[cfg(feature = "postgres")]
pub use database::TlsError;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use database::{ConnectError, Database, SharedDatabase, Table, Tables};
pub use guard::{Guard, Guarded};
pub use jwt::{Jwt, Keys};
pub use refusal::{Refusal, Refused, Unavailable};
#[cfg(feature = "remote")]
pub use remote::{InvalidServiceKey, InvalidUrl, Remote};
pub use timestamp::Timestamp;
pub use verifier::{BuildError, Builder, Verifier};
pub use vestibule_tokens::jose::{Algorithm, KeyError};
