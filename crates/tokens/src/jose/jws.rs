//! Compact JWS: signing claims, and verifying them (RFC 7515, 3.1 and 5.2).

use serde_json::Value;

use super::algorithm::Algorithm;
use super::key_error::KeyError;
use super::refusal::Refusal;
use super::validation::Validation;
use super::{Object, PrivateKey, PublicKey, object};
use crate::encoding::{base64url, decode_base64url};

/// Longer tokens are refused unread; more than the headers of a request can carry.
const TOKEN_LIMIT_BYTES: usize = 64 * 1024;

/// The protected header of a token, as it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// A claim of the token, not a choice: see [`Validation`].
    pub alg: String,
    pub kid: Option<String>,
    pub typ: Option<String>,
}

impl Header {
    /// The algorithm, if it is one that is known.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.alg.parse().ok()
    }
}

/// A token whose signature and claims are as they should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    pub header: Header,
    pub claims: Object,
}

/// Signs the claims as they are. The header is `alg`, `kid` and `typ`, in this order.
pub fn sign(
    key: &PrivateKey,
    kid: Option<&str>,
    typ: Option<&str>,
    claims: &Object,
) -> Result<String, KeyError> {
    let mut header = Object::new();
    header.insert("alg".to_owned(), key.algorithm().name().into());
    if let Some(kid) = kid {
        header.insert("kid".to_owned(), kid.into());
    }
    if let Some(typ) = typ {
        header.insert("typ".to_owned(), typ.into());
    }
    sign_with_header(key, &header, claims)
}

fn sign_with_header(
    key: &PrivateKey,
    header: &Object,
    claims: &Object,
) -> Result<String, KeyError> {
    let json = |object: &Object| serde_json::to_string(object).map_err(|_| KeyError::Failed);
    let mut token = format!("{}.{}", base64url(json(header)?), base64url(json(claims)?));
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    token.push_str(&base64url(signature));
    Ok(token)
}

/// The claims of a token that is genuine and as expected; `now` in seconds since the epoch.
///
/// `key` finds the key that a header means: [`PublicKeys::find`](super::PublicKeys::find), or any
/// other. Where finding takes I/O, take the steps one by one: [`Unverified::parse`],
/// [`Unverified::algorithm`], then [`Unverified::verify`].
pub fn verify<'k>(
    token: &str,
    validation: &Validation,
    now: i64,
    key: impl FnOnce(&Header) -> Option<&'k PublicKey>,
) -> Result<Verified, Refusal> {
    let token = Unverified::parse(token)?;
    // Before the search: nobody shall make us look for keys with a token that cannot pass.
    let algorithm = token.algorithm(validation)?;
    let Some(key) = key(&token.header) else {
        return Err(Refusal::UnknownKey { kid: token.header.kid, algorithm });
    };
    token.verify(key, validation, now)
}

/// A token in its parts. Nothing of it is known to be true.
#[derive(Clone, Debug)]
pub struct Unverified<'a> {
    pub header: Header,
    /// What the signature is over.
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Unverified<'a> {
    /// Takes a token apart and reads its header.
    pub fn parse(token: &'a str) -> Result<Self, Refusal> {
        if token.len() > TOKEN_LIMIT_BYTES {
            return Err(Refusal::TooLong { limit_bytes: TOKEN_LIMIT_BYTES });
        }
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refusal::Form { found: form(token) });
        };
        Ok(Self {
            header: read_header(header)?,
            signed: &token[..header.len() + 1 + payload.len()],
            payload,
            signature,
        })
    }

    /// The algorithm of the token, if it is one that the caller takes and `typ` is right.
    pub fn algorithm(&self, validation: &Validation) -> Result<Algorithm, Refusal> {
        let algorithm = validation.check_algorithm(&self.header.alg)?;
        validation.check_type(self.header.typ.as_deref())?;
        Ok(algorithm)
    }

    /// What the token says of itself, true or not: for showing it, never for believing it.
    pub fn unverified_claims(&self) -> Result<Object, Refusal> {
        let json = decode_base64url(self.payload)
            .ok_or(Refusal::Claims { found: "they are not in base64url" })?;
        object::parse(&json).map_err(|found| Refusal::Claims { found })
    }

    /// The signature first, so that nothing is told about a token that is not genuine; then the claims.
    pub fn verify(
        self,
        key: &PublicKey,
        validation: &Validation,
        now: i64,
    ) -> Result<Verified, Refusal> {
        let algorithm = self.algorithm(validation)?;
        if !key.serves(algorithm) {
            let kid = self.header.kid;
            return Err(Refusal::KeyType { kid, algorithm, key: key.type_name() });
        }
        let genuine = decode_base64url(self.signature)
            .is_some_and(|signature| key.verify(algorithm, self.signed.as_bytes(), &signature));
        if !genuine {
            return Err(Refusal::Signature { kid: self.header.kid });
        }
        let claims = self.unverified_claims()?;
        validation.check_claims(&claims, now)?;
        Ok(Verified { header: self.header, claims })
    }
}

fn form(token: &str) -> &'static str {
    match token.split('.').count() {
        _ if token.is_empty() => "nothing",
        1 => "no dot: an opaque token",
        2 => "two parts: a signed cookie, or a token that was cut",
        5 => "five parts: an encrypted JWT",
        _ => "another number of parts",
    }
}

fn read_header(part: &str) -> Result<Header, Refusal> {
    let malformed = |found| Refusal::Header { found };
    let json = decode_base64url(part).ok_or(malformed("it is not in base64url"))?;
    let members = object::parse(&json).map_err(malformed)?;
    // RFC 7515 (4.1.11) and RFC 7797: what they demand is not known here, so it cannot be done.
    if let Some(demanded) = members.get("crit") {
        return Err(Refusal::Extension { found: demanded.to_string() });
    }
    if members.contains_key("b64") {
        return Err(Refusal::Extension { found: "b64".to_owned() });
    }
    let text = |name| match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(()),
    };
    Ok(Header {
        alg: text("alg").ok().flatten().ok_or(malformed("`alg` is not a text"))?,
        kid: text("kid").map_err(|()| malformed("`kid` is not a text"))?,
        typ: text("typ").map_err(|()| malformed("`typ` is not a text"))?,
    })
}
