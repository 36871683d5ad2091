//! [`Keys`]: what a JWT's signature is checked with.

use std::sync::Arc;

use vestibule_tokens::encoding::decode_base64url;
use vestibule_tokens::jose::jws::{self, Unverified, Verified};
use vestibule_tokens::jose::{KeyError, PublicKeys, Refusal as JoseRefusal, Validation};
use vestibule_tokens::signature::SigningKey;

#[cfg(feature = "remote")]
use super::key_set_url::KeySetUrl;
use super::refused;
use crate::Refusal;
#[cfg(feature = "remote")]
use crate::remote::InvalidUrl;

/// The keys of the auth server. Clones share what they have fetched.
#[derive(Clone)]
pub struct Keys(Source);

#[derive(Clone)]
enum Source {
    Fixed(Arc<PublicKeys>),
    #[cfg(feature = "remote")]
    Url(Arc<KeySetUrl>),
    Shared(SigningKey),
}

impl Keys {
    /// A key set as `/.well-known/jwks.json` answers it, for those who fetch it themselves. It does
    /// not follow a rotation.
    pub fn of_json(jwks: &str) -> Result<Self, KeyError> {
        let keys = PublicKeys::from_json(jwks)?;
        if let Some(error) = keys.passed_over().first() {
            tracing::warn!(%error, "a key of the set cannot be used and is passed over");
        }
        Ok(Self(Source::Fixed(Arc::new(keys))))
    }

    /// The key set behind a URL, `https://auth.example.com/.well-known/jwks.json`. It is fetched when
    /// it is first needed, refreshed every five minutes, and once per thirty seconds at most for
    /// the sake of a `kid` that is not in it: a new key is taken at once, and a made-up one costs the
    /// auth server nothing.
    #[cfg(feature = "remote")]
    pub fn at(url: &str) -> Result<Self, InvalidUrl> {
        Ok(Self(Source::Url(Arc::new(KeySetUrl::new(url)?))))
    }

    /// The key of one HS256 audience, as `vestibule secret derive` prints it. Whoever has it can make
    /// tokens for this service, and for nothing else.
    pub fn shared(audience_key: &str) -> Self {
        Self(Source::Shared(SigningKey::new(audience_key)))
    }

    pub(crate) async fn verify(
        &self,
        token: &str,
        validation: &Validation,
        now: i64,
    ) -> Result<Verified, Refusal> {
        match &self.0 {
            Source::Fixed(keys) => {
                let verified = jws::verify(token, validation, now, |header| keys.find(header));
                verified.map_err(|refusal| refused(&refusal))
            }
            #[cfg(feature = "remote")]
            Source::Url(keys) => keys.verify(token, validation, now).await,
            Source::Shared(key) => verify_shared(key, token, validation, now),
        }
    }
}

/// HS256, with a key that is for nothing else. A public key never comes here: it has no place in
/// [`Source::Shared`], and this has none in a key set.
fn verify_shared(
    key: &SigningKey,
    token: &str,
    validation: &Validation,
    now: i64,
) -> Result<Verified, Refusal> {
    let refused = |refusal: JoseRefusal| refused(&refusal);
    let parsed = Unverified::parse(token).map_err(refused)?;
    if parsed.header.alg != "HS256" {
        let why = "it is not signed with HS256, for which alone this service has a key";
        return Err(Refusal::invalid("JWT", why));
    }
    validation.check_type(parsed.header.typ.as_deref()).map_err(refused)?;
    let (signed, signature) = token.rsplit_once('.').unwrap_or_default();
    let is_genuine =
        decode_base64url(signature).is_some_and(|mac| key.is_mac(signed.as_bytes(), &mac));
    if !is_genuine {
        let why = "it was altered, or signed with another key than this audience's";
        return Err(Refusal::invalid("JWT", why));
    }
    let claims = parsed.unverified_claims().map_err(refused)?;
    validation.check_claims(&claims, now).map_err(refused)?;
    Ok(Verified { header: parsed.header, claims })
}
