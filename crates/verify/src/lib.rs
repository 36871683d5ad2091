//! Who sends this request? The resource server's half of Better Auth, for backends in Rust.
//!
//! Users sign in at the auth server, Vestibule or Better Auth in TypeScript. Your backend gets their
//! requests with a session cookie or a bearer token, and wants to know whose they are:
//!
//! ```
//! # #[cfg(all(feature = "axum", feature = "remote"))] mod example {
//! use vestibule_verify::{Authenticated, Remote, Verifier};
//!
//! async fn me(Authenticated { user, .. }: Authenticated) -> String {
//!     format!("Hello, {}", user.id)
//! }
//!
//! fn verifier() -> Result<Verifier, Box<dyn std::error::Error>> {
//!     let remote = Remote::new("https://auth.example.com/api/auth")?;
//!     Ok(Verifier::builder().remote(remote.service_key("vsk_notes_1_…")?).build()?)
//! }
//! # }
//! ```
//!
//! The router's state is the [`Verifier`], or contains it. [`Verifier::layer`] does the same for a group
//! of routes, and for any tower service.
//!
//! # Modes
//!
//! | mode | asks | holds | a revoked session still works for |
//! |---|---|---|---|
//! | [`SharedDatabase`] | the tables, each time | the **root secret** | not at all |
//! | [`Remote`] | the auth server, once in 5 s | a service key | 5 seconds |
//! | [`CookieCache`] | nobody | the **root secret**; with a key set nothing | 5 minutes |
//! | [`Jwt`] | nobody | nothing, or one audience's key | 15 minutes |
//!
//! Times are the defaults. A verifier may have several: a JWT is verified as one, a cookie by its cache
//! and then by the tables or the auth server. `docs/guide/verify.md` helps to choose, and has figures.
//!
//! # What it promises
//!
//! - A request is let in by what was verified, or not at all. A database or an auth server that is away
//!   is 503, never a guest and never a sign-out.
//! - A refusal says what is wrong and what to do: in JSON, and in `WWW-Authenticate`.
//! - Everything ends in bounded time and takes bounded memory, whatever strangers send.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `axum` (default) | the extractor |
//! | `postgres`, `sqlite` | [`SharedDatabase`] |
//! | `remote` | [`Remote`], and key sets by URL |
//! | `mirror` | [`Mirror`]: rows of your own for the users |
//!
//! Cookies and JWTs need no feature. The default features are fewer than 60 crates, rustls and drivers
//! come with theirs.
//!
//! To read the code, begin with [`Verifier::check`]: it reads a credential from the request's headers
//! and shows it to the modes.

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
