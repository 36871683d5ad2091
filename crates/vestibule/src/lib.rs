//! A Better Auth server as a library: give it options and a database, and mount it.
//!
//! ```ignore
//! let auth = vestibule::builder(options).store(store).build()?;
//! let app = axum::Router::new().merge(vestibule::router(auth));
//! ```
//!
//! `examples/embedded` is a whole application. What stands here are names of other crates; their
//! documentation is the documentation. `derive(Model)` and `derive(Shape)` name `vestibule_core`, so
//! whoever writes a plugin depends on that crate as well.

pub use vestibule_core::auth::{BuildError, Builder};
pub use vestibule_core::{Auth, Error, Result, Timestamp, Value};
pub use vestibule_core::{
    call, callback, caller, client_address, clock, cookies, crypto, dispatch, endpoint, error,
    error_codes, hook, key_set, models, oauth_error, options, origin, outbox, plugin, prelude,
    random, redirect, schema, service_key, services, shape, store,
};
#[cfg(feature = "router")]
pub use vestibule_http::{AuthService, Session, cors, endpoints, router};
pub use vestibule_plugins as plugins;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use vestibule_sql as sql;

/// A server with the endpoints of Better Auth's core; add plugins as you like.
pub fn builder(options: options::Options) -> Builder {
    Auth::builder(options).plugin(vestibule_api::Core)
}
