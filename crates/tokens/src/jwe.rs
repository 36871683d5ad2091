//! Encrypted tokens: the `jwe` cookie cache, and the cookie that keeps a provider's account.
//!
//! One form, chosen here and not by the token: compact serialization, `dir` (the key is the
//! content's key), `A256CBC-HS512`. Keys are derived from a secret for one [`Purpose`] and named
//! by their thumbprint, so that a token finds the secret of a rotation that made it.
//!
//! The reference lists `A256GCM` as a second form, but can read none: its keys have 512 bits, and
//! jose refuses any but 256 for it.
//!
//! Reference: better-auth 1.7.7, `crypto/jwt`, which stands on jose 6.2.17. Rules: RFC 7516 and
//! RFC 7518, 5.2.

use std::fmt;

use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::{Sha256, Sha512};

use crate::encoding::{base64url, decode_base64url, sha256_base64url};
use crate::jwt::Claims;

/// How much clocks may differ; seconds.
pub const CLOCK_TOLERANCE_SECONDS: i64 = 15;

/// Longer tokens are refused unread; more than the cookies of a request can carry.
const TOKEN_LIMIT_BYTES: usize = 64 * 1024;

const ENCRYPTION: &str = "A256CBC-HS512";

/// The reference's, for every purpose.
const INFO: &[u8] = b"BetterAuth.js Generated Encryption Key";

/// Half of an HMAC-SHA512 (RFC 7518, 5.2.5).
const TAG_BYTES: usize = 32;

/// What a key is for. A token made for one purpose cannot be read under another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The session cache.
    Session,
    /// The account of a provider.
    Account,
}

impl Purpose {
    fn salt(self) -> &'static [u8] {
        match self {
            Self::Session => b"better-auth-session",
            Self::Account => b"better-auth-account",
        }
    }
}

/// The key of one secret and one purpose.
#[derive(Clone)]
pub struct Key {
    mac: Hmac<Sha512>,
    cipher: [u8; 32],
    thumbprint: String,
}

impl Key {
    pub fn derive(secret: &str, purpose: Purpose) -> Self {
        let mut bytes = [0; 64];
        Hkdf::<Sha256>::new(Some(purpose.salt()), secret.as_bytes())
            .expand(INFO, &mut bytes)
            .expect("64 bytes are less than 255 hashes");
        Self::from_bytes(&bytes)
    }

    fn from_bytes(bytes: &[u8; 64]) -> Self {
        let (mac, cipher) = bytes.split_at(32);
        // The members that identify a symmetric key, in the order of RFC 7638, 3.2.
        let jwk = format!(r#"{{"k":"{}","kty":"oct"}}"#, base64url(bytes));
        Self {
            mac: Hmac::new_from_slice(mac).expect("HMAC takes a key of any length"),
            cipher: cipher.try_into().expect("half of 64 bytes"),
            thumbprint: sha256_base64url(&jwk),
        }
    }

    /// Names the key in headers, as `kid` (RFC 7638).
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    fn unbound(&self) -> UnboundCipherKey {
        UnboundCipherKey::new(&AES_256, &self.cipher).expect("AES-256 takes 32 bytes")
    }

    /// RFC 7518, 5.2.2.1: header, initialization vector, ciphertext, and the header's length in bits.
    fn authenticate(&self, header: &str, iv: &[u8; 16], ciphertext: &[u8]) -> Hmac<Sha512> {
        let header_bits = (header.len() as u64) * 8;
        self.mac
            .clone()
            .chain_update(header)
            .chain_update(iv)
            .chain_update(ciphertext)
            .chain_update(header_bits.to_be_bytes())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("thumbprint", &self.thumbprint).finish_non_exhaustive()
    }
}

/// Why a token was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is no compact JWE.
    Malformed,
    /// Its header asks for something else than `dir` with `A256CBC-HS512`.
    Algorithm { alg: String, enc: String },
    /// It names a key that none of the secrets makes.
    UnknownKey { kid: String },
    /// It was altered, or made with another secret.
    Forged,
    /// Genuine, but past its `exp`. An earlier `now` opens it.
    Expired,
    /// Genuine, but its claims are not those of a token, or it is not valid yet.
    Claims,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("it is no compact JWE"),
            Self::Algorithm { alg, enc } => write!(
                f,
                "it is encrypted by {alg:?} with {enc:?}, expected \"dir\" with {ENCRYPTION:?}"
            ),
            Self::UnknownKey { kid } => {
                write!(f, "it is encrypted with the key {kid:?}, which no secret makes")
            }
            Self::Forged => f.write_str("it was altered, or made with another secret"),
            Self::Expired => f.write_str("it has expired"),
            Self::Claims => f.write_str("its dates are not those of a token that is valid now"),
        }
    }
}

impl std::error::Error for Refusal {}

/// What makes one token different from any other; each is used once.
#[derive(Clone, Debug)]
pub struct Unique {
    /// A UUID of version 4, the claim `jti`.
    pub id: String,
    /// Random bytes.
    pub iv: [u8; 16],
}

/// Encrypts the claims, followed by `iat`, `exp` and `jti`; times in seconds since the epoch.
pub fn encrypt(
    key: &Key,
    mut claims: Claims,
    now: i64,
    lifetime_seconds: i64,
    unique: Unique,
) -> String {
    claims.insert("iat".to_owned(), now.into());
    claims.insert("exp".to_owned(), now.saturating_add(lifetime_seconds).into());
    claims.insert("jti".to_owned(), unique.id.into());
    let header =
        base64url(format!(r#"{{"alg":"dir","enc":"{ENCRYPTION}","kid":"{}"}}"#, key.thumbprint));
    let mut content = Value::Object(claims).to_string().into_bytes();
    PaddedBlockEncryptingKey::cbc_pkcs7(key.unbound())
        .and_then(|cipher| {
            let iv = EncryptionContext::Iv128(FixedLength::from(unique.iv));
            cipher.less_safe_encrypt(&mut content, iv)
        })
        .expect("AES-CBC encrypts any text under any key");
    let tag = key.authenticate(&header, &unique.iv, &content).finalize().into_bytes();
    let (iv, content, tag) =
        (base64url(unique.iv), base64url(content), base64url(&tag[..TAG_BYTES]));
    format!("{header}..{iv}.{content}.{tag}")
}

/// The claims of a token that one of these keys encrypted and that is valid `now`, in seconds since
/// the epoch. The key that a token names decides; for one that names none, each is tried.
pub fn decrypt(keys: &[Key], token: &str, now: i64) -> Result<Claims, Refusal> {
    let parts = Parts::split(token).ok_or(Refusal::Malformed)?;
    let claims = match parts.key_id()? {
        Some(kid) => {
            let key = keys.iter().find(|key| key.thumbprint == kid);
            parts.open(key.ok_or(Refusal::UnknownKey { kid })?)?
        }
        None => keys
            .iter()
            .map(|key| parts.open(key))
            .find(|opened| *opened != Err(Refusal::Forged))
            .unwrap_or(Err(Refusal::Forged))?,
    };
    check_dates(&claims, now)?;
    Ok(claims)
}

/// The header of a token, unverified: for those who explain tokens, not for those who trust them.
pub fn header(token: &str) -> Option<Claims> {
    Parts::split(token).map(|parts| parts.header)
}

/// A token, taken apart.
struct Parts<'t> {
    protected: &'t str,
    header: Claims,
    iv: [u8; 16],
    content: Vec<u8>,
    tag: Vec<u8>,
}

impl<'t> Parts<'t> {
    fn split(token: &'t str) -> Option<Self> {
        if token.len() > TOKEN_LIMIT_BYTES {
            return None;
        }
        let mut parts = token.split('.');
        let [protected, key, iv, content, tag] = std::array::from_fn(|_| parts.next());
        // With `dir` there is no encrypted key (RFC 7518, 4.5).
        if parts.next().is_some() || key != Some("") {
            return None;
        }
        let protected = protected?;
        Some(Self {
            protected,
            header: serde_json::from_slice(&decode_base64url(protected)?).ok()?,
            iv: decode_base64url(iv?)?.try_into().ok()?,
            content: decode_base64url(content?)?,
            tag: decode_base64url(tag?)?,
        })
    }

    /// The key that the header names, once it asks for nothing that is not ours.
    fn key_id(&self) -> Result<Option<String>, Refusal> {
        let text = |name| self.header.get(name).and_then(Value::as_str).unwrap_or_default();
        if (text("alg"), text("enc")) != ("dir", ENCRYPTION) {
            let (alg, enc) = (text("alg").to_owned(), text("enc").to_owned());
            return Err(Refusal::Algorithm { alg, enc });
        }
        // `crit` names extensions that must be understood; we understand none, and inflate nothing.
        if self.header.contains_key("crit") || self.header.contains_key("zip") {
            return Err(Refusal::Malformed);
        }
        match self.header.get("kid") {
            None => Ok(None),
            Some(Value::String(kid)) => Ok(Some(kid.clone())),
            Some(_) => Err(Refusal::Malformed),
        }
    }

    fn open(&self, key: &Key) -> Result<Claims, Refusal> {
        let mac = key.authenticate(self.protected, &self.iv, &self.content);
        if self.tag.len() != TAG_BYTES || mac.verify_truncated_left(&self.tag).is_err() {
            return Err(Refusal::Forged);
        }
        let mut content = self.content.clone();
        let iv = DecryptionContext::Iv128(FixedLength::from(self.iv));
        let plain = PaddedBlockDecryptingKey::cbc_pkcs7(key.unbound())
            .and_then(|cipher| Ok(cipher.decrypt(&mut content, iv)?.to_vec()))
            .map_err(|_| Refusal::Forged)?;
        serde_json::from_slice(&plain).map_err(|_| Refusal::Claims)
    }
}

fn check_dates(claims: &Claims, now: i64) -> Result<(), Refusal> {
    let date = |name| match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_f64().map(Some).ok_or(Refusal::Claims),
    };
    // Seconds since the epoch are exact in a double.
    let early = now.saturating_sub(CLOCK_TOLERANCE_SECONDS) as f64;
    let late = now.saturating_add(CLOCK_TOLERANCE_SECONDS) as f64;
    date("iat")?;
    if date("nbf")?.is_some_and(|not_before| not_before > late) {
        return Err(Refusal::Claims);
    }
    match date("exp")? {
        Some(expires) if expires > early => Ok(()),
        Some(_) => Err(Refusal::Expired),
        // Every writer sets `exp`. A token without one would be good for ever.
        None => Err(Refusal::Claims),
    }
}

#[cfg(test)]
mod tests;
