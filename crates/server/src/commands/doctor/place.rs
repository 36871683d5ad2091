//! Addresses of the command line: an origin, and perhaps a path.

use std::str::FromStr;

use http::Uri;

use crate::site;

/// Where something is, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    scheme: String,
    /// Host and port.
    authority: String,
    host: String,
    pub(super) path: String,
}

#[derive(Debug, thiserror::Error)]
#[error("expected a URL such as http://localhost:3000")]
pub(super) struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let uri: Uri = text.parse().map_err(|_| NoPlace)?;
        let scheme = uri.scheme_str().filter(|scheme| ["http", "https"].contains(scheme));
        let (Some(scheme), Some(authority), Some(host)) = (scheme, uri.authority(), uri.host())
        else {
            return Err(NoPlace);
        };
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(NoPlace);
        }
        let default_port = if scheme == "https" { ":443" } else { ":80" };
        let authority = authority.as_str().to_ascii_lowercase();
        Ok(Self {
            scheme: scheme.to_owned(),
            authority: authority.strip_suffix(default_port).unwrap_or(&authority).to_owned(),
            host: host.to_ascii_lowercase(),
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl Place {
    pub(super) fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn with_path(self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self }
    }

    /// The URL of a path below the origin.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// Whether a browser sends `Secure` cookies there.
    pub(super) fn is_trustworthy(&self) -> bool {
        self.scheme == "https" || site::is_loopback(&self.host)
    }

    /// Whether browsers take both for one site: scheme and registrable domain.
    pub(super) fn is_same_site(&self, other: &Self) -> bool {
        self.scheme == other.scheme && site::site_of(&self.host) == site::site_of(&other.host)
    }

    /// The value of `Sec-Fetch-Site` for a request from a page of `other`.
    pub(super) fn fetched_from(&self, other: &Self) -> &'static str {
        match () {
            () if self.origin() == other.origin() => "same-origin",
            () if self.is_same_site(other) => "same-site",
            () => "cross-site",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Place {
        text.parse().unwrap()
    }

    #[test]
    fn an_origin_has_one_spelling() {
        assert_eq!(place("HTTPS://App.Example.com:443/x/").origin(), "https://app.example.com");
        assert_eq!(place("http://localhost:3000").at("/a"), "http://localhost:3000/a");
        assert_eq!(place("https://a.example/api/auth/").path, "/api/auth");
        for text in ["localhost:3000", "ftp://a.example", "https://", "https://u:p@a.example", "/a"]
        {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }

    #[test]
    fn sites_are_told_apart_as_browsers_do() {
        let app = place("https://app.example.com");
        assert_eq!(app.fetched_from(&place("https://app.example.com")), "same-origin");
        assert_eq!(app.fetched_from(&place("https://auth.example.com")), "same-site");
        assert_eq!(app.fetched_from(&place("http://auth.example.com")), "cross-site");
        assert_eq!(app.fetched_from(&place("https://example.org")), "cross-site");
    }
}
