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
use http_body_util::BodyExt as _;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until, timeout};
use tower_service::Service;
use vestibule_core::dispatch::{NoSoonerThan, Peer};
use vestibule_core::error_codes::PAYLOAD_TOO_LARGE;
use vestibule_core::{Auth, Error};

/// The most that a request's body may hold, unless the service is told otherwise.
pub const BODY_LIMIT_BYTES: usize = 1024 * 1024;

/// All bodies that are being received or served may hold this much together, in the whole process;
/// what does not fit is answered with 503.
static BODY_ROOM: Semaphore = Semaphore::const_new(64 * 1024 * 1024 / ROOM_UNIT_BYTES);

/// What a permit of [`BODY_ROOM`] stands for.
const ROOM_UNIT_BYTES: usize = 1024;

/// The beginning of each body takes no room, so that large bodies keep nobody from signing in. The
/// number of connections limits it.
const FREE_BYTES: usize = 4 * 1024;

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
        let came = Instant::now();
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
            Ok(Received { bytes, _room }) => {
                self.handle(Request::from_parts(parts, bytes), &path).await
            }
            Err(error) => self.auth.refuse(error, &path),
        };
        if let Some(NoSoonerThan(time)) = response.extensions().get() {
            sleep_until(came + *time).await;
        }
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

/// A body, and its part of the [`BODY_ROOM`].
#[derive(Debug)]
struct Received<'a> {
    bytes: Bytes,
    _room: Option<SemaphorePermit<'a>>,
}

async fn receive(body: Body, limit: usize) -> Result<Received<'static>, Error> {
    match timeout(BODY_TIMEOUT, collect(body, limit, &BODY_ROOM)).await {
        Ok(received) => received,
        Err(_) => {
            let message = format!("The request body took longer than {} s", BODY_TIMEOUT.as_secs());
            Err(Error::refusal(StatusCode::REQUEST_TIMEOUT, message).with_code("REQUEST_TIMEOUT"))
        }
    }
}

async fn collect(mut body: Body, limit: usize, room: &Semaphore) -> Result<Received<'_>, Error> {
    let too_large = || Error::refusal(StatusCode::PAYLOAD_TOO_LARGE, PAYLOAD_TOO_LARGE);
    // Who says beforehand that it is too much need not send it.
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let mut taken: Option<SemaphorePermit<'_>> = None;
    while let Some(frame) = body.frame().await {
        // The client broke off; hardly anybody will read this.
        let frame = frame.map_err(|_| Error::bad_request("The request body is incomplete"))?;
        // Trailers say nothing to us.
        let Ok(data) = frame.into_data() else { continue };
        let length = bytes.len() + data.len();
        if length > limit {
            return Err(too_large());
        }
        let units = length.saturating_sub(FREE_BYTES).div_ceil(ROOM_UNIT_BYTES);
        let missing = units - taken.as_ref().map_or(0, SemaphorePermit::num_permits);
        if missing > 0 {
            let more = u32::try_from(missing).ok().and_then(|n| room.try_acquire_many(n).ok());
            let more = more.ok_or_else(|| {
                Error::unavailable("keep the bodies of all requests", Duration::from_secs(1))
            })?;
            match &mut taken {
                Some(taken) => taken.merge(more),
                None => taken = Some(more),
            }
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Received { bytes: bytes.into(), _room: taken })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(size: usize, room: &Semaphore) -> Result<Received<'_>, Error> {
        let body = Body::from(vec![b' '; size]);
        super::collect(body, BODY_LIMIT_BYTES, room).now_or_never().unwrap()
    }

    #[test]
    fn large_bodies_share_a_room() {
        let room = Semaphore::new(3);
        let first = collect(FREE_BYTES + 2 * ROOM_UNIT_BYTES, &room).unwrap();
        assert_eq!(room.available_permits(), 1);
        let refused = collect(FREE_BYTES + 2 * ROOM_UNIT_BYTES, &room).unwrap_err();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(room.available_permits(), 1);
        drop(first);
        assert_eq!(room.available_permits(), 3);
    }

    #[test]
    fn small_bodies_need_no_room() {
        let room = Semaphore::new(0);
        assert_eq!(collect(FREE_BYTES, &room).unwrap().bytes.len(), FREE_BYTES);
        assert!(collect(FREE_BYTES + 1, &room).is_err());
    }
}
