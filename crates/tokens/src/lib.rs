//! The formats of Better Auth that a resource server needs as well as the server itself.
//!
//! Everything here is a function of its arguments: no engine, no I/O, no clock, no randomness.
//! Time, random bytes and secrets are passed in. Start with [`cookie`], then [`signature`].
//! Only [`jose`] takes randomness of its own, and says why.
//!
//! Reference: better-auth 1.7.7 and the packages it stands on, better-call 1.4.0 (cookies and
//! their signatures), jose 6.2.17 (tokens) and @better-auth/utils 0.4.2 (random strings).

pub mod alphabet;
pub mod cookie;
pub mod derive;
pub mod encoding;
pub mod jose;
pub mod json;
pub mod jwe;
pub mod jwt;
pub mod session_cache;
pub mod signature;

/// Values that the reference produced, or was seen to accept or refuse.
#[cfg(test)]
fn vectors() -> serde_json::Value {
    serde_json::from_str(include_str!("../../testkit/vectors.json")).unwrap()
}
