//! [`CookieCache`], the mode that believes the session's copy in a cookie.

use std::fmt;

use vestibule_tokens::jose::{Algorithm, Validation};
use vestibule_tokens::jwe::{Key, Purpose};
use vestibule_tokens::session_cache::{
    Cached, Refusal as CacheRefusal, compact, jwe, jwt, key_set,
};
use vestibule_tokens::signature::SigningKey;

use crate::authenticated::joined;
use crate::credential::{SessionCookies, TokenCookie};
use crate::{Authenticated, Keys, Mode, Refusal, Timestamp};

const WHAT: &str = "session cache cookie";

/// Believes the cookie `session_data`, which the auth server writes with `session.cookieCache.enabled`,
/// where it belongs to the session token beside it. Where it is absent, old, or of another form, the
/// other mode of the [`Verifier`](crate::Verifier) is asked; without one the request is refused.
///
/// - Cost: one HMAC, decryption or signature. Nobody is asked.
/// - Needs: for [`Self::compact`], [`Self::jwt`] and [`Self::jwe`] the **root secret**; for
///   [`Self::key_set`] public keys.
/// - A revoked session works on until its copy expires: `session.cookieCache.maxAge`, 5 minutes by
///   default. The browser gets a new copy when it asks `/get-session`, so a page that only ever asks
///   this service falls back once the copy is old.
///
/// The form is configured, as `session.cookieCache.strategy` of the auth server, never guessed.
#[derive(Clone)]
pub struct CookieCache {
    form: Form,
    version: String,
}

#[derive(Clone)]
enum Form {
    Compact(SigningKey),
    Jwt(SigningKey),
    Jwe { signing: SigningKey, keys: Vec<Key> },
    KeySet { keys: Keys, validation: Validation, issuer: String },
}

impl CookieCache {
    /// For the strategy `compact`, the default.
    pub fn compact(secret: &str) -> Self {
        Self::of(Form::Compact(SigningKey::new(secret)))
    }

    /// For the strategy `jwt`.
    pub fn jwt(secret: &str) -> Self {
        Self::of(Form::Jwt(SigningKey::new(secret)))
    }

    /// For the strategy `jwe`. The current secret, then older ones that may have encrypted cookies too.
    pub fn jwe(secret: &str, older: &[&str]) -> Self {
        let secrets = std::iter::once(&secret).chain(older);
        let keys = secrets.map(|secret| Key::derive(secret, Purpose::Session)).collect();
        Self::of(Form::Jwe { signing: SigningKey::new(secret), keys })
    }

    /// For `plugins.jwt.sessionCookieCache`: signed with the key set, so no secret is needed. The
    /// issuer is the auth server's base origin.
    pub fn key_set(keys: Keys, algorithms: impl Into<Vec<Algorithm>>, issuer: &str) -> Self {
        let validation = Validation::new(algorithms)
            .issuer(issuer)
            .audience(key_set::AUDIENCE)
            .typ(key_set::TYPE);
        Self::of(Form::KeySet { keys, validation, issuer: issuer.to_owned() })
    }

    /// The `session.cookieCache.version` of the auth server, where it is a text.
    #[must_use]
    pub fn version(self, version: &str) -> Self {
        Self { version: version.to_owned(), ..self }
    }

    fn of(form: Form) -> Self {
        Self { form, version: "1".to_owned() }
    }

    /// Who the copy says it is. The refusal is for those who have no other mode to fall back to.
    pub(crate) async fn read(
        &self,
        cookies: &SessionCookies<'_>,
        now: Timestamp,
    ) -> Result<Authenticated, Refusal> {
        let mut refusal = Refusal::invalid(
            WHAT,
            "there is none; a request to `/get-session` makes the browser have one",
        );
        for token in cookies.tokens() {
            let Some(value) = cookies.session_data(&token) else { continue };
            match self.read_one(&token, &value, now).await {
                Err(found @ Refusal::Unavailable(_)) => return Err(found),
                Err(found) => refusal = found,
                found => return found,
            }
        }
        Err(refusal)
    }

    async fn read_one(
        &self,
        token: &TokenCookie<'_>,
        value: &str,
        now: Timestamp,
    ) -> Result<Authenticated, Refusal> {
        let token = self.token(&token.signed)?;
        let Cached { payload, .. } = self.cached(value, now).await?;
        if payload.token() != token {
            return Err(Refusal::invalid(WHAT, "it is of another session than the session cookie"));
        }
        if payload.version() != self.version {
            return Err(Refusal::invalid(WHAT, "it is of another `version`"));
        }
        let (session, user) = (payload.session().clone(), payload.user().clone());
        joined(session, user, Mode::CookieCache)
            .ok_or_else(|| Refusal::invalid(WHAT, "its session is not its user's"))
    }

    /// The session token. Without the secret its signature cannot be checked, but whoever has a copy
    /// that the auth server signed for this very token has the session.
    fn token<'t>(&self, signed: &'t str) -> Result<&'t str, Refusal> {
        let token = match &self.form {
            Form::Compact(key) | Form::Jwt(key) | Form::Jwe { signing: key, .. } => {
                key.verify(signed)
            }
            Form::KeySet { .. } => signed.rsplit_once('.').map(|(token, _)| token),
        };
        let why = "its signature was not made with this service's secret";
        token.ok_or_else(|| Refusal::invalid("session cookie", why))
    }

    async fn cached(&self, value: &str, now: Timestamp) -> Result<Cached, Refusal> {
        let millis = now.as_millis();
        let cached = match &self.form {
            Form::Compact(key) => compact::decode(key, value, millis),
            Form::Jwt(key) => jwt::decode(key, value, millis),
            Form::Jwe { keys, .. } => jwe::decode(keys, value, millis),
            Form::KeySet { keys, validation, issuer } => {
                let verified = keys.verify(value, validation, now.as_seconds()).await?;
                let typ = verified.header.typ.as_deref();
                key_set::read(typ, verified.claims, Some(issuer), millis)
            }
        };
        match cached {
            Ok(cached) if cached.is_current(millis) => Ok(cached),
            Ok(_) | Err(CacheRefusal::Expired) => Err(Refusal::Expired { what: WHAT }),
            Err(refusal) => Err(Refusal::invalid(WHAT, refusal.to_string())),
        }
    }
}

impl fmt::Debug for CookieCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieCache").field("version", &self.version).finish_non_exhaustive()
    }
}
