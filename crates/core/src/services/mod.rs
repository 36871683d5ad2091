//! What handlers call: the verbs of users, sessions, accounts and verifications.
//!
//! A service borrows the exchange for one call. Writes go through [`writes`], where the hooks of
//! the database run.

pub mod accounts;
pub mod fields;
pub mod passwords;
pub mod sessions;
pub mod users;
pub mod verifications;
mod writes;
