//! What browsers make of the configuration: cookies, and the origins that may use them.

use vestibule_tokens::cookie::SameSite;

use super::Subject;
use super::finding::Finding;
use crate::site;

const CHECK: &str = "cookies";

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = cookies(subject);
    findings.extend(origins(subject));
    findings
}

fn cookies(subject: &Subject<'_>) -> Vec<Finding> {
    let template = &subject.auth.cookies().session_token;
    let is_secure = template.attributes.secure == Some(true);
    let base = subject.auth.base_urls().fixed();
    let mut findings = Vec::new();
    if let Some(domain) = &template.attributes.domain {
        findings.extend(domain_finding(domain, base.map(|url| url.host())));
    }
    if template.attributes.same_site == Some(SameSite::None) && !is_secure {
        findings.push(Finding::problem(
            CHECK,
            "same-site-none",
            "cookies have `SameSite=None` without `Secure`",
            "browsers drop such cookies",
            "baseURL = \"https://…\", or advanced.useSecureCookies = true",
        ));
    }
    if let Some(url) = base {
        let is_https = url.as_str().starts_with("https://");
        if is_secure && !is_https && !site::is_loopback(url.host()) {
            findings.push(Finding::problem(
                CHECK,
                "secure-over-http",
                format!("cookies are `Secure`, and {} is not https", url.origin()),
                "browsers drop them: a sign-in succeeds and nobody is signed in",
                "baseURL = \"https://…\", or advanced.useSecureCookies = false while developing",
            ));
        }
        if !is_secure && is_https {
            findings.push(Finding::problem(
                CHECK,
                "insecure-over-https",
                "`advanced.useSecureCookies` is off, and the baseURL is https",
                "cookies are also sent over http, where others can read them",
                "take the line away: https makes them secure",
            ));
        }
    }
    if findings.is_empty() {
        let plain = template.name.strip_prefix("__Secure-");
        let names = match plain {
            Some(plain) => format!(
                "`{}`; in development it is `{plain}`, so a backend that reads it by itself looks for both",
                template.name
            ),
            None => format!(
                "`{}`; with an https baseURL it is `__Secure-{0}`, so a backend that reads it by itself looks for both",
                template.name
            ),
        };
        findings.push(Finding::fine(CHECK, names));
    }
    findings
}

fn domain_finding(domain: &str, host: Option<&str>) -> Option<Finding> {
    let bare = site::domain_of_cookie(domain);
    if site::is_public_suffix(bare) {
        let example = host.map_or("example.com".to_owned(), site::site_of);
        return Some(Finding::problem(
            CHECK,
            "public-suffix",
            format!(
                "the cookies' domain is \"{domain}\", a public suffix: anybody can have a name below it"
            ),
            "browsers keep no cookie for it: a sign-in succeeds and nobody is signed in",
            format!("advanced.crossSubDomainCookies.domain = \"{example}\""),
        ));
    }
    if site::is_address(bare) || bare.eq_ignore_ascii_case("localhost") {
        return Some(Finding::problem(
            CHECK,
            "no-domain",
            format!("the cookies' domain is \"{domain}\", which has no names below it"),
            "cookies are not shared between subdomains",
            "use names such as app.example.test and auth.example.test while developing",
        ));
    }
    let host = host?;
    (!site::may_set(host, bare)).then(|| {
        Finding::problem(
            CHECK,
            "foreign-domain",
            format!("the cookies' domain is \"{domain}\", and the server's host is {host}"),
            "a browser keeps a cookie only for the host that sets it or a domain above it",
            format!("advanced.crossSubDomainCookies.domain = \"{}\"", site::site_of(host)),
        )
    })
}

fn origins(subject: &Subject<'_>) -> Vec<Finding> {
    const CHECK: &str = "origins";
    let options = &subject.settings.options;
    let advanced = &options.advanced;
    let mut findings = Vec::new();
    if advanced.disable_csrf_check == Some(true) || advanced.disable_origin_check {
        findings.push(Finding::problem(
            CHECK,
            "unchecked",
            "origins are not checked",
            "any page on the web can act in the name of who is signed in",
            "take away `advanced.disableCSRFCheck` and `advanced.disableOriginCheck`; name your frontends in `trustedOrigins`",
        ));
    }
    for pattern in subject.auth.trusted_origins().never_matching() {
        let bare = pattern.trim_end_matches('/');
        findings.push(Finding::problem(
            CHECK,
            "never-matching",
            format!("`trustedOrigins`: no origin can match \"{pattern}\""),
            "an origin is scheme, host and port: no path, and no slash at the end",
            format!("trustedOrigins = [\"{bare}\"]"),
        ));
    }
    for pattern in &options.trusted_origins {
        findings.extend(origin_finding(subject, pattern));
    }
    if findings.is_empty() {
        let found = match options.trusted_origins.as_slice() {
            [] => "the server's own".to_owned(),
            origins => format!("the server's own, {}", origins.join(", ")),
        };
        findings.push(Finding::fine(CHECK, found));
    }
    findings
}

fn origin_finding(subject: &Subject<'_>, pattern: &str) -> Option<Finding> {
    const CHECK: &str = "origins";
    let (scheme, host) = pattern.split_once("://").unwrap_or(("", pattern));
    let name = host.split('/').next().unwrap_or_default();
    let name = match name.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit() || b == b'*') => name,
        _ => name,
    };
    let below = name.trim_start_matches(['*', '?']).trim_start_matches('.');
    if name.contains(['*', '?']) && (below.is_empty() || site::is_public_suffix(below)) {
        return Some(Finding::problem(
            CHECK,
            "too-wide",
            format!("`trustedOrigins`: \"{pattern}\" matches what anybody can register"),
            "whoever registers such a name can act for your users",
            "name your own origins, such as \"https://*.example.com\"",
        ));
    }
    let base = subject.auth.base_urls().fixed()?;
    if !scheme.is_empty() && scheme != "https" && scheme != "http" {
        return None; // An application's own scheme sends no cookies.
    }
    let is_loopback = site::is_loopback(name) || site::is_loopback(base.host());
    if !is_loopback
        && site::site_of(below) != site::site_of(base.host())
        && !below.contains(['*', '?'])
    {
        let same_site = subject.auth.cookies().session_token.attributes.same_site;
        return (same_site != Some(SameSite::None)).then(|| {
            Finding::problem(
                CHECK,
                "another-site",
                format!("`trustedOrigins`: \"{pattern}\" is another site than the server's {}", base.host()),
                "browsers send no `SameSite=Lax` cookie with `fetch` to another site, so nobody is signed in there",
                "let the frontend pass /api/auth on (a rewrite), with its origin as baseURL; or put both below one domain of yours",
            )
        });
    }
    let is_plain = scheme == "http" && !site::is_loopback(name);
    (subject.settings.options.production && is_plain).then(|| {
        Finding::problem(
            CHECK,
            "http",
            format!("`trustedOrigins`: \"{pattern}\" is not https"),
            "whoever is on the way can change that page and act for your users",
            format!("trustedOrigins = [\"https://{host}\"]"),
        )
    })
}
