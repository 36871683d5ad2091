//! [`WebhookKey`]: whether a webhook is the auth server's ([Standard Webhooks]).
//!
//! [Standard Webhooks]: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use sha2::Sha256;
use vestibule_tokens::encoding::decode_base64;

use super::event::{Event, InvalidEvent};
use crate::Timestamp;

/// How far the sender's clock may be from ours, delivery included; seconds. The specification's libraries'.
const TOLERANCE_SECONDS: i64 = 5 * 60;

/// Signatures that are tried: one for each secret of the sender.
const SIGNATURES_LIMIT: usize = 10;

/// The key that `vestibule secret webhook` prints.
#[derive(Clone)]
pub struct WebhookKey(Hmac<Sha256>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected `whsec_` and base64 of 24 to 64 bytes, as `vestibule secret webhook` prints it")]
pub struct InvalidKey;

/// Why a webhook is not believed. Answer 400 or 401; the sender tries again later.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    #[error("the header `{0}` is absent or malformed")]
    Header(&'static str),
    /// An old one that somebody sends again, or clocks that differ.
    #[error("its time is {age_seconds} seconds ago; {TOLERANCE_SECONDS} are allowed either way")]
    Time { age_seconds: i64 },
    #[error("none of its signatures is made with this key over these bytes")]
    Signature,
    #[error(transparent)]
    Event(#[from] InvalidEvent),
}

impl WebhookKey {
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let encoded = text.trim().strip_prefix("whsec_").ok_or(InvalidKey)?;
        let key = decode_base64(encoded).ok_or(InvalidKey)?;
        if !(24..=64).contains(&key.len()) {
            return Err(InvalidKey);
        }
        Hmac::new_from_slice(&key).map(Self).map_err(|_| InvalidKey)
    }

    /// The event that a request carries. The body is the bytes as they came: JSON that was parsed and
    /// written again is signed no more.
    pub fn event(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Event, WebhookError> {
        let header = |name: &'static str| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.ok_or(WebhookError::Header(name))
        };
        let (id, sent_at) = (header("webhook-id")?, header("webhook-timestamp")?);
        let seconds: i64 =
            sent_at.parse().map_err(|_| WebhookError::Header("webhook-timestamp"))?;
        let age_seconds = now.as_seconds().saturating_sub(seconds);
        if age_seconds.saturating_abs() > TOLERANCE_SECONDS {
            return Err(WebhookError::Time { age_seconds });
        }
        let mac = self.0.clone().chain_update(format!("{id}.{sent_at}.")).chain_update(body);
        let signatures = header("webhook-signature")?.split(' ').take(SIGNATURES_LIMIT);
        let is_genuine = signatures
            .filter_map(|signature| decode_base64(signature.strip_prefix("v1,")?))
            .any(|signature| mac.clone().verify_slice(&signature).is_ok());
        if !is_genuine {
            return Err(WebhookError::Signature);
        }
        Ok(Event::from_json(body)?)
    }
}

impl fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    fn headers(signature: &str) -> HeaderMap {
        let pairs = [
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("webhook-timestamp", "1614265330"),
            ("webhook-signature", signature),
        ];
        let pairs = pairs.into_iter();
        pairs.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    /// Genuine or not, and whether what is in it is an event, which this one is not.
    fn is_genuine(signature: &str, body: &[u8], now: i64) -> bool {
        let key = WebhookKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let outcome = key.event(&headers(signature), body, Timestamp::from_seconds(now));
        matches!(outcome, Err(WebhookError::Event(_)))
    }

    #[test]
    fn the_example_of_the_specification_is_genuine_for_five_minutes() {
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        let sent_at = 1_614_265_330;
        assert!(is_genuine(signature, BODY, sent_at));
        assert!(is_genuine(&format!("v1,AAAA v1a,x {signature}"), BODY, sent_at));
        assert!(is_genuine(signature, BODY, sent_at + 300));
        assert!(!is_genuine(signature, BODY, sent_at + 301));
        assert!(!is_genuine(signature, BODY, sent_at - 301));
        assert!(!is_genuine(signature, br#"{"test":2432232314}"#, sent_at));
        assert!(!is_genuine("v1,", BODY, sent_at));
        assert!(!is_genuine("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", BODY, sent_at));
    }

    #[test]
    fn a_key_has_its_form() {
        for text in ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert_eq!(WebhookKey::parse(text).err(), Some(InvalidKey), "{text}");
        }
    }
}
