//! [`Validation`], what a token must be besides genuine.

use std::time::Duration;

use serde_json::Value;

use super::Object;
use super::algorithm::Algorithm;
use super::refusal::Refusal;

/// What is expected of a token. Made once, and used for each.
///
/// An issuer and an audience should always be set: a key that signs for one service may sign for
/// others (RFC 8725, 3.8 and 3.9).
#[derive(Clone, Debug)]
pub struct Validation {
    algorithms: Vec<Algorithm>,
    issuers: Option<Vec<String>>,
    audiences: Option<Vec<String>>,
    leeway_seconds: u32,
    typ: Option<String>,
    requires_expiry: bool,
}

impl Validation {
    /// Takes these algorithms, and no tokens without `exp`.
    pub fn new(algorithms: impl Into<Vec<Algorithm>>) -> Self {
        Self {
            algorithms: algorithms.into(),
            issuers: None,
            audiences: None,
            leeway_seconds: 0,
            typ: None,
            requires_expiry: true,
        }
    }

    /// `iss` must be this text.
    #[must_use]
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        self.issuers([issuer.into()])
    }

    /// `iss` must be one of these texts.
    #[must_use]
    pub fn issuers(self, issuers: impl IntoIterator<Item = String>) -> Self {
        Self { issuers: Some(issuers.into_iter().collect()), ..self }
    }

    /// `aud` must be this text, or contain it.
    #[must_use]
    pub fn audience(self, audience: impl Into<String>) -> Self {
        self.audiences([audience.into()])
    }

    /// `aud` must be one of these texts, or contain one.
    #[must_use]
    pub fn audiences(self, audiences: impl IntoIterator<Item = String>) -> Self {
        Self { audiences: Some(audiences.into_iter().collect()), ..self }
    }

    /// How far clocks may differ; whole seconds count.
    #[must_use]
    pub fn leeway(self, leeway: Duration) -> Self {
        Self { leeway_seconds: u32::try_from(leeway.as_secs()).unwrap_or(u32::MAX), ..self }
    }

    /// `typ` must be this media type, such as `at+jwt`: it keeps tokens of different purposes apart.
    #[must_use]
    pub fn typ(self, typ: impl Into<String>) -> Self {
        Self { typ: Some(typ.into()), ..self }
    }

    /// Takes tokens without `exp` too, which are good for as long as their key is.
    #[must_use]
    pub fn without_required_expiry(self) -> Self {
        Self { requires_expiry: false, ..self }
    }

    /// The algorithms that are taken.
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    /// The algorithm of a header, if it is one of ours.
    pub(super) fn check_algorithm(&self, found: &str) -> Result<Algorithm, Refusal> {
        match found.parse() {
            Ok(algorithm) if self.algorithms.contains(&algorithm) => Ok(algorithm),
            _ if found.eq_ignore_ascii_case("none") => Err(Refusal::Unsigned),
            _ => Err(Refusal::Algorithm {
                found: found.to_owned(),
                expected: self.algorithms.clone(),
            }),
        }
    }

    /// Whether `typ` is the expected one.
    pub fn check_type(&self, found: Option<&str>) -> Result<(), Refusal> {
        let Some(expected) = &self.typ else { return Ok(()) };
        // RFC 7515 (4.1.9): `application/` may be left out, and case does not count.
        let bare = |typ: &str| {
            let typ = typ.to_ascii_lowercase();
            typ.strip_prefix("application/").unwrap_or(&typ).to_owned()
        };
        match found {
            Some(found) if bare(found) == bare(expected) => Ok(()),
            _ => Err(Refusal::Type { found: found.map(str::to_owned), expected: expected.clone() }),
        }
    }

    /// Whether dates, issuer and audience are as expected; `now` in seconds since the epoch.
    ///
    /// For claims whose signature was checked elsewhere, as that of HMAC tokens.
    pub fn check_claims(&self, claims: &Object, now: i64) -> Result<(), Refusal> {
        self.check_dates(claims, now)?;
        self.check_issuer(claims)?;
        self.check_audience(claims)
    }

    fn check_dates(&self, claims: &Object, now: i64) -> Result<(), Refusal> {
        let (expires, not_before) = (seconds(claims, "exp")?, seconds(claims, "nbf")?);
        seconds(claims, "iat")?;
        // Dates may have fractions; whole seconds of any year are exact in a double.
        let (time, leeway) = (now as f64, f64::from(self.leeway_seconds));
        if let Some(not_before) = not_before
            && not_before > time + leeway
        {
            return Err(Refusal::NotYetValid { not_before, now });
        }
        match expires {
            Some(expired_at) if expired_at <= time - leeway => {
                Err(Refusal::Expired { expired_at, now })
            }
            None if self.requires_expiry => Err(Refusal::Missing { claim: "exp" }),
            _ => Ok(()),
        }
    }

    fn check_issuer(&self, claims: &Object) -> Result<(), Refusal> {
        let Some(expected) = &self.issuers else { return Ok(()) };
        match claims.get("iss") {
            None => Err(Refusal::Missing { claim: "iss" }),
            Some(Value::String(found)) if expected.contains(found) => Ok(()),
            Some(Value::String(found)) => {
                Err(Refusal::Issuer { found: found.clone(), expected: expected.clone() })
            }
            Some(_) => Err(Refusal::Malformed { claim: "iss", expected: "a text" }),
        }
    }

    fn check_audience(&self, claims: &Object) -> Result<(), Refusal> {
        const EXPECTED: &str = "a text or a list of texts";
        let Some(expected) = &self.audiences else { return Ok(()) };
        let found = match claims.get("aud") {
            None => return Err(Refusal::Missing { claim: "aud" }),
            Some(Value::String(audience)) => vec![audience.clone()],
            Some(Value::Array(audiences)) => {
                let texts = audiences.iter().map(|audience| audience.as_str().map(str::to_owned));
                texts
                    .collect::<Option<Vec<_>>>()
                    .ok_or(Refusal::Malformed { claim: "aud", expected: EXPECTED })?
            }
            Some(_) => return Err(Refusal::Malformed { claim: "aud", expected: EXPECTED }),
        };
        if found.iter().any(|audience| expected.contains(audience)) {
            return Ok(());
        }
        Err(Refusal::Audience { found, expected: expected.clone() })
    }
}

fn seconds(claims: &Object, claim: &'static str) -> Result<Option<f64>, Refusal> {
    match claims.get(claim) {
        None => Ok(None),
        Some(value) => match value.as_f64() {
            Some(seconds) => Ok(Some(seconds)),
            None => Err(Refusal::Malformed { claim, expected: "a number of seconds" }),
        },
    }
}
