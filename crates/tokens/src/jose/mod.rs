//! Signed tokens of asymmetric keys: JWK (RFC 7517), JWS (RFC 7515) and the claims of JWT (RFC 7519).
//!
//! The algorithm is never the token's choice (RFC 8725, 3.1): a caller names the ones it takes in a
//! [`Validation`], and a [`PublicKey`] verifies only what fits its own type. There is no way to
//! hand a public key to HMAC, because HMAC lives elsewhere, in [`crate::jwt`]; `none` is not an
//! [`Algorithm`]; and a header with `crit` or `b64` is refused, as nothing behind them is understood.
//!
//! Keys are parsed once, when a JWK becomes a [`PublicKey`]. Verifying a token is then its JSON and
//! one operation of aws-lc.
//!
//! A [`Refusal`] tells what was found and what was expected, so that whoever reads it in a log or
//! in `WWW-Authenticate` need not guess. The text holds claims of the token, never the token.
//!
//! Start with [`jws::verify`]. [`PublicKeys`] is a key set as `/jwks` answers it.
//!
//! [`PrivateKey::generate`] and some signatures need randomness. aws-lc takes it from its own
//! generator and accepts no other, so this is the one place of the crate that is not a function of
//! its arguments.

mod algorithm;
mod der;
pub mod jws;
mod key_error;
mod object;
mod private_key;
mod public_key;
mod public_keys;
mod refusal;
#[cfg(test)]
mod tests;
mod validation;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use key_error::KeyError;
pub use private_key::{KeyParameters, ModulusLength, PrivateKey};
pub use public_key::PublicKey;
pub use public_keys::PublicKeys;
pub use refusal::Refusal;
pub use validation::Validation;

/// The members of a JSON object, in their order: a header, the claims, a JWK.
pub type Object = serde_json::Map<String, serde_json::Value>;
