//! [`Jwt`], the mode that believes a signature.

#[cfg(feature = "remote")]
mod key_set_url;
mod keys;

use std::fmt;
use std::time::Duration;

use vestibule_tokens::jose::{Algorithm, Object, Refusal as JoseRefusal, Validation};

pub use self::keys::Keys;
use crate::{Authenticated, Mode, Refusal, Session, Timestamp, User};

/// How far clocks may differ where nobody says otherwise; the reference's own tolerance.
const LEEWAY: Duration = Duration::from_secs(15);

/// The claims that are about the token and not about its subject (RFC 7519, 4.1).
const ABOUT_THE_TOKEN: &[&str] = &["iss", "aud", "nbf", "iat", "jti", "azp", "client_id", "scope"];

/// Verifies JWTs that the auth server mints for this service: at `POST /auth/token` for an audience of
/// `[tokens.<name>]`, or at `/token` of the plugin `jwt`.
///
/// - Cost: one signature. Nobody is asked, but for the key set now and then.
/// - Needs: public keys, or the key that is derived for one HS256 audience. No root secret.
/// - A revoked session works on until its token expires: 15 minutes by default.
///
/// Issuer and audience are always checked, so neither a token for another service nor the framework's
/// other JWTs (verification links, cookie caches) pass. The algorithms are fixed here, not by the token.
#[derive(Clone)]
pub struct Jwt {
    keys: Keys,
    expected: Expected,
    validation: Validation,
}

#[derive(Clone)]
struct Expected {
    algorithms: Vec<Algorithm>,
    issuer: String,
    audience: String,
    leeway: Duration,
    typ: Option<String>,
}

impl Jwt {
    /// The issuer is the auth server's base origin, the audience this service's name there.
    pub fn new(keys: Keys, issuer: &str, audience: &str) -> Self {
        Self::expecting(
            keys,
            Expected {
                algorithms: vec![Algorithm::EdDsa],
                issuer: issuer.to_owned(),
                audience: audience.to_owned(),
                leeway: LEEWAY,
                typ: None,
            },
        )
    }

    /// The algorithms that are taken, `EdDSA` by default. Of no account for [`Keys::shared`], which
    /// are for HS256 and nothing else.
    #[must_use]
    pub fn algorithms(self, algorithms: impl Into<Vec<Algorithm>>) -> Self {
        Self::expecting(self.keys, Expected { algorithms: algorithms.into(), ..self.expected })
    }

    /// How far the clocks of the two servers may differ; 15 seconds by default.
    #[must_use]
    pub fn leeway(self, leeway: Duration) -> Self {
        Self::expecting(self.keys, Expected { leeway, ..self.expected })
    }

    /// Takes only tokens whose header has this `typ`, `at+jwt` for example.
    #[must_use]
    pub fn typ(self, typ: &str) -> Self {
        Self::expecting(self.keys, Expected { typ: Some(typ.to_owned()), ..self.expected })
    }

    fn expecting(keys: Keys, expected: Expected) -> Self {
        let mut validation = Validation::new(expected.algorithms.clone())
            .issuer(&*expected.issuer)
            .audience(&*expected.audience)
            .leeway(expected.leeway);
        if let Some(typ) = &expected.typ {
            validation = validation.typ(&**typ);
        }
        Self { keys, expected, validation }
    }

    pub(crate) async fn verify(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Authenticated, Refusal> {
        let verified = self.keys.verify(token, &self.validation, now.as_seconds()).await?;
        authenticated(verified.claims)
    }
}

impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwt").field("validation", &self.validation).finish_non_exhaustive()
    }
}

pub(crate) fn refused(refusal: &JoseRefusal) -> Refusal {
    if refusal.is_expired() {
        return Refusal::Expired { what: "JWT" };
    }
    Refusal::invalid("JWT", refusal.to_string())
}

/// Who the claims are about. `sub` alone says who it is; an `id` beside it may be anything.
fn authenticated(mut claims: Object) -> Result<Authenticated, Refusal> {
    let missing = |claim: &str| Refusal::invalid("JWT", format!("it has no `{claim}`"));
    let expires_at = claims.shift_remove("exp").and_then(|exp| exp.as_f64());
    #[expect(clippy::cast_possible_truncation, reason = "casts saturate")]
    let expires_at = Timestamp::from_seconds(expires_at.ok_or_else(|| missing("exp"))? as i64);
    let subject = claims.shift_remove("sub").ok_or_else(|| missing("sub"))?;
    claims.insert("id".to_owned(), subject);
    let id = claims.shift_remove("sid").and_then(|sid| sid.as_str().map(str::to_owned));
    let about = |name: &&str| Some(((*name).to_owned(), claims.shift_remove(*name)?));
    let extra = ABOUT_THE_TOKEN.iter().filter_map(about).collect();
    let user = User::from_fields(claims).ok_or_else(|| missing("sub"))?;
    let session = Session {
        id,
        expires_at,
        created_at: None,
        updated_at: None,
        ip_address: None,
        user_agent: None,
        extra,
    };
    Ok(Authenticated { user, session, mode: Mode::Jwt })
}
