use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::fields::AdditionalFields;
use crate::callback::Callback;
use crate::models::{Session, User};

/// Sessions and the `session` table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct SessionOptions {
    /// The table's name. Default: "session".
    pub model_name: Option<String>,
    /// Column names by field.
    pub fields: HashMap<String, String>,
    /// Fields of your own, by name.
    pub additional_fields: AdditionalFields,
    /// How long a session lives without being used, in seconds. Default: 604800, a week.
    pub expires_in: u64,
    /// How old a session's last refresh may get before it is refreshed, in seconds; 0 refreshes on
    /// every use. Default: 86400, a day.
    pub update_age: u64,
    /// Sessions end `expiresIn` after the sign-in. Default: false.
    pub disable_session_refresh: bool,
    /// GET `/get-session` writes nothing and says whether a refresh is due; POST does it. Default: false.
    pub defer_session_refresh: bool,
    /// How long after the sign-in a session is fresh enough for sensitive things, in seconds; 0 is
    /// for ever. Default: 86400, a day.
    pub fresh_age: u64,
    pub cookie_cache: CookieCacheOptions,
}

/// A cookie that carries the session, so that most requests need no database.
///
/// A session that was ended elsewhere works in its browser until the cache expires.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct CookieCacheOptions {
    /// Default: false.
    pub enabled: bool,
    /// How long a cache is believed, in seconds. Default: 300, five minutes.
    pub max_age: u64,
    /// "compact": signed; "jwt": signed, for whatever reads JWTs; "jwe": encrypted. Default: "compact".
    pub strategy: CookieCacheStrategy,
    /// Renews caches where there is no database. There always is one here, so it changes nothing,
    /// as in Better Auth, and the start says so.
    pub refresh_cache: RefreshCache,
    /// Caches of another version are not believed: change it to end them all at once. A text, or a
    /// function of the session and the user. Default: "1".
    pub version: Option<CookieCacheVersion>,
}

impl Default for CookieCacheOptions {
    fn default() -> Self {
        Self {
            enabled: false,
            max_age: 300,
            strategy: CookieCacheStrategy::default(),
            refresh_cache: RefreshCache::default(),
            version: None,
        }
    }
}

/// The form of a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CookieCacheStrategy {
    #[default]
    Compact,
    Jwt,
    Jwe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RefreshCache {
    Switch(bool),
    At(RefreshCacheAt),
}

impl Default for RefreshCache {
    fn default() -> Self {
        Self::Switch(false)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefreshCacheAt {
    /// How long before its end a cache is renewed, in seconds. Default: a fifth of `maxAge`.
    pub update_age: Option<u64>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum CookieCacheVersion {
    Text(String),
    Function(Callback<(Session, User), String>),
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            model_name: None,
            fields: HashMap::new(),
            additional_fields: AdditionalFields::new(),
            expires_in: 604_800,
            update_age: 86_400,
            disable_session_refresh: false,
            defer_session_refresh: false,
            fresh_age: 86_400,
            cookie_cache: CookieCacheOptions::default(),
        }
    }
}
