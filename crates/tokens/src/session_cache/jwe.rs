//! An encrypted token: who holds the cookie cannot read it.

use super::{Cached, Payload, Refusal, expiry};
use crate::jwe::{self, Key, Unique};

/// The value of the cookie; times in seconds, `now` since the epoch. The key is of
/// [`Purpose::Session`](crate::jwe::Purpose::Session).
pub fn encode(
    key: &Key,
    payload: &Payload,
    now: i64,
    lifetime_seconds: i64,
    unique: Unique,
) -> String {
    jwe::encrypt(key, payload.claims(), now, lifetime_seconds, unique)
}

/// What a value carries that one of these keys encrypted and that is valid `now`, in milliseconds
/// since the epoch, with some tolerance: [`Cached::is_current`] has none.
pub fn decode(keys: &[Key], value: &str, now: i64) -> Result<Cached, Refusal> {
    let claims =
        jwe::decrypt(keys, value, now.div_euclid(1000)).map_err(|refusal| match refusal {
            jwe::Refusal::Expired => Refusal::Expired,
            refusal => Refusal::Encryption(refusal),
        })?;
    let expires_at = expiry(&claims)?;
    Ok(Cached { payload: Payload::from_claims(claims)?, expires_at })
}
