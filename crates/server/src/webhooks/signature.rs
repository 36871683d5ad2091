//! Standard Webhooks' signatures: HMAC-SHA256 over `id.timestamp.body`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use vestibule_core::crypto::secrets::Secrets;

/// Says that a text is such a key.
const PREFIX: &str = "whsec_";

/// The bytes of a key, as the specification limits them.
const KEY_LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// What derived keys are for.
const PURPOSE: &[u8] = b"vestibule webhooks";

/// The keys that sign, the current one first.
#[derive(Clone)]
pub(crate) struct SigningKeys(Vec<Vec<u8>>);

#[derive(Debug, thiserror::Error)]
#[error("expected `whsec_` and base64 of 24 to 64 bytes")]
pub(crate) struct InvalidKey;

impl SigningKeys {
    /// The key of the configuration.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidKey> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidKey)?;
        let key = STANDARD.decode(encoded).map_err(|_| InvalidKey)?;
        if KEY_LENGTHS.contains(&key.len()) { Ok(Self(vec![key])) } else { Err(InvalidKey) }
    }

    /// A key for each of the server's secrets: while they rotate, receivers may know either.
    pub(crate) fn derive(secrets: &Secrets) -> Self {
        let derive = |secret: &str| {
            let mut key = vec![0; 32];
            Hkdf::<Sha256>::new(None, secret.as_bytes())
                .expand(PURPOSE, &mut key)
                .expect("HKDF gives up to 8160 bytes");
            key
        };
        Self(secrets.all().into_iter().map(derive).collect())
    }

    /// The current key, for whoever receives.
    pub(crate) fn current(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0[0]))
    }

    /// Which of these keys the other's current one is; 0 is the current one.
    pub(crate) fn position(&self, other: &Self) -> Option<usize> {
        self.0.iter().position(|key| other.0.first() == Some(key))
    }

    /// The header's value: one signature for each key.
    pub(super) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let sign = |key: &Vec<u8>| {
            let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
            let mac = mac.chain_update(format!("{id}.{timestamp}.")).chain_update(body);
            format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
        };
        self.0.iter().map(sign).collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKeys([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_specification_does() {
        // The example of the Standard Webhooks specification's libraries.
        let keys = SigningKeys::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature =
            keys.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in
            ["", "whsec_", "whsec_AAAA", "secret", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_*"]
        {
            assert!(SigningKeys::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_derived_key_can_be_given_to_the_receiver() {
        let derived = SigningKeys::derive(&Secrets::single("a secret"));
        let given = SigningKeys::parse(&derived.current()).unwrap();
        assert_eq!(given.sign("msg_1", 1, b"{}"), derived.sign("msg_1", 1, b"{}"));
        let other = SigningKeys::derive(&Secrets::single("another secret"));
        assert_ne!(other.current(), derived.current());
    }
}
