//! The header `set-auth-jwt` of `/get-session`.

use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderName, HeaderValue};
use vestibule_core::call::Exchange;
use vestibule_core::endpoint::Reply;
use vestibule_core::hook::Hook;
use vestibule_core::{Error, Result};

use super::Jwt;

const SET_AUTH_JWT: HeaderName = HeaderName::from_static("set-auth-jwt");

/// Sends a token with every session that is answered.
pub(super) struct SetHeader(pub(super) Arc<Jwt>);

#[async_trait]
impl Hook for SetHeader {
    fn matches(&self, path: &str) -> bool {
        path == "/get-session"
    }

    async fn after(&self, call: &mut Exchange, answer: Result<Reply>) -> Result<Reply> {
        let answer = answer?;
        let session = call.session.clone().or_else(|| call.new_session.clone());
        let Some(session) = session else { return Ok(answer) };
        let token = self.0.session_token(call, &session).await?;
        // A token is base64url, unless a function of the configuration made it.
        let mut token = HeaderValue::try_from(token)
            .map_err(|error| Error::internal("send a token in a header").with_source(error))?;
        token.set_sensitive(true);
        call.set_exposed_header(SET_AUTH_JWT, token);
        Ok(answer)
    }
}
