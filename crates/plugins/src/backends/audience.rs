//! Audiences: services for which access tokens are minted, one `[tokens.<name>]` each.
//!
//! The algorithm says who can verify a token. With EdDSA, ES256, ES512, RS256 and PS256 everybody can,
//! by the public keys of the server's key set. HS256 is for backends that can do nothing else; its key
//! is derived for this one audience, so whoever holds it can neither forge a cookie nor read a stored
//! token. [`AudienceOptions::dangerously_sign_with_auth_secret`] is the way out for a backend that
//! verifies with `BETTER_AUTH_SECRET` itself.
//!
//! Better Auth takes every HS256 token that the secret signed and that has an `email` for a
//! verification link, which can open a session. So HS256 tokens never have [`OF_THE_FRAMEWORK`]
//! claims, whatever key signs them.

use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use vestibule_core::Auth;
use vestibule_core::auth::BuildError;
use vestibule_core::crypto::secrets::Secrets;
use vestibule_core::models::User;
use vestibule_core::service_key::is_service_name;
use vestibule_core::store::ModelRow as _;
use vestibule_tokens::derive::audience_key;
use vestibule_tokens::jose::Algorithm;
use vestibule_tokens::signature::SigningKey;

/// What a token says about itself; no field of the user may stand there.
pub(super) const REGISTERED: [&str; 8] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid"];

/// By these the framework knows its own HS256 tokens.
const OF_THE_FRAMEWORK: [&str; 4] = ["email", "updateTo", "session", "user"];

const LONGEST_AUDIENCE: usize = 256;

/// A service for which tokens are minted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AudienceOptions {
    /// What signs. "HS256" has a key of this audience alone: `vestibule secret derive --service NAME`
    /// prints it. All others need `plugins.jwt`; .NET and Spring verify "RS256" and "ES256".
    pub algorithm: SigningAlgorithm,
    /// The claim `aud`. Default: the name.
    pub audience: Option<String>,
    /// How long a token is valid: seconds, or a text such as "15m". Never longer than the session.
    /// Default: 15 minutes.
    #[serde(default)]
    pub expires_in: Lifetime,
    /// Fields of the user that become claims, such as "name". What clients may set themselves is what
    /// they say, and no right.
    #[serde(default)]
    pub claims: Vec<String>,
    /// The header's `typ`. Default: "at+jwt" (RFC 9068); Spring takes only "JWT" unless it is told
    /// otherwise.
    #[serde(default)]
    pub r#type: TokenType,
    /// Signs with the server's secret itself instead of a key of this audience: for HS256 backends that
    /// verify with `BETTER_AUTH_SECRET` and cannot be changed yet. Whoever has that secret can forge
    /// every session. Default: false.
    #[serde(default)]
    pub dangerously_sign_with_auth_secret: bool,
}

impl AudienceOptions {
    pub fn new(algorithm: SigningAlgorithm) -> Self {
        Self {
            algorithm,
            audience: None,
            expires_in: Lifetime::default(),
            claims: Vec::new(),
            r#type: TokenType::default(),
            dangerously_sign_with_auth_secret: false,
        }
    }
}

/// What signs the tokens of an audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum SigningAlgorithm {
    #[serde(rename = "EdDSA")]
    EdDsa,
    #[serde(rename = "ES256")]
    Es256,
    #[serde(rename = "ES512")]
    Es512,
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "PS256")]
    Ps256,
    #[serde(rename = "HS256")]
    Hs256,
}

impl SigningAlgorithm {
    /// `None` for HS256, whose key is shared.
    pub fn asymmetric(self) -> Option<Algorithm> {
        Some(match self {
            Self::EdDsa => Algorithm::EdDsa,
            Self::Es256 => Algorithm::Es256,
            Self::Es512 => Algorithm::Es512,
            Self::Rs256 => Algorithm::Rs256,
            Self::Ps256 => Algorithm::Ps256,
            Self::Hs256 => return None,
        })
    }
}

/// The header's `typ` of access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
pub enum TokenType {
    #[default]
    #[serde(rename = "at+jwt")]
    AccessToken,
    #[serde(rename = "JWT")]
    Jwt,
}

impl TokenType {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => vestibule_tokens::jwt::ACCESS_TOKEN_TYPE,
            Self::Jwt => "JWT",
        }
    }
}

/// How long a token is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime(pub Duration);

impl Default for Lifetime {
    fn default() -> Self {
        Self(Duration::from_secs(15 * 60))
    }
}

impl<'de> Deserialize<'de> for Lifetime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Lifetime;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("seconds from 1 on, or a text such as \"15m\" (s, m, h, d)")
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Lifetime, E> {
                Lifetime::of_seconds(seconds)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(seconds), &self))
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Lifetime, E> {
                let lifetime = u64::try_from(seconds).ok().and_then(Lifetime::of_seconds);
                lifetime.ok_or_else(|| E::invalid_value(de::Unexpected::Signed(seconds), &self))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Lifetime, E> {
                Lifetime::parse(text)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl Lifetime {
    /// No cookie lives longer, so no session that a browser has does.
    const LONGEST_SECONDS: u64 = vestibule_tokens::cookie::MAX_AGE_LIMIT_SECONDS;

    fn of_seconds(seconds: u64) -> Option<Self> {
        let is_sound = (1..=Self::LONGEST_SECONDS).contains(&seconds);
        is_sound.then(|| Self(Duration::from_secs(seconds)))
    }

    fn parse(text: &str) -> Option<Self> {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            "d" => 24 * 60 * 60,
            _ => return None,
        };
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        let number: u64 = number.parse().ok().filter(|_| is_number)?;
        Self::of_seconds(number.checked_mul(seconds)?)
    }
}

impl JsonSchema for Lifetime {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Lifetime".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "integer", "minimum": 1 }, { "type": "string" }] })
    }
}

/// An audience with its name.
#[derive(Debug, Clone)]
pub(super) struct Audience {
    pub(super) name: String,
    pub(super) options: AudienceOptions,
}

impl Audience {
    pub(super) fn new(name: String, options: AudienceOptions) -> Self {
        Self { name, options }
    }

    /// The claim `aud`.
    pub(super) fn claim(&self) -> &str {
        self.options.audience.as_deref().unwrap_or(&self.name)
    }

    /// Whether a request that asks for this means this audience.
    pub(super) fn is(&self, asked: &str) -> bool {
        asked == self.claim() || asked == self.name
    }

    /// The HS256 keys, the one that signs first. The others are those of secrets that rotated out.
    pub(super) fn shared_keys(&self, secrets: &Secrets) -> Vec<SigningKey> {
        let mut keys = vec![secrets.current()];
        keys.extend(secrets.all().into_iter().filter(|secret| *secret != secrets.current()));
        let derive = |secret| match self.options.dangerously_sign_with_auth_secret {
            true => SigningKey::new(secret),
            false => SigningKey::new(&audience_key(secret, &self.name)),
        };
        keys.into_iter().map(derive).collect()
    }

    fn check(&self, auth: &Auth) -> Result<(), BuildError> {
        let Self { name, options } = self;
        let fail = |option: &str, reason: String| {
            Err(BuildError::Option { option: format!("tokens.{name}{option}"), reason })
        };
        if !is_service_name(name) {
            return fail("", "expected a name of letters, digits, `-` and `.`".to_owned());
        }
        let claim = self.claim();
        if claim.is_empty() || claim.len() > LONGEST_AUDIENCE || claim.contains(char::is_control) {
            return fail(
                ".audience",
                format!("expected a text of 1 to {LONGEST_AUDIENCE} characters, found {claim:?}"),
            );
        }
        for field in &options.claims {
            if let Some(reason) = self.why_not(field, auth) {
                return fail(".claims", format!("`{field}` {reason}"));
            }
        }
        let algorithm = match options.algorithm.asymmetric() {
            None => return Ok(()),
            Some(algorithm) => algorithm,
        };
        if options.dangerously_sign_with_auth_secret {
            return fail(
                ".dangerouslySignWithAuthSecret",
                format!("is for `algorithm = \"HS256\"`, found \"{algorithm}\""),
            );
        }
        if auth.key_set().is_none() {
            return fail(
                ".algorithm",
                format!(
                    "\"{algorithm}\" needs a key set: add `[plugins.jwt]` to the configuration, \
                     or say \"HS256\""
                ),
            );
        }
        Ok(())
    }

    /// Why a field of the user cannot be a claim.
    fn why_not(&self, field: &str, auth: &Auth) -> Option<&'static str> {
        if REGISTERED.contains(&field) {
            return Some("says something about the token itself, and cannot be replaced");
        }
        let is_shared = self.options.algorithm == SigningAlgorithm::Hs256;
        if is_shared && OF_THE_FRAMEWORK.contains(&field) {
            return Some(
                "cannot be a claim of an HS256 token: Better Auth would take such a token for one \
                 of its own, which can open a session",
            );
        }
        match auth.model(User::MODEL).field(field) {
            None => Some("is not a field of users"),
            Some(field) if !field.returned => Some("is never shown (`returned = false`)"),
            Some(_) => None,
        }
    }
}

/// What types cannot say about the audiences of a server.
pub(super) fn check(audiences: &[Audience], auth: &Auth) -> Result<(), BuildError> {
    for (position, audience) in audiences.iter().enumerate() {
        audience.check(auth)?;
        let others = &audiences[..position];
        let same = others.iter().find(|other| {
            other.is(&audience.name) || other.is(audience.claim()) || audience.is(&other.name)
        });
        if let Some(other) = same {
            return Err(BuildError::Option {
                option: format!("tokens.{}", audience.name),
                reason: format!("`tokens.{}` has the same name or audience", other.name),
            });
        }
    }
    Ok(())
}
