//! Compact HS256 tokens: the links of e-mail verification, the `jwt` cookie cache, and access tokens
//! of audiences that share a key with the server.
//!
//! One algorithm, chosen here and not by the token. There is no tolerance for clocks that differ.
//! Access tokens say in their header what they are, so that nothing else passes for one.
//!
//! Reference: better-auth 1.7.7, `crypto/jwt`, which stands on jose 6.2.17. Rules: RFC 7515, 5.2
//! and RFC 7519, 7.2.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::encoding::{base64url, decode_base64url};
use crate::signature::SigningKey;

/// The claims of a token, in the order in which they are written.
pub type Claims = Map<String, Value>;

/// `{"alg":"HS256"}`, the only header that is written.
const HEADER: &str = "eyJhbGciOiJIUzI1NiJ9";

/// The `typ` of an access token (RFC 9068, 2.1).
pub const ACCESS_TOKEN_TYPE: &str = "at+jwt";

/// Longer tokens are refused unread; more than the cookies of a request can carry.
const TOKEN_LIMIT_BYTES: usize = 64 * 1024;

/// Why a token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Genuine, but past its `exp`.
    Expired,
    /// Malformed, not ours, or not valid yet.
    Invalid,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "the token has expired",
            Self::Invalid => "the token is not valid",
        })
    }
}

impl std::error::Error for Refusal {}

/// Signs the claims, followed by `iat` and `exp`; times in seconds since the epoch.
pub fn sign(key: &SigningKey, mut claims: Claims, now: i64, lifetime_seconds: i64) -> String {
    claims.insert("iat".to_owned(), now.into());
    claims.insert("exp".to_owned(), now.saturating_add(lifetime_seconds).into());
    let payload = base64url(Value::Object(claims).to_string());
    let signature = base64url(key.mac(format!("{HEADER}.{payload}").as_bytes()));
    format!("{HEADER}.{payload}.{signature}")
}

/// Signs the claims as they are, with a `typ` in the header.
pub fn sign_as(key: &SigningKey, token_type: &str, claims: Claims) -> String {
    let header = json!({ "alg": "HS256", "typ": token_type });
    let signed = format!(
        "{}.{}",
        base64url(header.to_string()),
        base64url(Value::Object(claims).to_string())
    );
    let signature = base64url(key.mac(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// As [`verify`], of a token with this `typ` in its header and no other.
pub fn verify_as(
    key: &SigningKey,
    token_type: &str,
    token: &str,
    now: i64,
) -> Result<Claims, Refusal> {
    let header = token.split('.').next().and_then(decode_base64url);
    let header = header.and_then(|header| serde_json::from_slice::<Claims>(&header).ok());
    match header.as_ref().and_then(|header| header.get("typ")) {
        Some(Value::String(found)) if is_type(found, token_type) => verify(key, token, now),
        _ => Err(Refusal::Invalid),
    }
}

/// RFC 7515, 4.1.9: case is of no matter, and `application/` may stand before it.
fn is_type(found: &str, expected: &str) -> bool {
    const PREFIX: &str = "application/";
    let found = match found.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => found,
    };
    found.eq_ignore_ascii_case(expected)
}

/// The claims of a token that this key signed and that is valid `now`, in seconds since the epoch.
pub fn verify(key: &SigningKey, token: &str, now: i64) -> Result<Claims, Refusal> {
    let claims = authentic_claims(key, token).ok_or(Refusal::Invalid)?;
    // Sub-second dates are legal, and seconds since the epoch are exact in a double.
    let now = now as f64;
    let expires = seconds(&claims, "exp")?;
    let not_before = seconds(&claims, "nbf")?;
    seconds(&claims, "iat")?;
    if not_before.is_some_and(|not_before| not_before > now) {
        return Err(Refusal::Invalid);
    }
    // Every writer sets `exp`. A token without one would be good for ever.
    match expires {
        Some(expires) if expires > now => Ok(claims),
        Some(_) => Err(Refusal::Expired),
        None => Err(Refusal::Invalid),
    }
}

/// The claims, whatever their dates, once the signature has been checked.
fn authentic_claims(key: &SigningKey, token: &str) -> Option<Claims> {
    if token.len() > TOKEN_LIMIT_BYTES {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    if payload.contains('.') {
        return None;
    }
    let header: Claims = serde_json::from_slice(&decode_base64url(header)?).ok()?;
    // `crit` names extensions that must be understood. We understand none.
    if header.get("alg")? != "HS256" || header.contains_key("crit") {
        return None;
    }
    if !key.is_mac(signed.as_bytes(), &decode_base64url(signature)?) {
        return None;
    }
    serde_json::from_slice(&decode_base64url(payload)?).ok()
}

fn seconds(claims: &Claims, name: &str) -> Result<Option<f64>, Refusal> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    value.as_f64().map(Some).ok_or(Refusal::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    const NOW: i64 = 1_893_456_000;

    /// With the secret of the vectors.
    fn key() -> SigningKey {
        SigningKey::new("better-auth-dossier-secret-0123456789abcdef")
    }

    fn claims(value: &Value) -> Claims {
        value.as_object().unwrap().clone()
    }

    /// A token over any header and payload, with a true signature.
    fn forge(header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", base64url(header), base64url(payload));
        let signature = base64url(key().mac(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    #[test]
    fn email_verification_tokens_match_the_reference() {
        for case in vectors()["deterministic"]["email_verification_jwt"].as_array().unwrap() {
            let token = sign(&key(), claims(&case["payload"]), NOW, 3600);
            assert_eq!(token, case["token"]);
            let mut expected = claims(&case["payload"]);
            expected.insert("iat".to_owned(), json!(NOW));
            expected.insert("exp".to_owned(), json!(NOW + 3600));
            assert_eq!(verify(&key(), &token, NOW), Ok(expected));
        }
    }

    #[test]
    fn cookie_caches_match_the_reference() {
        let vectors = vectors();
        let case = &vectors["deterministic"]["cookie_cache_jwt"];
        assert_eq!(sign(&key(), claims(&case["payload"]), NOW, 300), case["token"]);
    }

    #[test]
    fn a_token_expires_in_its_last_second() {
        let token = sign(&key(), Claims::new(), NOW, 60);
        assert!(verify(&key(), &token, NOW + 59).is_ok());
        assert_eq!(verify(&key(), &token, NOW + 60), Err(Refusal::Expired));
    }

    #[test]
    fn only_a_genuine_token_is_called_expired() {
        let token = sign(&SigningKey::new("another secret"), Claims::new(), NOW, 60);
        assert_eq!(verify(&key(), &token, NOW + 60), Err(Refusal::Invalid));
    }

    #[test]
    fn headers_cannot_choose() {
        let payload = format!(r#"{{"exp":{}}}"#, NOW + 60);
        for header in [r#"{"alg":"HS256"}"#, r#"{"typ":"JWT","alg":"HS256"}"#] {
            assert!(verify(&key(), &forge(header, &payload), NOW).is_ok(), "{header}");
        }
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"hs256"}"#,
            r#"{"alg":"HS512"}"#,
            r#"{"alg":["HS256"]}"#,
            r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
            r#"{"alg":"HS256","crit":[]}"#,
            r#"["HS256"]"#,
            "{}",
            "",
        ] {
            let refused = verify(&key(), &forge(header, &payload), NOW);
            assert_eq!(refused, Err(Refusal::Invalid), "{header}");
        }
    }

    #[test]
    fn a_type_that_is_asked_for_must_be_there() {
        let token = sign_as(&key(), ACCESS_TOKEN_TYPE, claims(&json!({ "exp": NOW + 60 })));
        assert_eq!(
            token.split('.').next().and_then(decode_base64url).unwrap(),
            br#"{"alg":"HS256","typ":"at+jwt"}"#
        );
        assert!(verify_as(&key(), "at+jwt", &token, NOW).is_ok());
        assert_eq!(verify_as(&key(), "at+jwt", &token, NOW + 60), Err(Refusal::Expired));
        assert_eq!(verify_as(&key(), "JWT", &token, NOW), Err(Refusal::Invalid));
        let payload = json!({ "exp": NOW + 60 }).to_string();
        for header in ["application/at+jwt", "AT+JWT", "APPLICATION/at+JWT"] {
            let header = json!({ "alg": "HS256", "typ": header }).to_string();
            assert!(verify_as(&key(), "at+jwt", &forge(&header, &payload), NOW).is_ok());
        }
        for header in [
            r#"{"alg":"HS256"}"#,
            r#"{"alg":"HS256","typ":"JWT"}"#,
            r#"{"alg":"HS256","typ":["at+jwt"]}"#,
            r#"{"alg":"none","typ":"at+jwt"}"#,
            r#"{"alg":"HS256","typ":"at+jwt","crit":[]}"#,
        ] {
            let refused = verify_as(&key(), "at+jwt", &forge(header, &payload), NOW);
            assert_eq!(refused, Err(Refusal::Invalid), "{header}");
        }
        for malformed in ["", ".", "..", "x.y.z", "é"] {
            assert_eq!(verify_as(&key(), "at+jwt", malformed, NOW), Err(Refusal::Invalid));
        }
    }

    #[test]
    fn dates_must_be_numbers_and_in_order() {
        let header = r#"{"alg":"HS256"}"#;
        for (payload, outcome) in [
            (json!({ "exp": NOW + 1 }), Ok(())),
            (json!({ "exp": NOW as f64 + 0.5, "nbf": NOW, "iat": NOW + 9 }), Ok(())),
            (json!({ "exp": NOW }), Err(Refusal::Expired)),
            (json!({ "exp": -1 }), Err(Refusal::Expired)),
            (json!({}), Err(Refusal::Invalid)),
            (json!({ "exp": null }), Err(Refusal::Invalid)),
            (json!({ "exp": "9999999999" }), Err(Refusal::Invalid)),
            (json!({ "exp": NOW, "iat": "x" }), Err(Refusal::Invalid)),
            (json!({ "exp": NOW + 1, "iat": true }), Err(Refusal::Invalid)),
            (json!({ "exp": NOW + 1, "nbf": NOW + 1 }), Err(Refusal::Invalid)),
            (json!({ "exp": NOW + 1, "nbf": "0" }), Err(Refusal::Invalid)),
            (json!([NOW]), Err(Refusal::Invalid)),
        ] {
            let token = forge(header, &payload.to_string());
            assert_eq!(verify(&key(), &token, NOW).map(drop), outcome, "{payload}");
        }
    }

    #[test]
    fn the_form_is_exact() {
        let token = sign(&key(), Claims::new(), NOW, 60);
        let (unsigned, _) = token.rsplit_once('.').unwrap();
        let long = json!({ "exp": NOW + 60, "pad": "x".repeat(TOKEN_LIMIT_BYTES) }).to_string();
        for malformed in [
            String::new(),
            "..".to_owned(),
            unsigned.to_owned(),
            format!("{unsigned}."),
            format!("{token}."),
            format!(".{token}"),
            format!("{token}="),
            format!(" {token}"),
            token.replacen('.', "..", 1),
            forge(r#"{"alg":"HS256"}"#, &long),
        ] {
            assert_eq!(verify(&key(), &malformed, NOW), Err(Refusal::Invalid), "{malformed:.80}");
        }
    }

    #[test]
    fn no_altered_character_passes() {
        let token = sign(&key(), Claims::new(), NOW, 60);
        for index in 0..token.len() {
            let mut altered = token.clone();
            altered.replace_range(
                index..=index,
                if altered[index..].starts_with('A') { "B" } else { "A" },
            );
            assert_eq!(verify(&key(), &altered, NOW), Err(Refusal::Invalid), "{altered}");
        }
    }

    proptest! {
        #[test]
        fn no_text_stops_the_verifier(text in any::<String>(), payload in any::<String>()) {
            prop_assert_eq!(verify(&key(), &text, NOW), Err(Refusal::Invalid));
            let token = forge(r#"{"alg":"HS256"}"#, &payload);
            prop_assert_eq!(verify(&key(), &token, NOW), Err(Refusal::Invalid));
        }
    }
}
