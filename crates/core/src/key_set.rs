//! [`KeySet`]: signatures that others verify with a public key.
//!
//! The engine has no such keys of its own: a plugin that keeps some contributes a key set, and
//! whoever wants a token signed asks [`Auth::key_set`](crate::Auth::key_set) for it. Who asks does
//! not know where the keys are, when they were made, or that they rotate.

use async_trait::async_trait;
use serde_json::{Map, Value as Json};
use vestibule_tokens::jose::Algorithm;

use crate::call::Exchange;
use crate::error::Result;

/// Keys that sign, with their public halves.
#[async_trait]
pub trait KeySet: Send + Sync {
    /// What it signs with where nobody asks for something else.
    fn algorithm(&self) -> Algorithm;

    /// Signs claims as a compact JWS, with a key of this algorithm; the first one is made when it is
    /// needed. Claims are signed as they are: who calls sets `iat`, `exp` and the rest.
    async fn sign(
        &self,
        call: &mut Exchange,
        algorithm: Algorithm,
        token_type: Option<&'static str>,
        claims: Map<String, Json>,
    ) -> Result<String>;

    /// The claims of a token that one of the keys signed, with `typ` as asked for and dates that hold
    /// at `call.now()`, give or take the leeway. `None` for everything else; an error only where
    /// the keys could not be read.
    async fn verify(
        &self,
        call: &mut Exchange,
        token: &str,
        expected: Expected<'_>,
    ) -> Result<Option<Map<String, Json>>>;

    /// Whether it also signs the session's cookie cache.
    fn signs_session_cache(&self) -> bool {
        false
    }
}

/// What a token must say besides being genuine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected<'a> {
    /// The header's `typ`. `None`: it is not looked at.
    pub token_type: Option<&'a str>,
    /// `None`: it is not looked at.
    pub issuer: Option<&'a str>,
    /// `None`: it is not looked at.
    pub audience: Option<&'a str>,
    /// How far dates may be off, in seconds.
    pub leeway_seconds: u64,
}
