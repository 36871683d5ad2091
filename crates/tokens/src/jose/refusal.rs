//! [`Refusal`], why a token is not taken.

use std::fmt;

use super::algorithm::Algorithm;

/// What was found and what was expected.
///
/// The texts go into logs and headers: what comes from the token is quoted and short, and never
/// its signature.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    TooLong {
        limit_bytes: usize,
    },
    /// Not three parts: an opaque token, a JWE, a cut one.
    Form {
        found: &'static str,
    },
    Header {
        found: &'static str,
    },
    Claims {
        found: &'static str,
    },
    /// `alg` is `none`.
    Unsigned,
    Algorithm {
        found: String,
        expected: Vec<Algorithm>,
    },
    /// An extension that has to be understood, and is not.
    Extension {
        found: String,
    },
    Type {
        found: Option<String>,
        expected: String,
    },
    UnknownKey {
        kid: Option<String>,
        algorithm: Algorithm,
    },
    /// The key of that name is of another type than the token's algorithm needs.
    KeyType {
        kid: Option<String>,
        algorithm: Algorithm,
        key: &'static str,
    },
    Signature {
        kid: Option<String>,
    },
    /// Times in seconds since the epoch; they may have fractions.
    Expired {
        expired_at: f64,
        now: i64,
    },
    NotYetValid {
        not_before: f64,
        now: i64,
    },
    /// A claim that has to be there.
    Missing {
        claim: &'static str,
    },
    /// A claim of the wrong type.
    Malformed {
        claim: &'static str,
        expected: &'static str,
    },
    Issuer {
        found: String,
        expected: Vec<String>,
    },
    Audience {
        found: Vec<String>,
        expected: Vec<String>,
    },
}

impl Refusal {
    /// A short name, for metrics and machine-readable answers.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "too_long",
            Self::Form { .. } => "malformed",
            Self::Header { .. } => "malformed_header",
            Self::Claims { .. } => "malformed_claims",
            Self::Unsigned => "unsigned",
            Self::Algorithm { .. } => "wrong_algorithm",
            Self::Extension { .. } => "unknown_extension",
            Self::Type { .. } => "wrong_type",
            Self::UnknownKey { .. } => "unknown_key",
            Self::KeyType { .. } => "wrong_key_type",
            Self::Signature { .. } => "wrong_signature",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::Missing { .. } => "missing_claim",
            Self::Malformed { .. } => "malformed_claim",
            Self::Issuer { .. } => "wrong_issuer",
            Self::Audience { .. } => "wrong_audience",
        }
    }

    /// The token was genuine, and is too old now: a new one will do.
    pub fn is_expired(&self) -> bool {
        matches!(self, Self::Expired { .. })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { limit_bytes } => {
                write!(f, "the token is longer than {limit_bytes} bytes")
            }
            Self::Form { found } => {
                write!(f, "expected a signed JWT (three parts between dots), found {found}")
            }
            Self::Header { found } => write!(f, "the token's header is malformed: {found}"),
            Self::Claims { found } => write!(f, "the token's claims are malformed: {found}"),
            Self::Unsigned => f.write_str("the token is not signed: its `alg` is `none`"),
            Self::Algorithm { found, expected } => {
                write!(f, "the token is signed with {}; expected ", Quoted(found))?;
                list(f, expected, |f, algorithm| write!(f, "{algorithm}"))
            }
            Self::Extension { found } => {
                write!(
                    f,
                    "the token's header demands the extension {}, which is not known",
                    Quoted(found)
                )
            }
            Self::Type { found, expected } => {
                write!(f, "the token's `typ` is {}; expected {expected}", Named(found))
            }
            Self::UnknownKey { kid, algorithm } => match kid {
                Some(kid) => write!(f, "no key is known by the token's `kid` {}", Quoted(kid)),
                None => write!(
                    f,
                    "the token has no `kid`, and not exactly one key is known for {algorithm}"
                ),
            },
            Self::KeyType { kid, algorithm, key } => {
                write!(f, "the token is signed with {algorithm}, but the key {} is ", Named(kid))?;
                write!(f, "of type {key} or for another algorithm")
            }
            Self::Signature { kid } => {
                write!(f, "the token's signature is not that of the key {}", Named(kid))
            }
            Self::Expired { expired_at, now } => {
                write!(f, "the token expired at {expired_at}; it is {now} now")
            }
            Self::NotYetValid { not_before, now } => {
                write!(f, "the token is not valid before {not_before}; it is {now} now")
            }
            Self::Missing { claim } => write!(f, "the token has no `{claim}`"),
            Self::Malformed { claim, expected } => {
                write!(f, "the token's `{claim}` is not {expected}")
            }
            Self::Issuer { found, expected } => {
                write!(f, "the token's `iss` is {}; expected ", Quoted(found))?;
                list(f, expected, |f, issuer| write!(f, "{}", Quoted(issuer)))
            }
            Self::Audience { found, expected } => {
                f.write_str("the token's `aud` is ")?;
                list(f, found, |f, audience| write!(f, "{}", Quoted(audience)))?;
                f.write_str("; expected ")?;
                list(f, expected, |f, audience| write!(f, "{}", Quoted(audience)))
            }
        }
    }
}

impl std::error::Error for Refusal {}

/// Longer texts of a token are cut.
const QUOTED_LIMIT_CHARACTERS: usize = 80;

/// Longer lists of a token are cut.
const LISTED_LIMIT: usize = 5;

/// A text of the token, so that it can stand in a line of a log: printable ASCII, and short.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.0.chars();
        f.write_str("'")?;
        for character in characters.by_ref().take(QUOTED_LIMIT_CHARACTERS) {
            write!(f, "{}", character.escape_default())?;
        }
        f.write_str(if characters.next().is_some() { "..'" } else { "'" })
    }
}

/// The same for a text that may be absent.
struct Named<'a>(&'a Option<String>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(text) => Quoted(text).fmt(f),
            None => f.write_str("(none)"),
        }
    }
}

/// `a, b, c`, or `(none)`.
fn list<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    write: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    if items.is_empty() {
        return f.write_str("(none)");
    }
    for (position, item) in items.iter().take(LISTED_LIMIT).enumerate() {
        if position > 0 {
            f.write_str(", ")?;
        }
        write(f, item)?;
    }
    if items.len() > LISTED_LIMIT {
        f.write_str(", ..")?;
    }
    Ok(())
}
