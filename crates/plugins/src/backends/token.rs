//! `POST /auth/token`
//!
//! Exchanges a session for an access token: RFC 8693, as far as it fits. The session is proved by the
//! request's cookie (or what a plugin makes of `Authorization`), or by `subject_token`.

use std::sync::Arc;

use http::HeaderValue;
use http::header::PRAGMA;
use serde::{Deserialize, Serialize};
use vestibule_core::endpoint::configured;
use vestibule_core::error::ErrorCode;
use vestibule_core::oauth_error::{
    INVALID_REQUEST, INVALID_SCOPE, INVALID_TARGET, UNSUPPORTED_GRANT_TYPE,
};
use vestibule_core::prelude::*;

use super::Backends;
use super::access_token::mint;
use super::audience::Audience;
use super::caller::{Proof, Proved, nobody};

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

pub(super) fn endpoint(plugin: &Arc<Backends>) -> Endpoint {
    Endpoint::post(configured(plugin.options.token_path.clone()), plugin, token)
        .id("exchangeToken")
        .at_origin()
        .accepts_forms()
        .oauth_errors()
        .no_store()
}

#[derive(Deserialize, Shape, Default)]
struct Body {
    /// The name of a service, or its audience. May be left out where there is but one
    audience: Option<String>,
    /// The same, as RFC 8707 calls it
    resource: Option<String>,
    /// "urn:ietf:params:oauth:grant-type:token-exchange", or nothing
    grant_type: Option<String>,
    /// The token of a session, with or without its signature; without it the cookie proves the session
    #[expect(dead_code, reason = "who calls is found out before: see `caller`")]
    subject_token: Option<String>,
    /// "urn:ietf:params:oauth:token-type:access_token", or nothing
    subject_token_type: Option<String>,
    /// "urn:ietf:params:oauth:token-type:access_token" or "…:jwt", or nothing
    requested_token_type: Option<String>,
    /// Not supported: nobody acts for somebody else
    actor_token: Option<String>,
    /// Not supported: a token says who somebody is, and your service what they may do
    scope: Option<String>,
}

#[derive(Serialize, Shape)]
struct Granted {
    access_token: String,
    /// "Bearer"
    token_type: String,
    /// Seconds
    expires_in: i64,
    issued_token_type: String,
}

async fn token(plugin: &Backends, call: &mut Call<Proved>, body: Option<Body>) -> Result<Granted> {
    call.set_header(PRAGMA, HeaderValue::from_static("no-cache"));
    let body = body.unwrap_or_default();
    if plugin.options.require_signature && call.caller.by == Proof::RawToken {
        let message = "The subject_token has no signature, which this server requires";
        return Err(refusal(INVALID_REQUEST, message));
    }
    let issued_token_type = check(&body)?;
    let audience = plugin.asked_audience(&body)?;
    let proved = call.caller.session.clone();
    let Some(minted) = mint(call, audience, &proved).await? else {
        return Err(nobody(call));
    };
    Ok(Granted {
        access_token: minted.token,
        token_type: "Bearer".to_owned(),
        expires_in: minted.expires_in_seconds,
        issued_token_type: issued_token_type.to_owned(),
    })
}

/// Refuses what was asked for and would not be given; returns the type of the token.
fn check(body: &Body) -> Result<&'static str> {
    if body.grant_type.as_deref().is_some_and(|grant| grant != TOKEN_EXCHANGE) {
        let message = format!("The only grant_type here is {TOKEN_EXCHANGE}");
        return Err(Error::bad_request(message).with_code(UNSUPPORTED_GRANT_TYPE.code));
    }
    if body.scope.as_deref().is_some_and(|scope| !scope.trim().is_empty()) {
        return Err(refusal(INVALID_SCOPE, "There are no scopes here"));
    }
    if body.actor_token.is_some() {
        return Err(refusal(
            INVALID_REQUEST,
            "There is no actor_token here: nobody acts for others",
        ));
    }
    if body.subject_token_type.as_deref().is_some_and(|asked| asked != ACCESS_TOKEN) {
        let message = format!("The only subject_token_type here is {ACCESS_TOKEN}");
        return Err(Error::bad_request(message).with_code(INVALID_REQUEST.code));
    }
    match body.requested_token_type.as_deref() {
        None | Some(ACCESS_TOKEN) => Ok(ACCESS_TOKEN),
        Some(JWT) => Ok(JWT),
        Some(_) => {
            let message = format!("The requested_token_type may be {ACCESS_TOKEN} or {JWT}");
            Err(Error::bad_request(message).with_code(INVALID_REQUEST.code))
        }
    }
}

impl Backends {
    fn asked_audience(&self, body: &Body) -> Result<&Audience> {
        if self.audiences.is_empty() {
            let message = "This server mints no tokens: no audience is configured";
            return Err(refusal(INVALID_TARGET, message)
                .with_hint("add to the configuration: [tokens.api] algorithm = \"HS256\""));
        }
        match (body.audience.as_deref(), body.resource.as_deref()) {
            (None, None) => self.only_audience(),
            (Some(asked), None) | (None, Some(asked)) => self.find_audience(asked),
            (Some(audience), Some(resource)) => {
                let found = self.find_audience(audience)?;
                match found.is(resource) {
                    true => Ok(found),
                    false => {
                        let message = "audience and resource name different services";
                        Err(refusal(INVALID_TARGET, message))
                    }
                }
            }
        }
    }

    fn only_audience(&self) -> Result<&Audience> {
        if let [only] = self.audiences.as_slice() {
            return Ok(only);
        }
        let names: Vec<_> = self.audiences.iter().map(|audience| &*audience.name).collect();
        let message = "There are several audiences: say which, as `audience`";
        Err(refusal(INVALID_TARGET, message).with_hint(format!("there are {}", names.join(", "))))
    }

    fn find_audience(&self, asked: &str) -> Result<&Audience> {
        let found = self.audiences.iter().find(|audience| audience.is(asked));
        found.ok_or_else(|| {
            Error::bad_request(INVALID_TARGET)
                .with_hint("the configuration has audiences as `[tokens.NAME]`")
        })
    }
}

fn refusal(code: ErrorCode, message: &'static str) -> Error {
    Error::bad_request(message).with_code(code.code)
}
