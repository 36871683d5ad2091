//! Symmetric encryption of what the database or a cookie keeps but must not show: OAuth tokens,
//! TOTP secrets, backup codes, private keys, OAuth state.
//!
//! A ciphertext is the hex of nonce, XChaCha20-Poly1305 ciphertext and tag, under the SHA-256 of
//! a secret. With versioned secrets it stands in an envelope, `$ba$<version>$<hex>`.
//!
//! Reference: better-auth 1.7.7, `crypto/index`, `crypto/purpose` and `oauth2/utils`.

use std::fmt;

use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::{Digest as _, Sha256};
use vestibule_tokens::encoding::{decode_hex, hex};

use crate::crypto::secrets::Secrets;

const ENVELOPE_PREFIX: &str = "$ba$";
const NONCE_BYTES: usize = 24;

/// The keys for one kind of ciphertext.
#[derive(Clone)]
pub enum SymmetricKeys {
    /// One key, and no envelopes.
    Single(Key),
    /// One key for each version, and perhaps one for ciphertexts from before there were versions.
    Versioned { current: (u64, Key), older: Vec<(u64, Key)>, legacy: Option<Key> },
}

impl SymmetricKeys {
    /// The keys for whatever has no purpose of its own.
    pub fn new(secrets: &Secrets) -> Self {
        Self::derive(secrets, Key::new)
    }

    /// The keys for one purpose, such as `oauth-state-cookie`.
    ///
    /// A ciphertext made for one purpose cannot be read under another.
    pub fn for_purpose(secrets: &Secrets, purpose: &str) -> Self {
        Self::derive(secrets, |secret| Key::new(&purpose_secret(secret, purpose)))
    }

    fn derive(secrets: &Secrets, key: impl Fn(&str) -> Key) -> Self {
        let mut versions =
            secrets.versions().iter().map(|secret| (secret.version, key(&secret.value)));
        match versions.next() {
            None => Self::Single(key(secrets.current())),
            Some(current) => Self::Versioned {
                current,
                older: versions.collect(),
                legacy: secrets.legacy().map(&key),
            },
        }
    }

    /// The ciphertext of a text, under the current key. A nonce is random and used once.
    pub fn encrypt(&self, plaintext: &str, nonce: [u8; NONCE_BYTES]) -> String {
        match self {
            Self::Single(key) => key.encrypt(plaintext, nonce),
            Self::Versioned { current: (version, key), .. } => {
                format!("{ENVELOPE_PREFIX}{version}${}", key.encrypt(plaintext, nonce))
            }
        }
    }

    /// The text of a ciphertext, under whichever key made it.
    pub fn decrypt(&self, ciphertext: &str) -> Result<String, DecryptError> {
        let (current, older, legacy) = match self {
            // Reference quirk: a single secret opens no envelope, not even of its own version.
            Self::Single(key) => return key.decrypt(ciphertext),
            Self::Versioned { current, older, legacy } => (current, older, legacy),
        };
        let Some((version, ciphertext)) = parse_envelope(ciphertext) else {
            return legacy.as_ref().ok_or(DecryptError::NoLegacySecret)?.decrypt(ciphertext);
        };
        std::iter::once(current)
            .chain(older)
            .find(|(known, _)| *known == version)
            .map(|(_, key)| key)
            .ok_or(DecryptError::UnknownVersion(version))?
            .decrypt(ciphertext)
    }
}

impl fmt::Debug for SymmetricKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SymmetricKeys([redacted])")
    }
}

/// Whether a stored OAuth token is a ciphertext: an envelope, or hex all through.
///
/// Tokens that were stored before encryption was switched on are used as they are.
pub fn looks_encrypted(token: &str) -> bool {
    let is_hex = || token.bytes().all(|byte| byte.is_ascii_hexdigit());
    token.starts_with(ENVELOPE_PREFIX)
        || (!token.is_empty() && token.len().is_multiple_of(2) && is_hex())
}

/// Why a ciphertext cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecryptError {
    /// The version of the envelope is not among the secrets.
    UnknownVersion(u64),
    /// There is no envelope, and no secret from before there were versions.
    NoLegacySecret,
    /// Not hex, cut short, altered, or made with another secret.
    Unreadable,
}

impl fmt::Display for DecryptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownVersion(version) => {
                write!(f, "secret version {version} is not configured (it may have been retired)")
            }
            Self::NoLegacySecret => f.write_str(
                "the ciphertext has no version and no legacy secret is set (BETTER_AUTH_SECRET)",
            ),
            Self::Unreadable => {
                f.write_str("the ciphertext is malformed or was made with another secret")
            }
        }
    }
}

impl std::error::Error for DecryptError {}

/// One secret, made into a key.
#[derive(Clone)]
pub struct Key(XChaCha20Poly1305);

impl Key {
    fn new(secret: &str) -> Self {
        Self(XChaCha20Poly1305::new(&Sha256::digest(secret)))
    }

    fn encrypt(&self, plaintext: &str, nonce: [u8; NONCE_BYTES]) -> String {
        let sealed = self
            .0
            .encrypt(&XNonce::from(nonce), plaintext.as_bytes())
            .expect("a text in memory is shorter than the cipher's 256 GiB");
        hex(nonce) + &hex(sealed)
    }

    fn decrypt(&self, ciphertext: &str) -> Result<String, DecryptError> {
        let bytes = decode_hex(ciphertext).ok_or(DecryptError::Unreadable)?;
        let (nonce, sealed) =
            bytes.split_first_chunk::<NONCE_BYTES>().ok_or(DecryptError::Unreadable)?;
        let plaintext =
            self.0.decrypt(&XNonce::from(*nonce), sealed).map_err(|_| DecryptError::Unreadable)?;
        String::from_utf8(plaintext).map_err(|_| DecryptError::Unreadable)
    }
}

/// The secret for a purpose, as the text that takes the place of the secret itself.
fn purpose_secret(secret: &str, purpose: &str) -> String {
    const SALT: &[u8] = b"better-auth:oauth-encryption:v1";
    let mut derived = [0; 32];
    Hkdf::<Sha256>::new(Some(SALT), secret.as_bytes())
        .expand(format!("better-auth:{purpose}:v1").as_bytes(), &mut derived)
        .expect("32 bytes is within HKDF's bounds");
    hex(derived)
}

/// The version and the hex of an envelope.
fn parse_envelope(text: &str) -> Option<(u64, &str)> {
    let (version, ciphertext) = text.strip_prefix(ENVELOPE_PREFIX)?.split_once('$')?;
    Some((version.parse().ok()?, ciphertext))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
    use serde_json::Value;

    use super::*;
    use crate::crypto::secrets::Sources;
    use crate::crypto::vectors;

    const NONCE: [u8; NONCE_BYTES] = [9; NONCE_BYTES];

    fn keys(secret: &str) -> SymmetricKeys {
        SymmetricKeys::new(&Secrets::single(secret))
    }

    fn versioned(versions: &str, legacy: Option<&str>) -> Secrets {
        let better_auth_secrets = Some(versions);
        Secrets::find(Sources { better_auth_secrets, secret: legacy, ..Sources::default() })
            .unwrap()
    }

    fn text<'v>(value: &'v Value, name: &str) -> &'v str {
        value[name].as_str().unwrap()
    }

    #[test]
    fn keys_and_ciphertexts_match_the_reference() {
        let vectors = &vectors()["deterministic"];
        for case in vectors["symmetric_key_sha256"].as_array().unwrap() {
            assert_eq!(hex(Sha256::digest(text(case, "secret"))), case["key_hex"]);
        }
        for case in vectors["purpose_keys"].as_array().unwrap() {
            let derived = purpose_secret(text(case, "secret"), text(case, "purpose"));
            assert_eq!(derived, case["derived_secret_hex"]);
        }
        for case in vectors["symmetric_encrypt_fixed_nonce"].as_array().unwrap() {
            let nonce = decode_hex(text(case, "nonce_hex")).unwrap().try_into().unwrap();
            let ciphertext = keys(text(case, "secret")).encrypt(text(case, "data"), nonce);
            assert_eq!(ciphertext, case["output_hex"]);
        }
    }

    #[test]
    fn ciphertexts_of_the_reference_are_read() {
        for case in vectors()["accept"]["symmetric_encrypt"].as_array().unwrap() {
            let (keys, ciphertext) = match case.get("BETTER_AUTH_SECRETS") {
                None => (keys(text(case, "key")), &case["ciphertext_hex"]),
                Some(versions) => {
                    let legacy = case["BETTER_AUTH_SECRET"].as_str();
                    let secrets = versioned(versions.as_str().unwrap(), legacy);
                    let envelope = case.get("envelope").unwrap_or(&case["bare_hex"]);
                    (SymmetricKeys::new(&secrets), envelope)
                }
            };
            let ciphertext = ciphertext.as_str().unwrap();
            assert_eq!(keys.decrypt(ciphertext).unwrap(), text(case, "data"));
            assert!(looks_encrypted(ciphertext));
        }
    }

    #[test]
    fn state_cookies_backup_codes_and_private_keys_are_read() {
        let vectors = &vectors()["accept"];
        let case = &vectors["oauth_state_cookie"][0];
        let secrets = Secrets::single(text(case, "secret"));
        let state = SymmetricKeys::for_purpose(&secrets, text(case, "purpose"))
            .decrypt(text(case, "ciphertext"))
            .unwrap();
        assert_eq!(serde_json::from_str::<Value>(&state).unwrap(), case["data"]);

        let case = &vectors["backup_codes"][0];
        let codes = keys(text(case, "key")).decrypt(text(case, "stored")).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&codes).unwrap(), case["codes"]);

        let case = &vectors["jwt_plugin_eddsa"];
        let stored: String = serde_json::from_str(text(&case["stored_row"], "privateKey")).unwrap();
        let jwk = keys(text(case, "secret")).decrypt(&stored).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&jwk).unwrap(), case["private_jwk_decrypted"]);
    }

    #[test]
    fn rotation_reads_the_old_and_writes_the_new() {
        let old = keys("old").encrypt("data", NONCE);
        let first = SymmetricKeys::new(&versioned("1:a", Some("old")));
        let second = SymmetricKeys::new(&versioned("2:b,1:a", Some("old")));
        let enveloped = first.encrypt("data", NONCE);
        assert!(enveloped.starts_with("$ba$1$"), "{enveloped}");
        assert!(second.encrypt("data", NONCE).starts_with("$ba$2$"));
        for ciphertext in [&old, &enveloped] {
            assert_eq!(second.decrypt(ciphertext).unwrap(), "data");
        }
    }

    #[test]
    fn an_envelope_is_opened_by_its_version_alone() {
        let secrets = SymmetricKeys::new(&versioned("2:b,1:a", None));
        let sealed = keys("a").encrypt("data", NONCE);
        let decrypt = |text: String| secrets.decrypt(&text);
        assert_eq!(decrypt(format!("$ba$1${sealed}")).unwrap(), "data");
        assert_eq!(decrypt(format!("$ba$2${sealed}")), Err(DecryptError::Unreadable));
        assert_eq!(decrypt(format!("$ba$3${sealed}")), Err(DecryptError::UnknownVersion(3)));
        assert_eq!(decrypt(format!("$ba$x${sealed}")), Err(DecryptError::NoLegacySecret));
        assert_eq!(decrypt(sealed.clone()), Err(DecryptError::NoLegacySecret));
        // Reference quirk: without versions there are no envelopes.
        assert_eq!(keys("a").decrypt(&format!("$ba$1${sealed}")), Err(DecryptError::Unreadable));
    }

    #[test]
    fn a_purpose_keeps_to_itself() {
        for secrets in [Secrets::single("a"), versioned("1:a", Some("old"))] {
            let state = SymmetricKeys::for_purpose(&secrets, "oauth-state-cookie");
            let profile = SymmetricKeys::for_purpose(&secrets, "oauth-proxy-profile");
            let ciphertext = state.encrypt("data", NONCE);
            assert_eq!(state.decrypt(&ciphertext).unwrap(), "data");
            assert_eq!(profile.decrypt(&ciphertext), Err(DecryptError::Unreadable));
            assert!(SymmetricKeys::new(&secrets).decrypt(&ciphertext).is_err());
        }
    }

    #[test]
    fn no_altered_digit_passes() {
        let ciphertext = keys("a").encrypt("data", NONCE);
        for index in 0..ciphertext.len() {
            let mut altered = ciphertext.clone();
            let other = if altered[index..].starts_with('0') { "1" } else { "0" };
            altered.replace_range(index..=index, other);
            assert_eq!(keys("a").decrypt(&altered), Err(DecryptError::Unreadable), "{altered}");
            assert!(keys("a").decrypt(&ciphertext[..index]).is_err());
        }
        assert_eq!(keys("a").decrypt(&ciphertext.to_uppercase()).unwrap(), "data");
    }

    #[test]
    fn plain_tokens_are_told_from_ciphertexts() {
        for (token, expected) in [
            ("$ba$1$00", true),
            ("00fF", true),
            ("00f", false),
            ("", false),
            ("gho_16C7e42F292c6912E7710c838347Ae178B4a", false),
        ] {
            assert_eq!(looks_encrypted(token), expected, "{token}");
        }
    }

    #[test]
    fn keys_are_not_shown() {
        assert_eq!(format!("{:?}", keys("hunter2")), "SymmetricKeys([redacted])");
    }

    proptest! {
        #[test]
        fn what_is_encrypted_is_decrypted(data in any::<String>(), nonce in any::<[u8; 24]>()) {
            let keys = SymmetricKeys::new(&versioned("7:a", None));
            prop_assert_eq!(keys.decrypt(&keys.encrypt(&data, nonce)).unwrap(), data);
        }

        #[test]
        fn no_text_stops_the_reader(text in any::<String>(), near in "(\\$ba\\$1\\$)?[0-9a-f$]{0,120}") {
            let keys = SymmetricKeys::new(&versioned("1:a", Some("old")));
            prop_assert!(keys.decrypt(&text).is_err());
            prop_assert!(keys.decrypt(&near).is_err());
        }
    }
}
