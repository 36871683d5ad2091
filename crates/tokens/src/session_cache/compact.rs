//! `{"session":P,"expiresAt":E,"signature":S}` in base64url, the default form.
//!
//! The signature is the HMAC of the payload's JSON with `expiresAt` as its last member, as
//! `JSON.stringify` writes it: the reader parses the cookie and writes that text again.

use serde_json::{Map, Value};

use super::{Cached, Payload, Refusal, VALUE_LIMIT_BYTES};
use crate::encoding::{base64url, decode_base64url};
use crate::json::stringify_object;
use crate::signature::SigningKey;

/// The reference's lifetime of a cache that ends with the browser; seconds.
pub const UNREMEMBERED_SECONDS: u64 = 60;

/// The value of the cookie; `expires_at` in milliseconds since the epoch.
pub fn encode(key: &SigningKey, payload: &Payload, expires_at: i64) -> String {
    let payload = payload.claims();
    let mut signed = payload.clone();
    signed.insert("expiresAt".to_owned(), expires_at.into());
    let signature = base64url(key.mac(stringify_object(&signed).as_bytes()));
    let mut outer = Map::new();
    outer.insert("session".to_owned(), payload.into());
    outer.insert("expiresAt".to_owned(), expires_at.into());
    outer.insert("signature".to_owned(), signature.into());
    base64url(stringify_object(&outer))
}

/// What a value carries that this key signed and that is valid `now`, in milliseconds since the epoch.
pub fn decode(key: &SigningKey, value: &str, now: i64) -> Result<Cached, Refusal> {
    let mut outer = outer(value).ok_or(Refusal::Malformed)?;
    let (
        Some(Value::Object(mut payload)),
        Some(expires_at @ Value::Number(_)),
        Some(Value::String(signature)),
    ) = (outer.remove("session"), outer.remove("expiresAt"), outer.remove("signature"))
    else {
        return Err(Refusal::Malformed);
    };
    let ends = expires_at.as_f64().ok_or(Refusal::Malformed)? as i64;
    let signature = decode_base64url(&signature).ok_or(Refusal::Malformed)?;
    payload.insert("expiresAt".to_owned(), expires_at);
    if !key.is_mac(stringify_object(&payload).as_bytes(), &signature) {
        return Err(Refusal::Forged);
    }
    if ends < now {
        return Err(Refusal::Expired);
    }
    Ok(Cached { payload: Payload::from_claims(payload)?, expires_at: ends })
}

fn outer(value: &str) -> Option<Map<String, Value>> {
    if value.len() > VALUE_LIMIT_BYTES {
        return None;
    }
    serde_json::from_slice(&decode_base64url(value)?).ok()
}
