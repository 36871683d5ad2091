//! Who calls these endpoints: users whose refusal says what to do, sessions that are proved by a token
//! in the body, and services with their key.

use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::Value as Json;
use vestibule_core::call::Exchange;
use vestibule_core::caller::{Access, Caller};
use vestibule_core::error::ErrorCode;
use vestibule_core::models::SessionUser;
use vestibule_core::oauth_error::{INVALID_CLIENT, INVALID_REQUEST};
use vestibule_core::prelude::{Sensitive, SignedIn};
use vestibule_core::{Error, Result};
use vestibule_tokens::encoding::{decode_base64, decode_uri_component};

/// As the reference's `UNAUTHORIZED`, for people who wonder what is missing.
const UNAUTHORIZED: ErrorCode = ErrorCode {
    code: "UNAUTHORIZED",
    message: "Nobody is signed in: send the session cookie (in a browser: fetch with credentials: include) \
              or, with the plugin bearer, a session token as Authorization: Bearer",
};

/// Longer texts are no session tokens; the reference's have 32 characters.
const LONGEST_SESSION_TOKEN: usize = 512;

/// Whoever is signed in, as [`SignedIn`]; everybody else is told what to send.
pub(super) struct Known(pub(super) SessionUser);

impl Caller for Known {
    const ACCESS: Access = Access::SignedIn;

    async fn resolve(exchange: &mut Exchange) -> Result<Self> {
        match SignedIn::resolve(exchange).await {
            Ok(SignedIn(found)) => Ok(Self(found)),
            Err(error) => Err(explained(exchange, error)),
        }
    }
}

/// A session that was proved now, to the database and not to a cache.
pub(super) struct Proved {
    pub(super) session: SessionUser,
    pub(super) by: Proof,
}

/// What proved it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// A cookie, or what a plugin made of a header.
    Request,
    /// `subject_token` (RFC 8693, 2.1), as it stands in a cookie.
    SignedToken,
    /// `subject_token`, as the database has it.
    RawToken,
}

impl Caller for Proved {
    const ACCESS: Access = Access::Sensitive;

    async fn resolve(exchange: &mut Exchange) -> Result<Self> {
        let body = exchange.received.body.as_ref();
        let token = body.and_then(|body| body.get("subject_token")).and_then(Json::as_str);
        let Some(token) = token.map(str::to_owned) else {
            return match Sensitive::resolve(exchange).await {
                Ok(Sensitive(session)) => Ok(Self { session, by: Proof::Request }),
                Err(error) => Err(explained(exchange, error)),
            };
        };
        match session_of(exchange, &token).await? {
            Some((session, by)) => {
                exchange.session = Some(session.clone());
                Ok(Self { session, by })
            }
            // RFC 8693, 2.2.2: this code, whatever is wrong with it.
            None => Err(Error::bad_request(
                "The subject_token is not the token of a session, or the session has ended",
            )
            .with_code(INVALID_REQUEST.code)),
        }
    }
}

/// A service that proved who it is, by the header of its key or by HTTP Basic.
pub(super) struct Client;

impl Caller for Client {
    const ACCESS: Access = Access::Service;

    async fn resolve(exchange: &mut Exchange) -> Result<Self> {
        if exchange.service().is_some() || is_known_client(exchange) {
            return Ok(Self);
        }
        const CHALLENGE: HeaderValue =
            HeaderValue::from_static("Basic realm=\"vestibule\", charset=\"UTF-8\"");
        exchange.set_header(header::WWW_AUTHENTICATE, CHALLENGE);
        Err(Error::unauthorized(
            "Expected the name of a service and its key as HTTP Basic, or the key as x-vestibule-service-key",
        )
        .with_code(INVALID_CLIENT.code)
        .with_hint(
            "`vestibule secret derive --service NAME` prints the key of a service that the \
             configuration has as `[services.NAME]`",
        ))
    }
}

/// The live session of a session token, with or without its signature. It is not prolonged.
pub(super) async fn session_of(
    exchange: &mut Exchange,
    token: &str,
) -> Result<Option<(SessionUser, Proof)>> {
    if token.is_empty() || token.len() > LONGEST_SESSION_TOKEN || token.contains(char::is_control) {
        return Ok(None);
    }
    let auth = exchange.auth().clone();
    // It may be copied from a cookie, where it is encoded, or from a header, where it is not.
    let decoded = decode_uri_component(token);
    let signed = [Some(token), decoded.as_deref()];
    let verified =
        signed.into_iter().flatten().find_map(|signed| auth.signing_key().verify(signed));
    let (token, proof) = match verified {
        Some(token) => (token, Proof::SignedToken),
        None => (token, Proof::RawToken),
    };
    let now = exchange.now();
    let found = exchange.sessions().find(token).await?;
    Ok(found.filter(|found| found.session.expires_at > now).map(|found| (found, proof)))
}

/// RFC 6749, 2.3.1: both are encoded as in a form, then as HTTP Basic has it.
fn is_known_client(exchange: &Exchange) -> bool {
    let Some((name, key)) = basic_credentials(&exchange.headers) else { return false };
    exchange.auth().service_keys().find(&key).is_some_and(|service| *service == *name)
}

fn basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(decode_base64(encoded.trim())?).ok()?;
    let (name, key) = decoded.split_once(':')?;
    let decode = |text: &str| decode_uri_component(text).map(std::borrow::Cow::into_owned);
    Some((decode(name)?, decode(key)?))
}

fn explained(exchange: &mut Exchange, error: Error) -> Error {
    match error.status() {
        StatusCode::UNAUTHORIZED => nobody(exchange),
        _ => error,
    }
}

/// The refusal of whoever has no session, which says what is expected (RFC 6750, 3).
pub(super) fn nobody(exchange: &mut Exchange) -> Error {
    const NOTHING_SENT: HeaderValue = HeaderValue::from_static("Bearer realm=\"vestibule\"");
    const NOT_VALID: HeaderValue =
        HeaderValue::from_static("Bearer realm=\"vestibule\", error=\"invalid_token\"");
    let brought_something = exchange.headers.contains_key(header::AUTHORIZATION)
        || exchange.cookies().get(&exchange.auth().cookies().session_token.name).is_some();
    let challenge = if brought_something { NOT_VALID } else { NOTHING_SENT };
    exchange.set_header(header::WWW_AUTHENTICATE, challenge);
    Error::unauthorized(UNAUTHORIZED)
}
