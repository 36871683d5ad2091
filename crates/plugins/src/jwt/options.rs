//! The options of the plugin, and what must hold among them.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use vestibule_core::auth::BuildError;
use vestibule_core::callback::Callback;
use vestibule_core::models::SessionUser;
use vestibule_core::options::Options as CoreOptions;
use vestibule_core::plugin::ModelNames;
use vestibule_tokens::jose::{Algorithm, KeyParameters, ModulusLength, Object};

use super::schema::{NewKey, StoredKey};
use super::time_span::TimeSpan;

/// Tokens that services verify with a public key.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    pub jwks: JwksOptions,
    pub jwt: TokenOptions,
    /// `/get-session` does not send a token in `set-auth-jwt`. Default: false.
    pub disable_setting_jwt_header: bool,
    /// The keys also sign the session's cookie cache, so that services verify it without the secret;
    /// needs `session.cookieCache.strategy = "jwt"`. Default: false.
    pub session_cookie_cache: bool,
    pub schema: SchemaNames,
    pub adapter: AdapterOptions,
}

/// The keys.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct JwksOptions {
    /// Where the key set is, below the base path. Default: "/jwks".
    pub jwks_path: String,
    /// What keys are made of. Default: EdDSA with Ed25519.
    pub key_pair_config: Option<KeyPairConfig>,
    /// More keys, for whoever asks for one of another algorithm; made when they are first needed.
    pub key_pair_configs: Vec<KeyPairConfig>,
    /// Stores private keys as they are. Default: false, they are encrypted with the secret.
    pub disable_private_key_encryption: bool,
    /// How long a key signs until the next one is made, in seconds; 0 is for ever. Default: for ever.
    pub rotation_interval: u64,
    /// How long a key that signs no more stays in the key set, in seconds: not shorter than a token
    /// lives. Default: 2592000, 30 days.
    pub grace_period: u64,
    /// The key set is elsewhere: `/jwks` is off, and discovery names this URL.
    #[schemars(url)]
    pub remote_url: Option<String>,
}

impl Default for JwksOptions {
    fn default() -> Self {
        Self {
            jwks_path: "/jwks".to_owned(),
            key_pair_config: None,
            key_pair_configs: Vec::new(),
            disable_private_key_encryption: false,
            rotation_interval: 0,
            grace_period: 2_592_000,
            remote_url: None,
        }
    }
}

/// What a key is made of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyPairConfig {
    /// The algorithm that the key signs with.
    #[schemars(schema_with = "algorithm_schema")]
    pub alg: Algorithm,
    /// The curve. Each algorithm has one alone, so it need not be named.
    pub crv: Option<String>,
    /// Of RSA keys, in bits: 2048, 3072, 4096 or 8192. Default: 2048.
    pub modulus_length: Option<u32>,
}

/// The tokens.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenOptions {
    /// `iss`. Default: the origin of the base URL.
    pub issuer: Option<String>,
    /// `aud`, a text or a list. Default: the origin of the base URL.
    pub audience: Option<OneOrMany>,
    /// How long a token is valid, as a time span; a number is the moment of its end, in seconds since
    /// 1970. Default: "15m".
    pub expiration_time: Option<ExpirationTime>,
    /// What a token says, by `{ user, session }`. Default: the user.
    pub define_payload: Option<Callback<SessionUser, Option<Object>>>,
    /// Whom a token is about, by `{ user, session }`. Default: the user's id.
    pub get_subject: Option<Callback<SessionUser, Option<String>>>,
    /// Signs the claims elsewhere and returns the token; needs `jwks.remoteUrl`.
    pub sign: Option<Callback<SignArguments, String>>,
}

/// `(payload, header, signingConfig)`, as the reference calls `jwt.sign`.
pub type SignArguments = (Object, Option<Object>, Object);

/// A text or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// When tokens end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "`jwt.expirationTime`: expected a time span such as \"15m\", or seconds since 1970"
)]
pub enum ExpirationTime {
    /// In seconds since 1970.
    At(i64),
    /// After `iat`.
    After(TimeSpan),
}

/// Names in the database.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SchemaNames {
    pub jwks: ModelNames,
}

/// Where keys are kept instead of the table `jwks`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct AdapterOptions {
    /// All keys.
    pub get_jwks: Option<Callback<(), Option<Vec<StoredKey>>>>,
    /// Keeps a new key and returns it with its id.
    pub create_jwk: Option<Callback<NewKey, StoredKey>>,
}

/// Earlier moments are durations by mistake: 2001.
const EARLIEST_END: i64 = 1_000_000_000;

impl Options {
    /// The algorithm of keys that are made without being asked for another.
    pub(super) fn primary(&self) -> Algorithm {
        self.jwks.key_pair_config.as_ref().map_or(Algorithm::EdDsa, |config| config.alg)
    }

    /// What a key of an algorithm is made of.
    pub(super) fn parameters(&self, algorithm: Algorithm) -> KeyParameters {
        let configs = self.jwks.key_pair_config.iter().chain(&self.jwks.key_pair_configs);
        let config = configs.into_iter().find(|config| config.alg == algorithm);
        let length = config
            .and_then(|config| config.modulus_length)
            .and_then(ModulusLength::from_bits)
            .unwrap_or_default();
        match algorithm {
            Algorithm::Rs256 => KeyParameters::Rs256(length),
            Algorithm::Ps256 => KeyParameters::Ps256(length),
            other => other.into(),
        }
    }

    pub(super) fn check(&self, core: &CoreOptions) -> Result<(), BuildError> {
        let fail = |option: &str, reason: String| {
            Err(BuildError::Option { option: format!("plugins.jwt.{option}"), reason })
        };
        let JwksOptions { jwks_path, remote_url, key_pair_config, .. } = &self.jwks;
        if !is_path(jwks_path) {
            let reason = format!(
                "expected a path such as \"/jwks\", without parameters and `..`, found {jwks_path:?}"
            );
            return fail("jwks.jwksPath", reason);
        }
        if self.jwt.sign.is_some() && remote_url.is_none() {
            return fail("jwt.sign", "it needs `jwks.remoteUrl`, where its keys are".to_owned());
        }
        if remote_url.is_some() && key_pair_config.is_none() {
            let reason = "it needs `jwks.keyPairConfig.alg`, which discovery names".to_owned();
            return fail("jwks.remoteUrl", reason);
        }
        for config in key_pair_config.iter().chain(&self.jwks.key_pair_configs) {
            if let Err(reason) = config.check() {
                let list = key_pair_config.as_ref() != Some(config);
                return fail(
                    if list { "jwks.keyPairConfigs" } else { "jwks.keyPairConfig" },
                    reason,
                );
            }
        }
        if let Some(ExpirationTime::At(moment)) = self.jwt.expiration_time
            && moment < EARLIEST_END
        {
            let reason = format!(
                "a number is a moment in seconds since 1970, and {moment} is long past; \
                 a duration is a text, such as \"{moment}s\""
            );
            return fail("jwt.expirationTime", reason);
        }
        if self.session_cookie_cache && self.jwt.sign.is_some() {
            let reason =
                "its caches are signed and read here, and `jwt.sign` signs elsewhere".to_owned();
            return fail("sessionCookieCache", reason);
        }
        let max_age = core.session.cookie_cache.max_age;
        let grace = self.jwks.grace_period;
        if self.session_cookie_cache && self.jwks.rotation_interval > 0 && max_age > grace {
            tracing::warn!(
                "`session.cookieCache.maxAge` ({max_age} s) is longer than \
                 `plugins.jwt.jwks.gracePeriod` ({grace} s): caches end with their key"
            );
        }
        Ok(())
    }
}

impl KeyPairConfig {
    fn check(&self) -> Result<(), String> {
        let Self { alg, crv, modulus_length } = self;
        let curve = match alg {
            Algorithm::EdDsa => Some("Ed25519"),
            Algorithm::Es256 => Some("P-256"),
            Algorithm::Es512 => Some("P-521"),
            Algorithm::Rs256 | Algorithm::Ps256 => None,
        };
        if crv.is_some() && crv.as_deref() != curve {
            let curve = curve.map_or("no curve".to_owned(), |curve| format!("the curve {curve:?}"));
            return Err(format!(
                "{alg} has {curve}, found {:?}",
                crv.as_deref().unwrap_or_default()
            ));
        }
        match modulus_length {
            Some(bits) if curve.is_some() => {
                Err(format!("`modulusLength` is for RSA, and {alg} is not; found {bits}"))
            }
            Some(bits) if ModulusLength::from_bits(*bits).is_none() => {
                Err(format!("expected a `modulusLength` of 2048, 3072, 4096 or 8192, found {bits}"))
            }
            _ => Ok(()),
        }
    }
}

/// One that a router takes, and that is where it says.
fn is_path(path: &str) -> bool {
    path.len() > 1
        && path.starts_with('/')
        && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte))
        && !path.split('/').skip(1).any(|segment| ["", ".", ".."].contains(&segment))
}

fn algorithm_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "enum": Algorithm::ALL.map(Algorithm::name) })
}
