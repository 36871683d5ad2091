//! What becomes of an error: an answer for the client, and a line in the log for whoever runs the
//! server.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value as Json, json};

use crate::endpoint::{ErrorForm, Reply};
use crate::error::{Error, Outcome};
use crate::error_codes::{INTERNAL_SERVER_ERROR, SERVICE_UNAVAILABLE};
use crate::oauth_error;

pub(super) fn error_reply(error: &Error, form: ErrorForm, production: bool) -> Reply {
    let mut body = Map::new();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut retry_after = None;
    match error.outcome() {
        Outcome::Refusal(refusal) => {
            body.insert("message".to_owned(), refusal.reason.message.as_ref().into());
            if let Some(code) = &refusal.reason.code {
                body.insert("code".to_owned(), code.as_ref().into());
            }
            if let (Some(hint), false) = (&refusal.hint, production) {
                body.insert("hint".to_owned(), hint.as_str().into());
            }
            retry_after = refusal.retry_after;
        }
        Outcome::Unavailable { retry_after: wait } => {
            body.insert("message".to_owned(), SERVICE_UNAVAILABLE.message.into());
            body.insert("code".to_owned(), SERVICE_UNAVAILABLE.code.into());
            retry_after = Some(wait);
        }
        Outcome::Internal => {
            body.insert("message".to_owned(), INTERNAL_SERVER_ERROR.message.into());
            body.insert("code".to_owned(), INTERNAL_SERVER_ERROR.code.into());
        }
    }
    if form == ErrorForm::OAuth {
        let message = body.get("message").and_then(Json::as_str).unwrap_or_default();
        let description = oauth_error::description(message);
        body.insert("error".to_owned(), oauth_error::name(error).into());
        body.insert("error_description".to_owned(), description.into());
    }
    if let Some(wait) = retry_after {
        let seconds = wait.as_millis().div_ceil(1000);
        let seconds = HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX));
        headers.insert("x-retry-after", seconds.clone());
        headers.insert(header::RETRY_AFTER, seconds);
    }
    Reply { status: error.status(), headers, body: json!(body).to_string().into() }
}

/// Of requests that could not be served, one is logged in this time, with the number of the others:
/// under load there are thousands in a second.
const UNAVAILABLE_LOG_EVERY: Duration = Duration::from_secs(5);

static UNAVAILABLE: Mutex<Burst> = Mutex::new(Burst { told: None, untold: 0 });

/// Events that are told of now and then.
struct Burst {
    told: Option<Instant>,
    untold: u64,
}

impl Burst {
    /// Whether to tell of an event, and how many were not told of since the last that was.
    fn tell(&mut self, now: Instant) -> Option<u64> {
        if self.told.is_some_and(|told| now.duration_since(told) < UNAVAILABLE_LOG_EVERY) {
            self.untold += 1;
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.untold))
    }
}

/// The one place where failures are logged. Refusals are the client's affair, and are not.
pub(super) fn log_failure(error: &Error, path: &str) {
    match error.outcome() {
        Outcome::Refusal(refusal) if refusal.status.is_server_error() => {
            tracing::error!(http.path = path, error = ?error, "A request failed");
        }
        Outcome::Refusal(refusal) if refusal.status == StatusCode::FORBIDDEN => {
            tracing::info!(http.path = path, error = %error, "A request was refused");
        }
        Outcome::Refusal(_) => {}
        Outcome::Unavailable { .. } => {
            // tidy-allow(clock): how often the log is written has nothing to do with the request.
            let now = Instant::now();
            let told = UNAVAILABLE.lock().unwrap_or_else(PoisonError::into_inner).tell(now);
            if let Some(untold) = told {
                tracing::warn!(http.path = path, error = ?error, untold, "A request could not be served now");
            }
        }
        Outcome::Internal => {
            tracing::error!(http.path = path, error = ?error, "A request failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_events_one_is_told_with_the_number_of_the_others() {
        let mut burst = Burst { told: None, untold: 0 };
        let start = Instant::now();
        assert_eq!(burst.tell(start), Some(0));
        assert_eq!(burst.tell(start), None);
        assert_eq!(burst.tell(start), None);
        assert_eq!(burst.tell(start + UNAVAILABLE_LOG_EVERY), Some(2));
        assert_eq!(burst.tell(start + 2 * UNAVAILABLE_LOG_EVERY), Some(0));
    }
}
