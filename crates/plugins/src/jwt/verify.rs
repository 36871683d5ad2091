//! Verifying tokens that one of the keys signed.

use std::time::Duration;

use vestibule_core::Result;
use vestibule_core::call::Exchange;
use vestibule_core::key_set::Expected;
use vestibule_tokens::jose::{Object, Refusal, Validation, jws};

use super::Jwt;
use super::options::OneOrMany;

impl Jwt {
    /// The claims of a token that [`sign_jwt`](Self::sign_jwt) made; `None` for every other. Another
    /// `issuer` than the configured one may be expected. The reference's `auth.api.verifyJWT`.
    pub async fn verify_jwt(
        &self,
        call: &Exchange,
        token: &str,
        issuer: Option<&str>,
    ) -> Result<Option<Object>> {
        let origin = call.base_url().origin();
        let options = &self.options.jwt;
        let issuer = issuer.or(options.issuer.as_deref()).unwrap_or(origin);
        let audiences = match &options.audience {
            None => vec![origin.to_owned()],
            Some(OneOrMany::One(audience)) => vec![audience.clone()],
            Some(OneOrMany::Many(audiences)) => audiences.clone(),
        };
        let expect = |validation: Validation| validation.issuer(issuer).audiences(audiences);
        let claims = self.verify(call, token, expect).await?;
        // Reference quirk: a token about nobody is none.
        Ok(claims.filter(|claims| {
            claims.get("sub").and_then(|sub| sub.as_str()).is_some_and(|sub| !sub.is_empty())
        }))
    }

    /// The same for what other parts of the server expect.
    pub(super) async fn verify_expected(
        &self,
        call: &Exchange,
        token: &str,
        expected: Expected<'_>,
    ) -> Result<Option<Object>> {
        let expect = |mut validation: Validation| {
            if let Some(typ) = expected.token_type {
                validation = validation.typ(typ);
            }
            if let Some(issuer) = expected.issuer {
                validation = validation.issuer(issuer);
            }
            if let Some(audience) = expected.audience {
                validation = validation.audience(audience);
            }
            validation.leeway(Duration::from_secs(expected.leeway_seconds))
        };
        self.verify(call, token, expect).await
    }

    async fn verify(
        &self,
        call: &Exchange,
        token: &str,
        expect: impl FnOnce(Validation) -> Validation,
    ) -> Result<Option<Object>> {
        let parsed = match jws::Unverified::parse(token) {
            Ok(parsed) => parsed,
            Err(refusal) => return Ok(refused(&refusal)),
        };
        // Each of our tokens names its key.
        let Some(kid) = parsed.header.kid.clone() else { return Ok(None) };
        let Some(key) = self.public_key(call, &kid).await? else {
            tracing::debug!("A token was refused: no key is known by its `kid`");
            return Ok(None);
        };
        // The key's row says with what it signs; the token does not.
        let validation = expect(Validation::new(key.algorithms().collect::<Vec<_>>()));
        match parsed.verify(&key, &validation, call.now().as_seconds()) {
            Ok(verified) => Ok(Some(verified.claims)),
            Err(refusal) => Ok(refused(&refusal)),
        }
    }
}

fn refused(refusal: &Refusal) -> Option<Object> {
    tracing::debug!(reason = refusal.code(), "A token was refused");
    None
}
