//! Sites as browsers see them: which host names belong to one owner.
//!
//! Browsers keep no cookie for a public suffix (`co.uk`, `vercel.app`), and send `SameSite=Lax`
//! cookies along with `fetch` only within a site: the public suffix and one label more.

/// A cookie's `Domain` without the dot that people write before it.
pub(crate) fn domain_of_cookie(domain: &str) -> &str {
    domain.strip_prefix('.').unwrap_or(domain)
}

/// Whether anybody can have a name directly below this one.
pub(crate) fn is_public_suffix(domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    psl::suffix(domain.as_bytes())
        .is_some_and(|suffix| suffix.is_known() && suffix.as_bytes() == domain.as_bytes())
}

/// The registrable domain of a host; an address or a name of one label is its own.
pub(crate) fn site_of(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    if is_address(&host) {
        return host;
    }
    match psl::domain_str(&host) {
        Some(domain) => domain.to_owned(),
        None => host,
    }
}

/// Whether a browser that is told by `host` to keep a cookie for `domain` does so.
pub(crate) fn may_set(host: &str, domain: &str) -> bool {
    let domain = domain_of_cookie(domain);
    let is_own = host.eq_ignore_ascii_case(domain);
    is_own || (is_below(host, domain) && !is_public_suffix(domain))
}

/// Whether `host` is a name below `domain`.
pub(crate) fn is_below(host: &str, domain: &str) -> bool {
    let (host, domain) = (host.to_ascii_lowercase(), domain.to_ascii_lowercase());
    !is_address(&host) && host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'))
}

/// An IP address, with or without the brackets of URLs.
pub(crate) fn is_address(host: &str) -> bool {
    host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok()
}

/// Whether browsers trust the host without https.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    let is_loopback = bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    is_loopback || bare.eq_ignore_ascii_case("localhost") || is_below(bare, "localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_are_those_of_the_public_suffix_list() {
        for (host, site) in [
            ("app.example.com", "example.com"),
            ("EXAMPLE.com", "example.com"),
            ("a.b.example.co.uk", "example.co.uk"),
            ("my-app.vercel.app", "my-app.vercel.app"),
            ("localhost", "localhost"),
            ("127.0.0.1", "127.0.0.1"),
        ] {
            assert_eq!(site_of(host), site, "{host}");
        }
        for suffix in ["com", "co.uk", "vercel.app", "github.io"] {
            assert!(is_public_suffix(suffix), "{suffix}");
        }
        for domain in ["example.com", "localhost", "internal", "127.0.0.1"] {
            assert!(!is_public_suffix(domain), "{domain}");
        }
    }

    #[test]
    fn a_host_sets_cookies_for_itself_and_what_is_above_it() {
        assert!(may_set("app.example.com", "example.com"));
        assert!(may_set("app.example.com", ".example.com"));
        assert!(may_set("localhost", "localhost"));
        assert!(!may_set("example.com", "app.example.com"));
        assert!(!may_set("myexample.com", "example.com"));
        assert!(!may_set("app.co.uk", "co.uk"));
        assert!(!may_set("127.0.0.1", "0.0.1"));
    }

    #[test]
    fn loopback_needs_no_https() {
        for host in ["localhost", "app.localhost", "127.0.0.1", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        assert!(!is_loopback("localhost.example.com"));
    }
}
