//! Better Auth's options, letter for letter: same names, nesting, units and defaults.
//!
//! Each section is a file. The doc comment of a field is its documentation: the JSON Schema of the
//! configuration file and the reference page are generated from these structs.
//! An option is here once it works; [`unsupported`] names those of the reference that do not yet,
//! so that a configuration with one stops the start by name instead of being half obeyed.
//!
//! Reference: better-auth 1.7.7, `BetterAuthOptions`.

mod account;
mod advanced;
mod base_url;
mod email_and_password;
mod email_verification;
mod error_page;
mod fields;
mod rate_limit;
mod session;
pub mod unsupported;
mod user;
mod verification;

use schemars::JsonSchema;
use serde::Deserialize;

pub use account::AccountOptions;
pub use advanced::{
    AdvancedOptions, CookieAttributes, CookieOptions, CrossSubDomainCookies, DatabaseOptions,
    GenerateId, IpAddressOptions, NamedIds, SameSiteOption,
};
pub use base_url::{BaseUrlOption, DynamicBaseUrl, Protocol};
pub use email_and_password::{
    EmailAndPasswordOptions, ExistingUserSignUp, PasswordOptions, SyntheticUser, VerifyPassword,
};
pub use email_verification::{EmailVerificationOptions, SendVerificationEmail};
pub use error_page::ErrorOptions;
pub use fields::{
    AdditionalField, AdditionalFields, FieldType, NamedType, OnDeleteOption, ReferenceOption,
    kind_name, read_value as read_field,
};
pub use rate_limit::{CustomRule, RateLimitOptions, RateLimitStorage, RateRule};
pub use session::{
    CookieCacheOptions, CookieCacheStrategy, CookieCacheVersion, RefreshCache, RefreshCacheAt,
    SessionOptions,
};
pub use user::{
    ChangeEmailOptions, SendChangeEmailConfirmation, UserInfoSource, UserInfoVerdict, UserOptions,
    ValidateUserInfo,
};
pub use verification::VerificationOptions;

/// All options of the core.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// The name of the application, as people read it. Default: "Better Auth".
    pub app_name: String,
    /// Where browsers reach the server, such as "https://auth.example.com". A path in it is the
    /// base path. Without it, each request's own address is used.
    #[serde(rename = "baseURL")]
    pub base_url: Option<BaseUrlOption>,
    /// The path under which all endpoints are. Default: "/api/auth".
    pub base_path: String,
    /// The secret that signs cookies and encrypts what is stored; at least 32 characters.
    /// Make one with `openssl rand -base64 32`.
    pub secret: Option<Secret>,
    /// Versioned secrets for rotation; the first is the current one, the others only decrypt.
    pub secrets: Option<Vec<VersionedSecret>>,
    /// Origins that may send requests with cookies and be redirected to, besides the base URL's.
    /// `*` matches within a host, such as "https://*.example.com".
    pub trusted_origins: Vec<String>,
    /// Paths, without the base path, that answer 404.
    pub disabled_paths: Vec<String>,
    pub email_and_password: EmailAndPasswordOptions,
    pub email_verification: EmailVerificationOptions,
    pub user: UserOptions,
    pub session: SessionOptions,
    pub account: AccountOptions,
    pub verification: VerificationOptions,
    pub rate_limit: RateLimitOptions,
    pub advanced: AdvancedOptions,
    #[serde(rename = "onAPIError")]
    pub on_api_error: ErrorOptions,
    /// What the reference switches by `NODE_ENV=production`: secure cookies without a base URL,
    /// rate limits, the error page. Not an option of the reference's file.
    #[serde(skip)]
    pub production: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            app_name: "Better Auth".to_owned(),
            base_url: None,
            base_path: "/api/auth".to_owned(),
            secret: None,
            secrets: None,
            trusted_origins: Vec::new(),
            disabled_paths: Vec::new(),
            email_and_password: EmailAndPasswordOptions::default(),
            email_verification: EmailVerificationOptions::default(),
            user: UserOptions::default(),
            session: SessionOptions::default(),
            account: AccountOptions::default(),
            verification: VerificationOptions::default(),
            rate_limit: RateLimitOptions::default(),
            advanced: AdvancedOptions::default(),
            on_api_error: ErrorOptions::default(),
            production: false,
        }
    }
}

/// A secret as configured; `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// One secret of a rotation.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionedSecret {
    /// Not negative, and of one secret only.
    pub version: u64,
    pub value: Secret,
}
