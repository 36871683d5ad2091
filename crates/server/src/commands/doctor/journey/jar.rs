//! The cookies of a browser, and its reasons not to keep or not to send one (RFC 6265bis, 5.6 and 5.8).

use std::fmt;

use super::super::place::Place;
use crate::site;

#[derive(Default)]
pub(super) struct Jar(Vec<Kept>);

struct Kept {
    name: String,
    value: String,
    /// The host that set it, or the domain that it is for.
    domain: String,
    is_host_only: bool,
    path: String,
    is_secure: bool,
    is_for_every_site: bool,
}

/// Why a browser drops a cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Dropped {
    SecureOverHttp,
    PrefixWithoutSecure,
    PublicSuffix(String),
    ForeignDomain(String),
    AnotherSite,
    SameSiteNone,
    NoPair,
}

/// Why a browser does not send a cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Withheld {
    /// It belongs to another host.
    Host(String),
    Path(String),
    SecureOverHttp,
    AnotherSite,
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SecureOverHttp => f.write_str("it is `Secure`, and the answer came over http"),
            Self::PrefixWithoutSecure => {
                f.write_str("its name begins with `__Secure-` or `__Host-`, and the attributes do not fit that")
            }
            Self::PublicSuffix(domain) => write!(f, "its `Domain={domain}` is a public suffix"),
            Self::ForeignDomain(domain) => {
                write!(f, "its `Domain={domain}` is not that of the host that set it")
            }
            Self::AnotherSite => f.write_str(
                "the page is on another site than the server, and the cookie is not `SameSite=None`",
            ),
            Self::SameSiteNone => f.write_str("it is `SameSite=None` without `Secure`"),
            Self::NoPair => f.write_str("it is no `name=value`"),
        }
    }
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => write!(f, "it belongs to {host}"),
            Self::Path(path) => write!(f, "it is for paths below {path}"),
            Self::SecureOverHttp => f.write_str("it is `Secure`, and the address is http"),
            Self::AnotherSite => {
                f.write_str("the page is on another site, and it is not `SameSite=None`")
            }
        }
    }
}

impl Jar {
    /// Keeps the cookie of a `Set-Cookie` line that `server` sent to a page of `page`; returns its name.
    pub(super) fn keep(
        &mut self,
        line: &str,
        server: &Place,
        page: &Place,
    ) -> Result<String, (String, Dropped)> {
        let mut fields = line.split(';').map(str::trim);
        let pair = fields.next().unwrap_or_default();
        let Some((name, value)) = pair.split_once('=') else {
            return Err((pair.to_owned(), Dropped::NoPair));
        };
        let mut kept = Kept {
            name: name.to_owned(),
            value: value.to_owned(),
            domain: server.host().to_owned(),
            is_host_only: true,
            path: "/".to_owned(),
            is_secure: false,
            is_for_every_site: false,
        };
        let mut is_deleted = value.is_empty();
        for field in fields {
            let (attribute, value) = field.split_once('=').unwrap_or((field, ""));
            match attribute.trim().to_ascii_lowercase().as_str() {
                "secure" => kept.is_secure = true,
                "samesite" => kept.is_for_every_site = value.trim().eq_ignore_ascii_case("none"),
                "path" if value.starts_with('/') => kept.path = value.trim().to_owned(),
                "max-age" => is_deleted |= value.trim().parse().is_ok_and(|age: i64| age <= 0),
                "domain" if !value.trim().is_empty() => {
                    kept.domain = site::domain_of_cookie(value.trim()).to_ascii_lowercase();
                    kept.is_host_only = false;
                }
                _ => {}
            }
        }
        if let Some(reason) = kept.refused(server, page) {
            return Err((kept.name, reason));
        }
        self.0.retain(|other| other.name != kept.name);
        let name = kept.name.clone();
        if !is_deleted {
            self.0.push(kept);
        }
        Ok(name)
    }

    /// The `Cookie` line for a request to `url` from a page of `page`.
    pub(super) fn line(&self, to: &Place, path: &str, page: &Place) -> Option<String> {
        let sent = self.0.iter().filter(|kept| kept.withheld(to, path, page).is_none());
        joined(sent)
    }

    /// The line of all cookies, wherever they belong.
    pub(super) fn whole_line(&self) -> Option<String> {
        joined(self.0.iter())
    }

    /// The cookies that such a request does not carry, and why.
    pub(super) fn withheld(&self, to: &Place, path: &str, page: &Place) -> Vec<(&str, Withheld)> {
        let withheld = |kept: &Kept| kept.withheld(to, path, page);
        self.0.iter().filter_map(|kept| Some((kept.name.as_str(), withheld(kept)?))).collect()
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.0.iter().map(|kept| kept.name.as_str()).collect()
    }
}

fn joined<'a>(cookies: impl Iterator<Item = &'a Kept>) -> Option<String> {
    let pairs: Vec<_> = cookies.map(|kept| format!("{}={}", kept.name, kept.value)).collect();
    (!pairs.is_empty()).then(|| pairs.join("; "))
}

impl Kept {
    fn refused(&self, server: &Place, page: &Place) -> Option<Dropped> {
        let is_host_prefixed = self.name.starts_with("__Host-");
        let fits_prefix = match () {
            () if is_host_prefixed => self.is_secure && self.is_host_only && self.path == "/",
            () if self.name.starts_with("__Secure-") => self.is_secure,
            () => true,
        };
        if !fits_prefix {
            return Some(Dropped::PrefixWithoutSecure);
        }
        if self.is_secure && !server.is_trustworthy() {
            return Some(Dropped::SecureOverHttp);
        }
        if self.is_for_every_site && !self.is_secure {
            return Some(Dropped::SameSiteNone);
        }
        if !self.is_host_only && !site::may_set(server.host(), &self.domain) {
            let domain = self.domain.clone();
            return Some(match site::is_public_suffix(&domain) {
                true => Dropped::PublicSuffix(domain),
                false => Dropped::ForeignDomain(domain),
            });
        }
        (!self.is_for_every_site && !server.is_same_site(page)).then_some(Dropped::AnotherSite)
    }

    fn withheld(&self, to: &Place, path: &str, page: &Place) -> Option<Withheld> {
        let is_own = to.host() == self.domain;
        if !is_own && (self.is_host_only || !site::is_below(to.host(), &self.domain)) {
            return Some(Withheld::Host(self.domain.clone()));
        }
        let is_below = path == self.path
            || path
                .strip_prefix(&self.path)
                .is_some_and(|rest| self.path.ends_with('/') || rest.starts_with('/'));
        if !is_below {
            return Some(Withheld::Path(self.path.clone()));
        }
        if self.is_secure && !to.is_trustworthy() {
            return Some(Withheld::SecureOverHttp);
        }
        (!self.is_for_every_site && !to.is_same_site(page)).then_some(Withheld::AnotherSite)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Place {
        text.parse().unwrap()
    }

    fn kept(line: &str, server: &str, page: &str) -> Result<String, Dropped> {
        Jar::default().keep(line, &place(server), &place(page)).map_err(|(_, reason)| reason)
    }

    #[test]
    fn a_browser_drops_what_it_must() {
        let app = "https://app.example.com";
        let auth = "https://auth.example.com";
        for (line, server, page, outcome) in [
            ("a=b; Path=/; HttpOnly; SameSite=Lax", auth, app, Ok(())),
            ("a=b; Domain=example.com; Secure", auth, app, Ok(())),
            ("a=b; Domain=com", auth, app, Err(Dropped::PublicSuffix("com".to_owned()))),
            (
                "a=b; Domain=example.org",
                auth,
                app,
                Err(Dropped::ForeignDomain("example.org".to_owned())),
            ),
            (
                "a=b; Secure",
                "http://auth.example.com",
                "http://app.example.com",
                Err(Dropped::SecureOverHttp),
            ),
            ("__Secure-a=b; Secure", "http://localhost:4000", "http://localhost:3000", Ok(())),
            ("__Secure-a=b", auth, app, Err(Dropped::PrefixWithoutSecure)),
            (
                "__Host-a=b; Secure; Domain=example.com",
                auth,
                app,
                Err(Dropped::PrefixWithoutSecure),
            ),
            ("a=b", auth, "https://app.example.org", Err(Dropped::AnotherSite)),
            ("a=b; SameSite=None; Secure", auth, "https://app.example.org", Ok(())),
            ("a=b; SameSite=None", auth, app, Err(Dropped::SameSiteNone)),
            ("a", auth, app, Err(Dropped::NoPair)),
        ] {
            assert_eq!(kept(line, server, page).map(drop), outcome, "{line} {server} {page}");
        }
    }

    #[test]
    fn a_browser_sends_where_it_may() {
        let (app, auth) = (place("https://app.example.com"), place("https://auth.example.com"));
        let api = place("https://api.example.com");
        let mut jar = Jar::default();
        jar.keep("own=1; Path=/", &auth, &app).unwrap();
        jar.keep("shared=2; Domain=example.com; Path=/", &auth, &app).unwrap();
        jar.keep("deep=3; Domain=example.com; Path=/auth", &auth, &app).unwrap();
        assert_eq!(jar.line(&auth, "/auth/me", &app).unwrap(), "own=1; shared=2; deep=3");
        assert_eq!(jar.line(&api, "/authors", &app).unwrap(), "shared=2");
        assert_eq!(
            jar.withheld(&api, "/me", &app),
            [
                ("own", Withheld::Host("auth.example.com".to_owned())),
                ("deep", Withheld::Path("/auth".to_owned()))
            ]
        );
        assert_eq!(jar.line(&api, "/me", &place("https://app.example.org")), None);
        jar.keep("own=; Max-Age=0", &auth, &app).unwrap();
        assert_eq!(jar.names(), ["shared", "deep"]);
    }

    #[test]
    fn ports_of_one_host_share_cookies() {
        let (page, server) = (place("http://localhost:3000"), place("http://localhost:4000"));
        let mut jar = Jar::default();
        jar.keep("a=1; Path=/", &server, &page).unwrap();
        assert_eq!(jar.line(&place("http://localhost:8000"), "/", &page).unwrap(), "a=1");
    }
}
