//! Who sends this request? The resource server's half of Better Auth, for backends in Rust.

#[cfg(all(feature = "mirror", not(any(feature = "postgres", feature = "sqlite"))))]
compile_error!("the feature `mirror` needs a database: enable `postgres` or `sqlite` too");

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
#[cfg(feature = "mirror")]
mod mirror;
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
#[cfg(feature = "mirror")]
pub use mirror::{
    Applied, Event, InvalidEvent, InvalidKey, Mirror, MirrorError, MirrorTable, WebhookError,
    WebhookKey,
};
#[cfg(all(feature = "mirror", feature = "remote"))]
pub use mirror::{EventFeed, FeedError, InvalidFeed, Page};
pub use refusal::{Refusal, Refused, Unavailable};
#[cfg(feature = "remote")]
pub use remote::{InvalidServiceKey, InvalidUrl, Remote};
pub use timestamp::Timestamp;
pub use verifier::{BuildError, Builder, Verifier};
pub use vestibule_tokens::jose::{Algorithm, KeyError};
