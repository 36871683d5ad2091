//! What a request carries to prove who sends it: cookies, or a bearer token.
//!
//! `Authorization: Bearer` decides alone where it is there. A client that sends a token means it, and
//! must hear that it is bad, and not be taken for whoever's cookie the browser adds. Other schemes are
//! somebody else's business and leave the cookies to speak.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};
use serde_json::{Map, Value};
use vestibule_tokens::cookie::{Cookies, chunks};
#[cfg(feature = "remote")]
use vestibule_tokens::encoding::encode_uri_component;
use vestibule_tokens::encoding::{decode_base64url, decode_uri_component};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
use vestibule_tokens::signature::SigningKey;

use crate::Refusal;

/// What browsers put before the name of a cookie that only HTTPS may set.
const SECURE: &str = "__Secure-";

/// Longer raw tokens are refused unread; the reference's have 32 characters.
const SESSION_TOKEN_LIMIT: usize = 512;

/// The names of the cookies, as the auth server's `advanced.cookiePrefix` and `advanced.cookies` have
/// them. Each is looked for with and without `__Secure-`, which production adds and development does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieNames {
    session_token: String,
    session_data: String,
}

impl Default for CookieNames {
    fn default() -> Self {
        Self::with_prefix("better-auth")
    }
}

impl CookieNames {
    /// For `advanced.cookiePrefix`.
    pub fn with_prefix(prefix: &str) -> Self {
        Self {
            session_token: format!("{prefix}.session_token"),
            session_data: format!("{prefix}.session_data"),
        }
    }

    /// For `advanced.cookies.session_token.name`, without `__Secure-`.
    #[must_use]
    pub fn session_token(mut self, name: &str) -> Self {
        name.strip_prefix(SECURE).unwrap_or(name).clone_into(&mut self.session_token);
        self
    }

    /// For `advanced.cookies.session_data.name`, without `__Secure-`.
    #[must_use]
    pub fn session_data(mut self, name: &str) -> Self {
        name.strip_prefix(SECURE).unwrap_or(name).clone_into(&mut self.session_data);
        self
    }
}

/// What was found, not yet believed.
#[cfg_attr(
    not(any(feature = "postgres", feature = "sqlite", feature = "remote")),
    expect(dead_code, reason = "such a build has nobody to show a session token to")
)]
pub(crate) enum Credential<'r> {
    Cookies(SessionCookies<'r>),
    /// A session token as it stands in the database.
    SessionToken(&'r str),
    /// `token.signature`, as the header `set-auth-token` gives it out.
    SignedToken(Cow<'r, str>),
    Jwt(&'r str),
}

impl<'r> Credential<'r> {
    pub(crate) fn read(headers: &'r HeaderMap, names: &CookieNames) -> Result<Self, Refusal> {
        if let Some(token) = bearer(headers)? {
            return Self::of_bearer(token);
        }
        SessionCookies::read(headers, names).map(Self::Cookies).ok_or(Refusal::Missing)
    }

    fn of_bearer(token: &'r str) -> Result<Self, Refusal> {
        if is_jose(token) {
            return Ok(Self::Jwt(token));
        }
        if token.contains('.') {
            let decoded = decode_uri_component(token).unwrap_or(Cow::Borrowed(token));
            return Ok(Self::SignedToken(decoded));
        }
        if token.len() > SESSION_TOKEN_LIMIT {
            return Err(Refusal::invalid("bearer token", "it is too long for a session token"));
        }
        Ok(Self::SessionToken(token))
    }

    /// The session token, once its signature has been checked with the server's secret. Holders of a
    /// raw token need no signature: nobody can guess it, and the database has the last word.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(crate) fn session_token(&self, key: &SigningKey) -> Result<Cow<'_, str>, Refusal> {
        const WHY: &str = "its signature was not made with this service's secret";
        match self {
            Self::Cookies(cookies) => cookies
                .tokens()
                .find_map(|found| Some(Cow::Owned(key.verify(&found.signed)?.to_owned())))
                .ok_or_else(|| Refusal::invalid("session cookie", WHY)),
            Self::SignedToken(signed) => {
                let token = key.verify(signed);
                token.map(Cow::Borrowed).ok_or_else(|| Refusal::invalid("bearer token", WHY))
            }
            Self::SessionToken(token) => Ok(Cow::Borrowed(*token)),
            Self::Jwt(_) => Err(Refusal::invalid("bearer token", "it is a JWT")),
        }
    }
}

/// The token of the `Authorization` header, if its scheme is `Bearer`.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let invalid = |why: &str| Refusal::invalid("bearer token", why);
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let is_bearer = |bytes: &[u8]| {
        bytes.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"))
            && matches!(bytes.get(6), None | Some(b' '))
    };
    if !is_bearer(value.as_bytes()) {
        return Ok(None);
    }
    if values.next().is_some() {
        return Err(invalid("the request has several `Authorization` headers"));
    }
    let Ok(text) = value.to_str() else {
        return Err(invalid("it has characters that no token has"));
    };
    match text[6..].trim() {
        "" => Err(invalid("it is empty")),
        token if token.contains([' ', '\t']) => Err(invalid("there is a space in it")),
        token => Ok(Some(token)),
    }
}

/// Whether this is a JWT, signed or encrypted: its first segment is a header.
fn is_jose(token: &str) -> bool {
    let mut segments = token.split('.');
    let header = segments.next().and_then(decode_base64url);
    let is_header = |header: Vec<u8>| serde_json::from_slice::<Map<String, Value>>(&header).is_ok();
    header.is_some_and(is_header) && segments.count() >= 2
}

/// The session's cookies of a request, of which at least one is there.
pub(crate) struct SessionCookies<'r> {
    header: Cow<'r, [u8]>,
    /// With and without `__Secure-`, as far as they came. A sibling domain cannot forge the first.
    found: Vec<Names>,
}

struct Names {
    session_token: String,
    session_data: String,
}

impl<'r> SessionCookies<'r> {
    fn read(headers: &'r HeaderMap, names: &CookieNames) -> Option<Self> {
        let header = joined(headers)?;
        let spelled = ["__Secure-", ""].map(|prefix| Names {
            session_token: format!("{prefix}{}", names.session_token),
            session_data: format!("{prefix}{}", names.session_data),
        });
        let cookies = Cookies::new(&header);
        let is_there = |names: &Names| {
            cookies.get(&names.session_token).is_some_and(|value| !value.is_empty())
        };
        let found: Vec<_> = spelled.into_iter().filter(is_there).collect();
        (!found.is_empty()).then_some(Self { header, found })
    }

    /// The session tokens with their signatures, none of which has been checked.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = TokenCookie<'_>> {
        self.found.iter().filter_map(|names| {
            let signed = Cookies::new(&self.header).get(&names.session_token)?;
            Some(TokenCookie { name: &names.session_token, data: &names.session_data, signed })
        })
    }

    /// The session's copy that belongs to a token, put together where it came in chunks.
    pub(crate) fn session_data(&self, token: &TokenCookie<'_>) -> Option<String> {
        chunks::join(&self.header, token.data)
    }

    /// These cookies and no others, for the auth server.
    #[cfg(feature = "remote")]
    pub(crate) fn forwarded(&self, with_cache: bool) -> String {
        let mut pairs = Vec::new();
        for token in self.tokens() {
            pairs.push(format!("{}={}", token.name, encode_uri_component(&token.signed)));
            let cache =
                if with_cache { chunks::names(&self.header, token.data) } else { Vec::new() };
            for name in cache {
                if let Some(value) = Cookies::new(&self.header).get(&name) {
                    pairs.push(format!("{name}={}", encode_uri_component(&value)));
                }
            }
        }
        pairs.join("; ")
    }
}

/// A session token as one of the cookies carries it.
pub(crate) struct TokenCookie<'c> {
    #[cfg_attr(not(feature = "remote"), expect(dead_code, reason = "only an auth server is told"))]
    name: &'c str,
    /// The name of the cookie with the session's copy.
    data: &'c str,
    /// `token.signature`
    pub(crate) signed: Cow<'c, str>,
}

/// One header of several: HTTP/2 may split it (RFC 9113, 8.2.3).
fn joined(headers: &HeaderMap) -> Option<Cow<'_, [u8]>> {
    let mut values = headers.get_all(COOKIE).iter().map(http::HeaderValue::as_bytes);
    let first = values.next()?;
    let rest: Vec<_> = values.collect();
    if rest.is_empty() {
        return Some(Cow::Borrowed(first));
    }
    Some(Cow::Owned([&[first], rest.as_slice()].concat().join(&b"; "[..])))
}
