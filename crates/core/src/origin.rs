//! Which origins may talk to us and be sent to: the one judge of `Origin`, `Referer` and redirect
//! targets.
//!
//! [`TrustedOrigins`] is parsed once, at start, from the patterns of the configuration; asking it
//! allocates little, and nothing at all for the usual `Origin` header that is spelled as it was
//! configured. What holds for a single request only (its own origin, the answer of a
//! function-valued `trustedOrigins`) stands beside it in a [`RequestTrust`], so that one request's
//! data can never widen another's trust.
//!
//! A pattern is one of
//! - an origin, `https://app.example`: equal to the origin of the URL, to the letter;
//! - a wildcard with a scheme, `https://*.app.example`: matched against the origin, or, where the
//!   scheme has none (`exp://192.168.*.*:*/**`), against the URL as it was sent;
//! - a wildcard without one, `*.app.example`: matched against host and port;
//! - the URL of another scheme, `myapp://callback`: same scheme, same authority if one is given,
//!   and a path that lies at or below the given one after percent-decoding and resolving dot
//!   segments.
//!
//! `*` and `?` do not match a slash of either kind, but they do match dots; a segment `**` matches
//! any number of segments.
//!
//! Stricter than the reference, where no client depends on the difference:
//! - a URL that the URL parser refuses, that holds a control character, or a backslash before its
//!   query (which readers of URLs disagree about), is never trusted;
//! - `javascript:`, `data:` and `vbscript:` are never trusted, whatever the pattern;
//! - a closing `/**` begins at a slash, so `https://app.example/**` does not cover
//!   `https://app.example.evil`;
//! - a relative path whose dot segments resolve to `//host` is not relative (`/.//evil.example`);
//! - one malformed escape does not switch off decoding for the whole path.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::{Position, Url};

/// Patterns for the loopback origins that are trusted outside production.
pub const LOOPBACK_ORIGINS: [&str; 12] = [
    "http://localhost",
    "http://localhost:*",
    "http://127.0.0.1",
    "http://127.0.0.1:*",
    "http://[::1]",
    "http://[::1]:*",
    "https://localhost",
    "https://localhost:*",
    "https://127.0.0.1",
    "https://127.0.0.1:*",
    "https://[::1]",
    "https://[::1]:*",
];

/// Schemes that run or embed what follows them when a browser is sent there.
const SCRIPT_SCHEMES: [&str; 3] = ["javascript", "data", "vbscript"];

/// Whether a path on our own origin (`/dashboard`) will do in the place of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelativePaths {
    Allowed,
    Refused,
}

/// The configured patterns, parsed.
#[derive(Debug, Clone, Default)]
pub struct TrustedOrigins {
    /// Origins to be equal to, each in the spelling of the URL parser.
    origins: Vec<String>,
    patterns: Vec<Pattern>,
    never_matching: Vec<String>,
}

/// What one request may trust: the configuration, and what holds for this request alone.
#[derive(Debug, Clone, Copy)]
pub struct RequestTrust<'a> {
    pub configured: &'a TrustedOrigins,
    /// The answer of a function-valued `trustedOrigins` for this request.
    pub this_request: Option<&'a TrustedOrigins>,
    /// The request's own origin, where no base URL is configured.
    pub learned_origin: Option<&'a str>,
}

#[derive(Debug, Clone)]
enum Pattern {
    Origin(Wildcard),
    Host(Wildcard),
    Scheme(SchemeUrl),
}

/// A URL of a scheme that has no origin, taken apart for comparison by segments.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SchemeUrl {
    scheme: String,
    authority: String,
    path: Vec<Vec<u8>>,
}

/// An absolute URL that is asked about, parsed once for all patterns.
struct Candidate<'a> {
    text: &'a str,
    url: Url,
    origin: Option<String>,
}

/// A compiled wildcard pattern, matched in time linear in the text.
///
/// The text comes from outside, so backtracking is out of the question: `a*b*c*/**` against a long
/// URL must not become a denial of service.
#[derive(Debug, Clone)]
pub(crate) struct Wildcard {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Literal(char),
    /// `?`: one character that is no slash.
    AnyCharacter,
    /// `*`: any number of them.
    AnyCharacters,
    /// What stands between two segments: one slash or more.
    Slashes,
    /// The end of a pattern forgives trailing slashes.
    TrailingSlashes,
    /// `**` before another segment: any number of segments, each with its slash.
    Segments,
    /// `**` at the end, directly after a slash: anything.
    Rest,
    /// `/**` at the end: nothing, or a slash and anything.
    Below,
}

impl TrustedOrigins {
    /// Parses the patterns of the configuration; blank ones are skipped.
    pub fn parse<P: AsRef<str>>(patterns: impl IntoIterator<Item = P>) -> Self {
        let mut trusted = Self::default();
        for pattern in patterns {
            trusted.add(pattern.as_ref());
        }
        trusted
    }

    pub fn is_trusted(&self, url: &str, relative: RelativePaths) -> bool {
        if url.starts_with('/') {
            return relative == RelativePaths::Allowed && stays_on_our_origin(url);
        }
        if self.origins.iter().any(|origin| origin == url) {
            return true;
        }
        let Some(candidate) = Candidate::parse(url) else { return false };
        self.trusts(&candidate)
    }

    /// Patterns that no URL can match, such as `https://app.example/` with its trailing slash;
    /// worth a warning at start.
    pub fn never_matching(&self) -> &[String] {
        &self.never_matching
    }

    fn add(&mut self, pattern: &str) {
        if pattern.is_empty() {
            return;
        }
        if pattern.starts_with("http") && pattern.contains("://") && pattern.ends_with('/') {
            self.never_matching.push(pattern.to_owned());
        } else if pattern.contains(['*', '?']) {
            let wildcard = Wildcard::new(pattern);
            self.patterns.push(match pattern.contains("://") {
                true => Pattern::Origin(wildcard),
                false => Pattern::Host(wildcard),
            });
        } else if http_origin(pattern).is_some_and(|origin| origin == pattern) {
            self.origins.push(pattern.to_owned());
        } else {
            match SchemeUrl::parse(pattern) {
                Some(url) if !is_http(&url.scheme) => self.patterns.push(Pattern::Scheme(url)),
                _ => self.never_matching.push(pattern.to_owned()),
            }
        }
    }

    fn trusts(&self, candidate: &Candidate<'_>) -> bool {
        let http_origin = candidate.http_origin();
        self.origins.iter().any(|origin| Some(origin.as_str()) == http_origin)
            || self.patterns.iter().any(|pattern| pattern.matches(candidate))
    }
}

impl RequestTrust<'_> {
    pub fn is_trusted(&self, url: &str, relative: RelativePaths) -> bool {
        self.configured.is_trusted(url, relative)
            || self.this_request.is_some_and(|trusted| trusted.is_trusted(url, relative))
            || self.learned_origin.is_some_and(|own| http_origin(url).as_deref() == Some(own))
    }
}

/// The origin of a URL as a browser serialises it; none for what does not parse and for schemes
/// without an origin.
pub fn origin_of(url: &str) -> Option<String> {
    tuple_origin(&Url::parse(url).ok()?)
}

/// The origin of a URL that is itself http or https; `blob:https://app.example` has an origin, but
/// is not that site.
fn http_origin(url: &str) -> Option<String> {
    let candidate = Candidate::parse(url)?;
    if is_http(candidate.url.scheme()) { candidate.origin } else { None }
}

fn tuple_origin(url: &Url) -> Option<String> {
    let origin = url.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

fn is_http(scheme: &str) -> bool {
    matches!(scheme, "http" | "https")
}

/// Whether a target that starts with `/` keeps to our origin in every reader's eyes: browsers,
/// proxies that decode before they route, and URL parsers that resolve dot segments first.
fn stays_on_our_origin(target: &str) -> bool {
    if target.contains(|c: char| c == '\\' || c.is_control()) {
        return false;
    }
    let path = target.split(['?', '#']).next().unwrap_or(target).to_ascii_lowercase();
    if path.contains("%2f") || path.contains("%5c") {
        return false;
    }
    !target.starts_with("//") && resolved_path(target).is_some_and(|path| !path.starts_with("//"))
}

/// The path of a root-relative target with its dot segments resolved.
fn resolved_path(target: &str) -> Option<String> {
    let url = Url::parse("http://relative.invalid").ok()?.join(target).ok()?;
    (url.host_str() == Some("relative.invalid")).then(|| url.path().to_owned())
}

impl<'a> Candidate<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let before_query = text.split(['?', '#']).next().unwrap_or(text);
        if text.contains(char::is_control) || before_query.contains('\\') {
            return None;
        }
        let url = Url::parse(text).ok()?;
        if SCRIPT_SCHEMES.contains(&url.scheme()) {
            return None;
        }
        let origin = tuple_origin(&url);
        Some(Self { text, url, origin })
    }

    fn http_origin(&self) -> Option<&str> {
        self.origin.as_deref().filter(|_| is_http(self.url.scheme()))
    }

    fn host_and_port(&self) -> &str {
        &self.url[Position::BeforeHost..Position::AfterPort]
    }
}

impl Pattern {
    fn matches(&self, candidate: &Candidate<'_>) -> bool {
        match self {
            Self::Origin(wildcard) => {
                wildcard.matches(candidate.origin.as_deref().unwrap_or(candidate.text))
            }
            Self::Host(wildcard) => {
                let host = candidate.host_and_port();
                !host.is_empty() && wildcard.matches(host)
            }
            Self::Scheme(url) => {
                url.scheme == candidate.url.scheme()
                    && SchemeUrl::parse(candidate.text).is_some_and(|other| url.covers(&other))
            }
        }
    }
}

impl SchemeUrl {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        let starts_well = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
        let goes_on_well = scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        if !starts_well || !goes_on_well {
            return None;
        }
        let rest = rest.split(['?', '#']).next().unwrap_or(rest);
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            None => ("", rest),
        };
        Some(Self {
            scheme: scheme.to_ascii_lowercase(),
            authority: authority.to_lowercase(),
            path: path_segments(path),
        })
    }

    fn covers(&self, other: &Self) -> bool {
        let same_authority = self.authority.is_empty() || self.authority == other.authority;
        self.scheme == other.scheme && same_authority && other.path.starts_with(&self.path)
    }
}

/// Segments after decoding and resolving; empty ones do not count.
fn path_segments(path: &str) -> Vec<Vec<u8>> {
    let decoded: Cow<'_, [u8]> = percent_decode_str(path).into();
    let mut segments: Vec<Vec<u8>> = Vec::new();
    for segment in decoded.split(|byte| *byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => {
                segments.pop();
            }
            _ => segments.push(segment.to_vec()),
        }
    }
    segments
}

impl Wildcard {
    pub(crate) fn new(pattern: &str) -> Self {
        let segments: Vec<&str> = pattern.split('/').collect();
        let mut tokens = Vec::new();
        for (at, segment) in segments.iter().enumerate() {
            let next = segments.get(at + 1);
            match *segment {
                "" if at > 0 => {}
                "**" => push_segments(&mut tokens, at, next),
                _ => push_segment(&mut tokens, segment, next),
            }
        }
        Self { tokens }
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let mut reached = vec![false; self.tokens.len() + 1];
        let mut after = reached.clone();
        self.enter(&mut reached, 0);
        for character in text.chars() {
            after.fill(false);
            let positions = reached.iter().take(self.tokens.len()).enumerate();
            for (at, _) in positions.filter(|(_, is_reached)| **is_reached) {
                if self.step(&mut after, at, character) {
                    return true;
                }
            }
            std::mem::swap(&mut reached, &mut after);
        }
        reached[self.tokens.len()]
    }

    /// Marks a position and those that follow it without consuming anything.
    fn enter(&self, reached: &mut [bool], mut at: usize) {
        reached[at] = true;
        while let Some(
            Token::AnyCharacters
            | Token::TrailingSlashes
            | Token::Segments
            | Token::Rest
            | Token::Below,
        ) = self.tokens.get(at)
        {
            at += 1;
            reached[at] = true;
        }
    }

    /// Consumes one character at a position; true when whatever follows is sure to match.
    fn step(&self, after: &mut [bool], at: usize, character: char) -> bool {
        let slash = matches!(character, '/' | '\\');
        match self.tokens[at] {
            Token::Literal(literal) if literal == character => self.enter(after, at + 1),
            Token::AnyCharacter if !slash => self.enter(after, at + 1),
            Token::AnyCharacters if !slash => self.enter(after, at),
            Token::TrailingSlashes if slash => self.enter(after, at),
            Token::Slashes if slash => {
                after[at] = true;
                self.enter(after, at + 1);
            }
            Token::Segments => {
                after[at] = true;
                if slash {
                    self.enter(after, at + 1);
                }
            }
            Token::Rest => return true,
            Token::Below => return slash,
            _ => {}
        }
        false
    }
}

fn push_segments(tokens: &mut Vec<Token>, at: usize, next: Option<&&str>) {
    match next {
        None if matches!(tokens.last(), None | Some(Token::Slashes | Token::Segments)) => {
            tokens.push(Token::Rest);
        }
        None => tokens.push(Token::Below),
        Some(&"**") => {}
        Some(_) => {
            if at > 0 {
                tokens.push(Token::Slashes);
            }
            tokens.push(Token::Segments);
        }
    }
}

fn push_segment(tokens: &mut Vec<Token>, segment: &str, next: Option<&&str>) {
    let mut characters = segment.chars();
    while let Some(character) = characters.next() {
        tokens.push(match character {
            '\\' => match characters.next() {
                Some(escaped) => Token::Literal(escaped),
                None => break,
            },
            '?' => Token::AnyCharacter,
            '*' => Token::AnyCharacters,
            literal => Token::Literal(literal),
        });
    }
    match next {
        None => tokens.push(Token::TrailingSlashes),
        Some(&"**") => {}
        Some(_) => tokens.push(Token::Slashes),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const VECTORS: &str = include_str!("../../testkit/vectors.json");

    const PATTERNS: [&str; 10] = [
        "https://app.com",
        "http://localhost:3000",
        "https://*.t.com",
        "*.h.com",
        "http://[::1]:3000",
        "https://xn--bcher-kva.de",
        "myapp://cb",
        "other://",
        "com.app.x:/cb/in",
        "exp://192.168.*.*:*/**",
    ];

    /// Trusted by the reference and by us.
    const TRUSTED: &str = r##"[
        "/", "/x", "/x?y=1#z", "/a//b", "/a b", "/é", "/你", "/a:b", "/@app.com", "/.", "/..",
        "/./x", "/../x", "/a/../b", "/%", "/%zz", "/%252f", "/%09/x", "/%00", "/?//evil.com",
        "/#//evil.com", "/?u=https%3A%2F%2Fevil.com", "/?x=%2f%5c", "/#%2f", "/a;b",
        "/javascript:alert(1)", "/<script>", "/／evil.com", "/\u200b/evil.com", "/\u2028",
        "https://app.com", "https://app.com/", "https://app.com/x?y#z", "HTTPS://APP.COM/x",
        "https://app.com:443", "https://app.com:0443/x", "https://app.com:", "https:app.com",
        "https:/app.com", "https:///app.com", "https:////app.com/x", "https://user@app.com",
        "https://user:pw@app.com", "https://evil.com@app.com/", "https://app%2ecom",
        "https://%61pp.com", "https://app。com", "https://ａpp.com", "https://app.com?@evil.com",
        "https://app.com#@evil.com", "https://app.com/@evil.com", "https://app.com//evil.com",
        "https://app.com/../..//evil.com", " https://app.com", "https://app.com ",
        "https://app.com/é", "https://evil.com%2f@app.com", "http://localhost:3000",
        "http://LOCALHOST:3000/x", "http://[::1]:3000/x", "http://[0:0:0:0:0:0:0:1]:3000",
        "http://[::0001]:3000", "https://a.t.com", "https://a.b.t.com/x", "https://A.T.COM",
        "https://a.t.com:443", "https://-.t.com", "https://é.t.com", "https://.t.com",
        "blob:https://a.t.com/x", "https://x.h.com", "http://x.h.com", "ws://x.h.com",
        "myapp://x.h.com", "https://bücher.de", "https://BÜCHER.de", "https://xn--bcher-kva.de/x",
        "https://bu\u0308cher.de", "myapp://cb", "MYAPP://CB/x", "myapp://cb/../..", "myapp://cb?x",
        "myapp://cb#x", "myapp://cb/%zz", "other://", "other:", "other:x", "OTHER://any/x",
        "other://u:p@any:1/x", "com.app.x:/cb/in", "com.app.x:/cb/in/more?code=1",
        "com.app.x:/cb/./in", "com.app.x:/cb/%69n", "com.app.x:/cb//in", "com.app.x://host/cb/in",
        "com.app.x:/cb/in/../in", "com.app.x:/cb%2fin", "exp://192.168.1.5:8081",
        "exp://192.168.1.5:8081/--/x", "exp://192.168.evil.com:1/x"
    ]"##;

    /// Refused by both.
    const UNTRUSTED: &str = r##"[
        "", "//", "//evil.com", "//app.com", "///evil.com", "/\\evil.com", "/\\/evil.com", "/x\\y",
        "/?a\\b", "/#\\", "/\t/evil.com", "/\n/evil.com", "/\r\nSet-Cookie: a=b", "/x\u0000",
        "/x\u007f", "/x\u0085", "/%2fevil.com", "/%2Fevil.com", "/%5cevil.com", "/%5Cevil.com",
        "/x%2fy", "/./%2fx", "x", "app.com", "evil.com", "./x", "../x", "?x", "#x", " /x", "\t/x",
        "\\\\app.com", "\\/app.com", "null", "undefined", "about:blank", "*", "https", "https:",
        "https:/", "https://", "://app.com", "http://app.com", "https://app.com:80",
        "https://app.com:444", "https://app.com.", "https://app.com..", "https://.app.com",
        "https://app.com.evil.com", "https://evilapp.com", "https://app.comevil.com",
        "https://app.com-evil.com", "https://app.com@evil.com", "https://app.com:pw@evil.com",
        "https://app.com:443@evil.com", "https://evil.com/app.com",
        "https://evil.com/https://app.com", "https://evil.com?https://app.com",
        "https://evil.com#https://app.com", "https://evil.com#@app.com",
        "https://app.com%2f.evil.com", "https://app.com%00", "https://app.com%20",
        "https://app.com%23.evil.com", "https://app.com;evil.com", "https://app.com&evil.com",
        "https://app.com,https://app.com", "https://app.com:99999", "https://app.com:x",
        "https://арр.com", "https://app.соm", "https://aрp.com", "https://app-com",
        "https://app_com", "https://APP.COM.evil.com", "https://www.app.com", "wss://app.com",
        "ws://app.com", "ftp://app.com", "file://app.com", "file:///app.com",
        "blob:https://app.com", "blob:https://app.com/uuid", "filesystem:https://app.com/",
        "view-source:https://app.com", "intent://app.com#Intent;scheme=https;end",
        "chrome-extension://app.com", "mailto:x@app.com", "tel:1", "httpss://app.com",
        "xhttps://app.com", "javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)",
        "java\nscript:alert(1)", "javascript://app.com/%0aalert(1)", "javascript:https://app.com",
        "data:text/html,x", "data:text/html;base64,eA==", "vbscript:x",
        "https://evil.com\\@app.com", "http://localhost", "http://localhost:30000",
        "https://localhost:3000", "http://localhost.:3000", "http://localhost:3000.evil.com",
        "http://127.0.0.1:3000", "http://localhost.evil.com:3000", "http://x.localhost:3000",
        "http://[::1]", "http://[::2]:3000", "http://[::ffff:127.0.0.1]:3000",
        "http://[::1%25eth0]:3000", "http://::1:3000", "https://t.com", "https://a.t.com:8443",
        "http://a.t.com", "https://a.t.com.evil.com", "https://evil.com/.t.com",
        "https://evil.com#.t.com", "https://evil.com?.t.com", "https://evilt.com",
        "https://a.t.comevil", "https://x.h.com:81", "https://h.com", "https://x.h.com.evil.com",
        "x.h.com", "//x.h.com", "https://bucher.de", "https://xn--bcher-kva.de.evil.com",
        "myapp:cb", "myapp:/cb", "myapp:///cb", "myapp://", "myapp://cbx", "myapp://cb.evil",
        "myapp://cb:80", "myapp://u@cb", "myapp://cb@evil", "myapp://evil/cb", "myapp://%63b",
        "myapp://cb%2f", "myapp2://cb", "my-app://cb", "myapp://c\tb", "myapp:\\\\cb",
        "myapp://cb\\evil", "others://x", "com.app.x:/cb/inside", "com.app.x:/cb", "com.app.x:/",
        "com.app.x:/cb/in/..", "com.app.x:/cb/in/%2e%2e", "com.app.x:/cb/in/..%2fx",
        "com.app.x:/x/cb/in", "com.app.x:/CB/in", "com-app-x:/cb/in", "com.app.x:/cb/in\\..",
        "EXP://192.168.1.5:8081", "exp://192.168.1.5", "exp://10.0.0.1:8081",
        "http://192.168.1.5:8081", "exp://x@192.168.1.5:8081"
    ]"##;

    /// Trusted by the reference, refused by us: see the module.
    const STRICTER: &str = r##"[
        "/.//evil.com", "/..//evil.com", "/a/..//evil.com", "/%2e//evil.com", "/%2E%2e//evil.com",
        "/././/evil.com", "/.///evil.com", "/.//", "javascript://x.h.com/%0aalert(1)",
        "data://x.h.com/,x", "vbscript://x.h.com", "https://app.com\\@evil.com",
        "https:\\\\app.com", "https://app.com\\x", "https://app.com\t/", "ht\ntps://app.com",
        "https://app.com/\n", "\thttps://app.com", "https://app.com/\u0000",
        "https://evil.com:x.t.com", "https://[x].t.com", "https://evil.com%00.t.com",
        "https://evil.com%2f.t.com", "https://a b.t.com", "https://xn--a.t.com",
        "com.app.x:/cb/in/%2e%2e/x/%zz", "exp://192.168.1.5:8081x/"
    ]"##;

    fn list(table: &str) -> Vec<String> {
        serde_json::from_str(table).expect("the table is JSON")
    }

    fn matches(pattern: &str, url: &str) -> bool {
        TrustedOrigins::parse([pattern]).is_trusted(url, RelativePaths::Refused)
    }

    // Difference: stricter-origins.
    #[test]
    fn every_spelling_is_judged_as_agreed() {
        let trusted = TrustedOrigins::parse(PATTERNS);
        let verdict = |url: &String| trusted.is_trusted(url, RelativePaths::Allowed);
        let refused: Vec<_> = list(TRUSTED).into_iter().filter(|url| !verdict(url)).collect();
        assert_eq!(refused, [""; 0]);
        let let_in: Vec<_> = [UNTRUSTED, STRICTER].map(list).concat();
        let let_in: Vec<_> = let_in.into_iter().filter(verdict).collect();
        assert_eq!(let_in, [""; 0]);
    }

    #[test]
    fn the_vectors_hold() {
        let vectors: Value = serde_json::from_str(VECTORS).expect("the vectors are JSON");
        for case in vectors["deterministic"]["origin_match"].as_array().expect("cases") {
            let relative = match case["settings"]["allowRelativePaths"].as_bool() {
                Some(true) => RelativePaths::Allowed,
                _ => RelativePaths::Refused,
            };
            let trusted = TrustedOrigins::parse(case["pattern"].as_str());
            let url = case["url"].as_str().expect("url");
            assert_eq!(Some(trusted.is_trusted(url, relative)), case["match"].as_bool(), "{case}");
        }
    }

    #[test]
    fn wildcards_stop_at_slashes_only() {
        for (pattern, url, expected) in [
            ("https://*.a.com", "https://x.y.a.com", true),
            ("https://a.com*", "https://a.com.evil", true),
            ("https://?.a.com", "https://xy.a.com", false),
            ("http*://a.com", "http://a.com", true),
            ("*://a.com", "ws://a.com", true),
            ("*", "https://a.com:1", true),
            ("*", "file:///x", false),
            ("https://*", "https://a.com:1/x", true),
            ("https://*.COM", "https://a.com", false),
            ("https://a.com/**", "https://a.com/x", true),
            ("https://a.com/**", "https://a.com.evil", false),
            ("exp://a/**/c", "exp://a/b/d/c", true),
            ("exp://a/**/c", "exp://a/c", true),
            ("exp://a/*", "exp://a/b/c", false),
            ("exp://a/b*", "exp:////a//b/", true),
            ("exp://a/\\*", "exp://a/*", true),
            ("exp://a/\\*", "exp://a/b", false),
            ("exp://***", "exp://a/b", false),
        ] {
            assert_eq!(matches(pattern, url), expected, "{pattern} {url}");
        }
    }

    #[test]
    fn a_hostile_text_is_matched_in_linear_time() {
        let pattern = "x://*a*a*a*a*a*a*a*a*a*a*a*/**/*b";
        assert!(!matches(pattern, &format!("x://{}", "a/".repeat(20_000))));
    }

    #[test]
    fn patterns_that_match_nothing_are_named() {
        let patterns = [
            "https://a.com/",
            "https://*.a.com/",
            "https://A.com",
            "https://a.com:443",
            "a.com",
            "https://bücher.de",
        ];
        let trusted = TrustedOrigins::parse(patterns.into_iter().chain(["", "https://a.com"]));
        assert_eq!(trusted.never_matching(), patterns);
    }

    // Difference: loopback-in-development.
    #[test]
    fn loopback_is_this_machine_alone() {
        let trusted = TrustedOrigins::parse(LOOPBACK_ORIGINS);
        let is_trusted = |url| trusted.is_trusted(url, RelativePaths::Refused);
        for url in ["http://localhost", "http://localhost:5173", "https://[::1]:3000/x"] {
            assert!(is_trusted(url), "{url}");
        }
        for url in ["http://localhost.evil.com", "http://localhost:1@evil.com", "http://127.0.0.2"]
        {
            assert!(!is_trusted(url), "{url}");
        }
    }

    #[test]
    fn one_request_does_not_widen_anothers_trust() {
        let configured = TrustedOrigins::parse(["https://app.com"]);
        let dynamic = TrustedOrigins::parse(["https://tenant.com"]);
        let bare =
            RequestTrust { configured: &configured, this_request: None, learned_origin: None };
        let wide = RequestTrust {
            this_request: Some(&dynamic),
            learned_origin: Some("http://localhost:3000"),
            ..bare
        };
        for url in ["https://tenant.com/x", "http://localhost:3000/x"] {
            assert!(wide.is_trusted(url, RelativePaths::Refused), "{url}");
            assert!(!bare.is_trusted(url, RelativePaths::Refused), "{url}");
        }
    }

    #[test]
    fn origins_are_spelled_as_browsers_do() {
        for (url, origin) in [
            ("HTTPS://App.com:443/x", Some("https://app.com")),
            ("http://[0::1]:80", Some("http://[::1]")),
            ("https://bücher.de", Some("https://xn--bcher-kva.de")),
            ("blob:https://app.com/x", Some("https://app.com")),
            ("myapp://x", None),
            ("file:///x", None),
            ("/x", None),
        ] {
            assert_eq!(origin_of(url).as_deref(), origin, "{url}");
        }
    }
}
