//! Cross-site request forgery: whether a request that changes something may come from where it
//! does, and whether it may send people where it says.
//!
//! Three checks, all pure; the pipeline says when:
//! - [`check_origin`], for every request that is not GET, HEAD or OPTIONS, before its body is
//!   validated: with a `Cookie` header, `Origin` (else `Referer`) must be trusted. Without cookies
//!   there is nothing to ride on.
//! - [`check_form`], for requests that open a session or send mail for somebody who has none yet:
//!   there cookies are not what an attacker needs, so whatever the browser says of the origin
//!   must be trusted. Silence is permitted: it is no browser.
//! - [`check_redirect_fields`], the values that become a `Location` or a link in a mail.
//!
//! What is switched off is decided once per path by [`CheckPolicy`].

use std::borrow::Cow;

use http::HeaderMap;
use http::header::{COOKIE, ORIGIN, REFERER};
use serde_json::Value;

use crate::client_address::header_text;
use crate::error::ErrorCode;
use crate::error_codes;
use crate::origin::{RelativePaths, RequestTrust};

/// What the browser says about where a request comes from. An empty header is as good as none,
/// but an empty `Cookie` header is a cookie header.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestFacts<'a> {
    pub cookies: Cookies,
    pub origin: Option<Cow<'a, str>>,
    pub referer: Option<Cow<'a, str>>,
    pub fetch_site: Option<Cow<'a, str>>,
    pub fetch_mode: Option<Cow<'a, str>>,
    pub fetch_dest: Option<Cow<'a, str>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cookies {
    Sent,
    #[default]
    None,
}

/// A 403 of [`check_origin`] and [`check_form`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginRefusal {
    MissingOrNullOrigin,
    InvalidOrigin,
    CrossSiteNavigationLoginBlocked,
}

/// A field that holds a redirect target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectField {
    Callback,
    Redirect,
    ErrorCallback,
    NewUserCallback,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectRefusal {
    /// 400 with [`RedirectField::not_a_string`] and no code.
    NotAString(RedirectField),
    /// 403 with [`RedirectField::code`].
    Untrusted(RedirectField),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    On,
    Off,
}

/// The checks of one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checks {
    pub origin: Check,
    /// The refusal of cross-site navigations, a part of [`check_form`].
    pub navigation: Check,
    pub redirects: Check,
}

/// Where the origin of a request and of its redirects is not looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum OriginCheckSkips {
    #[default]
    Nowhere,
    /// These paths, without base path, and what is below them.
    At(Vec<String>),
    Everywhere,
}

/// `advanced.disableCSRFCheck` and `advanced.disableOriginCheck`, read together.
#[derive(Debug, Clone, Default)]
pub struct CheckPolicy {
    pub disable_csrf_check: Option<bool>,
    pub skips: OriginCheckSkips,
}

impl Checks {
    pub const ALL: Self = Self { origin: Check::On, navigation: Check::On, redirects: Check::On };
}

impl CheckPolicy {
    pub fn checks(&self, path: &str) -> Checks {
        let is_skipped = self.skips.cover(path);
        // Reference quirk: without the origin check there is no CSRF check either, unless
        // `disableCSRFCheck` is false explicitly; even then only the refusal of cross-site
        // navigations is left of it.
        let is_csrf_off =
            self.disable_csrf_check.unwrap_or(self.skips == OriginCheckSkips::Everywhere);
        Checks {
            origin: Check::unless(is_skipped || is_csrf_off),
            navigation: Check::unless(is_csrf_off),
            redirects: Check::unless(is_skipped),
        }
    }
}

impl Check {
    fn unless(off: bool) -> Self {
        if off { Self::Off } else { Self::On }
    }
}

impl OriginCheckSkips {
    fn cover(&self, path: &str) -> bool {
        match self {
            Self::Nowhere => false,
            Self::Everywhere => true,
            Self::At(paths) => paths.iter().any(|skipped| {
                let rest = path.strip_prefix(skipped.trim_end_matches('/'));
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }),
        }
    }
}

impl<'a> RequestFacts<'a> {
    pub fn from_headers(headers: &'a HeaderMap) -> Self {
        let text = |name| header_text(headers, name).filter(|text| !text.is_empty());
        Self {
            cookies: if headers.contains_key(COOKIE) { Cookies::Sent } else { Cookies::None },
            origin: text(ORIGIN.as_str()),
            referer: text(REFERER.as_str()),
            fetch_site: text("sec-fetch-site"),
            fetch_mode: text("sec-fetch-mode"),
            fetch_dest: text("sec-fetch-dest"),
        }
    }

    fn has_fetch_metadata(&self) -> bool {
        self.fetch_site.is_some() || self.fetch_mode.is_some() || self.fetch_dest.is_some()
    }

    fn is_cross_site_navigation(&self) -> bool {
        self.fetch_site.as_deref() == Some("cross-site")
            && self.fetch_mode.as_deref() == Some("navigate")
    }

    fn origin_or_referer(&self) -> Option<&str> {
        self.origin.as_deref().or(self.referer.as_deref())
    }
}

/// The check of every request that may change something; `own_origin` is that of its base URL.
pub fn check_origin(
    checks: Checks,
    facts: &RequestFacts<'_>,
    trust: &RequestTrust<'_>,
    own_origin: &str,
) -> Result<(), OriginRefusal> {
    if checks.origin == Check::Off || facts.cookies == Cookies::None {
        return Ok(());
    }
    require_trusted_origin(facts, trust, own_origin)
}

/// The check of requests that work without a session; [`check_origin`] with cookies or without.
pub fn check_form(
    checks: Checks,
    facts: &RequestFacts<'_>,
    trust: &RequestTrust<'_>,
    own_origin: &str,
) -> Result<(), OriginRefusal> {
    if facts.cookies == Cookies::Sent {
        return check_origin(checks, facts, trust, own_origin);
    }
    if checks.navigation == Check::On && facts.is_cross_site_navigation() {
        return Err(OriginRefusal::CrossSiteNavigationLoginBlocked);
    }
    let is_browser = facts.has_fetch_metadata() || facts.origin_or_referer().is_some();
    if checks.origin == Check::Off || !is_browser {
        return Ok(());
    }
    require_trusted_origin(facts, trust, own_origin)
}

/// The redirect targets in a body and a query, each an object or anything else.
///
/// The reference looks at the query's `callbackURL` only where the body has none; we look at both.
pub fn check_redirect_fields(
    checks: Checks,
    body: &Value,
    query: &Value,
    trust: &RequestTrust<'_>,
) -> Result<(), RedirectRefusal> {
    use RedirectField::{Callback, ErrorCallback, NewUserCallback, Redirect};

    if checks.redirects == Check::Off {
        return Ok(());
    }
    check_redirect(Callback, &body[Callback.key()], trust)?;
    check_redirect(Callback, &query[Callback.key()], trust)?;
    for field in [Redirect, ErrorCallback, NewUserCallback] {
        check_redirect(field, &body[field.key()], trust)?;
    }
    Ok(())
}

/// The redirect targets in the query of an endpoint that redirects to them.
pub fn check_redirect_query(
    checks: Checks,
    query: &Value,
    trust: &RequestTrust<'_>,
) -> Result<(), RedirectRefusal> {
    use RedirectField::{Callback, ErrorCallback, NewUserCallback, Redirect};

    if checks.redirects == Check::Off {
        return Ok(());
    }
    [Callback, Redirect, ErrorCallback, NewUserCallback]
        .into_iter()
        .try_for_each(|field| check_redirect(field, &query[field.key()], trust))
}

/// One redirect target; nothing, and what JavaScript takes for nothing, passes.
pub fn check_redirect(
    field: RedirectField,
    value: &Value,
    trust: &RequestTrust<'_>,
) -> Result<(), RedirectRefusal> {
    match value {
        Value::Null | Value::Bool(false) => Ok(()),
        Value::Number(number) if number.as_f64() == Some(0.0) => Ok(()),
        Value::String(target) => check_redirect_target(field, target, trust),
        _ => Err(RedirectRefusal::NotAString(field)),
    }
}

/// The same for a target that is known to be a string.
pub fn check_redirect_target(
    field: RedirectField,
    target: &str,
    trust: &RequestTrust<'_>,
) -> Result<(), RedirectRefusal> {
    if target.is_empty() || trust.is_trusted(target, RelativePaths::Allowed) {
        return Ok(());
    }
    Err(RedirectRefusal::Untrusted(field))
}

fn require_trusted_origin(
    facts: &RequestFacts<'_>,
    trust: &RequestTrust<'_>,
    own_origin: &str,
) -> Result<(), OriginRefusal> {
    // A page with an opaque origin (a sandbox, `Referrer-Policy: no-referrer`) that the browser
    // vouches for.
    let is_own_page = facts.origin.as_deref() == Some("null")
        && facts.fetch_site.as_deref() == Some("same-origin");
    let origin = match facts.origin_or_referer() {
        _ if is_own_page => own_origin,
        None | Some("null") => return Err(OriginRefusal::MissingOrNullOrigin),
        Some(origin) => origin,
    };
    if trust.is_trusted(origin, RelativePaths::Refused) {
        return Ok(());
    }
    Err(OriginRefusal::InvalidOrigin)
}

impl OriginRefusal {
    pub fn code(self) -> ErrorCode {
        match self {
            Self::MissingOrNullOrigin => error_codes::MISSING_OR_NULL_ORIGIN,
            Self::InvalidOrigin => error_codes::INVALID_ORIGIN,
            Self::CrossSiteNavigationLoginBlocked => {
                error_codes::CROSS_SITE_NAVIGATION_LOGIN_BLOCKED
            }
        }
    }
}

impl RedirectField {
    /// The field's name in a body or query.
    pub fn key(self) -> &'static str {
        match self {
            Self::Callback => "callbackURL",
            Self::Redirect => "redirectTo",
            Self::ErrorCallback => "errorCallbackURL",
            Self::NewUserCallback => "newUserCallbackURL",
        }
    }

    pub fn code(self) -> ErrorCode {
        match self {
            Self::Callback => error_codes::INVALID_CALLBACK_URL,
            Self::Redirect => error_codes::INVALID_REDIRECT_URL,
            Self::ErrorCallback => error_codes::INVALID_ERROR_CALLBACK_URL,
            Self::NewUserCallback => error_codes::INVALID_NEW_USER_CALLBACK_URL,
        }
    }

    /// The message of a 400 that has no code.
    pub fn not_a_string(self) -> &'static str {
        match self {
            Self::Callback => "Invalid callbackURL: expected a string",
            Self::Redirect => "Invalid redirectURL: expected a string",
            Self::ErrorCallback => "Invalid errorCallbackURL: expected a string",
            Self::NewUserCallback => "Invalid newUserCallbackURL: expected a string",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::origin::TrustedOrigins;

    const OWN: &str = "https://app.com";
    const EVIL: &str = "https://evil.com";

    fn with_trust<T>(run: impl FnOnce(&RequestTrust<'_>) -> T) -> T {
        let configured = TrustedOrigins::parse([OWN, "https://*.t.com"]);
        run(&RequestTrust { configured: &configured, this_request: None, learned_origin: None })
    }

    fn headers(lines: &str) -> HeaderMap {
        let lines = lines.split('|').filter_map(|line| line.split_once('='));
        lines.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn verdict(refusal: Result<(), OriginRefusal>) -> &'static str {
        refusal.map_or_else(|refusal| refusal.code().code, |()| "ok")
    }

    /// Headers as `name=value|..`, then what the form check and the check of every request say.
    #[test]
    fn origins_are_judged_as_agreed() {
        const OK: &str = "ok";
        const MISSING: &str = "MISSING_OR_NULL_ORIGIN";
        const INVALID: &str = "INVALID_ORIGIN";
        const BLOCKED: &str = "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED";
        for (lines, form, router) in [
            ("", OK, OK),
            ("origin=https://app.com", OK, OK),
            ("origin=https://evil.com", INVALID, OK),
            ("origin=null", MISSING, OK),
            ("origin=", OK, OK),
            ("origin=null|referer=https://app.com", MISSING, OK),
            ("origin=|referer=https://evil.com", INVALID, OK),
            ("origin=null|sec-fetch-site=same-origin", OK, OK),
            ("referer=https://evil.com/x", INVALID, OK),
            ("referer=https://app.com/x?a#b", OK, OK),
            ("cookie=x", MISSING, MISSING),
            ("cookie=", MISSING, MISSING),
            ("cookie=x|origin=https://app.com", OK, OK),
            ("cookie=x|origin=HTTPS://APP.com/path", OK, OK),
            ("cookie=x|origin=https://a.t.com", OK, OK),
            ("cookie=x|origin=https://evil.com", INVALID, INVALID),
            ("cookie=x|origin=https://evil.com|referer=https://app.com", INVALID, INVALID),
            ("cookie=x|origin=https://app.com, https://app.com", INVALID, INVALID),
            ("cookie=x|origin=https://app.com|origin=https://evil.com", INVALID, INVALID),
            ("cookie=x|origin=NULL", INVALID, INVALID),
            ("cookie=x|origin=/", INVALID, INVALID),
            ("cookie=x|origin=", MISSING, MISSING),
            ("cookie=x|origin=|referer=https://app.com/a", OK, OK),
            ("cookie=x|referer=https://app.com/a", OK, OK),
            ("cookie=x|referer=https://evil.com/a", INVALID, INVALID),
            ("cookie=x|referer=null|sec-fetch-site=same-origin", MISSING, MISSING),
            ("cookie=x|origin=null", MISSING, MISSING),
            ("cookie=x|origin=null|sec-fetch-site=same-origin", OK, OK),
            ("cookie=x|origin=null|sec-fetch-site=Same-Origin", MISSING, MISSING),
            ("cookie=x|origin=null|sec-fetch-site=same-site", MISSING, MISSING),
            ("cookie=x|sec-fetch-site=same-origin", MISSING, MISSING),
            (
                "cookie=x|origin=https://app.com|sec-fetch-site=cross-site|sec-fetch-mode=navigate",
                OK,
                OK,
            ),
            ("sec-fetch-site=cross-site|sec-fetch-mode=navigate", BLOCKED, OK),
            (
                "sec-fetch-site=cross-site|sec-fetch-mode=navigate|origin=https://app.com",
                BLOCKED,
                OK,
            ),
            ("sec-fetch-site=same-site|sec-fetch-mode=navigate|origin=https://app.com", OK, OK),
            ("sec-fetch-site=cross-site|sec-fetch-mode=cors|origin=https://app.com", OK, OK),
            ("sec-fetch-site=cross-site|sec-fetch-mode=cors", MISSING, OK),
            ("sec-fetch-site=CROSS-SITE|sec-fetch-mode=NAVIGATE", MISSING, OK),
            ("sec-fetch-site=none|sec-fetch-mode=navigate|origin=https://evil.com", INVALID, OK),
            ("sec-fetch-mode=cors", MISSING, OK),
            ("sec-fetch-dest=document", MISSING, OK),
            ("sec-fetch-dest=", OK, OK),
            ("sec-fetch-user=?1", OK, OK),
        ] {
            let headers = headers(lines);
            let facts = RequestFacts::from_headers(&headers);
            with_trust(|trust| {
                let checks = Checks::ALL;
                assert_eq!(verdict(check_form(checks, &facts, trust, OWN)), form, "{lines}");
                assert_eq!(verdict(check_origin(checks, &facts, trust, OWN)), router, "{lines}");
            });
        }
    }

    /// What is left of the checks: origin, navigation, redirects.
    #[test]
    fn options_switch_checks_off() {
        use OriginCheckSkips::{Everywhere, Nowhere};
        let at = |paths: &[&str]| {
            OriginCheckSkips::At(paths.iter().map(|path| (*path).to_owned()).collect())
        };
        for (disable_csrf_check, skips, expected) in [
            (None, Nowhere, [true, true, true]),
            (Some(true), Nowhere, [false, false, true]),
            (None, Everywhere, [false, false, false]),
            (Some(false), Everywhere, [false, true, false]),
            (None, at(&["/sign-in"]), [false, true, false]),
            (None, at(&["/sign-in/"]), [false, true, false]),
            (None, at(&["/sign-in/em", "/sign"]), [true, true, true]),
            (Some(true), at(&["/sign-in/email"]), [false, false, false]),
        ] {
            let policy = CheckPolicy { disable_csrf_check, skips };
            let checks = policy.checks("/sign-in/email");
            let left = [checks.origin, checks.navigation, checks.redirects];
            assert_eq!(left.map(|check| check == Check::On), expected, "{policy:?}");
        }
    }

    #[test]
    fn a_check_that_is_off_lets_pass() {
        let facts = |lines| headers(&format!("origin={EVIL}|sec-fetch-site=cross-site{lines}"));
        let (cors, navigation) = (facts("|cookie=x"), facts("|sec-fetch-mode=navigate"));
        let cors = RequestFacts::from_headers(&cors);
        let navigation = RequestFacts::from_headers(&navigation);
        let no_origin = Checks { origin: Check::Off, ..Checks::ALL };
        let none = Checks { navigation: Check::Off, ..no_origin };
        with_trust(|trust| {
            assert_eq!(verdict(check_origin(no_origin, &cors, trust, OWN)), "ok");
            assert_eq!(verdict(check_form(no_origin, &cors, trust, OWN)), "ok");
            let blocked = "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED";
            assert_eq!(verdict(check_form(no_origin, &navigation, trust, OWN)), blocked);
            assert_eq!(verdict(check_form(none, &navigation, trust, OWN)), "ok");
        });
    }

    #[test]
    fn redirect_fields_are_strings_that_we_trust() {
        use RedirectField::{Callback, ErrorCallback, NewUserCallback, Redirect};
        let not_a_string = |field| Err(RedirectRefusal::NotAString(field));
        let untrusted = |field| Err(RedirectRefusal::Untrusted(field));
        with_trust(|trust| {
            for field in [Callback, Redirect, ErrorCallback, NewUserCallback] {
                let check = |value| {
                    let body = json!({ field.key(): value });
                    check_redirect_fields(Checks::ALL, &body, &Value::Null, trust)
                };
                for value in [json!("/ok"), json!("https://app.com/x"), json!(""), json!(null)] {
                    assert_eq!(check(value), Ok(()));
                }
                for value in [json!(0), json!(false), json!(-0.0)] {
                    assert_eq!(check(value), Ok(()));
                }
                for value in [json!(1), json!(true), json!([]), json!(["/a"]), json!({})] {
                    assert_eq!(check(value), not_a_string(field));
                }
                for value in ["//evil.com", "/.//evil.com", "https://evil.com", "dashboard"] {
                    assert_eq!(check(json!(value)), untrusted(field), "{value}");
                }
            }
        });
    }

    #[test]
    fn the_first_bad_field_is_named() {
        use RedirectField::{Callback, ErrorCallback, Redirect};
        with_trust(|trust| {
            for (body, query, expected) in [
                (json!({ "newUserCallbackURL": 1, "redirectTo": "//e" }), json!({}), Redirect),
                (json!({ "errorCallbackURL": "//e" }), json!({}), ErrorCallback),
                (json!({ "callbackURL": "//e", "redirectTo": 1 }), json!({}), Callback),
                (json!({ "callbackURL": "/a" }), json!({ "callbackURL": "//e" }), Callback),
                (json!([1]), json!({ "callbackURL": "//e" }), Callback),
            ] {
                let refusal = check_redirect_fields(Checks::ALL, &body, &query, trust);
                assert_eq!(refusal, Err(RedirectRefusal::Untrusted(expected)), "{body} {query}");
            }
            let twice = json!({ "callbackURL": ["/a", "/b"] });
            let refusal = check_redirect_fields(Checks::ALL, &Value::Null, &twice, trust);
            assert_eq!(refusal, Err(RedirectRefusal::NotAString(Callback)));
            let off = Checks { redirects: Check::Off, ..Checks::ALL };
            assert_eq!(check_redirect_fields(off, &twice, &twice, trust), Ok(()));
        });
    }

    #[test]
    fn refusals_carry_the_codes_of_the_reference() {
        for (field, code, message) in [
            (RedirectField::Callback, "INVALID_CALLBACK_URL", "callbackURL"),
            (RedirectField::Redirect, "INVALID_REDIRECT_URL", "redirectURL"),
            (RedirectField::ErrorCallback, "INVALID_ERROR_CALLBACK_URL", "errorCallbackURL"),
            (RedirectField::NewUserCallback, "INVALID_NEW_USER_CALLBACK_URL", "newUserCallbackURL"),
        ] {
            assert_eq!(field.code().code, code);
            assert_eq!(field.code().message, format!("Invalid {message}"));
            assert_eq!(field.not_a_string(), format!("Invalid {message}: expected a string"));
        }
    }
}
