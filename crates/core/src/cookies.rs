//! The names and attributes of our cookies, settled at the start.
//!
//! Reference: better-auth 1.7.7, `cookies`.

use vestibule_tokens::cookie::{Attributes, SameSite};

use crate::options::{AdvancedOptions, CookieAttributes, SameSiteOption};

/// The cookies of the core.
#[derive(Debug, Clone)]
pub struct CookieTemplates {
    pub session_token: CookieTemplate,
    /// The session cache.
    pub session_data: CookieTemplate,
    /// Present where the session ends with the browser.
    pub dont_remember: CookieTemplate,
    /// Cookies without a domain get the host of the request's base URL as theirs.
    pub(crate) domain_of_request: bool,
    maker: Maker,
}

/// A cookie without its value.
#[derive(Debug, Clone)]
pub struct CookieTemplate {
    pub name: String,
    pub attributes: Attributes,
}

#[derive(Debug, Clone)]
struct Maker {
    secure: bool,
    prefix: String,
    domain: Option<String>,
    advanced: AdvancedOptions,
}

impl CookieTemplates {
    /// `host` is the base URL's, for cookies of a whole domain.
    pub(crate) fn new(advanced: &AdvancedOptions, secure: bool, host: Option<&str>) -> Self {
        let cross = &advanced.cross_sub_domain_cookies;
        let domain_of_request = cross.enabled && cross.domain.is_none() && host.is_none();
        let domain = cross.enabled.then(|| cross.domain.clone().or(host.map(str::to_owned)));
        let maker = Maker {
            secure,
            // Reference quirk: an empty prefix is none.
            prefix: advanced
                .cookie_prefix
                .clone()
                .filter(|prefix| !prefix.is_empty())
                .unwrap_or_else(|| "better-auth".to_owned()),
            domain: domain.flatten(),
            advanced: advanced.clone(),
        };
        Self {
            session_token: maker.make("session_token"),
            session_data: maker.make("session_data"),
            dont_remember: maker.make("dont_remember"),
            domain_of_request,
            maker,
        }
    }

    /// A cookie of a plugin, by its key.
    pub fn template(&self, key: &str) -> CookieTemplate {
        self.maker.make(key)
    }
}

impl Maker {
    fn make(&self, key: &str) -> CookieTemplate {
        let custom = self.advanced.cookies.get(key);
        let name = match custom.and_then(|custom| custom.name.as_deref()) {
            Some(name) => name.to_owned(),
            None => format!("{}.{key}", self.prefix),
        };
        let defaults = Attributes {
            secure: Some(self.secure),
            same_site: Some(SameSite::Lax),
            path: Some("/".to_owned()),
            http_only: Some(true),
            domain: self.domain.clone(),
            ..Attributes::default()
        };
        let mut attributes = defaults.merge((&self.advanced.default_cookie_attributes).into());
        if let Some(custom) = custom {
            attributes = attributes.merge((&custom.attributes).into());
        }
        // The prefix also comes before names of the configuration.
        let prefix = if self.secure { "__Secure-" } else { "" };
        CookieTemplate { name: format!("{prefix}{name}"), attributes }
    }
}

impl From<&CookieAttributes> for Attributes {
    fn from(option: &CookieAttributes) -> Self {
        Self {
            max_age_seconds: option.max_age,
            domain: option.domain.clone(),
            path: option.path.clone(),
            expires: None,
            http_only: option.http_only,
            secure: option.secure,
            same_site: option.same_site.map(|same_site| match same_site {
                SameSiteOption::Strict => SameSite::Strict,
                SameSiteOption::Lax => SameSite::Lax,
                SameSiteOption::None => SameSite::None,
            }),
            partitioned: option.partitioned,
        }
    }
}
