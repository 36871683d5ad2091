//! The session cache: a cookie that carries a session and its user, so that nobody has to ask the
//! database who somebody is.
//!
//! What it carries is a [`Payload`], in one of four forms: [`compact`] (JSON with an HMAC, the
//! default), [`jwt`] (HS256), [`jwe`] (encrypted), and [`key_set`] (a JWT whose signature is made
//! and checked by whoever has the key set). Long ones are split over several cookies, which
//! [`chunks`](crate::cookie::chunks) puts together again before anything here sees them.
//!
//! Whoever reads a cache decides which form it has: [`Strategy::of`] is for those who explain
//! cookies. A cache proves what was true when it was written. A session that was ended since is
//! still in it, until it expires.
//!
//! Reference: better-auth 1.7.7, `cookies/index`, `cookies/cache` and `cookies/jwt`.

mod payload;

pub mod compact;
pub mod jwe;
pub mod jwt;
pub mod key_set;

use std::fmt;

use serde_json::Value;

pub use self::payload::{InvalidPayload, Payload};
use crate::jwt::Claims;

/// The reference's `session.cookieCache.maxAge`; seconds.
pub const DEFAULT_MAX_AGE_SECONDS: u64 = 300;

/// Longer values are refused unread; more than the cookies of a request can carry.
const VALUE_LIMIT_BYTES: usize = 64 * 1024;

/// A cache that was read, and is genuine.
#[derive(Clone, PartialEq)]
pub struct Cached {
    pub payload: Payload,
    /// When the cache, not the session, ends; milliseconds since the epoch.
    pub expires_at: i64,
}

impl Cached {
    /// Whether neither the cache nor the session in it has ended; milliseconds since the epoch.
    pub fn is_current(&self, now: i64) -> bool {
        self.expires_at >= now && self.payload.session_expires_at() >= now
    }
}

impl fmt::Debug for Cached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// `session.cookieCache.strategy`: the form of a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    Compact,
    Jwt,
    Jwe,
}

impl Strategy {
    /// The form that a value seems to have, by the number of its parts.
    pub fn of(value: &str) -> Option<Self> {
        match value.bytes().filter(|&byte| byte == b'.').count() {
            0 => Some(Self::Compact),
            2 => Some(Self::Jwt),
            4 => Some(Self::Jwe),
            _ => None,
        }
    }
}

/// Why a cache was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It does not have the form of its strategy.
    Malformed,
    /// It was altered, or made with another secret.
    Forged,
    /// Genuine, but past its end. An earlier `now` reads it.
    Expired,
    /// What is wrong with the encryption.
    Encryption(crate::jwe::Refusal),
    /// Genuine, but not a session cache of this issuer: this claim is another or missing.
    Claim(&'static str),
    /// Genuine, but no session and user are in it.
    Payload(InvalidPayload),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("it does not have the form of its strategy"),
            Self::Forged => f.write_str("it was altered, or made with another secret"),
            Self::Expired => f.write_str("it has expired"),
            Self::Encryption(refusal) => refusal.fmt(f),
            Self::Claim(claim) => write!(f, "its `{claim}` is not that of a session cache"),
            Self::Payload(invalid) => invalid.fmt(f),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<InvalidPayload> for Refusal {
    fn from(invalid: InvalidPayload) -> Self {
        Self::Payload(invalid)
    }
}

/// When a token of these claims ends, in milliseconds since the epoch.
fn expiry(claims: &Claims) -> Result<i64, Refusal> {
    let seconds = claims.get("exp").and_then(Value::as_f64).ok_or(Refusal::Claim("exp"))?;
    // A conversion from a double stops at the ends of the integers.
    Ok((seconds * 1000.0) as i64)
}

#[cfg(test)]
mod tests;
