//! Cookies: a pair, a `Cookie` line, a `Set-Cookie` line.

use vestibule_tokens::encoding::decode_uri_component;

use super::known::Known;
use super::report::{Fact, Report, Verdict};
use super::{recognise, session, signed};
use crate::site;

/// Before a name: browsers keep such a cookie only where it came over https.
const SECURE_PREFIXES: [&str; 2] = ["__Secure-", "__Host-"];

/// The prefix of Better Auth's cookies where nothing else is configured.
const DEFAULT_PREFIX: &str = "better-auth";

/// Sessions of other libraries, by the end of their cookies' names.
const STRANGERS: [(&str, &str); 5] = [
    ("authjs.session-token", "Auth.js"),
    ("next-auth.session-token", "NextAuth"),
    ("connect.sid", "express-session"),
    ("sessionid", "Django"),
    ("__session", "Clerk"),
];

/// What a cookie is for, by its name.
enum Role<'a> {
    SessionToken,
    /// With the number of a chunk.
    SessionCache(Option<&'a str>),
    DontRemember,
    /// Of Better Auth, by its key.
    Other(&'a str),
    Stranger(&'static str),
    Unknown,
}

/// All cookies of a request's line.
pub(super) fn header(known: &Known, line: &str) -> Report {
    let mut report = Report::new("cookie-header", "a `Cookie` line");
    let mut chunks: Vec<(&str, u32, &str)> = Vec::new();
    let mut others = Vec::new();
    for pair in line.split(';').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match chunk_of(name) {
            Some((base, number)) => chunks.push((base, number, value)),
            None => match self::pair(known, name, value) {
                part if part.verdict() == Verdict::Unrecognised => others.push(name),
                part => report.parts.push(part),
            },
        }
    }
    chunks.sort();
    for run in chunks.chunk_by(|a, b| a.0 == b.0) {
        let joined: String = run.iter().map(|(_, _, value)| *value).collect();
        let mut part = self::pair(known, run[0].0, &joined);
        part.text("chunks", run.len().to_string());
        report.parts.push(part);
    }
    if !others.is_empty() {
        report.text("not ours", others.join(", "));
    }
    let has_session = report.parts.iter().any(|part| part.kind == "session-cookie");
    if !has_session {
        report.problem(
            "no-session-cookie",
            format!("there is no session cookie in it; this server's is `{}`", expected_name(known)),
            "if the browser has the cookie, look at its Domain, Path and SameSite: they say to whom it is sent, \
             and `fetch` sends it to another origin only with `credentials: \"include\"`",
        );
    }
    report
}

/// The cookie that an answer sets, with its attributes.
pub(super) fn set_cookie(known: &Known, line: &str) -> Report {
    let mut fields = line.split(';').map(str::trim);
    let first = fields.next().unwrap_or_default();
    let (name, value) = first.split_once('=').unwrap_or((first, ""));
    let attributes = Attributes::parse(fields);
    let deletes = value.is_empty() || attributes.max_age == Some(0);
    let mut report = match deletes {
        true => {
            let mut report =
                Report::new("cookie-deletion", format!("the end of the cookie `{name}`"));
            report.note("it makes the browser forget the cookie, as a sign-out does");
            report
        }
        false => pair(known, name, value),
    };
    attributes.report(known, &mut report, name);
    report
}

/// One cookie as it stands in a line.
pub(super) fn pair(known: &Known, name: &str, value: &str) -> Report {
    let value = value.trim();
    let value = value.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(value);
    let mut report = match role(known, name) {
        Role::SessionToken => session_token(known, name, value),
        Role::SessionCache(None) => {
            let mut report = recognise::session_cache(known, value);
            report.what = format!("a session cache cookie, `{name}`: {}", report.what);
            report
        }
        Role::SessionCache(Some(number)) => {
            let mut report =
                Report::new("session-cache", format!("a part of a session cache cookie, `{name}`"));
            report.problem(
                "chunk",
                format!("it is part {number} of a value that needs several cookies"),
                "give the whole `Cookie` line: the parts are put together in their order",
            );
            report
        }
        Role::DontRemember => {
            let mut report = Report::new("cookie", format!("a cookie of Better Auth, `{name}`"));
            report.note("it says that the session ends with the browser");
            signed::examine(known, &mut report, value);
            report
        }
        Role::Other(key) => other(known, name, key, value),
        Role::Stranger(library) => Report::unrecognised(format!(
            "a cookie of {library}, `{name}`, which Better Auth does not read"
        )),
        Role::Unknown => {
            Report::unrecognised(format!("a cookie that is not Better Auth's, `{name}`"))
        }
    };
    check_name(known, &mut report, name);
    report
}

fn session_token(known: &Known, name: &str, value: &str) -> Report {
    let mut report = Report::new("session-cookie", format!("a session cookie, `{name}`"));
    if recognise::is_jwt(value) || recognise::is_jwe(value) {
        report.problem(
            "token-format",
            "its value is a JSON web token, and a session cookie carries `token.signature`",
            "send a JWT as `Authorization: Bearer`; put into the cookie what `Set-Cookie` brought",
        );
        report.parts.push(recognise::bare(known, value));
        return report;
    }
    if let Some(token) = signed::examine(known, &mut report, value) {
        session::report(known, &mut report, &token);
    }
    report
}

/// A cookie whose key says nothing to us: its form says what protects it.
fn other(known: &Known, name: &str, key: &str, value: &str) -> Report {
    let decoded = decode_uri_component(value).unwrap_or(value.into());
    if signed::looks_signed(value) && !recognise::is_jwt(&decoded) {
        let mut report =
            Report::new("signed-cookie", format!("a signed cookie of Better Auth, `{name}`"));
        if let Some(value) = signed::examine(known, &mut report, value) {
            report.fact("value", Fact::Credential(value));
        }
        return report;
    }
    let mut report = recognise::bare(known, &decoded);
    report.what = format!("a cookie of Better Auth (`{key}`), `{name}`: {}", report.what);
    report
}

/// The name of the session cookie of the configuration, or of a default one.
fn expected_name(known: &Known) -> String {
    match &known.server {
        Some(server) => server.auth.cookies().session_token.name.clone(),
        None => format!("{DEFAULT_PREFIX}.session_token"),
    }
}

fn bare(name: &str) -> &str {
    SECURE_PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

fn role<'a>(known: &Known, name: &'a str) -> Role<'a> {
    let own = bare(name);
    if let Some(server) = &known.server {
        let cookies = server.auth.cookies();
        if own == bare(&cookies.session_token.name) {
            return Role::SessionToken;
        }
        if own == bare(&cookies.session_data.name) {
            return Role::SessionCache(None);
        }
    }
    if let Some((_, library)) = STRANGERS.iter().find(|(end, _)| own.ends_with(end)) {
        return Role::Stranger(library);
    }
    let Some((_, key)) = own.split_once('.') else { return Role::Unknown };
    match key {
        "session_token" => Role::SessionToken,
        "dont_remember" => Role::DontRemember,
        "session_data" => Role::SessionCache(None),
        key => match key.strip_prefix("session_data.") {
            Some(number) => Role::SessionCache(Some(number)),
            None if own.starts_with(&format!("{}.", prefix(known))) => Role::Other(key),
            None => Role::Unknown,
        },
    }
}

fn prefix(known: &Known) -> &str {
    let configured = known.server.as_ref().and_then(|server| {
        server.settings.options.advanced.cookie_prefix.as_deref().filter(|it| !it.is_empty())
    });
    configured.unwrap_or(DEFAULT_PREFIX)
}

/// The name and the number of a cookie that is part of a value.
fn chunk_of(name: &str) -> Option<(&str, u32)> {
    let (base, number) = name.rsplit_once('.')?;
    let number: u32 = number.parse().ok()?;
    base.contains('.').then_some((base, number))
}

/// Says why this server would not look at a cookie of this name.
fn check_name(known: &Known, report: &mut Report, name: &str) {
    let (Some(server), "session-cookie" | "session-cache") = (&known.server, report.kind) else {
        return;
    };
    let cookies = server.auth.cookies();
    let expected = match report.kind {
        "session-cookie" => &cookies.session_token.name,
        _ => &cookies.session_data.name,
    };
    if name == expected || name.strip_prefix(expected).is_some_and(|rest| rest.starts_with('.')) {
        return;
    }
    let url = match server.auth.base_urls().fixed() {
        Some(url) => format!("baseURL is {}", url.origin()),
        None => "there is no baseURL, and this is development".to_owned(),
    };
    let is_plain = bare(expected) == expected;
    let (what, fix) = match bare(name) == bare(expected) {
        true if is_plain => (
            format!(
                "the name has `__Secure-`, but this server's cookies are plain (`{expected}`): {url}"
            ),
            "ask the server that set it, or give both the same https `baseURL`; a backend that reads cookies \
             itself must look for both names",
        ),
        true => (
            format!(
                "the name is plain, but this server's cookies have `__Secure-` (`{expected}`): {url}"
            ),
            "a cookie from before https, or of a server in development: sign in again; a backend that reads \
             cookies itself must look for both names",
        ),
        false => (
            format!("this server's cookie is called `{expected}`"),
            "set `advanced.cookiePrefix` (or `advanced.cookies`) to the same on both sides",
        ),
    };
    report.problem("name", what, fix);
}

/// What a `Set-Cookie` line says besides the pair.
#[derive(Default)]
struct Attributes {
    shown: Vec<String>,
    max_age: Option<i64>,
    domain: Option<String>,
    path: Option<String>,
    secure: bool,
    same_site: Option<String>,
}

impl Attributes {
    fn parse<'a>(fields: impl Iterator<Item = &'a str>) -> Self {
        let mut attributes = Self::default();
        for field in fields.filter(|field| !field.is_empty()) {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().to_owned());
            match name.as_str() {
                "max-age" => attributes.max_age = value.parse().ok(),
                "domain" => attributes.domain = Some(value),
                "path" => attributes.path = Some(value),
                "secure" => attributes.secure = true,
                "samesite" => attributes.same_site = Some(value.to_ascii_lowercase()),
                _ => {}
            }
            attributes.shown.push(field.to_owned());
        }
        attributes
    }

    /// Says what a browser makes of them.
    fn report(&self, known: &Known, report: &mut Report, name: &str) {
        report.text("attributes", self.shown.join("; "));
        if let Some(max_age) = self.max_age.filter(|max_age| *max_age > 0) {
            let end = known.now.as_millis().saturating_add(max_age.saturating_mul(1000));
            // From now, since a line does not say when it was sent.
            report.fact("kept until", Fact::Time(vestibule_core::Timestamp::from_millis(end)));
        }
        if name.starts_with("__Secure-") && !self.secure {
            report.problem(
                "secure-missing",
                "browsers drop a cookie whose name begins with `__Secure-` and that has no `Secure`",
                "let the line through as the server wrote it; a proxy or rewrite took `Secure` away",
            );
        }
        if name.starts_with("__Host-")
            && (!self.secure || self.domain.is_some() || self.path.as_deref() != Some("/"))
        {
            report.problem(
                "host-prefix",
                "browsers drop a cookie whose name begins with `__Host-` unless it is `Secure`, has `Path=/` and no `Domain`",
                "take away the `Domain`, or the prefix",
            );
        }
        if self.same_site.as_deref() == Some("none") && !self.secure {
            report.problem(
                "same-site-none",
                "browsers drop a cookie with `SameSite=None` and without `Secure`",
                "use https, or `advanced.defaultCookieAttributes.sameSite = \"lax\"`",
            );
        }
        if let Some(domain) = self.domain.as_deref().map(site::domain_of_cookie)
            && site::is_public_suffix(domain)
        {
            report.problem(
                "public-suffix",
                format!("browsers drop a cookie for `{domain}`: anybody can have a name below it"),
                "`advanced.crossSubDomainCookies.domain` = the domain that is yours",
            );
        }
    }
}
