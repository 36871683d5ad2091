//! Under which URL we are reached: the base of every link, of routing, and of our own origin.
//!
//! There are three sources, chosen once at start by [`BaseUrls`]: a configured URL; a rule that
//! follows the request's host where that is allowed; or, with nothing configured, the address of
//! each request. What is taken from a request is a value of that request ([`BaseUrls::resolve`])
//! and is kept nowhere: no visitor decides under which host others find us.
//!
//! `X-Forwarded-Host` and `X-Forwarded-Proto` count only where `advanced.trustedProxyHeaders` is on
//! *and* the request came from a trusted peer, and only while they hold a plausible host and
//! protocol; otherwise they are as if absent.
//!
//! Unlike the reference, a base URL is held in its canonical spelling (lower-case host, no default
//! port, no trailing slash), one with a query, a fragment or credentials stops the start, and
//! a host that is not allowed is an error value rather than a crash.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use http::HeaderMap;
use thiserror::Error;
use url::{Host, Url};

use crate::client_address::header_text;
use crate::options::{BaseUrlOption, DynamicBaseUrl, Protocol};
use crate::origin::Wildcard;

/// Origin and base path, such as `https://app.example/api/auth`; never with a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    url: String,
    /// Where the path begins in `url`.
    path_at: usize,
}

/// Where base URLs come from, fixed at start.
#[derive(Debug, Clone)]
pub struct BaseUrls {
    source: Source,
    base_path: String,
    trusted_proxy_headers: ForwardedHeaders,
}

#[derive(Debug, Clone)]
enum Source {
    Static(Arc<BaseUrl>),
    Dynamic(HostRule),
    Request,
}

#[derive(Debug, Clone)]
struct HostRule {
    allowed: Vec<String>,
    patterns: Vec<Wildcard>,
    fallback: Option<Arc<BaseUrl>>,
    protocol: Protocol,
    /// The reference tells "auto" from nothing said when it lists trusted origins.
    is_protocol_given: bool,
}

/// Whether `X-Forwarded-Host` and `X-Forwarded-Proto` count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardedHeaders {
    Believed,
    Ignored,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
}

/// Where a request says that it was sent.
#[derive(Debug, Clone, Copy)]
pub struct RequestTarget<'a> {
    /// How it reached this process.
    pub scheme: Scheme,
    /// Host and port of its URL: an absolute target's, else the `Host` header's.
    pub authority: &'a str,
    pub headers: &'a HeaderMap,
    /// Believed when the peer is a trusted one.
    pub forwarded: ForwardedHeaders,
}

/// The base URL of the configuration cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidBaseUrl {
    #[error("Invalid base URL: {found}. Please provide a valid base URL.")]
    NotAUrl { found: String },
    #[error("Invalid base URL: {found}. URL must include 'http://' or 'https://'")]
    NotHttp { found: String },
    #[error(
        "Invalid base URL: {found}. It must have no credentials, query or fragment, \
         and the base path must be a path"
    )]
    MoreThanABase { found: String },
}

/// The request's host is none of ours, and there is no fallback.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoBaseUrl {
    #[error(
        "Host \"{host}\" is not in the allowed hosts list. \
         Add it to baseURL.allowedHosts or set baseURL.fallback."
    )]
    HostNotAllowed { host: String },
    #[error("Could not determine the host of the request.")]
    NoHost,
}

impl BaseUrls {
    pub fn new(
        option: Option<&BaseUrlOption>,
        base_path: &str,
        trusted_proxy_headers: ForwardedHeaders,
    ) -> Result<Self, InvalidBaseUrl> {
        let source = match option {
            None => Source::Request,
            Some(BaseUrlOption::Static(url)) => {
                Source::Static(Arc::new(BaseUrl::parse(url, base_path)?))
            }
            Some(BaseUrlOption::Dynamic(rule)) => Source::Dynamic(HostRule::new(rule, base_path)?),
        };
        // Proves the base path at start, also where no URL is known yet.
        let base_path = BaseUrl::parse("http://localhost", base_path)?.path().to_owned();
        Ok(Self { source, base_path, trusted_proxy_headers })
    }

    /// The base URL of this request.
    pub fn resolve(&self, request: &RequestTarget<'_>) -> Result<Arc<BaseUrl>, NoBaseUrl> {
        let forwarded = self.forwarded(request);
        match &self.source {
            Source::Static(base) => Ok(Arc::clone(base)),
            Source::Dynamic(rule) => self.allowed_base(rule, request, forwarded),
            Source::Request => {
                let (scheme, host) = match forwarded {
                    (Some(scheme), Some(host)) => (scheme, host),
                    _ => (request.scheme, url_host(request.authority).ok_or(NoBaseUrl::NoHost)?),
                };
                self.base(scheme, host).map(Arc::new)
            }
        }
    }

    /// The base path: empty, or with a leading and no trailing slash.
    pub fn path(&self) -> &str {
        match &self.source {
            Source::Static(base) => base.path(),
            Source::Dynamic(_) | Source::Request => &self.base_path,
        }
    }

    /// The base URL that holds for every request, where the configuration gives one.
    pub fn fixed(&self) -> Option<&BaseUrl> {
        match &self.source {
            Source::Static(base) => Some(base),
            Source::Dynamic(_) | Source::Request => None,
        }
    }

    /// The origins that the configured base URL makes trusted, as patterns.
    pub fn trusted_patterns(&self) -> Vec<String> {
        match &self.source {
            Source::Static(base) => vec![base.origin().to_owned()],
            Source::Dynamic(rule) => rule.trusted_patterns(),
            Source::Request => Vec::new(),
        }
    }

    /// The origin that a request's own base URL makes trusted, for that request alone: only where
    /// nothing is configured, since otherwise the configuration says it all.
    pub fn learned_origin<'a>(&self, base: &'a BaseUrl) -> Option<&'a str> {
        match self.source {
            Source::Request => Some(base.origin()),
            Source::Static(_) | Source::Dynamic(_) => None,
        }
    }

    /// Whether cookies are `Secure` and carry the `__Secure-` prefix. Decided at start, never by
    /// a request.
    pub fn secure_cookies(&self, use_secure_cookies: Option<bool>, in_production: bool) -> bool {
        if let Some(decision) = use_secure_cookies {
            return decision;
        }
        match &self.source {
            Source::Static(base) => base.as_str().starts_with("https://"),
            Source::Dynamic(HostRule { protocol: Protocol::Https, .. }) => true,
            Source::Dynamic(HostRule { protocol: Protocol::Http, .. }) => false,
            Source::Dynamic(_) | Source::Request => in_production,
        }
    }

    fn allowed_base(
        &self,
        rule: &HostRule,
        request: &RequestTarget<'_>,
        forwarded: (Option<Scheme>, Option<&str>),
    ) -> Result<Arc<BaseUrl>, NoBaseUrl> {
        let host_header = header_text(request.headers, "host");
        let host = forwarded
            .1
            .or_else(|| plausible_host(host_header.as_deref()?))
            .or_else(|| url_host(request.authority));
        match (host, &rule.fallback) {
            (Some(host), _) if rule.allows(host) => {
                let scheme = rule.scheme(forwarded.0.unwrap_or(request.scheme));
                self.base(scheme, host).map(Arc::new)
            }
            (_, Some(fallback)) => Ok(Arc::clone(fallback)),
            (Some(host), None) => Err(NoBaseUrl::HostNotAllowed { host: host.to_owned() }),
            (None, None) => Err(NoBaseUrl::NoHost),
        }
    }

    fn base(&self, scheme: Scheme, host: &str) -> Result<BaseUrl, NoBaseUrl> {
        BaseUrl::parse(&format!("{}://{host}", scheme.as_str()), &self.base_path)
            .map_err(|_| NoBaseUrl::NoHost)
    }

    fn forwarded<'a>(&self, request: &RequestTarget<'a>) -> (Option<Scheme>, Option<&'a str>) {
        let believed = ForwardedHeaders::Believed;
        if self.trusted_proxy_headers != believed || request.forwarded != believed {
            return (None, None);
        }
        let single = |name| {
            let mut values = request.headers.get_all(name).iter();
            values.next().filter(|_| values.next().is_none())?.to_str().ok()
        };
        let scheme = single("x-forwarded-proto").and_then(Scheme::parse);
        let host = single("x-forwarded-host").and_then(plausible_host);
        (scheme, host)
    }
}

impl BaseUrl {
    /// A path in the URL is the base path, and `base_path` is ignored; else it is appended.
    pub fn parse(url: &str, base_path: &str) -> Result<Self, InvalidBaseUrl> {
        let found = || without_credentials(url);
        let parsed = Url::parse(url).map_err(|_| InvalidBaseUrl::NotAUrl { found: found() })?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(InvalidBaseUrl::NotHttp { found: found() });
        }
        let has_more = parsed.query().is_some()
            || parsed.fragment().is_some()
            || !parsed.username().is_empty()
            || parsed.password().is_some()
            || base_path.contains(['?', '#', '\\']);
        if has_more {
            return Err(InvalidBaseUrl::MoreThanABase { found: found() });
        }
        let origin = parsed.origin().ascii_serialization();
        let path = match parsed.path().trim_end_matches('/') {
            "" => base_path.trim_matches('/'),
            path => path.trim_start_matches('/'),
        };
        let separator = if path.is_empty() { "" } else { "/" };
        Ok(Self { path_at: origin.len(), url: format!("{origin}{separator}{path}") })
    }

    pub fn as_str(&self) -> &str {
        &self.url
    }

    pub fn origin(&self) -> &str {
        &self.url[..self.path_at]
    }

    /// The base path: empty, or with a leading and no trailing slash.
    pub fn path(&self) -> &str {
        &self.url[self.path_at..]
    }

    /// The host alone, the default domain of cookies across subdomains.
    pub fn host(&self) -> &str {
        let host = self.origin().split_once("://").map_or("", |(_, host)| host);
        match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        }
    }
}

/// What may be shown of a URL: everything but who signs in with which password.
fn without_credentials(url: &str) -> String {
    let begin = url.find("://").map_or(0, |at| at + "://".len());
    match url[begin..].rfind('@') {
        Some(at) => format!("{}[redacted]{}", &url[..begin], &url[begin + at..]),
        None => url.to_owned(),
    }
}

/// A request's path without base path and trailing slashes: what limits and lists of paths compare.
pub fn path_below<'a>(base_path: &str, path: &'a str) -> &'a str {
    let base_path = base_path.trim_end_matches('/');
    let below = match path.strip_prefix(base_path) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => path,
    };
    match below.trim_end_matches('/') {
        "" => "/",
        trimmed => trimmed,
    }
}

/// Whether a host, port included, matches one of `baseURL.allowedHosts`, in any case.
pub fn host_matches(host: &str, pattern: &str) -> bool {
    let host = bare_host(host);
    !host.is_empty() && Wildcard::new(&bare_host(pattern)).matches(&host)
}

/// Lower-case, without scheme and path.
fn bare_host(text: &str) -> String {
    let text = text.to_lowercase();
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = host.unwrap_or(&text);
    host.split('/').next().unwrap_or(host).to_owned()
}

impl HostRule {
    fn new(rule: &DynamicBaseUrl, base_path: &str) -> Result<Self, InvalidBaseUrl> {
        let fallback = rule.fallback.as_deref();
        Ok(Self {
            allowed: rule.allowed_hosts.clone(),
            patterns: rule.allowed_hosts.iter().map(|p| Wildcard::new(&bare_host(p))).collect(),
            fallback: fallback
                .map(|url| BaseUrl::parse(url, base_path).map(Arc::new))
                .transpose()?,
            protocol: rule.protocol.unwrap_or(Protocol::Auto),
            is_protocol_given: rule.protocol.is_some(),
        })
    }

    fn allows(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.patterns.iter().any(|pattern| pattern.matches(&host))
    }

    fn scheme(&self, of_request: Scheme) -> Scheme {
        match self.protocol {
            Protocol::Http => Scheme::Http,
            Protocol::Https => Scheme::Https,
            Protocol::Auto => of_request,
        }
    }

    fn trusted_patterns(&self) -> Vec<String> {
        let mut patterns = Vec::new();
        let with_https = self.protocol != Protocol::Http;
        let with_http = self.protocol == Protocol::Http
            || (self.protocol == Protocol::Auto && self.is_protocol_given);
        for host in &self.allowed {
            if host.contains("://") {
                patterns.push(host.clone());
                continue;
            }
            if with_https {
                patterns.push(format!("https://{host}"));
            }
            if with_http || is_loopback_host(host) {
                patterns.push(format!("http://{host}"));
            }
        }
        patterns.extend(self.fallback.iter().map(|fallback| fallback.origin().to_owned()));
        patterns
    }
}

impl Scheme {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text.trim_matches([' ', '\t']) {
            "http" => Some(Self::Http),
            "https" => Some(Self::Https),
            _ => None,
        }
    }
}

/// A host that a header may put into a URL: name, address or bracketed IPv6, and perhaps a port.
fn plausible_host(text: &str) -> Option<&str> {
    let host = url_host(text.trim_matches([' ', '\t']))?;
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !port.is_empty() => name,
        _ => host,
    };
    let is_label = |label: &str| {
        let inner = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        inner && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_bracketed = name.starts_with('[') && name.ends_with(']');
    (is_bracketed || name.split('.').all(is_label)).then_some(host)
}

/// A host as the URL parser takes it, nothing else beside it.
fn url_host(text: &str) -> Option<&str> {
    if text.contains(['/', '\\', '?', '#', '@']) || text.contains(char::is_whitespace) {
        return None;
    }
    Url::parse(&format!("http://{text}")).ok().map(|_| text)
}

/// Whether a host, perhaps with a port or a wildcard in its place, is this machine.
pub fn is_loopback_host(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, _)) if !host.ends_with(']') => name,
        _ => host,
    };
    match Host::parse(name) {
        Ok(Host::Domain(domain)) => domain == "localhost" || domain.ends_with(".localhost"),
        Ok(Host::Ipv4(address)) => Ipv4Addr::is_loopback(&address),
        Ok(Host::Ipv6(address)) => Ipv6Addr::is_loopback(&address),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const VECTORS: &str = include_str!("../../testkit/vectors.json");

    fn vectors(name: &str) -> Vec<Value> {
        let vectors: Value = serde_json::from_str(VECTORS).expect("the vectors are JSON");
        vectors["deterministic"][name].as_array().expect("cases").clone()
    }

    fn text<'a>(case: &'a Value, key: &str) -> &'a str {
        case[key].as_str().unwrap_or_default()
    }

    fn dynamic(rule: Value) -> BaseUrlOption {
        serde_json::from_value(rule).expect("the rule is one")
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn resolve(urls: &BaseUrls, authority: &str, lines: &[(&'static str, &str)]) -> String {
        let request = RequestTarget {
            scheme: Scheme::Http,
            authority,
            headers: &headers(lines),
            forwarded: ForwardedHeaders::Believed,
        };
        urls.resolve(&request).map_or_else(|e| e.to_string(), |base| base.as_str().to_owned())
    }

    #[test]
    fn the_vectors_hold() {
        for case in vectors("base_url") {
            let base_path = case["basePath"].as_str().unwrap_or("/api/auth");
            match BaseUrl::parse(text(&case, "url"), base_path) {
                Ok(base) => assert_eq!(base.as_str(), text(&case, "out"), "{case}"),
                Err(error) => assert_eq!(error.to_string(), text(&case, "error"), "{case}"),
            }
        }
        for case in vectors("host_match") {
            let is_match = host_matches(text(&case, "host"), text(&case, "pattern"));
            assert_eq!(Some(is_match), case["match"].as_bool(), "{case}");
        }
        for case in vectors("normalize_pathname") {
            let url = Url::parse(text(&case, "url")).expect("a URL");
            assert_eq!(path_below(text(&case, "basePath"), url.path()), text(&case, "out"));
        }
    }

    #[test]
    fn a_base_url_is_canonical_and_nothing_more() {
        for (url, expected) in [
            ("HTTPS://App.com:443", "https://app.com/api/auth"),
            ("https://app.com//", "https://app.com/api/auth"),
            ("https://app.com/Custom/", "https://app.com/Custom"),
            ("https://app.com/a/../", "https://app.com/api/auth"),
            ("http://[::1]:3000/a/b/", "http://[::1]:3000/a/b"),
        ] {
            assert_eq!(BaseUrl::parse(url, "/api/auth/").expect(url).as_str(), expected);
        }
        for url in ["app.com", "", "localhost:3000", "ws://a", "https://", "https://u:p@a.com"] {
            assert!(BaseUrl::parse(url, "/api/auth").is_err(), "{url}");
        }
        for url in ["https://u:SEKRIT@a.com", "https://u:SEKRIT@:", "u:SEKRIT@a.com"] {
            let error = BaseUrl::parse(url, "/api/auth").expect_err(url).to_string();
            assert!(!error.contains("SEKRIT"), "{error}");
        }
        for url in ["https://a.com?x", "https://a.com/#h"] {
            let error = BaseUrl::parse(url, "/api/auth").expect_err(url);
            assert!(matches!(error, InvalidBaseUrl::MoreThanABase { .. }), "{url}");
        }
        assert!(BaseUrls::new(None, "/api?x", ForwardedHeaders::Ignored).is_err());
    }

    #[test]
    fn a_base_url_comes_apart() {
        for (url, origin, path, host) in [
            ("https://app.com", "https://app.com", "/api/auth", "app.com"),
            ("http://localhost:3000/x", "http://localhost:3000", "/x", "localhost"),
            ("http://[::1]:3000", "http://[::1]:3000", "/api/auth", "[::1]"),
            ("http://[::1]", "http://[::1]", "/api/auth", "[::1]"),
        ] {
            let base = BaseUrl::parse(url, "api/auth").expect(url);
            assert_eq!((base.origin(), base.path(), base.host()), (origin, path, host));
        }
    }

    #[test]
    fn a_configured_url_holds_whatever_a_request_says() {
        let option = BaseUrlOption::Static("https://app.com".to_owned());
        let urls = BaseUrls::new(Some(&option), "/auth", ForwardedHeaders::Believed).unwrap();
        let lines = [("x-forwarded-host", "evil.com"), ("x-forwarded-proto", "http")];
        assert_eq!(resolve(&urls, "evil.com", &lines), "https://app.com/auth");
        assert_eq!(urls.trusted_patterns(), ["https://app.com"]);
    }

    #[test]
    fn without_configuration_each_request_has_its_own() {
        let urls = BaseUrls::new(None, "/api/auth", ForwardedHeaders::Believed).unwrap();
        let deaf = BaseUrls::new(None, "/api/auth", ForwardedHeaders::Ignored).unwrap();
        let both = |host| [("x-forwarded-host", host), ("x-forwarded-proto", "https")];
        assert_eq!(resolve(&urls, "f_g:80", &[]), "http://f_g/api/auth");
        assert_eq!(resolve(&urls, "a.com:81", &both("b.com")), "https://b.com/api/auth");
        assert_eq!(resolve(&deaf, "a.com:81", &both("b.com")), "http://a.com:81/api/auth");
        assert_eq!(resolve(&urls, "a.com", &both("b.com")[..1]), "http://a.com/api/auth");
        for host in ["b.com, c.com", "b.com/x", "u@b.com", "b..com", "b_c.com", "b.com:99999", ""] {
            assert_eq!(resolve(&urls, "a.com", &both(host)), "http://a.com/api/auth", "{host}");
        }
        for proto in ["HTTPS", "https, http", "ws", ""] {
            let lines = [("x-forwarded-host", "b.com"), ("x-forwarded-proto", proto)];
            assert_eq!(resolve(&urls, "a.com", &lines), "http://a.com/api/auth", "{proto}");
        }
        for authority in ["", "a.com/x", "u@a.com", "a.com?x", "a b", "999.1.1.1"] {
            assert_eq!(resolve(&urls, authority, &[]), NoBaseUrl::NoHost.to_string());
        }
        let base = BaseUrl::parse("http://a.com", "").unwrap();
        assert_eq!(urls.learned_origin(&base), Some("http://a.com"));
        assert_eq!(urls.trusted_patterns(), [""; 0]);
    }

    #[test]
    fn forwarded_headers_of_a_stranger_do_not_count() {
        let urls = BaseUrls::new(None, "", ForwardedHeaders::Believed).unwrap();
        let headers = headers(&[("x-forwarded-host", "b.com"), ("x-forwarded-proto", "https")]);
        let request = RequestTarget {
            scheme: Scheme::Http,
            authority: "a.com",
            headers: &headers,
            forwarded: ForwardedHeaders::Ignored,
        };
        assert_eq!(urls.resolve(&request).unwrap().as_str(), "http://a.com");
    }

    // Difference: hosts-that-are-not-allowed.
    #[test]
    fn a_dynamic_base_follows_allowed_hosts() {
        let rule = serde_json::json!({ "allowedHosts": ["app.com", "*.v.app", "localhost:*"] });
        let urls = BaseUrls::new(Some(&dynamic(rule)), "/a", ForwardedHeaders::Believed).unwrap();
        for (authority, lines, expected) in [
            ("app.com", &[][..], "http://app.com/a"),
            ("x", &[("host", "APP.com")], "http://app.com/a"),
            ("localhost:3000", &[], "http://localhost:3000/a"),
            ("x.v.app", &[("x-forwarded-proto", "https")], "https://x.v.app/a"),
            ("x", &[("x-forwarded-host", "app.com")], "http://app.com/a"),
            ("app.com", &[("x-forwarded-host", "b d")], "http://app.com/a"),
        ] {
            assert_eq!(resolve(&urls, authority, lines), expected, "{authority} {lines:?}");
        }
        for (host, seen) in [("evil.com", "evil.com"), ("app.com:81", "app.com:81")] {
            let error = NoBaseUrl::HostNotAllowed { host: seen.to_owned() };
            assert_eq!(resolve(&urls, host, &[]), error.to_string());
        }
        assert_eq!(resolve(&urls, "evil.com?.v.app", &[]), NoBaseUrl::NoHost.to_string());
    }

    #[test]
    fn a_fallback_takes_what_is_not_allowed() {
        let rule = serde_json::json!(
            { "allowedHosts": ["app.com"], "protocol": "https", "fallback": "https://f.com/b" });
        let urls = BaseUrls::new(Some(&dynamic(rule)), "/a", ForwardedHeaders::Ignored).unwrap();
        assert_eq!(resolve(&urls, "app.com", &[]), "https://app.com/a");
        assert_eq!(resolve(&urls, "evil.com", &[]), "https://f.com/b");
        assert_eq!(resolve(&urls, "", &[]), "https://f.com/b");
    }

    #[test]
    fn allowed_hosts_are_trusted_origins() {
        let hosts = ["app.com", "localhost:*", "https://x.io"];
        for (protocol, expected) in [
            (None, "https://app.com https://localhost:* http://localhost:* https://x.io"),
            (Some("https"), "https://app.com https://localhost:* http://localhost:* https://x.io"),
            (Some("http"), "http://app.com http://localhost:* https://x.io"),
            (
                Some("auto"),
                "https://app.com http://app.com https://localhost:* http://localhost:* https://x.io",
            ),
        ] {
            let rule = serde_json::json!({ "allowedHosts": hosts, "protocol": protocol });
            let urls = BaseUrls::new(Some(&dynamic(rule)), "", ForwardedHeaders::Ignored).unwrap();
            assert_eq!(urls.trusted_patterns().join(" "), expected, "{protocol:?}");
        }
    }

    #[test]
    fn cookies_are_secure_by_option_then_url_then_environment() {
        let fixed = |url: &str| Some(BaseUrlOption::Static(url.to_owned()));
        let ruled = |protocol: Option<&str>| {
            Some(dynamic(serde_json::json!({ "allowedHosts": [], "protocol": protocol })))
        };
        for (source, option, in_production, expected) in [
            (fixed("https://a.com"), None, false, true),
            (fixed("http://a.com"), None, true, false),
            (fixed("http://a.com"), Some(true), false, true),
            (fixed("https://a.com"), Some(false), true, false),
            (ruled(Some("https")), None, false, true),
            (ruled(Some("http")), None, true, false),
            (ruled(Some("auto")), None, true, true),
            (ruled(None), None, false, false),
            (None, None, true, true),
            (None, None, false, false),
        ] {
            let urls = BaseUrls::new(source.as_ref(), "", ForwardedHeaders::Ignored).unwrap();
            assert_eq!(urls.secure_cookies(option, in_production), expected, "{source:?}");
        }
    }

    #[test]
    fn loopback_hosts_are_recognised() {
        for host in
            ["localhost", "LOCALHOST:3", "x.localhost:*", "127.1.2.3:80", "[::1]:3", "[::1]"]
        {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in ["localhost.evil.com", "0.0.0.0", "[::2]", "", "*"] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }
}
