//! The session cache in its compact form, and what is encrypted as a JWE: the cache, the account cookie.

use serde_json::{Map, Value as Json};
use vestibule_core::Timestamp;
use vestibule_tokens::encoding::decode_base64url;
use vestibule_tokens::jwe::{self, Key, Purpose};
use vestibule_tokens::session_cache::{Refusal, compact};
use vestibule_tokens::signature::SigningKey;

use super::known::{Known, Signer};
use super::moment::of_seconds;
use super::report::{Fact, Report, redacted};
use super::session;

/// A moment at which nothing has expired yet.
const BEFORE_ALL: i64 = 0;

const PURPOSES: [(Purpose, &str); 2] =
    [(Purpose::Session, "a session cache"), (Purpose::Account, "the account of a provider")];

/// Whether a text is the JSON of a compact cache in base64url.
pub(super) fn is_compact(text: &str) -> bool {
    outer(text)
        .is_some_and(|outer| outer.contains_key("session") && outer.contains_key("signature"))
}

pub(super) fn inspect_compact(known: &Known, text: &str) -> Report {
    let mut report = Report::new("session-cache", "a session cache (strategy compact)");
    let Some(outer) = outer(text) else {
        report.problem(
            "malformed",
            "it cannot be read: expected JSON in base64url, or a token of three or five parts",
            "copy the whole value; one that is split over `….0`, `….1` has to be put together: give the whole `Cookie` line",
        );
        return report;
    };
    let is_signed_by = |secret: &str| {
        let decoded = compact::decode(&SigningKey::new(secret), text, BEFORE_ALL);
        !matches!(decoded, Err(Refusal::Forged | Refusal::Malformed))
    };
    known.report_signer(&mut report, &known.signer(is_signed_by));
    let expires = outer.get("expiresAt").and_then(Json::as_f64);
    // A conversion from a double stops at the ends of the integers.
    check_expiry(known, &mut report, expires.map(|millis| Timestamp::from_millis(millis as i64)));
    if let Some(Json::Object(payload)) = outer.get("session") {
        describe(known, &mut report, payload);
    }
    report
}

pub(super) fn inspect_jwe(known: &Known, text: &str) -> Report {
    let mut report = Report::new("jwe", "an encrypted token (JWE)");
    let header = jwe::header(text).unwrap_or_default();
    let member = |name| header.get(name).and_then(Json::as_str).unwrap_or("none");
    report.text("algorithm", format!("{} with {}", member("alg"), member("enc")));
    report.text("key id", member("kid"));
    let opened_by = |secret: &str| {
        PURPOSES.into_iter().find_map(|(purpose, what)| {
            let key = Key::derive(secret, purpose);
            Some((what, jwe::decrypt(&[key], text, BEFORE_ALL).ok()?))
        })
    };
    if let Some(secret) = known.secrets.iter().find(|secret| opened_by(&secret.value).is_some())
        && let Some((what, claims)) = opened_by(&secret.value)
    {
        report.what = format!("{what}, encrypted (JWE)");
        // Every version decrypts, so an older one is as good.
        report.text("encrypted", format!("with a key of {}", secret.name));
        if let Some(issued) = claims.get("iat").and_then(of_seconds) {
            report.fact("issued", Fact::Time(issued));
        }
        check_expiry(known, &mut report, claims.get("exp").and_then(of_seconds));
        describe(known, &mut report, &claims);
        return report;
    }
    explain(known, &mut report, text, member("kid"), |secret| opened_by(secret).is_some());
    report
}

/// Why none of the secrets opens it.
fn explain(
    known: &Known,
    report: &mut Report,
    text: &str,
    kid: &str,
    opens: impl Fn(&str) -> bool,
) {
    let named = known.secrets.iter().find(|secret| {
        PURPOSES.iter().any(|(purpose, _)| Key::derive(&secret.value, *purpose).thumbprint() == kid)
    });
    let first = known.secrets.first();
    let refusal = first.map(|secret| {
        jwe::decrypt(&[Key::derive(&secret.value, Purpose::Session)], text, BEFORE_ALL)
    });
    match (known.signer(opens), named, refusal) {
        (signer @ (Signer::NoSecret | Signer::Mistaken(_)), ..) => known.report_signer(report, &signer),
        (_, Some(secret), _) => report.problem(
            "altered",
            format!("its key id is that of a key of {}, and that key does not open it: it was altered or cut", secret.name),
            "copy the whole value",
        ),
        (_, None, Some(Err(refusal @ (jwe::Refusal::Algorithm { .. } | jwe::Refusal::Malformed)))) => report.problem(
            "form",
            crate::style::harmless(&refusal.to_string()),
            "Better Auth encrypts with `dir` and A256CBC-HS512; this comes from something else",
        ),
        (_, None, _) => report.problem(
            "another-secret",
            format!("encrypted with the key `kid` {}, which none of this server's secrets makes", crate::style::harmless(kid)),
            "add the secret that made it to `BETTER_AUTH_SECRETS`, or sign in again",
        ),
    }
}

fn check_expiry(known: &Known, report: &mut Report, expires: Option<Timestamp>) {
    let Some(expires) = expires else { return };
    report.fact("cached until", Fact::Time(expires));
    if expires < known.now {
        report.problem(
            "expired",
            "the cache has expired",
            "ask `/get-session` with the session cookie, which writes a new one; `session.cookieCache.maxAge` says how long it is good",
        );
    }
}

fn describe(known: &Known, report: &mut Report, payload: &Map<String, Json>) {
    let text = Json::Object(payload.clone());
    report.fact("content", Fact::Json(redacted(&text, known.credentials)));
    let token = payload.get("session").and_then(|session| session.get("token"));
    if let Some(token) = token.and_then(Json::as_str) {
        session::report(known, report, token);
    }
}

fn outer(text: &str) -> Option<Map<String, Json>> {
    serde_json::from_slice(&decode_base64url(text)?).ok()
}
