//! The secrets of a server: which one signs, and which ones still decrypt.
//!
//! Signatures are made and checked with the current secret alone, so rotation ends them.
//! Ciphertexts name the version that made them, and stay readable as long as it is listed.
//!
//! Reference: better-auth 1.7.7, `context/create-context` and `context/secret-utils`.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;

/// What the reference uses when it is given nothing. Everybody knows it.
pub const DEFAULT_SECRET: &str = "better-auth-secret-12345678901234567890";

/// Shorter secrets are warned of; UTF-16 units.
const RECOMMENDED_LENGTH: usize = 32;

/// Secrets of less are warned of; bits.
const RECOMMENDED_ENTROPY: f64 = 120.0;

/// Versions are integers that a double can hold: the reference reads them as such.
const VERSION_LIMIT: u64 = (1 << 53) - 1;

/// One secret of a rotation.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionedSecret {
    pub version: u64,
    pub value: String,
}

impl fmt::Debug for VersionedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VersionedSecret({}, [redacted])", self.version)
    }
}

/// The places where secrets are looked for. Empty text is as good as none.
#[derive(Clone, Copy, Default)]
pub struct Sources<'a> {
    /// The option `secrets`.
    pub secrets: Option<&'a [VersionedSecret]>,
    /// The option `secret`.
    pub secret: Option<&'a str>,
    /// The environment's `BETTER_AUTH_SECRETS`.
    pub better_auth_secrets: Option<&'a str>,
    /// The environment's `BETTER_AUTH_SECRET`.
    pub better_auth_secret: Option<&'a str>,
    /// The environment's `AUTH_SECRET`.
    pub auth_secret: Option<&'a str>,
}

/// The secrets in use.
#[derive(Clone)]
pub struct Secrets {
    current: String,
    /// The current secret first; empty when there is but one secret, without a version.
    versions: Vec<VersionedSecret>,
    /// The secret from before there were versions.
    legacy: Option<String>,
}

impl Secrets {
    /// The option before the environment, versions before a single secret, and at last
    /// [`DEFAULT_SECRET`].
    pub fn find(sources: Sources<'_>) -> Result<Self, InvalidSecrets> {
        let single = [sources.secret, sources.better_auth_secret, sources.auth_secret]
            .into_iter()
            .flatten()
            .find(|secret| !secret.is_empty());
        let versions = match (sources.secrets, sources.better_auth_secrets) {
            (Some(versions), _) => versions.to_vec(),
            (None, Some(text)) if !text.is_empty() => parse_versions(text)?,
            _ => return Ok(Self::single(single.unwrap_or(DEFAULT_SECRET))),
        };
        check_versions(&versions)?;
        let current = versions.first().ok_or(InvalidSecrets::NoVersions)?.value.clone();
        let legacy = single.filter(|&secret| secret != DEFAULT_SECRET).map(str::to_owned);
        Ok(Self { current, versions, legacy })
    }

    /// One secret, without a version.
    pub fn single(secret: &str) -> Self {
        Self { current: secret.to_owned(), versions: Vec::new(), legacy: None }
    }

    /// The secret that signs.
    pub fn current(&self) -> &str {
        &self.current
    }

    /// All versions, the current one first; empty when there is but one secret, without a version.
    pub fn versions(&self) -> &[VersionedSecret] {
        &self.versions
    }

    /// The secret from before there were versions, if there are versions now.
    pub fn legacy(&self) -> Option<&str> {
        self.legacy.as_deref()
    }

    /// Every secret that may have encrypted something, the current one first.
    ///
    /// The legacy secret is last, and left out if it is also one of the versions.
    pub fn all(&self) -> Vec<&str> {
        if self.versions.is_empty() {
            return vec![&self.current];
        }
        let mut all: Vec<&str> = self.versions.iter().map(|secret| secret.value.as_str()).collect();
        all.extend(self.legacy().filter(|legacy| !all.contains(legacy)));
        all
    }

    /// Whether the secret that signs is the one that everybody knows.
    pub fn is_default(&self) -> bool {
        self.current == DEFAULT_SECRET
    }

    /// What is to be warned of about the secret that signs.
    pub fn weaknesses(&self) -> Vec<Weakness> {
        let length = self.current.encode_utf16().count();
        let distinct = self.current.chars().collect::<HashSet<char>>().len();
        let entropy = length as f64 * (distinct as f64).log2();
        let is_short = length < RECOMMENDED_LENGTH;
        let is_predictable = entropy < RECOMMENDED_ENTROPY;
        [is_short.then_some(Weakness::Short), is_predictable.then_some(Weakness::LowEntropy)]
            .into_iter()
            .flatten()
            .collect()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets([redacted])")
    }
}

/// Why a secret deserves a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    Short,
    LowEntropy,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Short => {
                "the secret should be at least 32 characters long; `openssl rand -base64 32` makes one"
            }
            Self::LowEntropy => {
                "the secret looks predictable; `openssl rand -base64 32` makes one that is not"
            }
        })
    }
}

/// Why the secrets cannot be used, in the words of the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidSecrets {
    /// An entry of `BETTER_AUTH_SECRETS` without a colon.
    Entry(String),
    /// The version of an entry of `BETTER_AUTH_SECRETS`.
    EntryVersion(String),
    /// A version of `BETTER_AUTH_SECRETS` without a secret.
    EmptyEntry(u64),
    NoVersions,
    Version(u64),
    Empty(u64),
    Duplicate(u64),
}

impl fmt::Display for InvalidSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(entry) => write!(
                f,
                "Invalid BETTER_AUTH_SECRETS entry: \"{entry}\". Expected format: \"<version>:<secret>\""
            ),
            Self::EntryVersion(version) => write!(
                f,
                "Invalid version in BETTER_AUTH_SECRETS: \"{version}\". Version must be a non-negative integer."
            ),
            Self::EmptyEntry(version) => {
                write!(f, "Empty secret value for version {version} in BETTER_AUTH_SECRETS.")
            }
            Self::NoVersions => f.write_str("`secrets` array must contain at least one entry."),
            Self::Version(version) => write!(
                f,
                "Invalid version {version} in `secrets`. Version must be a non-negative integer."
            ),
            Self::Empty(version) => {
                write!(f, "Empty secret value for version {version} in `secrets`.")
            }
            Self::Duplicate(version) => {
                write!(f, "Duplicate version {version} in `secrets`. Each version must be unique.")
            }
        }
    }
}

impl std::error::Error for InvalidSecrets {}

/// The entries of `BETTER_AUTH_SECRETS`: `<version>:<secret>,<version>:<secret>`.
fn parse_versions(text: &str) -> Result<Vec<VersionedSecret>, InvalidSecrets> {
    let parse = |entry: &str| {
        let entry = entry.trim();
        let Some((version, value)) = entry.split_once(':') else {
            return Err(InvalidSecrets::Entry(entry.to_owned()));
        };
        let Some(number) = leading_integer(version) else {
            return Err(InvalidSecrets::EntryVersion(version.to_owned()));
        };
        match value.trim() {
            "" => Err(InvalidSecrets::EmptyEntry(number)),
            value => Ok(VersionedSecret { version: number, value: value.to_owned() }),
        }
    };
    text.split(',').map(parse).collect()
}

/// A version as `parseInt` reads it, which stops at the first character that is no digit.
fn leading_integer(text: &str) -> Option<u64> {
    let text = text.trim_start();
    let text = text.strip_prefix('+').unwrap_or(text);
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok().filter(|&version| version <= VERSION_LIMIT)
}

fn check_versions(versions: &[VersionedSecret]) -> Result<(), InvalidSecrets> {
    let mut seen = HashSet::new();
    for secret in versions {
        if secret.version > VERSION_LIMIT {
            return Err(InvalidSecrets::Version(secret.version));
        }
        if secret.value.is_empty() {
            return Err(InvalidSecrets::Empty(secret.version));
        }
        if !seen.insert(secret.version) {
            return Err(InvalidSecrets::Duplicate(secret.version));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;
    use crate::crypto::vectors;

    fn versioned(version: u64, value: &str) -> VersionedSecret {
        VersionedSecret { version, value: value.to_owned() }
    }

    fn from_environment(text: &str) -> Result<Secrets, InvalidSecrets> {
        Secrets::find(Sources { better_auth_secrets: Some(text), ..Sources::default() })
    }

    #[test]
    fn the_environment_is_read_as_the_reference_reads_it() {
        for case in vectors()["deterministic"]["secrets_env"].as_array().unwrap() {
            let found = from_environment(case["env"].as_str().unwrap());
            if let Some(error) = case.get("error") {
                assert_eq!(found.unwrap_err().to_string(), error.as_str().unwrap());
                continue;
            }
            let expected: Vec<VersionedSecret> =
                serde_json::from_value(case["parsed"].clone()).unwrap();
            let found = found.unwrap();
            assert_eq!(found.versions(), expected);
            assert_eq!(found.current(), expected[0].value);
        }
    }

    #[test]
    fn a_secret_may_hold_colons_and_a_version_may_trail_off() {
        let found = from_environment(" 03 : a:b , +2x:c,1.5:d").unwrap();
        assert_eq!(found.versions(), [versioned(3, "a:b"), versioned(2, "c"), versioned(1, "d")]);
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for version in ["", " ", "x1", "--1", "9007199254740992", "99999999999999999999"] {
            let refused = from_environment(&format!("1:a,2:b,{version}:c")).unwrap_err();
            assert_eq!(refused, InvalidSecrets::EntryVersion(version.trim_start().to_owned()));
        }
        assert_eq!(from_environment("1:a,").unwrap_err(), InvalidSecrets::Entry(String::new()));
    }

    #[test]
    fn versions_are_checked_wherever_they_come_from() {
        assert_eq!(from_environment("1:a,01:b").unwrap_err(), InvalidSecrets::Duplicate(1));
        for (versions, error) in [
            (vec![], "`secrets` array must contain at least one entry."),
            (vec![versioned(2, "")], "Empty secret value for version 2 in `secrets`."),
            (
                vec![versioned(2, "a"), versioned(2, "b")],
                "Duplicate version 2 in `secrets`. Each version must be unique.",
            ),
            (
                vec![versioned(1 << 53, "a")],
                "Invalid version 9007199254740992 in `secrets`. Version must be a non-negative integer.",
            ),
        ] {
            let sources = Sources { secrets: Some(&versions), ..Sources::default() };
            assert_eq!(Secrets::find(sources).unwrap_err().to_string(), error);
        }
    }

    #[test]
    fn options_come_before_the_environment() {
        let versions = [versioned(9, "option")];
        let mut sources = Sources {
            secrets: Some(&versions),
            secret: Some("secret"),
            better_auth_secrets: Some("1:environment"),
            better_auth_secret: Some("better-auth"),
            auth_secret: Some("auth"),
        };
        let current = |sources| Secrets::find(sources).unwrap().current().to_owned();
        assert_eq!(current(sources), "option");
        sources.secrets = None;
        assert_eq!(current(sources), "environment");
        sources.better_auth_secrets = Some("");
        assert_eq!(current(sources), "secret");
        sources.secret = Some("");
        assert_eq!(current(sources), "better-auth");
        sources.better_auth_secret = None;
        assert_eq!(current(sources), "auth");
        sources.auth_secret = None;
        assert_eq!(current(sources), DEFAULT_SECRET);
    }

    #[test]
    fn the_single_secret_becomes_the_legacy_secret() {
        let find = |secret| {
            let versions = [versioned(2, "b"), versioned(1, "a")];
            Secrets::find(Sources { secrets: Some(&versions), secret, ..Sources::default() })
                .unwrap()
        };
        assert_eq!(find(Some("old")).legacy(), Some("old"));
        assert_eq!(find(Some("old")).all(), ["b", "a", "old"]);
        assert_eq!(find(Some("a")).all(), ["b", "a"]);
        assert_eq!(find(Some(DEFAULT_SECRET)).legacy(), None);
        assert_eq!(find(None).legacy(), None);
        assert_eq!(Secrets::single("only").all(), ["only"]);
    }

    #[test]
    fn the_default_is_recognised() {
        assert!(Secrets::find(Sources::default()).unwrap().is_default());
        assert!(from_environment(&format!("1:{DEFAULT_SECRET}")).unwrap().is_default());
        assert!(!Secrets::single("other").is_default());
    }

    #[test]
    fn weak_secrets_are_named() {
        use Weakness::{LowEntropy, Short};
        for (secret, weaknesses) in [
            ("better-auth-dossier-secret-0123456789abcdef", vec![]),
            ("abcdefghijklmnopqrstuvwxyz01234", vec![Short]),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", vec![LowEntropy]),
            ("aaaaaaaabbbbbbbbccccccccdddddddd", vec![LowEntropy]),
            ("secret", vec![Short, LowEntropy]),
        ] {
            assert_eq!(Secrets::single(secret).weaknesses(), weaknesses, "{secret}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let found = from_environment("1:hunter2").unwrap();
        let shown = format!("{found:?} {:?}", found.versions());
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    proptest! {
        #[test]
        fn no_text_stops_the_parser(text in any::<String>(), near in "[-+0-9:, a]{0,40}") {
            let _ = from_environment(&text); // Only that it returns.
            let _ = from_environment(&near); // Likewise.
        }
    }
}
