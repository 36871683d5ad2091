//! What a text is: a line of a request, a cookie, or one of the forms that Better Auth writes.
//!
//! Forms are tried from the one that can be nothing else to the one that could be anything.

use serde_json::{Map, Value as Json};
use vestibule_tokens::encoding::decode_base64url;

use super::known::Known;
use super::report::{Fact, Report, Verdict};
use super::{ciphertext, cookie, jwt, key, password_hash, session, session_cache, signed};

/// Headers whose values are bearer tokens: of requests, and of answers.
const TOKEN_HEADERS: [&str; 4] =
    ["authorization", "set-auth-token", "set-auth-jwt", "x-vestibule-service-key"];

/// Where answers of the API carry tokens.
const TOKEN_MEMBERS: [&str; 4] = ["/token", "/access_token", "/session/token", "/accessToken"];

/// Attributes that tell a `Set-Cookie` line from a `Cookie` line.
const ATTRIBUTES: [&str; 6] = ["path", "httponly", "max-age", "samesite", "domain", "expires"];

pub(super) fn inspect(known: &Known, text: &str) -> Report {
    let text = unquoted(text.trim());
    if text.starts_with('{') {
        return json(known, text);
    }
    if text.lines().count() > 1 {
        return lines(known, text);
    }
    line(known, text)
}

/// The tokens in an answer of the API.
fn json(known: &Known, text: &str) -> Report {
    let answer: Json = serde_json::from_str(text).unwrap_or_default();
    let mut report = Report::new("json", "an answer in JSON");
    for pointer in TOKEN_MEMBERS {
        if let Some(token) = answer.pointer(pointer).and_then(Json::as_str) {
            let mut part = bare(known, token);
            part.what = format!("{}, in `{}`", part.what, pointer[1..].replace('/', "."));
            report.parts.push(part);
        }
    }
    if report.parts.is_empty() {
        return Report::unrecognised("JSON without a token that Better Auth or Vestibule writes");
    }
    report
}

/// A token that a terminal or a mail broke into lines, or the lines of a request or an answer.
fn lines(known: &Known, text: &str) -> Report {
    let joined: String = text.split_whitespace().collect();
    if is_jwt(&joined) || is_jwe(&joined) || ciphertext::is_one(&joined) {
        let mut report = bare(known, &joined);
        report.note("it came in several lines, which were put together");
        return report;
    }
    let mut report = Report::new("lines", "the lines of a request or an answer");
    let parts =
        text.lines().filter(|part| !part.trim().is_empty()).map(|part| line(known, part.trim()));
    report.parts.extend(parts.filter(|part| part.verdict() != Verdict::Unrecognised));
    match report.parts.len() {
        0 => Report::unrecognised("lines without anything that Better Auth or Vestibule writes"),
        _ => report,
    }
}

fn line(known: &Known, text: &str) -> Report {
    if let Some((name, value)) = text.split_once(':') {
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        match name.as_str() {
            "cookie" => return cookie::header(known, value),
            "set-cookie" => return cookie::set_cookie(known, value),
            name if TOKEN_HEADERS.contains(&name) => return bearer(known, value),
            _ => {}
        }
    }
    let scheme = text.split_once(' ').map(|(scheme, token)| (scheme.to_ascii_lowercase(), token));
    if let Some((scheme, token)) = scheme
        && scheme == "bearer"
    {
        return bearer(known, token.trim());
    }
    if text.starts_with('$') || password_hash::is_one(text) {
        return bare(known, text);
    }
    match pair(text) {
        Some((name, value)) if key::is_secret_variable(name) => key::secret(known, name, value),
        Some(_) if has_attributes(text) => cookie::set_cookie(known, text),
        Some(_) if text.contains(';') => cookie::header(known, text),
        Some((name, value)) => cookie::pair(known, name, value),
        None => bare(known, text),
    }
}

/// A value without a name.
pub(super) fn bare(known: &Known, text: &str) -> Report {
    if text.is_empty() {
        return Report::unrecognised("an empty text");
    }
    if let Some(report) = password_hash::inspect(text) {
        return report;
    }
    if let Some(report) = key::inspect(known, text) {
        return report;
    }
    if ciphertext::is_one(text) {
        return ciphertext::inspect(known, text);
    }
    if is_jwt(text) {
        return jwt::inspect(known, text);
    }
    if is_jwe(text) {
        return session_cache::inspect_jwe(known, text);
    }
    if session_cache::is_compact(text) {
        return session_cache::inspect_compact(known, text);
    }
    if signed::looks_signed(text) {
        let mut report = Report::new(
            "signed-token",
            "a signed value: that of a session cookie, or a signed bearer token",
        );
        if let Some(token) = signed::examine(known, &mut report, text) {
            session::report(known, &mut report, &token);
        }
        return report;
    }
    if signed::is_token(text) {
        let mut report = Report::new("session-token", "a bare session token");
        report.note(
            "a cookie carries `token.signature`; the bare token is for `Authorization: Bearer`",
        );
        session::report(known, &mut report, text);
        return report;
    }
    Report::unrecognised("nothing that Better Auth or Vestibule writes")
}

/// The value of a session cache cookie, by whichever strategy.
pub(super) fn session_cache(known: &Known, value: &str) -> Report {
    let value = vestibule_tokens::encoding::decode_uri_component(value).unwrap_or(value.into());
    match () {
        () if is_jwt(&value) => jwt::inspect(known, &value),
        () if is_jwe(&value) => session_cache::inspect_jwe(known, &value),
        () => session_cache::inspect_compact(known, &value),
    }
}

pub(super) fn is_jwt(text: &str) -> bool {
    let parts: Vec<_> = text.split('.').collect();
    parts.len() == 3 && object(parts[0]).is_some_and(|header| header.contains_key("alg"))
}

pub(super) fn is_jwe(text: &str) -> bool {
    let parts: Vec<_> = text.split('.').collect();
    parts.len() == 5 && object(parts[0]).is_some_and(|header| header.contains_key("enc"))
}

/// The JSON object in a part of a token.
pub(super) fn object(part: &str) -> Option<Map<String, Json>> {
    serde_json::from_slice(&decode_base64url(part)?).ok()
}

/// What stands behind `Authorization: Bearer`.
fn bearer(known: &Known, value: &str) -> Report {
    let value = value.strip_prefix("Bearer ").or(value.strip_prefix("bearer ")).unwrap_or(value);
    let mut report = bare(known, value.trim());
    let takes_sessions = known.server.as_ref().map(|it| it.auth.plugins().contains(&"bearer"));
    if matches!(report.kind, "signed-token" | "session-token") && takes_sessions == Some(false) {
        report.problem(
            "no-bearer",
            "this server takes no session tokens in `Authorization`",
            "`[plugins.bearer]` in vestibule.toml",
        );
    }
    if value.contains(' ') {
        report.fact("value", Fact::Credential(value.to_owned()));
    }
    report
}

fn unquoted(text: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|it| it.strip_suffix(quote)) {
            return inner;
        }
    }
    text
}

/// Name and value, where the text is a pair and not base64 with its padding.
fn pair(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    let name = name.trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let is_padding = value.chars().all(|c| c == '=');
    (!is_padding && !name.is_empty() && name.chars().all(is_name)).then_some((name, value))
}

fn has_attributes(line: &str) -> bool {
    line.split(';').skip(1).any(|field| {
        let name = field.split('=').next().unwrap_or_default().trim().to_ascii_lowercase();
        ATTRIBUTES.contains(&name.as_str())
    })
}
