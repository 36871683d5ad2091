//! [`EventFeed`]: the outbox, pulled. It needs no address that the auth server can reach.

use std::error::Error;
use std::fmt;

use ::http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::MirrorError;
use super::event::{Event, InvalidEvent};
use crate::refusal::Unavailable;
use crate::remote::http::{self, Http, InvalidUrl};
use crate::remote::{InvalidServiceKey, SERVICE_KEY, service_key};

const ATTEMPT: &str = "pull events from the auth server";

/// Events of one page.
const PAGE: &str = "500";

/// `GET /events` of the auth server.
#[derive(Clone)]
pub struct EventFeed {
    http: Http,
    base: String,
    service_key: HeaderValue,
}

/// Some events in order, and where to go on.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    pub events: Vec<Event>,
    pub next: String,
}

/// Why there are no events.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// Events after this place are gone, or the auth server has an older copy of its database: begin
    /// without a place, and let `vestibule outbox replay --all-users` tell of everybody.
    #[error("the auth server has no events from this place on; begin again")]
    Gone,
    #[error(transparent)]
    Event(#[from] InvalidEvent),
    #[error(transparent)]
    Mirror(#[from] MirrorError),
}

/// What the feed cannot be made of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidFeed {
    #[error(transparent)]
    Url(#[from] InvalidUrl),
    #[error(transparent)]
    ServiceKey(#[from] InvalidServiceKey),
}

#[derive(Deserialize)]
struct Wire {
    events: Vec<Value>,
    next: String,
}

impl EventFeed {
    /// With the base URL of the auth server, `https://auth.example.com/api/auth`, and the key of this
    /// service.
    pub fn new(base_url: &str, key: &str) -> Result<Self, InvalidFeed> {
        let base = format!("{}/events?limit={PAGE}", base_url.trim_end_matches('/'));
        http::url(&base)?;
        Ok(Self { http: Http::new(), base, service_key: service_key(key)? })
    }

    /// The events after a place, or from the oldest that is kept.
    pub async fn page(&self, after: Option<&str>) -> Result<Page, FeedError> {
        let unavailable =
            |error: Box<dyn Error + Send + Sync>| FeedError::from(Unavailable::new(ATTEMPT, error));
        let url = match after {
            Some(after) => format!("{}&after={after}", self.base),
            None => self.base.clone(),
        };
        let url = http::url(&url).map_err(|error| unavailable(error.into()))?;
        let headers = HeaderMap::from_iter([(SERVICE_KEY, self.service_key.clone())]);
        let answer = self.http.get(&url, headers).await.map_err(unavailable)?;
        match answer.status {
            StatusCode::OK => {}
            StatusCode::GONE => return Err(FeedError::Gone),
            status => return Err(unavailable(format!("it answered {status}").into())),
        }
        let Wire { events, next } =
            serde_json::from_slice(&answer.body).map_err(|error| unavailable(error.into()))?;
        let events = events.into_iter().map(Event::from_value).collect::<Result<_, _>>()?;
        Ok(Page { events, next })
    }
}

impl fmt::Debug for EventFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventFeed").field("base", &self.base).finish_non_exhaustive()
    }
}
