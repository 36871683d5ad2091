//! The rows of Better Auth's core tables. Reference: better-auth 1.7.7, core schema.

mod account;
mod rate_limit;
mod session;
mod user;
mod verification;

pub use account::Account;
pub use rate_limit::RateLimit;
pub use session::{Session, SessionUser};
pub use user::User;
pub use verification::Verification;
pub use vestibule_macros::Model;
