//! The configuration by itself: its mistakes, the secret, the base URL, mail.

use vestibule_core::crypto::secrets::{Secrets, Weakness};
use vestibule_core::options::{BaseUrlOption, DynamicBaseUrl, Protocol};

use super::Subject;
use super::finding::Finding;
use crate::secret::SecretSource;
use crate::site;

/// The mistakes that keep the server from starting, one finding each.
pub(super) fn mistakes(error: &anyhow::Error) -> Vec<Finding> {
    let text = format!("{error:#}");
    let mut lines: Vec<_> = text.lines().map(str::trim).collect();
    // The first line of several only counts the others.
    if lines.len() > 1 {
        lines.remove(0);
    }
    let finding = |line: &str| {
        Finding::problem(
            "configuration",
            "mistake",
            line,
            "the server does not start with it, and what follows could not be checked",
            "correct it; `vestibule config check` looks at the configuration alone",
        )
    };
    lines.into_iter().map(finding).collect()
}

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = vec![summary(subject)];
    findings.extend(secret(subject));
    findings.extend(base_url(subject));
    findings.extend(mail(subject));
    findings.extend(warnings(subject));
    findings
}

/// What the server says at each start, as far as no finding says it better.
fn warnings(subject: &Subject<'_>) -> impl Iterator<Item = Finding> {
    let warnings = subject.settings.warnings(subject.auth, subject.addresses).into_iter();
    let is_said =
        |text: &String| text.starts_with("the secret ") || text.starts_with("`trustedOrigins`");
    warnings.filter(move |text| !is_said(text)).map(|text| {
        let why = "the server warns of it at each start";
        Finding::notice("configuration", "warning", text, why, "change the option that it names")
    })
}

fn summary(subject: &Subject<'_>) -> Finding {
    let mode = if subject.settings.options.production { "production" } else { "development" };
    let file = match subject.file {
        Some(file) => format!("`{}`", file.display()),
        None => "no file, so the defaults hold".to_owned(),
    };
    Finding::fine("configuration", format!("{file}, for {mode}"))
}

fn secret(subject: &Subject<'_>) -> Vec<Finding> {
    const CHECK: &str = "secret";
    let generate = "BETTER_AUTH_SECRET=\"$(vestibule secret generate)\"";
    let mut findings = Vec::new();
    let secrets = match &subject.settings.secret {
        SecretSource::Given(secrets) => secrets.clone(),
        SecretSource::File(path) => {
            findings.push(match subject.settings.secret.existing() {
                Ok(Some(_)) => {
                    Finding::fine(CHECK, format!("made by the server, in `{}`", path.display()))
                }
                Ok(None) => Finding::fine(
                    CHECK,
                    format!("none yet; the first start makes `{}`", path.display()),
                ),
                Err(error) => Finding::problem(
                    CHECK,
                    "unreadable",
                    format!("{error:#}"),
                    "without it the server does not start",
                    "delete the file, or let the server read it",
                ),
            });
            return findings;
        }
    };
    if secrets.is_default() {
        findings.push(Finding::problem(
            CHECK,
            "default",
            "the secret is Better Auth's built-in one",
            "everybody knows it and can forge any cookie",
            generate,
        ));
    }
    findings.extend(
        secrets.weaknesses().into_iter().map(|weakness| weak(weakness, &secrets, generate)),
    );
    if has_quotes_or_spaces(&secrets) {
        findings.push(Finding::notice(
            CHECK,
            "quotes",
            "the secret begins or ends with a quotation mark or a space",
            "another program that reads the same line may leave it away, and then no signature fits",
            "take away the quotation marks: Docker's `--env-file` keeps them, dotenv does not",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::fine(CHECK, describe(&secrets)));
    }
    findings
}

fn weak(weakness: Weakness, secrets: &Secrets, generate: &str) -> Finding {
    let length = secrets.current().encode_utf16().count();
    let (code, found) = match weakness {
        Weakness::Short => {
            ("short", format!("the secret has {length} characters, at least 32 are needed"))
        }
        Weakness::LowEntropy => ("predictable", "the secret looks predictable".to_owned()),
    };
    Finding::problem("secret", code, found, "whoever guesses it can forge any cookie", generate)
}

fn has_quotes_or_spaces(secrets: &Secrets) -> bool {
    secrets.all().iter().any(|secret| secret.trim().trim_matches(['"', '\'']) != *secret)
}

fn describe(secrets: &Secrets) -> String {
    let length = secrets.current().encode_utf16().count();
    match secrets.versions() {
        [] => format!("{length} characters"),
        [current, older @ ..] => format!(
            "{length} characters, version {}; {} older versions decrypt",
            current.version,
            older.len()
        ),
    }
}

fn base_url(subject: &Subject<'_>) -> Vec<Finding> {
    const CHECK: &str = "baseURL";
    let in_production = subject.settings.options.production;
    let Some(url) = subject.auth.base_urls().fixed() else {
        return match &subject.settings.options.base_url {
            Some(BaseUrlOption::Dynamic(rule)) => vec![dynamic(rule)],
            _ if in_production => vec![Finding::problem(
                CHECK,
                "missing",
                "there is no baseURL, so it follows each request's own address",
                "behind a proxy that address is not what browsers see: links, cookies and origins are wrong",
                "baseURL = \"https://auth.example.com\" (or BETTER_AUTH_URL)",
            )],
            _ => vec![Finding::fine(CHECK, "none, so each request's own address is used")],
        };
    };
    let is_plain = url.as_str().starts_with("http://");
    if in_production && site::is_loopback(url.host()) {
        return vec![Finding::problem(
            CHECK,
            "loopback",
            format!("{} is this computer's own address", url.origin()),
            "browsers of others are sent to their own computer",
            "baseURL = what browsers see, such as \"https://auth.example.com\"",
        )];
    }
    if in_production && is_plain {
        return vec![Finding::problem(
            CHECK,
            "http",
            format!("{} is not https", url.origin()),
            "cookies are sent in clear, without `Secure` and `__Secure-`",
            format!("baseURL = \"https{}\"", url.as_str().trim_start_matches("http")),
        )];
    }
    vec![Finding::fine(CHECK, url.as_str())]
}

fn dynamic(rule: &DynamicBaseUrl) -> Finding {
    let hosts = rule.allowed_hosts.join(", ");
    let is_wide = rule.allowed_hosts.iter().any(|host| host == "*" || host == "**");
    if is_wide {
        return Finding::problem(
            "baseURL",
            "any-host",
            "`baseURL.allowedHosts` allows every host",
            "whoever sends a request chooses where the links in mails lead",
            "baseURL.allowedHosts = [\"*.example.com\"]",
        );
    }
    let protocol = match rule.protocol {
        Some(Protocol::Http) => "http",
        Some(Protocol::Https) => "https",
        Some(Protocol::Auto) | None => "the protocol of the request",
    };
    Finding::fine("baseURL", format!("follows the request's host ({hosts}), with {protocol}"))
}

fn mail(subject: &Subject<'_>) -> Vec<Finding> {
    const CHECK: &str = "mail";
    let options = &subject.settings.options;
    let sends = options.email_verification.send_verification_email.is_some();
    let fix = "[emailVerification]\nsendVerificationEmail = { webhook = \"https://…\" }";
    match (options.email_and_password.require_email_verification, sends) {
        (true, false) => vec![Finding::problem(
            CHECK,
            "no-sender",
            "`emailAndPassword.requireEmailVerification` is on, and nothing sends the mail",
            "nobody who signs up can ever sign in",
            fix,
        )],
        (_, true) => vec![Finding::fine(
            CHECK,
            "verification mails are handed to the webhook of `emailVerification.sendVerificationEmail`",
        )],
        (false, false) => vec![Finding::notice(
            CHECK,
            "none",
            "nothing sends mail",
            "addresses stay unverified; this server sends no mail by itself, a webhook does",
            fix,
        )],
    }
}
