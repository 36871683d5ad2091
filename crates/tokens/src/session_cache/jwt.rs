//! A JWT signed with the server's secret (HS256).

use super::{Cached, Payload, Refusal, expiry};
use crate::jwt;
use crate::signature::SigningKey;

/// The value of the cookie; times in seconds, `now` since the epoch.
pub fn encode(key: &SigningKey, payload: &Payload, now: i64, lifetime_seconds: i64) -> String {
    jwt::sign(key, payload.claims(), now, lifetime_seconds)
}

/// What a value carries that this key signed and that is valid `now`, in milliseconds since the epoch.
pub fn decode(key: &SigningKey, value: &str, now: i64) -> Result<Cached, Refusal> {
    let claims =
        jwt::verify(key, value, now.div_euclid(1000)).map_err(|refusal| match refusal {
            jwt::Refusal::Expired => Refusal::Expired,
            jwt::Refusal::Invalid => Refusal::Forged,
        })?;
    let expires_at = expiry(&claims)?;
    Ok(Cached { payload: Payload::from_claims(claims)?, expires_at })
}
