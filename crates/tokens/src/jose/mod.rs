//! Signatures that others can verify without a secret (RFC 7515, RFC 7517, RFC 7518).

mod algorithm;

pub use algorithm::{Algorithm, UnknownAlgorithm};
