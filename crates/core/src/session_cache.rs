//! The cookie that carries a session, so that most requests need no database: what is configured,
//! and the way from rows to the cookie's value and back.
//!
//! When a cache is asked for and when it is written is decided by [`services::sessions`]; what its
//! forms look like, and who can make one, by [`vestibule_tokens::session_cache`]. A cache that
//! cannot be read, for whatever reason, is as good as none: the database is asked.
//!
//! Reference: better-auth 1.7.7, `cookies/index`, `setCookieCache` and `decodeCookieCache`.
//!
//! [`services::sessions`]: crate::services::sessions

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value as Json};
use vestibule_tokens::jwe::{Key, Purpose, Unique};
use vestibule_tokens::session_cache::{self, Cached, Payload, compact, jwe, jwt, key_set};

use crate::Value;
use crate::call::Exchange;
use crate::crypto::secrets::Secrets;
use crate::error::{Error, Result};
use crate::key_set::{Expected, KeySet};
use crate::models::{Session, SessionUser, User};
use crate::options::{CookieCacheStrategy, CookieCacheVersion, Options, read_field};
use crate::schema::Model;
use crate::services::sessions::Remember;
use crate::store::{ModelRow, Row};

/// `session.cookieCache`, where it is enabled.
pub(crate) struct SessionCache {
    form: Form,
    max_age_seconds: u64,
    version: Option<CookieCacheVersion>,
}

enum Form {
    Compact,
    /// Signed with the secret, or with a key set that wants to.
    Jwt,
    /// The current secret's key first.
    Jwe(Vec<Key>),
}

/// What the version is where none is configured.
const DEFAULT_VERSION: &str = "1";

impl SessionCache {
    pub(crate) fn new(options: &Options, secrets: &Secrets) -> Option<Self> {
        let cache = &options.session.cookie_cache;
        if !cache.enabled {
            return None;
        }
        let form = match cache.strategy {
            CookieCacheStrategy::Compact => Form::Compact,
            CookieCacheStrategy::Jwt => Form::Jwt,
            CookieCacheStrategy::Jwe => {
                let keys = secrets.all().into_iter();
                Form::Jwe(keys.map(|secret| Key::derive(secret, Purpose::Session)).collect())
            }
        };
        // Reference quirk: no age is the default one.
        let configured = Some(cache.max_age).filter(|&max_age| max_age > 0);
        let max_age = configured.unwrap_or(session_cache::DEFAULT_MAX_AGE_SECONDS);
        let of_cookie = options.advanced.cookies.get("session_data");
        let of_cookie = of_cookie.and_then(|cookie| cookie.attributes.max_age);
        Some(Self {
            form,
            max_age_seconds: of_cookie.unwrap_or(max_age),
            version: cache.version.clone(),
        })
    }

    /// How long the cookie lives; `None`: as long as the browser.
    pub(crate) fn cookie_max_age(&self, remember: Remember) -> Option<u64> {
        match remember {
            Remember::Yes => Some(self.max_age_seconds),
            Remember::No => None,
        }
    }

    /// The value of the cookie for a session.
    pub(crate) async fn encode(
        &self,
        call: &mut Exchange,
        signed_in: &SessionUser,
        remember: Remember,
    ) -> Result<String> {
        let version = self.version(call, signed_in).await?;
        let (session, user) = (to_json(&signed_in.session)?, to_json(&signed_in.user)?);
        let payload = Payload::new(session, user, call.now().as_millis(), version)
            .map_err(|error| Error::internal("cache a session in a cookie").with_source(error))?;

        let now = call.now().as_seconds();
        let max_age = |otherwise| self.cookie_max_age(remember).unwrap_or(otherwise);
        let lifetime = i64::try_from(max_age(session_cache::DEFAULT_MAX_AGE_SECONDS));
        let lifetime = lifetime.expect("the start checked that it is a few years at most");
        Ok(match &self.form {
            Form::Compact => {
                let lifetime =
                    std::time::Duration::from_secs(max_age(compact::UNREMEMBERED_SECONDS));
                let expires_at = call.now() + lifetime;
                compact::encode(call.auth().signing_key(), &payload, expires_at.as_millis())
            }
            Form::Jwt => match signing_keys(call) {
                None => jwt::encode(call.auth().signing_key(), &payload, now, lifetime),
                Some(keys) => {
                    let claims = key_set::claims(&payload, now, lifetime, call.base_url().origin());
                    keys.sign(call, keys.algorithm(), Some(key_set::TYPE), claims).await?
                }
            },
            Form::Jwe(keys) => {
                let mut unique = Unique { id: call.random().uuid(), iv: [0; 16] };
                call.random().fill(&mut unique.iv);
                // There is a current secret always.
                jwe::encode(&keys[0], &payload, now, lifetime, unique)
            }
        })
    }

    /// The session in a value of the cookie, if it is that of this token and still to be believed.
    pub(crate) async fn decode(
        &self,
        call: &mut Exchange,
        value: &str,
        token: &str,
    ) -> Result<Option<SessionUser>> {
        let Some(cached) = self.read(call, value).await? else { return Ok(None) };
        let payload = &cached.payload;
        if payload.token() != token || !cached.is_current(call.now().as_millis()) {
            return Ok(None);
        }
        let Some(found) = from_payload(call, payload) else { return Ok(None) };
        match self.version(call, &found).await {
            Ok(version) => Ok((payload.version() == version).then_some(found)),
            // The database knows without a version.
            Err(error) => {
                tracing::error!(error = ?error, "The version of session caches is not known");
                Ok(None)
            }
        }
    }

    async fn read(&self, call: &mut Exchange, value: &str) -> Result<Option<Cached>> {
        let now = call.now().as_millis();
        let key = call.auth().signing_key();
        let read = match &self.form {
            Form::Compact => compact::decode(key, value, now),
            Form::Jwe(keys) => jwe::decode(keys, value, now),
            Form::Jwt => match signing_keys(call) {
                None => jwt::decode(key, value, now),
                Some(keys) => {
                    let issuer = call.base_url().origin().to_owned();
                    let expected = Expected {
                        token_type: Some(key_set::TYPE),
                        issuer: Some(&issuer),
                        audience: Some(key_set::AUDIENCE),
                        leeway_seconds: key_set::CLOCK_TOLERANCE_SECONDS.unsigned_abs(),
                    };
                    let Some(claims) = keys.verify(call, value, expected).await? else {
                        return Ok(None);
                    };
                    key_set::read(Some(key_set::TYPE), claims, Some(&issuer), now)
                }
            },
        };
        Ok(read
            .inspect_err(|refusal| tracing::debug!(%refusal, "A session cache was refused"))
            .ok())
    }

    async fn version(&self, call: &Exchange, found: &SessionUser) -> Result<String> {
        let version = match &self.version {
            None => String::new(),
            Some(CookieCacheVersion::Text(version)) => version.clone(),
            Some(CookieCacheVersion::Function(version)) => {
                let SessionUser { session, user } = found.clone();
                let option = "session.cookieCache.version";
                version.call_with_arguments(call, option, (session, user)).await?
            }
        };
        // Reference quirk: an empty one is none.
        Ok(if version.is_empty() { DEFAULT_VERSION.to_owned() } else { version })
    }
}

/// The keys that sign caches instead of the secret.
fn signing_keys(call: &Exchange) -> Option<Arc<dyn KeySet>> {
    call.auth().key_set().filter(|keys| keys.signs_session_cache()).cloned()
}

fn to_json(row: &impl Serialize) -> Result<Map<String, Json>> {
    match serde_json::to_value(row) {
        Ok(Json::Object(row)) => Ok(row),
        Ok(_) => Err(Error::internal("cache a session in a cookie: a row is no object")),
        Err(error) => Err(Error::internal("cache a session in a cookie").with_source(error)),
    }
}

/// The rows of a payload, as far as they fit today's schema.
fn from_payload(call: &Exchange, payload: &Payload) -> Option<SessionUser> {
    let session = to_row(call.model(Session::MODEL), payload.session())?;
    let user = to_row(call.model(User::MODEL), payload.user())?;
    Some(SessionUser {
        session: Session::from_row(session).ok()?,
        user: User::from_row(user).ok()?,
    })
}

fn to_row(model: &Arc<Model>, json: &Map<String, Json>) -> Option<Row> {
    let values = model.fields.iter().map(|field| match json.get(&field.name) {
        Some(value) => read_field(&field.kind, value),
        // What answers do not show is not in the cache either.
        None if !field.returned || !field.required => Some(Value::Null),
        None => None,
    });
    Some(Row { values: values.collect::<Option<_>>()?, model: model.clone() })
}
