//! A JWT signed with a key of the server's key set (`plugins.jwt.sessionCookieCache`): whoever knows
//! the public keys can check it, and holds no secret.
//!
//! The signature is made and checked by whoever has the keys. Here is what is signed, and what of a
//! signed token makes it a session cache.

use serde_json::Value;

use super::{Cached, Payload, Refusal, expiry};
use crate::jwt::Claims;

/// The `typ` of the header.
pub const TYPE: &str = "better-auth.session-cache+jwt";

/// The claim `aud`.
pub const AUDIENCE: &str = "better-auth:session-cache";

/// The claim `iss` where the server has no fixed base URL.
pub const ISSUER_WITHOUT_BASE_URL: &str = "better-auth:session-cache";

/// How much clocks may differ; seconds.
pub const CLOCK_TOLERANCE_SECONDS: i64 = 15;

/// The claims to sign, under a header with [`TYPE`]; times in seconds, `now` since the epoch.
/// The issuer is the base URL's origin.
pub fn claims(payload: &Payload, now: i64, lifetime_seconds: i64, issuer: &str) -> Claims {
    let mut claims = payload.claims();
    let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    set("sid", payload.token().into());
    set("iat", now.into());
    set("exp", now.saturating_add(lifetime_seconds).into());
    set("iss", issuer.into());
    set("aud", AUDIENCE.into());
    set("sub", payload.user_id().into());
    claims
}

/// What a token carries whose signature was checked and that is valid `now`, in milliseconds since
/// the epoch, with [some tolerance](CLOCK_TOLERANCE_SECONDS): [`Cached::is_current`] has none.
///
/// `typ` is its header's. Whoever knows the issuer gives it.
pub fn read(
    typ: Option<&str>,
    claims: Claims,
    issuer: Option<&str>,
    now: i64,
) -> Result<Cached, Refusal> {
    if typ != Some(TYPE) {
        return Err(Refusal::Claim("typ"));
    }
    let text = |name| claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (found, subject, session_id) = (text("iss"), text("sub"), text("sid"));
    if found.is_empty() || issuer.is_some_and(|issuer| issuer != found) {
        return Err(Refusal::Claim("iss"));
    }
    let is_audience = match claims.get("aud") {
        Some(Value::String(audience)) => audience == AUDIENCE,
        Some(Value::Array(audiences)) => audiences.iter().any(|audience| audience == AUDIENCE),
        _ => false,
    };
    if !is_audience {
        return Err(Refusal::Claim("aud"));
    }
    let tolerance = CLOCK_TOLERANCE_SECONDS * 1000;
    let expires_at = expiry(&claims)?;
    if expires_at <= now.saturating_sub(tolerance) {
        return Err(Refusal::Expired);
    }
    let not_before = match claims.get("nbf") {
        None => None,
        Some(value) => Some(value.as_f64().ok_or(Refusal::Claim("nbf"))?),
    };
    if not_before.is_some_and(|seconds| seconds * 1000.0 > now.saturating_add(tolerance) as f64) {
        return Err(Refusal::Claim("nbf"));
    }
    let payload = Payload::from_claims(claims)?;
    if subject != payload.user_id() {
        return Err(Refusal::Claim("sub"));
    }
    if session_id != payload.token() {
        return Err(Refusal::Claim("sid"));
    }
    Ok(Cached { payload, expires_at })
}
