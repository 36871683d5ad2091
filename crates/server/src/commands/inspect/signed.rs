//! `value.signature`, as cookies and bearer tokens carry it, and everything that goes wrong with it.

use std::borrow::Cow;

use vestibule_tokens::encoding::decode_uri_component;
use vestibule_tokens::signature::SigningKey;

use super::known::{Known, Signer};
use super::report::Report;

/// Base64 characters of an HMAC-SHA256, with the padding.
const SIGNATURE_LENGTH: usize = 44;

/// More layers of percent-encoding than this nobody makes.
const LAYERS_LIMIT: usize = 3;

/// The characters of a session token.
const TOKEN_LENGTH: usize = 32;

/// Reports on a signed value as it was sent, and returns what was signed, or was meant to be.
pub(super) fn examine(known: &Known, report: &mut Report, sent: &str) -> Option<String> {
    let (signed, layers) = decoded(sent);
    if layers > 1 {
        report.problem(
            "encoded-twice",
            format!("the value is URL-encoded {}", times(layers)),
            "encode it once: a cookie's value goes into the `Cookie` header as it came in `Set-Cookie`",
        );
    }
    let Some((value, signature)) = signed.rsplit_once('.') else {
        unsigned(report, &signed);
        return is_token(&signed).then(|| signed.into_owned());
    };
    if value.is_empty() {
        report.problem("no-value", "there is nothing before the signature", "send the whole value");
        return None;
    }
    let signer = known.signer(|secret| SigningKey::new(secret).is_signature(value, signature));
    match &signer {
        Signer::Unknown | Signer::NoSecret if !has_form(signature) => {
            malformed(known, report, value, signature);
        }
        signer => known.report_signer(report, signer),
    }
    Some(value.to_owned())
}

/// Whether a text is `value.signature`, however often encoded.
pub(super) fn looks_signed(text: &str) -> bool {
    let (text, _) = decoded(text);
    let Some((value, signature)) = text.rsplit_once('.') else { return false };
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/-_= ".contains(c);
    !value.is_empty()
        && !value.contains('.')
        && (16..=88).contains(&signature.len())
        && signature.chars().all(is_base64)
}

/// Whether a text has the form of a session token, which is also that of an id.
pub(super) fn is_token(text: &str) -> bool {
    text.len() == TOKEN_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The text without its percent-encoding, and how many layers that had.
fn decoded(text: &str) -> (Cow<'_, str>, usize) {
    let mut text = Cow::Borrowed(text);
    for layers in 0..LAYERS_LIMIT {
        let Some(next) = decode_uri_component(&text).filter(|_| text.contains('%')) else {
            return (text, layers);
        };
        text = Cow::Owned(next.into_owned());
    }
    (text, LAYERS_LIMIT)
}

fn times(layers: usize) -> String {
    if layers == 2 { "twice".to_owned() } else { format!("{layers} times") }
}

fn unsigned(report: &mut Report, value: &str) {
    let fix = "send the cookie's value as `Set-Cookie` brought it, `token.signature`; to a backend that looks up \
               sessions in the database by itself, verify the signature, then look up what is before the last dot";
    if is_token(value) {
        report.problem(
            "no-signature",
            "the signature is missing: this is the bare token, cookies carry `token.signature`",
            fix,
        );
    } else {
        report.problem(
            "no-signature",
            "there is no signature in it: cookies carry `token.signature`",
            fix,
        );
    }
}

fn has_form(signature: &str) -> bool {
    signature.len() == SIGNATURE_LENGTH
        && signature.ends_with('=')
        && signature.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
}

/// Names what happened to a signature that is none any more.
fn malformed(known: &Known, report: &mut Report, value: &str, signature: &str) {
    let is_hex = |length| {
        signature.len() == length && signature.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let (code, what, fix) = if signature.contains(' ') {
        (
            "plus-became-space",
            "a `+` of the signature became a space: the value was decoded as a form's, not as a cookie's",
            "decode with `decodeURIComponent` (Python: `urllib.parse.unquote`), which leaves `+` alone",
        )
    } else if signature.contains(['-', '_']) {
        (
            "base64url",
            "the signature is in base64url, cookies have it in base64 with `+`, `/` and `=`",
            "sign with HMAC-SHA256 and write standard base64 with padding",
        )
    } else if is_hex(64) {
        (
            "hex",
            "the signature is in hex, cookies have it in base64",
            "write the 32 bytes of the HMAC-SHA256 in standard base64 with padding",
        )
    } else if signature.len() == SIGNATURE_LENGTH - 1 {
        (
            "padding-lost",
            "the closing `=` of the signature is missing: something split the cookie at every `=`",
            "split a cookie at its first `=` only",
        )
    } else {
        (
            "truncated",
            "the signature is cut short or not base64: it has 44 characters, of which the last is `=`",
            "copy the whole value; a terminal or a log may have cut it",
        )
    };
    report.problem(code, what, fix);
    let mended = signature.replace([' ', '-'], "+").replace('_', "/");
    let mended = format!("{}=", mended.trim_end_matches('='));
    let signer = known.signer(|secret| SigningKey::new(secret).is_signature(value, &mended));
    if !matches!(signer, Signer::Unknown | Signer::NoSecret) {
        report.note("with that mended, the signature would be right: the secret is the same");
    }
}
