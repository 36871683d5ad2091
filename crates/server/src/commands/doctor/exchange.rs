//! One request and its answer, as a browser would see them: no redirect is followed.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use serde_json::Value as Json;

use crate::style::harmless;
use crate::webhooks::CLIENT;

const TIMEOUT: Duration = Duration::from_secs(10);

/// Of a body no more is read.
const BODY_LIMIT_BYTES: usize = 256 * 1024;

/// How much of a body is quoted, in characters.
const QUOTE_LIMIT: usize = 160;

pub(super) struct Outgoing {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: Vec<(HeaderName, String)>,
    pub(super) body: Option<Json>,
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    body: Bytes,
}

impl Outgoing {
    pub(super) fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: Vec::new(), body: None }
    }

    pub(super) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn json(mut self, body: Json) -> Self {
        self.body = Some(body);
        self
    }
}

impl Answer {
    pub(super) fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn json(&self) -> Option<Json> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The start of the body, on one line.
    pub(super) fn quote(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut quote: String = harmless(&words).chars().take(QUOTE_LIMIT).collect();
        if quote.len() < words.len() {
            quote.push('…');
        }
        quote
    }

    /// Status, code and message, as far as there are any.
    pub(super) fn summary(&self) -> String {
        let mut summary = self.status.to_string();
        if let Some(location) = self.header(header::LOCATION) {
            summary += &format!(" to {}", harmless(location));
        }
        if let Some(challenge) = self.header(header::WWW_AUTHENTICATE) {
            summary += &format!(", `WWW-Authenticate: {}`", harmless(challenge));
        }
        let quote = self.quote();
        if !quote.is_empty() {
            summary += &format!(": {quote}");
        }
        summary
    }
}

/// Sends it, and says in words why there is no answer.
pub(super) async fn send(outgoing: Outgoing) -> Result<Answer, String> {
    let request = request(outgoing)?;
    let exchange = async {
        let response = CLIENT.request(request).await.map_err(|error| reason(&error))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, BODY_LIMIT_BYTES).collect().await;
        // What is too long or breaks off is no reason to say nothing about the rest.
        let body = body.map(|body| body.to_bytes()).unwrap_or_default();
        Ok(Answer { status: head.status, headers: head.headers, body })
    };
    tokio::time::timeout(TIMEOUT, exchange)
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} s", TIMEOUT.as_secs())))
}

fn request(outgoing: Outgoing) -> Result<Request<Full<Bytes>>, String> {
    let Outgoing { method, url, headers, body } = outgoing;
    let mut request = Request::builder().method(method).uri(url);
    request =
        request.header(header::USER_AGENT, concat!("vestibule-doctor/", env!("CARGO_PKG_VERSION")));
    for (name, value) in headers {
        let value = HeaderValue::from_str(&value).map_err(|error| error.to_string())?;
        request = request.header(name, value);
    }
    let body = match body {
        None => Bytes::new(),
        Some(json) => {
            request = request.header(header::CONTENT_TYPE, "application/json");
            json.to_string().into()
        }
    };
    request.body(Full::new(body)).map_err(|error| error.to_string())
}

/// The last cause says what happened; those before it only that something did.
fn reason(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
