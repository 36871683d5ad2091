//! [`PublicKeys`], a key set as `/jwks` answers it.

use serde_json::Value;

use super::jws::Header;
use super::key_error::KeyError;
use super::{Object, PublicKey, object};

/// Keys in the order of their set (RFC 7517, 5).
#[derive(Clone, Debug, Default)]
pub struct PublicKeys {
    keys: Vec<PublicKey>,
    passed_over: Vec<KeyError>,
}

/// Sets of more keys are cut: nobody has as many, and finding one is a walk.
const KEYS_LIMIT: usize = 100;

impl PublicKeys {
    /// Reads a JWK Set. Keys that cannot be used are passed over, as RFC 7517 (5) asks, and
    /// [told](Self::passed_over).
    pub fn from_json(json: &str) -> Result<Self, KeyError> {
        let set = object::parse(json.as_bytes()).map_err(KeyError::Malformed)?;
        Self::from_jwks(&set)
    }

    /// The same for a set that was parsed already.
    pub fn from_jwks(set: &Object) -> Result<Self, KeyError> {
        let Some(Value::Array(jwks)) = set.get("keys") else {
            return Err(KeyError::Member { name: "keys", expected: "a list" });
        };
        let mut keys = Self::default();
        for jwk in jwks.iter().take(KEYS_LIMIT) {
            let key = match jwk {
                Value::Object(jwk) => PublicKey::from_jwk(jwk),
                _ => Err(KeyError::Malformed("it is not a JSON object")),
            };
            match key {
                Ok(key) => keys.keys.push(key),
                Err(error) => keys.passed_over.push(error),
            }
        }
        Ok(keys)
    }

    pub fn as_slice(&self) -> &[PublicKey] {
        &self.keys
    }

    /// Why some keys of the set are not in it.
    pub fn passed_over(&self) -> &[KeyError] {
        &self.passed_over
    }

    /// The key that a header means: the one it names; or, where it names none, the only one
    /// that serves its algorithm.
    pub fn find(&self, header: &Header) -> Option<&PublicKey> {
        let algorithm = header.algorithm()?;
        let mut serving = self.keys.iter().filter(|key| key.serves(algorithm));
        match &header.kid {
            // A key of that name and of another type is told apart by the verifier.
            Some(kid) => serving
                .find(|key| key.kid.as_ref() == Some(kid))
                .or_else(|| self.keys.iter().find(|key| key.kid.as_ref() == Some(kid))),
            None => {
                let only = serving.next()?;
                serving.next().is_none().then_some(only)
            }
        }
    }
}

impl From<Vec<PublicKey>> for PublicKeys {
    fn from(keys: Vec<PublicKey>) -> Self {
        Self { keys, passed_over: Vec::new() }
    }
}
