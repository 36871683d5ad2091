//! What the database or a cookie keeps encrypted: OAuth tokens, TOTP secrets, private keys, state.

use vestibule_core::crypto::secrets::Secrets;
use vestibule_core::crypto::symmetric::{DecryptError, SymmetricKeys};

use super::known::{Known, Signer};
use super::report::{Fact, Report};

const ENVELOPE: &str = "$ba$";

/// Nonce and tag in hex; a shorter one holds nothing.
const MINIMUM_LENGTH: usize = (24 + 16) * 2;

/// Ciphertexts that have a key of their own.
const PURPOSES: [&str; 4] =
    ["oauth-state-cookie", "oauth-proxy-state", "oauth-proxy-package", "oauth-proxy-profile"];

pub(super) fn is_one(text: &str) -> bool {
    let is_hex = || text.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.starts_with(ENVELOPE)
        || (text.len() >= MINIMUM_LENGTH && text.len().is_multiple_of(2) && is_hex())
}

pub(super) fn inspect(known: &Known, text: &str) -> Report {
    let mut report = Report::new("ciphertext", "a ciphertext of Better Auth");
    report.text("format", "XChaCha20-Poly1305 under the SHA-256 of a secret, in hex");
    let envelope =
        text.strip_prefix(ENVELOPE).map(|rest| rest.split_once('$').unwrap_or((rest, "")));
    if let Some((version, _)) = envelope {
        report.text("version", format!("{version}, by its envelope"));
    }
    let hex = envelope.map_or(text, |(_, hex)| hex);
    if hex.len() < MINIMUM_LENGTH {
        report.problem(
            "truncated",
            "it is cut short: there is no room for nonce and tag",
            "copy the whole value",
        );
        return report;
    }
    let Some(all) = &known.all else {
        known.report_signer(&mut report, &Signer::NoSecret);
        return report;
    };
    if let Some((purpose, plain)) = opened(all, text) {
        let by = match (envelope, all.versions().is_empty(), all.legacy()) {
            (Some((version, _)), ..) => format!("secret version {version}"),
            (None, false, Some(_)) => "the secret from before there were versions".to_owned(),
            _ => "this server's secret".to_owned(),
        };
        report.text("encrypted", format!("with {by}"));
        report.text(
            "for",
            purpose.unwrap_or("what is stored: OAuth tokens, TOTP secrets, private keys"),
        );
        report.fact("content", Fact::Credential(plain));
        return report;
    }
    let signer = known.signer(|secret| opened(&Secrets::single(secret), hex).is_some());
    explain(&mut report, known, &signer, SymmetricKeys::new(all).decrypt(text).err());
    report
}

/// What is in it, and for which purpose it was made.
fn opened(secrets: &Secrets, text: &str) -> Option<(Option<&'static str>, String)> {
    if let Ok(plain) = SymmetricKeys::new(secrets).decrypt(text) {
        return Some((None, plain));
    }
    PURPOSES.into_iter().find_map(|purpose| {
        let plain = SymmetricKeys::for_purpose(secrets, purpose).decrypt(text).ok()?;
        Some((Some(purpose), plain))
    })
}

/// Why this server cannot read it, where one of its secrets could, and where none can.
fn explain(report: &mut Report, known: &Known, signer: &Signer<'_>, error: Option<DecryptError>) {
    let readable = match signer {
        Signer::Current(secret) | Signer::Older(secret) => Some(&secret.name),
        _ => None,
    };
    let has_versions = known.all.as_ref().is_some_and(|all| !all.versions().is_empty());
    match (readable, error) {
        (Some(_), _) if !has_versions => report.problem(
            "envelope",
            "it has an envelope with a version, and this server has one secret without versions, which opens none",
            "`BETTER_AUTH_SECRETS=\"<version>:<secret>\"` with the version of the envelope",
        ),
        (Some(name), Some(DecryptError::NoLegacySecret)) => report.problem(
            "no-legacy-secret",
            format!("it has no version, and {name} would open it, but ciphertexts without a version are opened by the secret from before there were versions alone"),
            "set `BETTER_AUTH_SECRET` to that secret, beside `BETTER_AUTH_SECRETS`",
        ),
        (Some(name), _) => report.problem(
            "wrong-version",
            format!("its envelope names another version than the one that made it: {name} opens it"),
            "give the versions the same numbers everywhere (`BETTER_AUTH_SECRETS`)",
        ),
        (None, Some(DecryptError::UnknownVersion(version))) => report.problem(
            "unknown-version",
            format!("it was made with secret version {version}, which this server does not have"),
            "add that version to `BETTER_AUTH_SECRETS`, after the current one",
        ),
        (None, _) => report.problem(
            "another-secret",
            "none of this server's secrets opens it: it was made with another one, or altered",
            "add the secret that made it to `BETTER_AUTH_SECRETS`; what it holds is lost otherwise",
        ),
    }
}
