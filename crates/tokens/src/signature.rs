//! Values signed with the server's secret: `value.signature`.
//!
//! The signature is the padded base64 of HMAC-SHA256 over the value. Cookies carry the whole
//! percent-encoded, which is [`SetCookie`](crate::cookie::SetCookie)'s work on the way out and
//! [`Cookies`](crate::cookie::Cookies)' on the way in: nothing here encodes or decodes it again.
//!
//! Reference: better-call 1.4.0, `crypto` and `getSignedCookie`.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::encoding::{base64, decode_base64};

/// Base64 characters of an HMAC-SHA256.
const SIGNATURE_LENGTH: usize = 44;

/// The secret that signs cookies and HS256 tokens.
///
/// The key schedule is computed once; signing starts from a copy of its state.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// The key made of the secret's UTF-8 bytes.
    pub fn new(secret: &str) -> Self {
        Self(Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length"))
    }

    /// The value with its signature, not yet percent-encoded.
    pub fn sign(&self, value: &str) -> String {
        format!("{value}.{}", base64(self.mac(value.as_bytes())))
    }

    /// The value of a percent-decoded `value.signature`, if the signature is ours.
    pub fn verify<'v>(&self, signed: &'v str) -> Option<&'v str> {
        // The value may hold dots itself, the signature cannot.
        let (value, signature) = signed.rsplit_once('.')?;
        (!value.is_empty() && self.is_signature(value, signature)).then_some(value)
    }

    /// Whether the padded base64 text is our signature of the value.
    pub fn is_signature(&self, value: &str, signature: &str) -> bool {
        // The reference also takes a last character with stray low bits, which no writer makes.
        // Here one value has one signature.
        signature.len() == SIGNATURE_LENGTH
            && signature.ends_with('=')
            && decode_base64(signature).is_some_and(|mac| self.is_mac(value.as_bytes(), &mac))
    }

    /// HMAC-SHA256 of the message.
    pub fn mac(&self, message: &[u8]) -> [u8; 32] {
        self.0.clone().chain_update(message).finalize().into_bytes().into()
    }

    /// Whether `mac` is the message's HMAC-SHA256; takes the same time wherever they differ.
    pub fn is_mac(&self, message: &[u8], mac: &[u8]) -> bool {
        self.0.clone().chain_update(message).verify_slice(mac).is_ok()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;
    use crate::encoding::{base64url, decode_uri_component, encode_uri_component};
    use crate::vectors;

    /// With the secret of the vectors.
    fn key() -> SigningKey {
        SigningKey::new("better-auth-dossier-secret-0123456789abcdef")
    }

    #[test]
    fn signatures_match_the_reference() {
        for case in vectors()["deterministic"]["signed_cookie"].as_array().unwrap() {
            let value = case["value"].as_str().unwrap();
            let signed = key().sign(value);
            assert_eq!(signed, case["unencoded"]);
            assert_eq!(encode_uri_component(&signed), case["cookie_value"].as_str().unwrap());
            assert_eq!(key().verify(&signed), Some(value));
        }
    }

    #[test]
    fn what_the_reference_refuses_is_refused() {
        for case in vectors()["reject"]["signed_cookie"].as_array().unwrap() {
            let signed = decode_uri_component(case["cookie_value"].as_str().unwrap()).unwrap();
            assert_eq!(key().verify(&signed), None, "{}", case["why"]);
        }
    }

    #[test]
    fn a_signature_needs_a_value() {
        let signature = base64(key().mac(b""));
        assert_eq!(key().verify(&format!(".{signature}")), None);
        assert_eq!(key().verify(&signature), None);
    }

    // Difference: strict-tokens.
    #[test]
    fn no_altered_byte_passes() {
        let signed = key().sign("token");
        for index in 0..signed.len() {
            for replacement in ["A", "B", "=", ".", "-"] {
                let mut altered = signed.clone();
                altered.replace_range(index..=index, replacement);
                if altered != signed {
                    assert_eq!(key().verify(&altered), None, "{altered}");
                }
            }
        }
        assert_eq!(SigningKey::new("another secret").verify(&signed), None);
    }

    #[test]
    fn trust_device_macs_match_the_reference() {
        let vectors = vectors();
        let case = &vectors["deterministic"]["trust_device"][0];
        let text = |name: &str| case[name].as_str().unwrap();
        let message = format!("{}!{}", text("userId"), text("trustIdentifier"));
        assert_eq!(base64url(key().mac(message.as_bytes())), text("hmac"));
        let signed = key().sign(text("cookie_plain"));
        assert_eq!(encode_uri_component(&signed), text("cookie_value"));
    }

    #[test]
    fn the_secret_is_not_shown() {
        assert_eq!(format!("{:?}", key()), "SigningKey([redacted])");
    }

    proptest! {
        #[test]
        fn what_is_signed_verifies(value in ".+") {
            let signed = key().sign(&value);
            prop_assert_eq!(key().verify(&signed), Some(value.as_str()));
        }

        #[test]
        fn no_text_stops_the_verifier(text in any::<String>()) {
            prop_assert_eq!(key().verify(&text), None);
        }
    }
}
