//! [`Refusal`]: why a request has no user, and the answer that says so.
//!
//! A refusal is an answer to somebody who wonders what is wrong, so its JSON says what was found and
//! what to do. 401 carries `WWW-Authenticate` ([RFC 9110, 11.6.1], [RFC 6750, 3]). A database or an
//! auth server that is away is 503 with `Retry-After`: that is not the caller's fault, and a client
//! that took it for a 401 would send its user to the sign-in page.
//!
//! [RFC 9110, 11.6.1]: https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
//! [RFC 6750, 3]: https://www.rfc-editor.org/rfc/rfc6750#section-3

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;

/// When to come back after a 503; seconds.
const RETRY_AFTER_SECONDS: &str = "2";

/// Why there is no [`Authenticated`](crate::Authenticated).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The request carries no credential at all.
    #[error("not signed in: the request has no session cookie and no bearer token")]
    Missing,
    /// A credential that is malformed, forged, made with another secret or for somebody else.
    #[error("the {what} is not valid: {why}")]
    Invalid { what: &'static str, why: String },
    /// Genuine, but its time is over.
    #[error("the {what} has expired")]
    Expired { what: &'static str },
    /// Genuine once, but its session is not there any more: signed out, revoked, or never there.
    #[error("there is no such session, or no longer")]
    Ended,
    /// A credential of a kind that this service is not set up for.
    #[error("this service does not take a {what}: {instead}")]
    Unsupported { what: &'static str, instead: &'static str },
    /// Whether the caller is signed in could not be found out.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What was attempted, and why it did not work. It holds no credentials. All who waited for the same
/// answer get a copy.
#[derive(Debug, Clone, thiserror::Error)]
#[error("failed to {attempt}")]
pub struct Unavailable {
    attempt: Arc<str>,
    #[source]
    source: Arc<dyn Error + Send + Sync>,
}

impl Unavailable {
    #[cfg_attr(
        not(any(feature = "postgres", feature = "sqlite", feature = "remote")),
        expect(dead_code, reason = "such a build asks nobody")
    )]
    pub(crate) fn new(attempt: &str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { attempt: attempt.into(), source: Arc::from(source.into()) }
    }
}

impl Refusal {
    pub(crate) fn invalid(what: &'static str, why: impl Into<String>) -> Self {
        Self::Invalid { what, why: why.into() }
    }

    /// 401, or 503 for [`Self::Unavailable`].
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    /// A word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "NOT_SIGNED_IN",
            Self::Invalid { .. } => "INVALID_CREDENTIAL",
            Self::Expired { .. } => "CREDENTIAL_EXPIRED",
            Self::Ended => "SESSION_ENDED",
            Self::Unsupported { .. } => "UNSUPPORTED_CREDENTIAL",
            Self::Unavailable(_) => "AUTH_UNAVAILABLE",
        }
    }

    /// What the caller can do about it.
    fn advice(&self) -> &'static str {
        match self {
            Self::Missing => {
                "Send the session cookie (in a browser: fetch with credentials: \"include\") or \
                 `Authorization: Bearer <token>`."
            }
            Self::Invalid { .. } => {
                "Get a new one from the auth server. If it is new, compare its secret or key set, \
                 issuer and audience with this service's; `vestibule inspect` says what it is."
            }
            Self::Expired { .. } => "Get a new one, or sign in again.",
            Self::Ended => "Sign in again.",
            Self::Unsupported { .. } => "Send that, or set this service up for the other.",
            Self::Unavailable(_) => "Try again in a moment; the session may well be valid.",
        }
    }

    /// The whole answer. An [`Unavailable`] is logged here, and the caller learns nothing of its cause.
    pub fn response<B: From<String>>(&self, realm: &str) -> Response<B> {
        let message = match self {
            Self::Unavailable(unavailable) => {
                log(unavailable);
                "Whether you are signed in cannot be found out right now".to_owned()
            }
            refusal => capitalized(&refusal.to_string()),
        };
        let body = json!({ "code": self.code(), "message": message, "hint": self.advice() });
        let mut response = Response::new(B::from(body.to_string()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Self::Unavailable(_) = self {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
        } else {
            headers.insert(WWW_AUTHENTICATE, self.challenge(realm));
        }
        response
    }

    /// Who sent no credential is told no error, only what is expected (RFC 6750, 3.1).
    fn challenge(&self, realm: &str) -> HeaderValue {
        let realm = quoted(realm);
        let challenge = match self {
            Self::Missing => format!("Bearer realm={realm}"),
            refusal => {
                let description = quoted(&refusal.to_string());
                format!(
                    "Bearer realm={realm}, error=\"invalid_token\", error_description={description}"
                )
            }
        };
        HeaderValue::try_from(challenge).unwrap_or(HeaderValue::from_static("Bearer"))
    }
}

fn log(unavailable: &Unavailable) {
    let mut causes = Vec::new();
    let mut next: Option<&dyn Error> = Some(unavailable);
    while let Some(error) = next {
        causes.push(error.to_string());
        next = error.source();
    }
    let error = causes.join(": ");
    tracing::error!(
        error,
        "a request was answered with 503, since its sender could not be verified"
    );
}

/// A quoted string of the characters that `error_description` may have: no quotes, no backslashes.
fn quoted(text: &str) -> String {
    let is_allowed = |c: &char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    format!("\"{}\"", text.chars().filter(is_allowed).collect::<String>())
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}

/// A [`Refusal`] on its way to becoming an axum response.
#[derive(Debug)]
pub struct Refused {
    pub refusal: Refusal,
    pub(crate) realm: Arc<str>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.refusal.fmt(f)
    }
}

#[cfg(feature = "axum")]
impl axum_core::response::IntoResponse for Refused {
    fn into_response(self) -> axum_core::response::Response {
        self.refusal.response(&self.realm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(refusal: &Refusal) -> (u16, String, String) {
        let response: Response<String> = refusal.response("api");
        let header = response.headers().get(WWW_AUTHENTICATE);
        let header = header.map_or("", |value| value.to_str().unwrap()).to_owned();
        (response.status().as_u16(), header, response.into_body())
    }

    #[test]
    fn who_sends_nothing_is_told_what_to_send() {
        let (status, challenge, body) = answer(&Refusal::Missing);
        assert_eq!((status, challenge.as_str()), (401, "Bearer realm=\"api\""));
        assert_eq!(
            body,
            "{\"code\":\"NOT_SIGNED_IN\",\"message\":\"Not signed in: the request has no session \
             cookie and no bearer token\",\"hint\":\"Send the session cookie (in a browser: fetch \
             with credentials: \\\"include\\\") or `Authorization: Bearer <token>`.\"}"
        );
    }

    #[test]
    fn what_a_token_says_cannot_leave_its_place_in_the_header() {
        let refusal = Refusal::invalid("JWT", "its `iss` is \"x\"\r\nset-cookie: é");
        let (_, challenge, _) = answer(&refusal);
        assert_eq!(
            challenge,
            "Bearer realm=\"api\", error=\"invalid_token\", error_description=\"the JWT is not valid: \
             its `iss` is xset-cookie: \""
        );
    }

    #[test]
    fn a_database_that_is_away_is_nobodys_sign_out() {
        let refusal = Refusal::from(Unavailable::new("ask", "password=hunter2"));
        let response: Response<String> = refusal.response("api");
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[RETRY_AFTER], "2");
        assert!(response.headers().get(WWW_AUTHENTICATE).is_none());
        assert!(!response.body().contains("hunter2"));
    }
}
