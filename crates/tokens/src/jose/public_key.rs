//! [`PublicKey`], parsed out of a JWK and ready to verify.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P521_SHA512_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
};
use serde_json::Value;

use super::algorithm::Algorithm;
use super::key_error::KeyError;
use super::{Object, object};
use crate::encoding::{decode_base64url, sha256_base64url};

/// A public key that verifies signatures.
///
/// Cheap to share, not to clone: keep it in an `Arc` or in [`PublicKeys`](super::PublicKeys).
#[derive(Clone)]
pub struct PublicKey {
    /// Its name in a key set, when it has one.
    pub kid: Option<String>,
    /// The only algorithm it is for, when it says so. The type of the key limits it in any case.
    algorithm: Option<Algorithm>,
    /// `kty` and the members that make the key, in the order in which the reference writes them.
    members: Object,
    verifier: Verifier,
}

/// The key as aws-lc holds it. RSA keys serve two algorithms, and there each has its own.
#[derive(Clone)]
enum Verifier {
    Ed25519(ParsedPublicKey),
    P256(ParsedPublicKey),
    P521(ParsedPublicKey),
    Rsa { pkcs1: ParsedPublicKey, pss: ParsedPublicKey },
}

impl PublicKey {
    /// Reads a JWK (RFC 7517). Members of no meaning here (`x5c`, ..) are passed over.
    pub fn from_jwk(jwk: &Object) -> Result<Self, KeyError> {
        if ["d", "k"].into_iter().any(|member| jwk.contains_key(member)) {
            return Err(KeyError::Private);
        }
        check_use(jwk, "verify")?;
        let (verifier, members) = read(jwk)?;
        let mut key = Self { kid: None, algorithm: None, members, verifier };
        key.kid = optional_text(jwk, "kid")?.map(str::to_owned);
        if let Some(name) = optional_text(jwk, "alg")? {
            key = key.for_algorithm(name)?;
        }
        Ok(key)
    }

    /// Reads the text of a JWK.
    pub fn from_json(json: &str) -> Result<Self, KeyError> {
        Self::from_jwk(&object::parse(json.as_bytes()).map_err(KeyError::Malformed)?)
    }

    /// The same key under a name.
    #[must_use]
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        Self { kid: Some(kid.into()), ..self }
    }

    /// The same key for this algorithm only; an error where the key is of another type.
    pub fn with_algorithm(self, algorithm: Algorithm) -> Result<Self, KeyError> {
        self.for_algorithm(algorithm.name())
    }

    fn for_algorithm(self, name: &str) -> Result<Self, KeyError> {
        let unsuitable = |key: &Self| KeyError::Unsuitable {
            key: key.type_name(),
            algorithm: name.chars().take(32).collect(),
        };
        let Ok(algorithm) = name.parse() else { return Err(unsuitable(&self)) };
        match self.verifier(algorithm) {
            Some(_) => Ok(Self { algorithm: Some(algorithm), ..self }),
            None => Err(unsuitable(&self)),
        }
    }

    /// The algorithms that it verifies, at least one.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> + '_ {
        Algorithm::ALL.into_iter().filter(|&algorithm| self.serves(algorithm))
    }

    /// Whether it verifies signatures of this algorithm.
    pub fn serves(&self, algorithm: Algorithm) -> bool {
        self.algorithm.is_none_or(|only| only == algorithm) && self.verifier(algorithm).is_some()
    }

    /// `kty` and the curve, in words.
    pub fn type_name(&self) -> &'static str {
        match self.verifier {
            Verifier::Ed25519(_) => "OKP Ed25519",
            Verifier::P256(_) => "EC P-256",
            Verifier::P521(_) => "EC P-521",
            Verifier::Rsa { .. } => "RSA",
        }
    }

    /// The JWK, with `alg` and `kid` when they are known.
    pub fn to_jwk(&self) -> Object {
        let mut jwk = self.members.clone();
        if let Some(algorithm) = self.algorithm {
            jwk.insert("alg".to_owned(), algorithm.name().into());
        }
        if let Some(kid) = &self.kid {
            jwk.insert("kid".to_owned(), kid.as_str().into());
        }
        jwk
    }

    /// The SHA-256 thumbprint (RFC 7638): a name of the key that anyone can compute.
    pub fn thumbprint(&self) -> String {
        // The required members, in the order of their names.
        let mut names: Vec<_> = self.members.keys().collect();
        names.sort();
        let members: Vec<_> = names
            .into_iter()
            .map(|name| format!("{}:{}", Value::from(name.as_str()), self.members[name]))
            .collect();
        sha256_base64url(&format!("{{{}}}", members.join(",")))
    }

    /// Whether the signature over the message is this key's.
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.serves(algorithm)
            && self
                .verifier(algorithm)
                .is_some_and(|verifier| verifier.verify_sig(message, signature).is_ok())
    }

    fn verifier(&self, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        match (&self.verifier, algorithm) {
            (Verifier::Ed25519(key), Algorithm::EdDsa)
            | (Verifier::P256(key), Algorithm::Es256)
            | (Verifier::P521(key), Algorithm::Es512)
            | (Verifier::Rsa { pkcs1: key, .. }, Algorithm::Rs256)
            | (Verifier::Rsa { pss: key, .. }, Algorithm::Ps256) => Some(key),
            _ => None,
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey")
            .field("kid", &self.kid)
            .field("type", &self.type_name())
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        (&self.kid, self.algorithm, &self.members) == (&other.kid, other.algorithm, &other.members)
    }
}

/// The key of the members, and the members alone.
fn read(jwk: &Object) -> Result<(Verifier, Object), KeyError> {
    let kty = text(jwk, "kty", "a text")?;
    let crv = optional_text(jwk, "crv")?;
    match (kty, crv) {
        ("OKP", Some("Ed25519")) => {
            let x = bytes(jwk, "x", 32, "32 bytes in base64url")?;
            let key = parse(&ED25519, &x)?;
            Ok((Verifier::Ed25519(key), pick(jwk, &["crv", "x", "kty"])))
        }
        ("EC", Some("P-256")) => {
            let key = parse(&ECDSA_P256_SHA256_FIXED, &point(jwk, 32, "32 bytes in base64url")?)?;
            Ok((Verifier::P256(key), pick(jwk, &["kty", "x", "y", "crv"])))
        }
        ("EC", Some("P-521")) => {
            let key = parse(&ECDSA_P521_SHA512_FIXED, &point(jwk, 66, "66 bytes in base64url")?)?;
            Ok((Verifier::P521(key), pick(jwk, &["kty", "x", "y", "crv"])))
        }
        ("RSA", _) => Ok((rsa(jwk)?, pick(jwk, &["kty", "n", "e"]))),
        (kty, crv) => {
            let found = match crv {
                Some(crv) => format!("{kty:.32} {crv:.32}"),
                None => format!("{kty:.32}"),
            };
            Err(KeyError::Unsupported { found })
        }
    }
}

fn rsa(jwk: &Object) -> Result<Verifier, KeyError> {
    const EXPECTED: &str = "a number in base64url, without leading zeros";
    let components =
        RsaPublicKeyComponents { n: integer(jwk, "n", EXPECTED)?, e: integer(jwk, "e", EXPECTED)? };
    let bits = components.n.len() * 8 - components.n[0].leading_zeros() as usize;
    // aws-lc would refuse each signature; refusing the key says why.
    if !(2048..=8192).contains(&bits) {
        return Err(KeyError::Member { name: "n", expected: "a modulus of 2048 to 8192 bits" });
    }
    // With an exponent of one everybody could sign.
    if components.e == [1] || components.e.last().is_none_or(|last| last % 2 == 0) {
        return Err(KeyError::Member { name: "e", expected: "an odd number above 1" });
    }
    let parse = |parameters| {
        components.to_parsed_public_key(parameters).map_err(|_| KeyError::Inconsistent)
    };
    Ok(Verifier::Rsa {
        pkcs1: parse(&RSA_PKCS1_2048_8192_SHA256)?,
        pss: parse(&RSA_PSS_2048_8192_SHA256)?,
    })
}

fn parse(
    algorithm: &'static dyn aws_lc_rs::signature::VerificationAlgorithm,
    bytes: &[u8],
) -> Result<ParsedPublicKey, KeyError> {
    ParsedPublicKey::new(algorithm, bytes).map_err(|_| KeyError::Inconsistent)
}

/// A JWK that is marked for something else is not ours (RFC 7517, 4.2 and 4.3).
pub(super) fn check_use(jwk: &Object, operation: &str) -> Result<(), KeyError> {
    if let Some(purpose) = optional_text(jwk, "use")?
        && purpose != "sig"
    {
        return Err(KeyError::Use { found: format!("`use` is {:?}", shorten(purpose)) });
    }
    match jwk.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations)) if operations.iter().any(|found| found == operation) => {
            Ok(())
        }
        Some(_) => Err(KeyError::Use { found: format!("`key_ops` lacks {operation:?}") }),
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(32).collect()
}

/// The point of an EC key, uncompressed (SEC 1, 2.3.3).
pub(super) fn point(
    jwk: &Object,
    length: usize,
    expected: &'static str,
) -> Result<Vec<u8>, KeyError> {
    let mut point = vec![4];
    point.extend(bytes(jwk, "x", length, expected)?);
    point.extend(bytes(jwk, "y", length, expected)?);
    Ok(point)
}

pub(super) fn bytes(
    jwk: &Object,
    name: &'static str,
    length: usize,
    expected: &'static str,
) -> Result<Vec<u8>, KeyError> {
    match decode_base64url(text(jwk, name, expected)?) {
        Some(bytes) if bytes.len() == length => Ok(bytes),
        _ => Err(KeyError::Member { name, expected }),
    }
}

pub(super) fn integer(
    jwk: &Object,
    name: &'static str,
    expected: &'static str,
) -> Result<Vec<u8>, KeyError> {
    match decode_base64url(text(jwk, name, expected)?) {
        Some(bytes) if bytes.first().is_some_and(|&first| first != 0) => Ok(bytes),
        _ => Err(KeyError::Member { name, expected }),
    }
}

pub(super) fn text<'a>(
    jwk: &'a Object,
    name: &'static str,
    expected: &'static str,
) -> Result<&'a str, KeyError> {
    jwk.get(name).and_then(Value::as_str).ok_or(KeyError::Member { name, expected })
}

fn optional_text<'a>(jwk: &'a Object, name: &'static str) -> Result<Option<&'a str>, KeyError> {
    match jwk.get(name) {
        // The reference's rows say `null` for what they do not have.
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(KeyError::Member { name, expected: "a text" }),
    }
}

fn pick(jwk: &Object, names: &[&str]) -> Object {
    names.iter().map(|&name| (name.to_owned(), jwk[name].clone())).collect()
}
