//! `bearer`: the session by `Authorization: Bearer <token>`, for clients that keep no cookies.
//!
//! Whatever signs somebody in answers with a header `set-auth-token`, the signed value of the
//! session's cookie. A request that brings it, or the bare token of a session, is served as if it
//! had brought the cookie; a token that is not ours changes nothing. As no browser adds this header
//! by itself, a request without cookies needs no origin.
//!
//! A bare token is as good as a signed one, since both are secrets of the same worth;
//! `requireSignature` refuses it for those who hand out tokens by other ways than ours.
//!
//! Reference: better-auth 1.7.7, plugins/bearer.

use std::borrow::Cow;
use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderName, HeaderValue, header};
use schemars::JsonSchema;
use serde::Deserialize;
use vestibule_core::call::Exchange;
use vestibule_core::hook::Hook;
use vestibule_core::plugin::{Contribution, Plugin};
use vestibule_core::prelude::*;
use vestibule_tokens::cookie::SetCookie;
use vestibule_tokens::encoding::decode_uri_component;
use vestibule_tokens::signature::SigningKey;

/// The answer's header with a token.
pub const SET_AUTH_TOKEN: HeaderName = HeaderName::from_static("set-auth-token");

const SCHEME: &str = "bearer ";

#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// Only signed tokens count, such as those of the header `set-auth-token`. Default: false.
    pub require_signature: bool,
}

/// The plugin.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bearer {
    options: Options,
}

impl From<Options> for Bearer {
    fn from(options: Options) -> Self {
        Self { options }
    }
}

impl Plugin for Bearer {
    fn id(&self) -> &'static str {
        "bearer"
    }

    fn contribute(self: Arc<Self>) -> Contribution {
        Contribution { hooks: vec![self], ..Contribution::default() }
    }
}

#[async_trait]
impl Hook for Bearer {
    fn matches(&self, _: &str) -> bool {
        true
    }

    async fn identify(&self, call: &mut Exchange) -> Result<()> {
        let Some(authorization) = call.headers.get(header::AUTHORIZATION) else { return Ok(()) };
        let authorization = latin1(authorization);
        let key = call.auth().signing_key();
        if let Some(signed) = self.signed_token(key, &authorization) {
            let name = call.auth().cookies().session_token.name.clone();
            call.set_request_cookie(&name, &signed);
        }
        Ok(())
    }

    async fn after(&self, call: &mut Exchange, answer: Result<Reply>) -> Result<Reply> {
        let name = &call.auth().cookies().session_token.name;
        let cookie = call.set_cookies().iter().rfind(|cookie| cookie.name == *name);
        let is_kept = |cookie: &&SetCookie| {
            !cookie.value.is_empty() && cookie.attributes.max_age_seconds != Some(0)
        };
        // A token that is no header value is none of ours: those are letters and digits.
        let token = cookie.filter(is_kept).map(|cookie| HeaderValue::try_from(&cookie.value));
        if let Some(Ok(mut token)) = token {
            token.set_sensitive(true);
            call.set_exposed_header(SET_AUTH_TOKEN, token);
        }
        answer
    }
}

impl Bearer {
    /// The value for the session's cookie that an `Authorization` header stands for.
    fn signed_token<'h>(&self, key: &SigningKey, authorization: &'h str) -> Option<Cow<'h, str>> {
        let scheme = authorization.get(..SCHEME.len())?;
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return None;
        }
        let token = authorization[SCHEME.len()..].trim();
        if token.is_empty() {
            return None;
        }
        if !token.contains('.') {
            return (!self.options.require_signature).then(|| key.sign(token).into());
        }
        let decoded = decode_uri_component(token).unwrap_or(Cow::Borrowed(token));
        // Reference quirk: what follows a second dot is not looked at here, but by whoever reads the
        // cookie, and refused.
        let mut parts = decoded.split('.');
        let (value, signature) = (parts.next()?, parts.next()?);
        key.is_signature(value, signature).then_some(decoded)
    }
}

/// Header bytes as the reference's runtime hands them over: one byte, one character.
fn latin1(value: &HeaderValue) -> String {
    value.as_bytes().iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests;
