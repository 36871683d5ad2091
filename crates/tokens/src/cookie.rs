//! Cookies: reading the request's `Cookie` header, writing `Set-Cookie`.
//!
//! The reference reads the header in two ways, and they disagree about duplicates:
//! [`Cookies`] finds the cookies of endpoints, the first of a name wins; [`parse_strict`] lists
//! all well-formed cookies for chunked caches and multi-session, the last of a name wins.
//!
//! Both take bytes, so that one odd byte in a stranger's cookie cannot hide ours. A request with
//! several `Cookie` headers is joined with `"; "` first (RFC 9113, 8.2.3).
//!
//! Reference: better-call 1.4.0, `cookies`; better-auth 1.7.7, `cookies/cookie-utils`.

pub mod chunks;

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::encoding::{decode_uri_component, encode_uri_component};

/// The longest lifetime of a cookie, 400 days; seconds.
pub const MAX_AGE_LIMIT_SECONDS: u64 = 34_560_000;

/// The cookies of a request as endpoints see them.
///
/// A view: nothing is parsed or copied until a cookie is asked for.
#[derive(Clone, Copy)]
pub struct Cookies<'h> {
    header: &'h [u8],
}

impl<'h> Cookies<'h> {
    pub fn new(header: &'h [u8]) -> Self {
        Self { header }
    }

    /// The decoded value of the first cookie of this name.
    pub fn get(self, name: &str) -> Option<Cow<'h, str>> {
        let (_, value) = self
            .header
            .split(|&byte| byte == b';')
            .filter_map(split_pair)
            .find(|(key, _)| trim(key, is_js_space) == name.as_bytes())?;
        let value = match trim(value, is_js_space) {
            // Reference quirk: an opening quote takes the last character with it, whatever it is.
            [b'"', inner @ .., _] => inner,
            b"\"" => b"",
            value => value,
        };
        Some(decode(latin1(value)))
    }
}

impl fmt::Debug for Cookies<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookies([redacted])")
    }
}

/// All well-formed cookies of a request, decoded.
///
/// A pair with a name that is not a token (RFC 7230, 3.2.6) or a value with other characters than
/// cookie octets (RFC 6265, 4.1.1), space and comma is dropped. Of duplicates the first gives the
/// place and the last the value, as in a JavaScript `Map`.
pub fn parse_strict(header: &[u8]) -> Vec<(&str, Cow<'_, str>)> {
    let mut cookies: Vec<(&str, Cow<'_, str>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (name, value) in header.split(|&byte| byte == b';').filter_map(split_pair) {
        let name = trim(name, is_optional_space);
        let value = match trim(value, is_optional_space) {
            [b'"', inner @ .., b'"'] => inner,
            value => value,
        };
        let well_formed = is_token(name) && value.iter().all(|&byte| is_cookie_byte(byte));
        let (true, Ok(name), Ok(value)) =
            (well_formed, str::from_utf8(name), str::from_utf8(value))
        else {
            continue;
        };
        let value = decode(Cow::Borrowed(value));
        match places.entry(name) {
            Entry::Occupied(place) => cookies[*place.get()].1 = value,
            Entry::Vacant(place) => {
                place.insert(cookies.len());
                cookies.push((name, value));
            }
        }
    }
    cookies
}

/// The `Cookie` header with one cookie set, written anew: only well-formed cookies stay.
pub fn set_request_cookie(header: &[u8], name: &str, value: &str) -> String {
    let mut cookies = parse_strict(header);
    match cookies.iter_mut().find(|(existing, _)| *existing == name) {
        Some((_, existing)) => *existing = Cow::Borrowed(value),
        None if is_token(name.as_bytes()) => cookies.push((name, Cow::Borrowed(value))),
        None => {}
    }
    let pairs: Vec<String> = cookies
        .iter()
        .map(|(name, value)| format!("{name}={}", encode_uri_component(value)))
        .collect();
    pairs.join("; ")
}

/// The attributes of a cookie, each of which may be left open.
///
/// Defaults and options are layers that are [merged](Self::merge); the field names of the
/// configuration are the reference's.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Attributes {
    /// Seconds; a cookie without it ends with the browser session.
    #[serde(rename = "maxAge")]
    pub max_age_seconds: Option<u64>,
    pub domain: Option<String>,
    pub path: Option<String>,
    /// Written if set, but set by nothing here: lifetimes are given by `maxAge`.
    #[serde(skip)]
    pub expires: Option<SystemTime>,
    pub http_only: Option<bool>,
    pub secure: Option<bool>,
    pub same_site: Option<SameSite>,
    pub partitioned: Option<bool>,
}

impl Attributes {
    /// These attributes, with those that `over` sets in their place.
    #[must_use]
    pub fn merge(self, over: Self) -> Self {
        Self {
            max_age_seconds: over.max_age_seconds.or(self.max_age_seconds),
            domain: over.domain.or(self.domain),
            path: over.path.or(self.path),
            expires: over.expires.or(self.expires),
            http_only: over.http_only.or(self.http_only),
            secure: over.secure.or(self.secure),
            same_site: over.same_site.or(self.same_site),
            partitioned: over.partitioned.or(self.partitioned),
        }
    }
}

/// Which requests from other sites carry the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SameSite {
    #[serde(alias = "Strict")]
    Strict,
    #[serde(alias = "Lax")]
    Lax,
    #[serde(alias = "None")]
    None,
}

impl SameSite {
    fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        }
    }
}

/// A cookie to be set.
#[derive(Clone, PartialEq)]
pub struct SetCookie {
    pub name: String,
    /// As the application sees it; percent-encoded when written.
    pub value: String,
    pub attributes: Attributes,
}

impl SetCookie {
    /// The cookie that makes a browser forget the one of this name, domain and path.
    pub fn expired(name: impl Into<String>, attributes: Attributes) -> Self {
        let over = Attributes { max_age_seconds: Some(0), ..Attributes::default() };
        Self { name: name.into(), value: String::new(), attributes: attributes.merge(over) }
    }

    /// The value of the `Set-Cookie` header.
    pub fn serialize(&self) -> Result<String, InvalidCookie> {
        let Attributes { max_age_seconds, expires, .. } = self.attributes;
        let host_only = self.name.starts_with("__Host-");
        let domain = self.attributes.domain.as_deref().filter(|it| !host_only && !it.is_empty());
        let path = if host_only { Some("/") } else { self.attributes.path.as_deref() };
        let path = path.filter(|path| !path.is_empty());
        let is_set = |flag: Option<bool>| flag == Some(true);
        let partitioned = is_set(self.attributes.partitioned);
        // Browsers drop a cookie that has these prefixes or is partitioned, and is not secure.
        let secure = is_set(self.attributes.secure)
            || host_only
            || partitioned
            || self.name.starts_with("__Secure-");

        if [Some(self.name.as_str()), domain, path].into_iter().flatten().any(ends_attribute) {
            return Err(InvalidCookie::Character);
        }
        if max_age_seconds.is_some_and(|max_age| max_age > MAX_AGE_LIMIT_SECONDS) {
            return Err(InvalidCookie::MaxAge);
        }

        let mut line = format!("{}={}", self.name, encode_uri_component(&self.value));
        if let Some(max_age) = max_age_seconds {
            line += &format!("; Max-Age={max_age}");
        }
        if let Some(domain) = domain {
            line += &format!("; Domain={domain}");
        }
        if let Some(path) = path {
            line += &format!("; Path={path}");
        }
        if let Some(expires) = expires {
            line += &format!("; Expires={}", http_date(expires));
        }
        if is_set(self.attributes.http_only) {
            line += "; HttpOnly";
        }
        if secure {
            line += "; Secure";
        }
        if let Some(same_site) = self.attributes.same_site {
            line += &format!("; SameSite={}", same_site.as_str());
        }
        if partitioned {
            line += "; Partitioned";
        }
        Ok(line)
    }
}

impl fmt::Debug for SetCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetCookie")
            .field("name", &self.name)
            .field("value", &format_args!("[redacted]"))
            .field("attributes", &self.attributes)
            .finish()
    }
}

/// Why a cookie cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidCookie {
    /// `Max-Age` is more than [`MAX_AGE_LIMIT_SECONDS`].
    MaxAge,
    /// The name, domain or path holds a semicolon or a control character.
    Character,
}

impl fmt::Display for InvalidCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MaxAge => {
                "Cookies Max-Age SHOULD NOT be greater than 400 days (34560000 seconds) in duration."
            }
            Self::Character => {
                "the name, domain or path of a cookie holds a semicolon or a control character"
            }
        })
    }
}

impl std::error::Error for InvalidCookie {}

fn split_pair(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = pair.iter().position(|&byte| byte == b'=')?;
    Some((&pair[..at], &pair[at + 1..]))
}

fn trim(mut bytes: &[u8], is_space: fn(u8) -> bool) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_space(*first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && is_space(*last)
    {
        bytes = rest;
    }
    bytes
}

/// What `String.prototype.trim` takes away, of the characters that a byte can be.
fn is_js_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ' | 0xa0)
}

/// OWS of RFC 7230, 3.2.3.
fn is_optional_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn is_token(name: &[u8]) -> bool {
    let is_token_byte =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !name.is_empty() && name.iter().all(is_token_byte)
}

fn is_cookie_byte(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b';' | b'\\')
}

/// Whether the text would break out of its attribute or its header.
fn ends_attribute(text: &str) -> bool {
    text.bytes().any(|byte| byte == b';' || byte.is_ascii_control())
}

/// Header bytes as the reference's runtime hands them over: one byte, one character.
fn latin1(bytes: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
    }
}

/// The percent-decoded text; malformed escapes keep it as it is.
fn decode(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => decode_uri_component(text).unwrap_or(Cow::Borrowed(text)),
        Cow::Owned(text) => match decode_uri_component(&text) {
            Some(Cow::Owned(decoded)) => Cow::Owned(decoded),
            _ => Cow::Owned(text),
        },
    }
}

/// The date form of RFC 9110, 5.6.7; times before the epoch, long past either way, become it.
fn http_date(time: SystemTime) -> String {
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, second) = (seconds / 86_400, seconds % 86_400);

    // The civil calendar in years that begin in March, so that the leap day is the last day.
    // Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = (march_month + 2) % 12;
    let year = era * 400 + year_of_era + u64::from(month < 2);

    let weekday = WEEKDAYS[(days % 7) as usize];
    let month = MONTHS[month as usize];
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT")
}

#[cfg(test)]
mod tests;
