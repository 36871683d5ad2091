use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::schema::IdPolicy;

/// What few deployments change.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct AdvancedOptions {
    pub ip_address: IpAddressOptions,
    /// The `Secure` attribute and the `__Secure-` prefix. Default: when the base URL is https.
    pub use_secure_cookies: Option<bool>,
    /// Accepts requests of any origin. Dangerous. Default: false.
    #[serde(rename = "disableCSRFCheck")]
    pub disable_csrf_check: Option<bool>,
    /// Accepts requests of any origin, and redirects to any; with `disableCSRFCheck = false` said
    /// explicitly, cross-site navigations are still refused. Dangerous. Default: false.
    pub disable_origin_check: bool,
    pub cross_sub_domain_cookies: CrossSubDomainCookies,
    /// Names and attributes of single cookies, by key, such as `session_token`.
    pub cookies: HashMap<String, CookieOptions>,
    /// Attributes of all cookies.
    pub default_cookie_attributes: CookieAttributes,
    /// Default: "better-auth".
    pub cookie_prefix: Option<String>,
    pub database: DatabaseOptions,
    /// Takes host and protocol of the base URL from `X-Forwarded-Host` and `X-Forwarded-Proto`,
    /// where a trusted peer sends them and no base URL is configured. Default: false.
    pub trusted_proxy_headers: bool,
    /// `/ok/` is `/ok`. Default: false.
    pub skip_trailing_slashes: bool,
}

/// How a client's address is found.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct IpAddressOptions {
    /// The headers that carry it, the first that does wins. Default: `["x-forwarded-for"]`.
    pub ip_address_headers: Vec<String>,
    /// Addresses are neither stored nor counted. Default: false.
    pub disable_ip_tracking: bool,
    /// How many bits of an IPv6 address are one client. Default: 64.
    pub ipv6_subnet: u8,
    /// Proxies, by address or CIDR, that are skipped in a forwarded chain.
    pub trusted_proxies: Vec<String>,
}

impl Default for IpAddressOptions {
    fn default() -> Self {
        Self {
            ip_address_headers: vec!["x-forwarded-for".to_owned()],
            disable_ip_tracking: false,
            ipv6_subnet: 64,
            trusted_proxies: Vec::new(),
        }
    }
}

/// Cookies for a domain and all below it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct CrossSubDomainCookies {
    pub enabled: bool,
    /// Default: the host of the base URL.
    pub domain: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CookieOptions {
    /// The whole name; `__Secure-` still comes before it.
    pub name: Option<String>,
    pub attributes: CookieAttributes,
}

/// Attributes that replace the default ones.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct CookieAttributes {
    pub domain: Option<String>,
    pub path: Option<String>,
    /// Seconds; at most 34560000. The cookies of a session live as long as the session, whatever is said here.
    pub max_age: Option<u64>,
    pub http_only: Option<bool>,
    pub secure: Option<bool>,
    pub same_site: Option<SameSiteOption>,
    pub partitioned: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum SameSiteOption {
    #[serde(rename = "strict", alias = "Strict")]
    Strict,
    #[serde(rename = "lax", alias = "Lax")]
    Lax,
    #[serde(rename = "none", alias = "None")]
    None,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct DatabaseOptions {
    /// Who makes ids: not set, 32 random characters; "uuid"; "serial"; false, the database.
    pub generate_id: GenerateId,
    /// The most rows that a list has, such as that of `/list-sessions`. Default: 100.
    pub default_find_many_limit: u32,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        Self { generate_id: GenerateId::default(), default_find_many_limit: 100 }
    }
}

/// Better Auth's `generateId`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum GenerateId {
    #[default]
    Random,
    Named(NamedIds),
    /// `false`: the database makes them. `true` is the default.
    Switch(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NamedIds {
    Uuid,
    Serial,
}

impl GenerateId {
    pub fn policy(self) -> IdPolicy {
        match self {
            Self::Random | Self::Switch(true) => IdPolicy::Random,
            Self::Named(NamedIds::Uuid) => IdPolicy::Uuid,
            Self::Named(NamedIds::Serial) => IdPolicy::Serial,
            Self::Switch(false) => IdPolicy::Database,
        }
    }
}
