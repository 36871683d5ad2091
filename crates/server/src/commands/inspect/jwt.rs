//! JSON web tokens: verification links, session caches, access tokens; HS256 and asymmetric.

use serde_json::{Map, Value as Json};
use vestibule_tokens::derive::audience_key;
use vestibule_tokens::encoding::decode_base64url;
use vestibule_tokens::jose::{Algorithm, PublicKey};
use vestibule_tokens::signature::SigningKey;

use super::known::{Known, PublicKeyRow, Signer};
use super::moment::of_seconds;
use super::report::{Fact, Report, redacted};
use super::{recognise, session};

/// The header's `typ` of session caches that a key set signs.
const SESSION_CACHE: &str = "better-auth.session-cache+jwt";

/// A token in its parts, of which nothing is known to be true.
struct Token<'a> {
    header: Map<String, Json>,
    claims: Map<String, Json>,
    signed: &'a str,
    signature: Vec<u8>,
}

/// What it is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    VerificationLink,
    SessionCache,
    Access,
}

pub(super) fn inspect(known: &Known, text: &str) -> Report {
    let Some(token) = Token::parse(text) else {
        let mut report = Report::new("jwt", "a JSON web token");
        report.problem(
            "malformed",
            "its claims or its signature cannot be read: it was cut or altered",
            "copy the whole token: three parts of base64url with two dots",
        );
        return report;
    };
    let purpose = token.purpose();
    let (kind, what) = match purpose {
        Use::VerificationLink => ("verification-token", "the token of an e-mail verification link"),
        Use::SessionCache => ("session-cache", "a session cache, as a JSON web token"),
        Use::Access => ("jwt", "a JSON web token"),
    };
    let mut report = Report::new(kind, what);
    report.text("algorithm", token.algorithm());
    for (name, member) in [("key id", "kid"), ("type", "typ")] {
        if let Some(text) = token.header.get(member).and_then(Json::as_str) {
            report.text(name, text);
        }
    }
    let audiences = token.audiences();
    if !audiences.is_empty() {
        report.text("audience", audiences.join(", "));
    }
    check_signature(known, &mut report, &token);
    check_dates(known, &mut report, &token.claims);
    check_issuer(known, &mut report, &token, purpose);
    let claims = Json::Object(token.claims.clone());
    report.fact("claims", Fact::Json(redacted(&claims, known.credentials)));
    match (purpose, token.claims.get("sub").and_then(Json::as_str)) {
        (Use::SessionCache, _) => {
            let cached = token.claims.get("session").and_then(|session| session.get("token"));
            if let Some(cached) = cached.and_then(Json::as_str) {
                session::report(known, &mut report, cached);
            }
        }
        (Use::Access, Some(user)) => session::report_user(known, &mut report, user),
        (Use::Access, None) | (Use::VerificationLink, _) => {}
    }
    report
}

impl<'a> Token<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self {
            header: recognise::object(header)?,
            claims: recognise::object(claims)?,
            signed,
            signature: decode_base64url(signature)?,
        })
    }

    fn algorithm(&self) -> &str {
        self.header.get("alg").and_then(Json::as_str).unwrap_or("none")
    }

    fn purpose(&self) -> Use {
        let has = |name| self.claims.contains_key(name);
        let is_cache = self.header.get("typ").is_some_and(|typ| typ == SESSION_CACHE);
        match () {
            () if is_cache || (has("session") && has("user")) => Use::SessionCache,
            () if self.algorithm() == "HS256" && has("email") && !has("sub") => {
                Use::VerificationLink
            }
            () => Use::Access,
        }
    }

    fn audiences(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Json::String(audience)) => vec![audience],
            Some(Json::Array(all)) => all.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

fn check_signature(known: &Known, report: &mut Report, token: &Token<'_>) {
    match token.algorithm() {
        "HS256" => check_hmac(known, report, token),
        "EdDSA" | "ES256" | "ES512" | "RS256" | "PS256" => check_key_set(known, report, token),
        "none" => report.problem(
            "unsigned",
            "it is not signed at all (`alg` is \"none\"): anybody can write it",
            "never accept such a token; name the algorithms that a verifier takes",
        ),
        other => report.problem(
            "algorithm",
            format!("it is signed with {}, which neither Better Auth nor this server uses{}", crate::style::harmless(other), signing_phrase(known, token)),
            "sign with HS256 (links, caches), or with EdDSA, ES256, ES512, RS256 or PS256 (access tokens)",
        ),
    }
}

fn check_hmac(known: &Known, report: &mut Report, token: &Token<'_>) {
    let is_signed_by =
        |key: &str| SigningKey::new(key).is_mac(token.signed.as_bytes(), &token.signature);
    let signer = known.signer(is_signed_by);
    if !matches!(signer, Signer::Unknown) {
        return known.report_signer(report, &signer);
    }
    for audience in key_names(known, token) {
        let derived = known
            .secrets
            .iter()
            .position(|secret| is_signed_by(&audience_key(&secret.value, &audience)));
        match derived {
            Some(0) => {
                let by = format!(
                    "made with the key of the audience \"{audience}\", derived from {}",
                    known.secrets[0].name
                );
                return report.text("signature", by);
            }
            Some(position) => {
                let by = &known.secrets[position].name;
                return report.problem(
                    "older-secret",
                    format!("it is signed with the key of the audience \"{audience}\", derived from {by}, which signs no more"),
                    "get another token; give the backend the new key (`vestibule secret derive`)",
                );
            }
            None => {}
        }
    }
    report.problem(
        "another-secret",
        format!(
            "it is signed with HS256 by another secret than this server's, and by no key that is derived from it \
             for an audience that the token names{}",
            signing_phrase(known, token)
        ),
        "if a backend verifies it, give it the key of `vestibule secret derive` and the token's audience; if \
         another program signs it, let this server do so (`POST /auth/token`)",
    );
}

fn check_key_set(known: &Known, report: &mut Report, token: &Token<'_>) {
    let keys = match known.public_keys() {
        Ok(keys) => keys,
        Err(reason) => {
            return report.problem(
                "keys-unknown",
                format!("the signature cannot be checked: the keys are in the database, which could not be asked ({reason})"),
                "name the database by `DATABASE_URL`",
            );
        }
    };
    let algorithm = token.algorithm();
    let kid = token.header.get("kid").and_then(Json::as_str);
    let found: Vec<_> = match kid {
        Some(kid) => keys.iter().filter(|key| key.id == kid).collect(),
        None => keys.iter().collect(),
    };
    if found.is_empty() {
        let kid = kid.map(|kid| format!(", `kid` {kid}")).unwrap_or_default();
        return report.problem(
            "unknown-key",
            format!("signed with {algorithm}{kid}; {}", describe_keys(&keys)),
            "if it is old, its key was rotated away: get another token; otherwise it is from another server: compare \
             `iss`, and the key set at `/.well-known/jwks.json`",
        );
    }
    match found.iter().find(|key| verifies(&key.jwk, algorithm, token)) {
        Some(key) => report.text("signature", format!("made with this server's key {}", key.id)),
        None => report.problem(
            "signature",
            format!("the signature does not fit: {}", describe_keys(&keys)),
            "the token was altered, or comes from another server that uses the same key id",
        ),
    }
}

/// What this server signs with, in words.
fn describe_keys(keys: &[PublicKeyRow]) -> String {
    if keys.is_empty() {
        return "this server has no key set: it signs nothing with public keys".to_owned();
    }
    let keys = keys.iter().map(|key| {
        let algorithm = key.algorithm.as_deref().unwrap_or("EdDSA");
        format!("{algorithm} `kid` {}", key.id)
    });
    format!("this server's key set has {}", keys.collect::<Vec<_>>().join(", "))
}

/// The names by which the keys of audiences may be derived: those of the configuration, and what the
/// token calls its own.
fn key_names(known: &Known, token: &Token<'_>) -> Vec<String> {
    let configured = known.server.iter().flat_map(|server| server.settings.tokens.keys().cloned());
    configured.chain(token.audiences().into_iter().map(str::to_owned)).collect()
}

/// What this server signs with, behind a sentence: for the token's audience, and with public keys.
fn signing_phrase(known: &Known, token: &Token<'_>) -> String {
    let mut phrase = String::new();
    for (name, options) in known.server.iter().flat_map(|server| &server.settings.tokens) {
        let audience = options.audience.as_ref().unwrap_or(name);
        if token.audiences().contains(&audience.as_str()) {
            let algorithm = options.algorithm.asymmetric().map_or("HS256", Algorithm::name);
            phrase += &format!("; this server signs for \"{audience}\" with {algorithm}");
        }
    }
    match known.public_keys() {
        Ok(keys) if !keys.is_empty() => phrase + "; " + &describe_keys(&keys),
        _ => phrase,
    }
}

/// Whether the key's signature it is, whatever the dates.
fn verifies(jwk: &str, algorithm: &str, token: &Token<'_>) -> bool {
    let (Ok(key), Ok(algorithm)) = (PublicKey::from_json(jwk), algorithm.parse()) else {
        return false;
    };
    key.verify(algorithm, token.signed.as_bytes(), &token.signature)
}

fn check_dates(known: &Known, report: &mut Report, claims: &Map<String, Json>) {
    let moment = |name| claims.get(name).and_then(of_seconds);
    if let Some(issued) = moment("iat") {
        report.fact("issued", Fact::Time(issued));
        if issued > known.now {
            report.problem(
                "from-the-future",
                "it was issued later than it is now: a clock is wrong",
                "set the clocks of both computers by NTP; `vestibule doctor` compares the database's",
            );
        }
    }
    match moment("exp") {
        Some(expires) => {
            report.fact("expires", Fact::Time(expires));
            if expires <= known.now {
                report.problem(
                    "expired",
                    "it has expired",
                    "get another token; a client renews it before that",
                );
            }
        }
        None => report.problem(
            "no-expiry",
            "it never expires: it has no `exp`",
            "let this server issue it; a token without `exp` is refused",
        ),
    }
    if let Some(begins) = moment("nbf").filter(|begins| *begins > known.now) {
        report.fact("begins", Fact::Time(begins));
        report.problem("not-yet", "it is not valid yet", "wait, or set the clocks by NTP");
    }
}

fn check_issuer(known: &Known, report: &mut Report, token: &Token<'_>, purpose: Use) {
    let issuer = token.claims.get("iss").and_then(Json::as_str);
    let own = known.server.as_ref().and_then(|server| server.auth.base_urls().fixed());
    let (Some(issuer), Some(own), Use::Access) = (issuer, own, purpose) else { return };
    if issuer != own.origin() {
        report.note(format!(
            "its issuer is {}, and this server's baseURL is {}: a verifier that compares them refuses it, unless \
             an issuer is configured",
            crate::style::harmless(issuer),
            own.origin()
        ));
    }
}
