//! What is signed: the claims of a session's token, and what every token gets besides.

use serde_json::Value as Json;
use vestibule_core::call::Exchange;
use vestibule_core::models::SessionUser;
use vestibule_core::{Error, Result};
use vestibule_tokens::jose::{Algorithm, Object, jws};

use super::Jwt;
use super::options::ExpirationTime;
use super::time_span::TimeSpan;

/// Upstream's default: 15 minutes.
const LIFETIME_SECONDS: i64 = 900;

impl Jwt {
    /// The token of a session, as `/token` answers it.
    pub async fn session_token(
        &self,
        call: &mut Exchange,
        session: &SessionUser,
    ) -> Result<String> {
        let options = &self.options.jwt;
        let payload = match &options.define_payload {
            Some(define) => define
                .call(call, "plugins.jwt.jwt.definePayload", session.clone())
                .await?
                .unwrap_or_default(),
            None => match serde_json::to_value(&session.user) {
                Ok(Json::Object(user)) => user,
                _ => return Err(Error::internal("write the claims of a user")),
            },
        };
        let subject = match &options.get_subject {
            Some(subject) => {
                subject.call(call, "plugins.jwt.jwt.getSubject", session.clone()).await?
            }
            None => None,
        };
        let mut claims = Object::new();
        claims.insert("iat".to_owned(), call.now().as_seconds().into());
        claims.extend(payload);
        let subject = subject.unwrap_or_else(|| session.user.id.clone());
        claims.insert("sub".to_owned(), subject.into());
        self.sign_jwt(call, claims).await
    }

    /// Signs claims; `exp`, `iss` and `aud` are added where they are not there. The reference's
    /// `auth.api.signJWT`.
    pub async fn sign_jwt(&self, call: &mut Exchange, mut claims: Object) -> Result<String> {
        self.complete(call, &mut claims)?;
        self.sign(call, None, None, &claims).await
    }

    fn complete(&self, call: &Exchange, claims: &mut Object) -> Result<()> {
        let now = call.now().as_seconds();
        let issued_at = match claims.get("iat") {
            None | Some(Json::Null) => now,
            Some(moment) => moment.as_i64().ok_or_else(|| not_a_date("iat"))?,
        };
        let end = match claims.get("exp") {
            None | Some(Json::Null) => self.end(issued_at).into(),
            Some(Json::String(span)) => {
                let span: TimeSpan =
                    span.parse().map_err(|error| not_a_date("exp").with_source(error))?;
                now.saturating_add(span.seconds).into()
            }
            Some(moment @ Json::Number(_)) => moment.clone(),
            Some(_) => return Err(not_a_date("exp")),
        };
        claims.insert("exp".to_owned(), end);
        let origin = call.base_url().origin();
        let options = &self.options.jwt;
        for (claim, configured) in [
            ("iss", options.issuer.as_deref().map(Json::from)),
            ("aud", options.audience.as_ref().map(|audience| serde_json::json!(audience))),
        ] {
            if claims.get(claim).is_none_or(Json::is_null) {
                claims.insert(claim.to_owned(), configured.unwrap_or_else(|| origin.into()));
            }
        }
        Ok(())
    }

    fn end(&self, issued_at: i64) -> i64 {
        match self.options.jwt.expiration_time {
            None => issued_at.saturating_add(LIFETIME_SECONDS),
            Some(ExpirationTime::After(span)) => issued_at.saturating_add(span.seconds),
            Some(ExpirationTime::At(moment)) => moment,
        }
    }

    /// Signs claims as they are, here or elsewhere.
    pub(super) async fn sign(
        &self,
        call: &Exchange,
        algorithm: Option<Algorithm>,
        token_type: Option<&str>,
        claims: &Object,
    ) -> Result<String> {
        if let Some(sign) = &self.options.jwt.sign {
            let member =
                |name: &str, value: &str| Object::from_iter([(name.to_owned(), value.into())]);
            let header = token_type.map(|typ| member("typ", typ));
            let signing = algorithm.map(|algorithm| member("signingAlgorithm", algorithm.name()));
            let arguments = (claims.clone(), header, signing.unwrap_or_default());
            return sign.call_with_arguments(call, "plugins.jwt.jwt.sign", arguments).await;
        }
        let signing_key = self.signing_key(call, algorithm).await?;
        jws::sign(&signing_key.key, Some(&signing_key.kid), token_type, claims)
            .map_err(|error| Error::internal("sign a token").with_source(error))
    }
}

fn not_a_date(claim: &str) -> Error {
    Error::internal(format!("sign a token: its `{claim}` is not a date in seconds"))
}
