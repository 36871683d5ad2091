//! The table `jwks`, and its rows as the adapter's functions know them.

use serde::{Deserialize, Serialize};
use vestibule_core::Timestamp;
use vestibule_core::models::Model;
use vestibule_core::store::Extra;

/// A key pair. Not `Debug`: the private key may be in clear.
#[derive(Clone, Model)]
#[model(name = "jwks")]
pub(super) struct Jwk {
    #[field(id)]
    pub(super) id: String,
    /// The public JWK, as JSON.
    pub(super) public_key: String,
    /// The private JWK, as JSON; encrypted, a JSON text of the ciphertext.
    #[field(returned = false)]
    pub(super) private_key: String,
    pub(super) created_at: Timestamp,
    /// It signs until then.
    pub(super) expires_at: Option<Timestamp>,
    pub(super) alg: Option<String>,
    pub(super) crv: Option<String>,
    pub(super) extra: Extra,
}

/// A key pair as it is kept: a row of `jwks`, or what `adapter.getJwks` returns.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredKey {
    /// The `kid`.
    pub id: String,
    /// The public JWK, as JSON.
    pub public_key: String,
    /// The private JWK, as JSON; encrypted, a JSON text of the ciphertext.
    pub private_key: String,
    pub created_at: Timestamp,
    /// It signs until then.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// `None` in rows from before there was a column: the algorithm of `keyPairConfig`.
    #[serde(default)]
    pub alg: Option<String>,
    #[serde(default)]
    pub crv: Option<String>,
}

impl StoredKey {
    pub(super) fn signs_at(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| end > now)
    }
}

impl From<Jwk> for StoredKey {
    fn from(row: Jwk) -> Self {
        let Jwk { id, public_key, private_key, created_at, expires_at, alg, crv, extra: _ } = row;
        Self { id, public_key, private_key, created_at, expires_at, alg, crv }
    }
}

/// A key pair that is about to be kept: what `adapter.createJwk` gets.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewKey {
    pub alg: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    pub public_key: String,
    pub private_key: String,
    pub created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}
