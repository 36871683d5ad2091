//! The domain of Vestibule: what a Better Auth server is, without HTTP framework, database driver
//! or async runtime.
//!
//! Start with [`auth`]: how options and plugins become a server. Then [`dispatch`], the one
//! pipeline that a request goes through, and [`endpoint`], what it ends in. [`store`] is the seam
//! to the database, [`schema`] what stands in it.
//!
//! Nothing here reads the environment, the clock or random bytes; all of it is given.

// The derives name this crate by its name, in here too.
extern crate self as vestibule_core;

pub mod auth;
pub mod base_url;
pub mod call;
pub mod callback;
pub mod caller;
pub mod client_address;
pub mod clock;
pub mod cookies;
pub mod crypto;
pub mod csrf;
pub mod dispatch;
pub mod endpoint;
pub mod error;
pub mod error_codes;
pub mod future;
pub mod hook;
pub mod key_set;
pub mod models;
pub mod oauth_error;
pub mod options;
pub mod origin;
pub mod outbox;
pub mod plugin;
pub mod prelude;
pub mod random;
mod rate_limit;
mod received;
pub mod redirect;
pub mod schema;
pub mod service_key;
pub mod services;
mod session_cache;
pub mod shape;
pub mod store;
mod timestamp;
pub mod value;

pub use auth::Auth;
pub use error::{Error, Result};
pub use timestamp::Timestamp;
pub use value::Value;
