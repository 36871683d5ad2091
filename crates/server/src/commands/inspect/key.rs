//! Keys that others hold: of webhooks, of services; and the secret itself.

use vestibule_core::crypto::secrets::DEFAULT_SECRET;
use vestibule_tokens::derive::{SERVICE_KEY_PREFIX, service_key};

use super::known::{Known, Signer};
use super::report::{Fact, Report};
use crate::webhooks::SigningKeys;

const WEBHOOK_PREFIX: &str = "whsec_";

/// Variables that hold a secret of Better Auth.
const SECRET_VARIABLES: [&str; 2] = ["BETTER_AUTH_SECRET", "AUTH_SECRET"];

pub(super) fn is_secret_variable(name: &str) -> bool {
    SECRET_VARIABLES.contains(&name)
}

/// Compares a line of somebody's environment with this server's secret.
pub(super) fn secret(known: &Known, name: &str, value: &str) -> Report {
    let mut report = Report::new("secret", format!("a secret, as `{name}` has it"));
    report.text("length", format!("{} characters", value.encode_utf16().count()));
    if value == DEFAULT_SECRET {
        report.problem(
            "default",
            "it is Better Auth's built-in secret, which everybody knows",
            "BETTER_AUTH_SECRET=\"$(vestibule secret generate)\", the same on both sides",
        );
        return report;
    }
    match known.signer(|secret| secret == value) {
        Signer::Current(secret) => report.text("same as", secret.name.clone()),
        Signer::Older(secret) => report.problem(
            "older-secret",
            format!("it is {}, which only decrypts", secret.name),
            "give that process the current one",
        ),
        signer @ Signer::NoSecret => known.report_signer(&mut report, &signer),
        Signer::Mistaken(_) => report.problem(
            "another-secret",
            "it is nearly this server's secret: quotation marks, spaces or line breaks differ",
            "copy it character for character",
        ),
        Signer::Unknown => report.problem(
            "another-secret",
            "it is another secret than this server's",
            "give both sides the same `BETTER_AUTH_SECRET`",
        ),
    }
    report
}

pub(super) fn inspect(known: &Known, text: &str) -> Option<Report> {
    if text.starts_with(WEBHOOK_PREFIX) {
        return Some(webhook(known, text));
    }
    text.starts_with(SERVICE_KEY_PREFIX).then(|| service(known, text))
}

fn webhook(known: &Known, text: &str) -> Report {
    let mut report = Report::new("webhook-secret", "a secret that signs webhooks");
    let Ok(given) = SigningKeys::parse(text) else {
        report.problem(
            "malformed",
            "it is malformed: expected `whsec_` and base64 of 24 to 64 bytes",
            "`vestibule secret webhook` prints this server's",
        );
        return report;
    };
    report.fact("key", Fact::Credential(given.current()));
    let (Some(server), Some(all)) = (&known.server, &known.all) else {
        known.report_signer(&mut report, &Signer::NoSecret);
        return report;
    };
    let position = server.settings.webhook_keys(all).position(&given);
    let is_configured = server.settings.has_webhook_keys();
    match position {
        Some(0) if is_configured => report.text("same as", "`webhooks.secret` of the configuration"),
        Some(0) => report.text("same as", "the one derived from this server's current secret"),
        Some(_) => report.text("same as", "one derived from an older secret, which signs as well while secrets rotate"),
        None => report.problem(
            "another-secret",
            "this server signs its webhooks with another one",
            "`vestibule secret webhook` prints it; it changes with `BETTER_AUTH_SECRET`, unless `webhooks.secret` is set",
        ),
    }
    report
}

fn service(known: &Known, text: &str) -> Report {
    let mut report = Report::new("service-key", "the key of a service");
    let fix = "`vestibule secret derive --service NAME` prints the key of a service";
    let parts = text[SERVICE_KEY_PREFIX.len()..].split_once('_');
    let parts = parts.and_then(|(name, rest)| Some((name, rest.split_once('_')?)));
    let Some((name, Ok(version))) = parts.map(|(name, (version, _))| (name, version.parse()))
    else {
        report.problem(
            "malformed",
            "it is malformed: expected `vsk_<service>_<version>_<key>`",
            fix,
        );
        return report;
    };
    report.text("service", name);
    report.text("version", u32::to_string(&version));
    report.fact("key", Fact::Credential(text.to_owned()));
    let signer = known.signer(|secret| service_key(secret, name, version) == text);
    match &signer {
        // While secrets rotate, keys of all of them are accepted.
        Signer::Current(secret) | Signer::Older(secret) => {
            report.text("derived from", secret.name.clone());
        }
        Signer::NoSecret => known.report_signer(&mut report, &signer),
        Signer::Mistaken(_) | Signer::Unknown => {
            let what = "it is derived from another secret than this server's, or was altered";
            report.problem("another-secret", what, fix);
        }
    }
    let Some(server) = &known.server else { return report };
    if !report.has_problem("another-secret") && server.auth.service_keys().find(text).is_none() {
        report.problem(
            "revoked",
            format!(
                "this server does not accept version {version} of the key of a service \"{name}\""
            ),
            format!("`[services.{name}]` with `keyVersions = [{version}]`"),
        );
    }
    report
}
