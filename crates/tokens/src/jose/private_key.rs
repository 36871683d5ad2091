//! [`PrivateKey`], which signs: made anew, or read from a private JWK.

use std::fmt;

use aws_lc_rs::encoding::{AsBigEndian as _, AsDer as _, Pkcs8V1Der};
// tidy-allow(random): aws-lc wants the name of its own generator, and takes no other.
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaKeyPair,
};
use aws_lc_rs::{rsa, signature};

use super::algorithm::Algorithm;
use super::der::rsa_integers;
use super::key_error::KeyError;
use super::public_key::{bytes, check_use, integer, point};
use super::{Object, PublicKey, object};
use crate::encoding::base64url;

/// A key that signs with one algorithm.
///
/// Parsed once, and then shared: a signature is one operation of aws-lc.
pub struct PrivateKey {
    algorithm: Algorithm,
    /// The private JWK, in the order in which the reference writes it.
    jwk: Object,
    public_key: PublicKey,
    signer: Signer,
}

enum Signer {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

/// What a key is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyParameters {
    EdDsa,
    Es256,
    Es512,
    Rs256(ModulusLength),
    Ps256(ModulusLength),
}

impl KeyParameters {
    pub fn algorithm(self) -> Algorithm {
        match self {
            Self::EdDsa => Algorithm::EdDsa,
            Self::Es256 => Algorithm::Es256,
            Self::Es512 => Algorithm::Es512,
            Self::Rs256(_) => Algorithm::Rs256,
            Self::Ps256(_) => Algorithm::Ps256,
        }
    }
}

impl From<Algorithm> for KeyParameters {
    /// With the default modulus for RSA.
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::EdDsa => Self::EdDsa,
            Algorithm::Es256 => Self::Es256,
            Algorithm::Es512 => Self::Es512,
            Algorithm::Rs256 => Self::Rs256(ModulusLength::default()),
            Algorithm::Ps256 => Self::Ps256(ModulusLength::default()),
        }
    }
}

/// Of an RSA key, in bits. Others are read, but not made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModulusLength {
    #[default]
    Bits2048,
    Bits3072,
    Bits4096,
    Bits8192,
}

impl ModulusLength {
    pub fn from_bits(bits: u32) -> Option<Self> {
        match bits {
            2048 => Some(Self::Bits2048),
            3072 => Some(Self::Bits3072),
            4096 => Some(Self::Bits4096),
            8192 => Some(Self::Bits8192),
            _ => None,
        }
    }
}

impl PrivateKey {
    /// A new key. RSA takes a tenth of a second and more.
    pub fn generate(parameters: KeyParameters) -> Result<Self, KeyError> {
        let jwk = match parameters {
            KeyParameters::EdDsa => new_ed25519()?,
            KeyParameters::Es256 => new_ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256")?,
            KeyParameters::Es512 => new_ecdsa(&ECDSA_P521_SHA512_FIXED_SIGNING, "P-521")?,
            KeyParameters::Rs256(length) | KeyParameters::Ps256(length) => new_rsa(length)?,
        };
        // Through the front door: what cannot be read again must not be handed out.
        Self::from_jwk(parameters.algorithm(), jwk)
    }

    /// Reads a private JWK for one algorithm. An RSA key does not tell which one it is for.
    pub fn from_jwk(algorithm: Algorithm, jwk: Object) -> Result<Self, KeyError> {
        check_use(&jwk, "sign")?;
        let mut public = jwk.clone();
        for name in ["d", "p", "q", "dp", "dq", "qi", "key_ops"] {
            public.remove(name);
        }
        let public_key = PublicKey::from_jwk(&public)?.with_algorithm(algorithm)?;
        let signer = match algorithm {
            Algorithm::EdDsa => ed25519(&jwk)?,
            Algorithm::Es256 => {
                ecdsa(&jwk, &ECDSA_P256_SHA256_FIXED_SIGNING, 32, "32 bytes in base64url")?
            }
            Algorithm::Es512 => {
                ecdsa(&jwk, &ECDSA_P521_SHA512_FIXED_SIGNING, 66, "66 bytes in base64url")?
            }
            Algorithm::Rs256 | Algorithm::Ps256 => rsa(&jwk)?,
        };
        Ok(Self { algorithm, jwk, public_key, signer })
    }

    /// Reads the text of a private JWK.
    pub fn from_json(algorithm: Algorithm, json: &str) -> Result<Self, KeyError> {
        Self::from_jwk(algorithm, object::parse(json.as_bytes()).map_err(KeyError::Malformed)?)
    }

    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The part that everybody may know. It names the algorithm, and the `kid` if the JWK has one.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The private JWK. It is the secret itself: encrypt it before it goes anywhere.
    pub fn to_jwk(&self) -> &Object {
        &self.jwk
    }

    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new(); // tidy-allow(random): as above.
        match &self.signer {
            Signer::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Signer::Ecdsa(pair) => {
                let signature = pair.sign(&random, message).map_err(|_| KeyError::Failed)?;
                Ok(signature.as_ref().to_vec())
            }
            Signer::Rsa(pair) => {
                let encoding: &'static dyn signature::RsaEncoding = match self.algorithm {
                    Algorithm::Ps256 => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, message, &mut signature)
                    .map_err(|_| KeyError::Failed)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, [redacted])", self.algorithm)
    }
}

fn new_ed25519() -> Result<Object, KeyError> {
    let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::Failed)?;
    let seed = pair.seed().map_err(|_| KeyError::Failed)?;
    let seed = seed.as_be_bytes().map_err(|_| KeyError::Failed)?;
    let mut jwk = Object::new();
    jwk.insert("crv".to_owned(), "Ed25519".into());
    jwk.insert("d".to_owned(), base64url(seed.as_ref()).into());
    jwk.insert("x".to_owned(), base64url(pair.public_key()).into());
    jwk.insert("kty".to_owned(), "OKP".into());
    Ok(jwk)
}

fn new_ecdsa(algorithm: &'static EcdsaSigningAlgorithm, crv: &str) -> Result<Object, KeyError> {
    let pair = EcdsaKeyPair::generate(algorithm).map_err(|_| KeyError::Failed)?;
    let d = pair.private_key().as_be_bytes().map_err(|_| KeyError::Failed)?;
    // Uncompressed: a four, then the coordinates.
    let point = &pair.public_key().as_ref()[1..];
    let (x, y) = point.split_at(point.len() / 2);
    let mut jwk = Object::new();
    jwk.insert("kty".to_owned(), "EC".into());
    jwk.insert("x".to_owned(), base64url(x).into());
    jwk.insert("y".to_owned(), base64url(y).into());
    jwk.insert("crv".to_owned(), crv.into());
    jwk.insert("d".to_owned(), base64url(d.as_ref()).into());
    Ok(jwk)
}

fn new_rsa(length: ModulusLength) -> Result<Object, KeyError> {
    let size = match length {
        ModulusLength::Bits2048 => KeySize::Rsa2048,
        ModulusLength::Bits3072 => KeySize::Rsa3072,
        ModulusLength::Bits4096 => KeySize::Rsa4096,
        ModulusLength::Bits8192 => KeySize::Rsa8192,
    };
    let pair = RsaKeyPair::generate(size).map_err(|_| KeyError::Failed)?;
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Failed)?;
    let integers = rsa_integers(pkcs8.as_ref()).ok_or(KeyError::Failed)?;
    let mut jwk = Object::new();
    jwk.insert("kty".to_owned(), "RSA".into());
    for (name, integer) in ["n", "e", "d", "p", "q", "dp", "dq", "qi"].into_iter().zip(integers) {
        jwk.insert(name.to_owned(), base64url(integer).into());
    }
    Ok(jwk)
}

fn ed25519(jwk: &Object) -> Result<Signer, KeyError> {
    const EXPECTED: &str = "32 bytes in base64url";
    let (d, x) = (bytes(jwk, "d", 32, EXPECTED)?, bytes(jwk, "x", 32, EXPECTED)?);
    // It fails where `x` is not the public part of `d`.
    Ed25519KeyPair::from_seed_and_public_key(&d, &x)
        .map(Signer::Ed25519)
        .map_err(|_| KeyError::Inconsistent)
}

fn ecdsa(
    jwk: &Object,
    algorithm: &'static EcdsaSigningAlgorithm,
    length: usize,
    expected: &'static str,
) -> Result<Signer, KeyError> {
    let d = bytes(jwk, "d", length, expected)?;
    let point = point(jwk, length, expected)?;
    EcdsaKeyPair::from_private_key_and_public_key(algorithm, &d, &point)
        .map(Signer::Ecdsa)
        .map_err(|_| KeyError::Inconsistent)
}

fn rsa(jwk: &Object) -> Result<Signer, KeyError> {
    const EXPECTED: &str = "a number in base64url, without leading zeros";
    let integer = |name| integer(jwk, name, EXPECTED);
    let public_key = rsa::PublicKeyComponents { n: integer("n")?, e: integer("e")? };
    // RFC 7518 (6.3.2) lets a writer leave out all but `d`; writers in use do not.
    let components = rsa::KeyPairComponents {
        public_key,
        d: integer("d")?,
        p: integer("p")?,
        q: integer("q")?,
        dP: integer("dp")?,
        dQ: integer("dq")?,
        qInv: integer("qi")?,
    };
    RsaKeyPair::from_components(&components).map(Signer::Rsa).map_err(|_| KeyError::Inconsistent)
}
