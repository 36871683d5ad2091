//! One request in, one response out.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::ConnectInfo;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::timeout;
use tower_service::Service;
use vestibule_core::dispatch::Peer;
use vestibule_core::error_codes::PAYLOAD_TOO_LARGE;
use vestibule_core::{Auth, Error};

/// The most that a request's body may hold, unless the service is told otherwise.
pub const BODY_LIMIT_BYTES: usize = 1024 * 1024;

/// How long a request's body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);

/// The engine as a tower service. It never fails: whatever happens is an answer in JSON.
#[derive(Debug, Clone)]
pub struct AuthService {
    auth: Auth,
    body_limit_bytes: usize,
}

impl AuthService {
    pub fn new(auth: Auth) -> Self {
        Self { auth, body_limit_bytes: BODY_LIMIT_BYTES }
    }

    /// Larger bodies are answered with 413.
    #[must_use]
    pub fn body_limit_bytes(self, limit: usize) -> Self {
        Self { body_limit_bytes: limit, ..self }
    }

    async fn serve(self, request: Request<Body>) -> Response<Body> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        if parts.extensions.get::<Peer>().is_none()
            && let Some(ConnectInfo(peer)) = parts.extensions.get::<ConnectInfo<SocketAddr>>()
        {
            let peer = Peer(peer.ip());
            parts.extensions.insert(peer);
        }
        name_host(&mut parts);
        let response = match receive(body, self.body_limit_bytes).await {
            Ok(body) => self.handle(Request::from_parts(parts, body), &path).await,
            Err(error) => self.auth.refuse(error, &path),
        };
        response.map(Body::from)
    }

    async fn handle(&self, request: Request<Bytes>, path: &str) -> Response<Bytes> {
        // Safe to unwind: what a request shares with others are stores and pools, which expect to be
        // dropped at any await.
        match AssertUnwindSafe(self.auth.handle(request)).catch_unwind().await {
            Ok(response) => response,
            // What it said may quote what the client sent; the panic hook has said where it was.
            Err(_) => {
                self.auth.refuse(Error::internal("serve the request: a handler panicked"), path)
            }
        }
    }
}

impl Service<Request<Body>> for AuthService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().serve(request).map(Ok))
    }
}

/// RFC 9112 (3.2.2) and RFC 9113 (8.3.1): a host in the target comes before the `Host` header.
fn name_host(parts: &mut Parts) {
    let Some(authority) = parts.uri.authority() else { return };
    let host = authority.as_str().rsplit('@').next().unwrap_or_default();
    if let Ok(host) = HeaderValue::try_from(host) {
        parts.headers.insert(header::HOST, host);
    }
}

async fn receive(body: Body, limit: usize) -> Result<Bytes, Error> {
    let too_large = || Error::refusal(StatusCode::PAYLOAD_TOO_LARGE, PAYLOAD_TOO_LARGE);
    // Who says beforehand that it is too much need not send it.
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    match timeout(BODY_TIMEOUT, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        // The client broke off; hardly anybody will read this.
        Ok(Err(_)) => Err(Error::bad_request("The request body is incomplete")),
        Err(_) => {
            let message = format!("The request body took longer than {} s", BODY_TIMEOUT.as_secs());
            Err(Error::refusal(StatusCode::REQUEST_TIMEOUT, message).with_code("REQUEST_TIMEOUT"))
        }
    }
}
