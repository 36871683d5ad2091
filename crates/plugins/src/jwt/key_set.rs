//! The keys for other parts of the server.

use async_trait::async_trait;
use vestibule_core::Result;
use vestibule_core::call::Exchange;
use vestibule_core::key_set::{Expected, KeySet};
use vestibule_tokens::jose::{Algorithm, Object};

use super::Jwt;

#[async_trait]
impl KeySet for Jwt {
    fn algorithm(&self) -> Algorithm {
        self.options.primary()
    }

    /// A key of any algorithm is made when it is first asked for. Who asks is this server's own
    /// configuration, so `keyPairConfigs` need not name it.
    async fn sign(
        &self,
        call: &mut Exchange,
        algorithm: Algorithm,
        token_type: Option<&'static str>,
        claims: Object,
    ) -> Result<String> {
        Self::sign(self, call, Some(algorithm), token_type, &claims).await
    }

    async fn verify(
        &self,
        call: &mut Exchange,
        token: &str,
        expected: Expected<'_>,
    ) -> Result<Option<Object>> {
        self.verify_expected(call, token, expected).await
    }

    fn signs_session_cache(&self) -> bool {
        self.options.session_cookie_cache
    }
}
