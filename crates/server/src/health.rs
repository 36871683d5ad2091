//! `/health/live` and `/health/ready`, for whoever decides where requests go.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use vestibule_core::Auth;

use crate::preparation::{Gate, Progress};
use crate::shutdown::Shutdown;
use crate::trace::Route;

/// How long the database may take to answer.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// What readiness depends on.
#[derive(Clone)]
pub(crate) struct Health {
    pub(crate) auth: Auth,
    pub(crate) gate: Gate,
    pub(crate) shutdown: Shutdown,
}

/// What is routed here.
pub(crate) const PATHS: [&str; 2] = ["/health/live", "/health/ready"];

pub(crate) fn routes(health: Health) -> Router {
    Router::new()
        .route("/health/live", get(async || answer("/health/live", Ok(()))))
        .route("/health/ready", get(ready))
        .with_state(health)
}

async fn ready(State(health): State<Health>) -> Response {
    answer("/health/ready", health.check().await)
}

impl Health {
    /// What keeps the server from serving, if anything.
    async fn check(&self) -> Result<(), &'static str> {
        if self.shutdown.has_begun() {
            return Err("the server is shutting down");
        }
        match self.gate.progress() {
            Progress::Done => {}
            Progress::UnderWay => return Err("the database is not prepared yet"),
            Progress::Away => return Err("the database cannot be used yet"),
            Progress::Incomplete => {
                return Err("the database lacks tables or columns: run `vestibule migrate`");
            }
        }
        match tokio::time::timeout(PING_TIMEOUT, self.auth.store().ping()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err("the database does not answer"),
        }
    }
}

fn answer(route: &'static str, health: Result<(), &'static str>) -> Response {
    let (status, body) = match health {
        Ok(()) => (StatusCode::OK, json!({ "status": "ok" })),
        Err(reason) => {
            (StatusCode::SERVICE_UNAVAILABLE, json!({ "status": "unavailable", "reason": reason }))
        }
    };
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response.extensions_mut().insert(Route(route));
    response
}
