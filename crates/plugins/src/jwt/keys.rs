//! The keys: which one signs, making the next one, and reading them.
//!
//! The database is asked for each signature, because another instance may have rotated the keys.
//! What is remembered is the work of parsing: a key is parsed once for each text that is stored.
//!
//! A private key that cannot be read, most often because it was encrypted with another secret, is
//! passed over with a warning, and another one signs. (The reference answers 500 until somebody
//! deletes the row.) Its public part stays in the key set, since it may be another instance's.
//!
//! Many first requests at once make one key, in one process; several instances may make one each, and
//! all of them are in the set.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_lock::{Mutex as AsyncMutex, MutexGuardArc};
use futures_channel::oneshot;
use serde_json::Value as Json;
use vestibule_core::call::Exchange;
use vestibule_core::crypto::symmetric::SymmetricKeys;
use vestibule_core::store::{Filter, Find, ModelRow as _, Order, StoreError};
use vestibule_core::{Error, Result, Timestamp};
use vestibule_tokens::jose::{Algorithm, KeyError, KeyParameters, Object, PrivateKey, PublicKey};

use super::Jwt;
use super::schema::{Jwk, NewKey, StoredKey};

/// More keys than anybody has: the newest count. The reference's adapter has the same limit.
const KEYS_LIMIT: u32 = 100;

/// What was parsed already, and the lock of whoever makes a key.
#[derive(Default)]
pub(super) struct Keys {
    private: Parsed<PrivateKey>,
    public: Parsed<PublicKey>,
    making: Arc<AsyncMutex<()>>,
}

/// Keys by their id.
struct Parsed<T>(Mutex<HashMap<String, FromText<T>>>);

/// A key and the text it was parsed from; `None` where that failed.
type FromText<T> = (String, Option<Arc<T>>);

impl<T> Default for Parsed<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Parsed<T> {
    fn get(&self, id: &str, text: &str, parse: impl FnOnce() -> Option<T>) -> Option<Arc<T>> {
        let mut parsed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, key)) = parsed.get(id)
            && known == text
        {
            return key.clone();
        }
        let key = parse().map(Arc::new);
        // A row of every key there can be; more are left over from rows that are gone.
        if parsed.len() >= 2 * KEYS_LIMIT as usize {
            parsed.clear();
        }
        parsed.insert(id.to_owned(), (text.to_owned(), key.clone()));
        key
    }
}

/// A key that signs, and its name.
pub(super) struct SigningKey {
    pub(super) kid: String,
    pub(super) key: Arc<PrivateKey>,
}

impl Jwt {
    /// All keys, the oldest first.
    pub(super) async fn all_keys(&self, call: &Exchange) -> Result<Vec<StoredKey>> {
        if let Some(get_jwks) = &self.options.adapter.get_jwks {
            let keys = get_jwks.call(call, "plugins.jwt.adapter.getJwks", ()).await?;
            return Ok(keys.unwrap_or_default());
        }
        let find = Find {
            model: call.model(Jwk::MODEL).clone(),
            filter: Filter::EVERYTHING,
            order: vec![(Jwk::CREATED_AT.position, Order::Descending)],
            limit: Some(KEYS_LIMIT),
            offset: 0,
        };
        let rows = call.store().find_many(find).await?;
        let keys = rows.into_iter().map(|row| Jwk::from_row(row).map(StoredKey::from));
        let mut keys: Vec<_> = keys.collect::<Result<_, _>>()?;
        keys.sort_by_key(|key| key.created_at);
        Ok(keys)
    }

    /// The keys that others may verify with: those that sign, and for a while those that did.
    pub(super) async fn listed_keys(&self, call: &Exchange) -> Result<Vec<StoredKey>> {
        let mut keys = self.all_keys(call).await?;
        keys.retain(|key| self.is_listed(key, call.now()));
        Ok(keys)
    }

    fn is_listed(&self, key: &StoredKey, now: Timestamp) -> bool {
        let grace = Duration::from_secs(self.options.jwks.grace_period);
        key.expires_at.is_none_or(|end| end + grace > now)
    }

    /// The public key of a `kid`, if it is in the key set, for the algorithm that its row names.
    pub(super) async fn public_key(
        &self,
        call: &Exchange,
        kid: &str,
    ) -> Result<Option<Arc<PublicKey>>> {
        let stored = match self.options.adapter.get_jwks {
            Some(_) => self.all_keys(call).await?.into_iter().find(|key| key.id == kid),
            None => match call.table::<Jwk>().find_one(Jwk::ID.eq(kid)).await {
                Ok(row) => row.map(StoredKey::from),
                // Not even an id: no row has it.
                Err(StoreError::Refused { .. }) => None,
                Err(error) => return Err(error.into()),
            },
        };
        let Some(stored) = stored.filter(|key| self.is_listed(key, call.now())) else {
            return Ok(None);
        };
        Ok(self.parse_public(&stored))
    }

    /// The algorithm of a stored key, if it is one that signs.
    pub(super) fn algorithm_of(&self, key: &StoredKey) -> Option<Algorithm> {
        match &key.alg {
            None => Some(self.options.primary()),
            Some(name) => name.parse().ok(),
        }
    }

    /// The newest key of an algorithm that signs now; it is made where there is none. Without an
    /// algorithm it is that of `keyPairConfig`, else any.
    pub(super) async fn signing_key(
        &self,
        call: &Exchange,
        algorithm: Option<Algorithm>,
    ) -> Result<SigningKey> {
        if let Some(key) = self.find_signing_key(call, algorithm).await? {
            return Ok(key);
        }
        let making = self.keys.making.lock_arc().await;
        // Whoever held the lock before has made one.
        if let Some(key) = self.find_signing_key(call, algorithm).await? {
            return Ok(key);
        }
        self.make_key(call, algorithm.unwrap_or_else(|| self.options.primary()), making).await
    }

    async fn find_signing_key(
        &self,
        call: &Exchange,
        algorithm: Option<Algorithm>,
    ) -> Result<Option<SigningKey>> {
        let mut keys = self.all_keys(call).await?;
        let now = call.now();
        let primary = self.options.primary();
        keys.retain(|key| {
            let own = self.algorithm_of(key);
            key.signs_at(now) && own.is_some() && (algorithm.is_none() || own == algorithm)
        });
        let is_preferred =
            |key: &StoredKey| self.algorithm_of(key) == Some(algorithm.unwrap_or(primary));
        keys.sort_by_key(|key| Reverse((is_preferred(key), key.created_at)));
        let usable = keys.iter().find_map(|key| {
            let parsed = self.parse_private(call, key)?;
            Some(SigningKey { kid: key.id.clone(), key: parsed })
        });
        Ok(usable)
    }

    async fn make_key(
        &self,
        call: &Exchange,
        algorithm: Algorithm,
        making: Making,
    ) -> Result<SigningKey> {
        let (_making, key) = generate(self.options.parameters(algorithm), making).await?;
        let key = key.map_err(|error| Error::internal("make a key").with_source(error))?;
        let mut public = key.public_key().to_jwk();
        public.remove("alg");
        let crv = public.get("crv").and_then(Json::as_str).map(str::to_owned);
        let rotation = self.options.jwks.rotation_interval;
        let new = NewKey {
            alg: algorithm.name().to_owned(),
            crv,
            public_key: Json::from(public).to_string(),
            private_key: self.stored_form(call, key.to_jwk()),
            created_at: call.now(),
            expires_at: (rotation > 0).then(|| call.now() + Duration::from_secs(rotation)),
        };
        let stored = self.keep_key(call, new).await?;
        tracing::info!(jwt.kid = stored.id, jwt.algorithm = %algorithm, "Made a key that signs tokens");
        let Some(key) = self.parse_private(call, &stored) else {
            return Err(Error::internal("read the key that was just made"));
        };
        Ok(SigningKey { kid: stored.id, key })
    }

    async fn keep_key(&self, call: &Exchange, new: NewKey) -> Result<StoredKey> {
        if let Some(create_jwk) = &self.options.adapter.create_jwk {
            return create_jwk.call(call, "plugins.jwt.adapter.createJwk", new).await;
        }
        let mut row = call.new_row(Jwk::MODEL);
        row.values[Jwk::PUBLIC_KEY.position] = new.public_key.into();
        row.values[Jwk::PRIVATE_KEY.position] = new.private_key.into();
        row.values[Jwk::CREATED_AT.position] = new.created_at.into();
        row.values[Jwk::EXPIRES_AT.position] = new.expires_at.into();
        row.values[Jwk::ALG.position] = new.alg.into();
        row.values[Jwk::CRV.position] = new.crv.into();
        Ok(call.table::<Jwk>().create(row).await?.into())
    }

    /// The private key as it is stored: a JWK, or the ciphertext of one as a JSON text.
    fn stored_form(&self, call: &Exchange, jwk: &Object) -> String {
        let text = Json::from(jwk.clone()).to_string();
        if self.options.jwks.disable_private_key_encryption {
            return text;
        }
        let mut nonce = [0; 24];
        call.random().fill(&mut nonce);
        Json::from(SymmetricKeys::new(call.auth().secrets()).encrypt(&text, nonce)).to_string()
    }

    fn parse_private(&self, call: &Exchange, stored: &StoredKey) -> Option<Arc<PrivateKey>> {
        let parse = || match self.read_private(call, stored) {
            Ok(key) => Some(key),
            Err(reason) => {
                tracing::warn!(
                    jwt.kid = stored.id,
                    reason,
                    "A key that signs tokens cannot be used; another one signs"
                );
                None
            }
        };
        self.keys.private.get(&stored.id, &stored.private_key, parse)
    }

    /// The stored form says itself whether it is encrypted, so that the option can be changed.
    fn read_private(&self, call: &Exchange, stored: &StoredKey) -> Result<PrivateKey, String> {
        let algorithm = self.algorithm_of(stored).ok_or("its algorithm is not known")?;
        let jwk = match serde_json::from_str(&stored.private_key) {
            Ok(Json::Object(jwk)) => jwk,
            Ok(Json::String(ciphertext)) => {
                let keys = SymmetricKeys::new(call.auth().secrets());
                let text = keys.decrypt(&ciphertext).map_err(|error| {
                    format!(
                        "it cannot be decrypted, is the secret the one that encrypted it? {error}"
                    )
                })?;
                serde_json::from_str(&text).map_err(|_| "its ciphertext holds no JWK")?
            }
            _ => return Err("it is neither a JWK nor a ciphertext".to_owned()),
        };
        let key = PrivateKey::from_jwk(algorithm, jwk).map_err(|error| error.to_string())?;
        let public = self.parse_public(stored).ok_or("its public key cannot be read")?;
        if public.thumbprint() != key.public_key().thumbprint() {
            return Err("its public key is another key's, so nobody could verify".to_owned());
        }
        Ok(key)
    }

    fn parse_public(&self, stored: &StoredKey) -> Option<Arc<PublicKey>> {
        let text = format!("{} {}", stored.alg.as_deref().unwrap_or_default(), stored.public_key);
        self.keys.public.get(&stored.id, &text, || {
            let key = PublicKey::from_json(&stored.public_key).ok()?;
            key.with_kid(&stored.id).with_algorithm(self.algorithm_of(stored)?).ok()
        })
    }
}

/// The right to make a key; of one at a time.
type Making = MutexGuardArc<()>;

/// Makes a key; RSA away from the threads that serve, because it takes up to seconds.
async fn generate(
    parameters: KeyParameters,
    making: Making,
) -> Result<(Making, Result<PrivateKey, KeyError>)> {
    let (KeyParameters::Rs256(_) | KeyParameters::Ps256(_)) = parameters else {
        return Ok((making, PrivateKey::generate(parameters)));
    };
    let (answer, made) = oneshot::channel();
    let work = move || {
        let key = PrivateKey::generate(parameters);
        // Whoever asked may have hung up. The right is in here, so that hanging up again and again
        // starts no second thread.
        let _ = answer.send((making, key));
    };
    std::thread::Builder::new()
        .name("jwt-key".to_owned())
        .spawn(work)
        .map_err(|error| Error::internal("start a thread that makes a key").with_source(error))?;
    made.await.map_err(|error| Error::internal("make a key").with_source(error))
}
