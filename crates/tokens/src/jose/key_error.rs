//! [`KeyError`], why a JWK cannot be used.

use std::fmt;

/// What is wrong with a key. It never holds key material.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// Not one JSON object with each member once.
    Malformed(&'static str),
    /// A member is absent, or of the wrong type, length or spelling.
    Member { name: &'static str, expected: &'static str },
    /// `kty` and `crv` name nothing that is supported here.
    Unsupported { found: String },
    /// The key cannot be used with the algorithm that its `alg` or its owner names.
    Unsuitable { key: &'static str, algorithm: String },
    /// The JWK is for something else than signatures.
    Use { found: String },
    /// A private key where a public one was expected.
    Private,
    /// The members do not form a key: a point that is not on the curve, parts that do not belong together.
    Inconsistent,
    /// aws-lc could not make the key or the signature.
    Failed,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => write!(f, "the JWK is malformed: {what}"),
            Self::Member { name, expected } => {
                write!(f, "the JWK's member `{name}` is not {expected}")
            }
            Self::Unsupported { found } => write!(
                f,
                "the JWK is of type {found}; expected OKP Ed25519, EC P-256, EC P-521 or RSA"
            ),
            Self::Unsuitable { key, algorithm } => {
                write!(f, "a key of type {key} cannot be used with {algorithm}")
            }
            Self::Use { found } => write!(f, "the JWK is not for signatures: {found}"),
            Self::Private => f.write_str("the JWK is a private key, and a public one is expected"),
            Self::Inconsistent => f.write_str("the JWK's members do not form a key"),
            Self::Failed => f.write_str("the cryptographic library failed"),
        }
    }
}

impl std::error::Error for KeyError {}
