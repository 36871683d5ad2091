//! `GET /jwks`, or where `jwks.jwksPath` says

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value as Json;
use vestibule_core::endpoint::configured;
use vestibule_core::error_codes::NOT_FOUND;
use vestibule_core::prelude::*;
use vestibule_tokens::jose::{Object, PublicKey};

use super::Jwt;
use super::schema::StoredKey;

pub(super) fn endpoint(plugin: &Arc<Jwt>) -> Endpoint {
    let path = configured(plugin.options.jwks.jwks_path.clone());
    Endpoint::get(path, plugin, jwks).id("getJSONWebKeySet")
}

/// A JWK Set (RFC 7517, 5).
#[derive(Serialize, Shape)]
pub(super) struct KeySet {
    keys: Vec<Json>,
}

pub(super) async fn jwks(plugin: &Jwt, call: &mut Call, (): ()) -> Result<KeySet> {
    if plugin.options.jwks.remote_url.is_some() {
        return Err(Error::not_found(NOT_FOUND));
    }
    let mut keys = plugin.listed_keys(call).await?;
    // As the reference has it, the first question makes the first key; a set of expired ones stays.
    if keys.is_empty() && plugin.all_keys(call).await?.is_empty() {
        plugin.signing_key(call, None).await?;
        keys = plugin.listed_keys(call).await?;
    }
    Ok(KeySet { keys: keys.iter().filter_map(|key| plugin.jwk(key)).map(Json::from).collect() })
}

impl Jwt {
    /// A key as the set shows it: the stored members as they are. What is not a public key is left
    /// out, whatever else the row holds.
    fn jwk(&self, key: &StoredKey) -> Option<Object> {
        let Ok(Json::Object(members)) = serde_json::from_str(&key.public_key) else { return None };
        if PublicKey::from_jwk(&members).is_err() {
            tracing::warn!(jwt.kid = key.id, "A key is left out of the key set: it cannot be read");
            return None;
        }
        let mut jwk = Object::new();
        let alg = key.alg.as_deref().unwrap_or(self.options.primary().name());
        jwk.insert("alg".to_owned(), alg.into());
        if let Some(crv) = &key.crv {
            jwk.insert("crv".to_owned(), crv.as_str().into());
        }
        jwk.extend(members);
        jwk.insert("kid".to_owned(), key.id.as_str().into());
        Some(jwk)
    }
}
