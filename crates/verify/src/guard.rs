//! [`Guard`], a tower layer, for routers other than axum and for whole groups of routes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::{Authenticated, Refusal, Verifier};

/// Checks each request before the service behind it sees it, and puts
/// [`Authenticated`](crate::Authenticated) among the request's extensions.
///
/// A layer for CORS belongs outside of this one: browsers send preflights without credentials, and
/// show an answer to their page only where it has the CORS headers.
#[derive(Debug, Clone)]
#[must_use]
pub struct Guard {
    verifier: Verifier,
    guests: Guests,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guests {
    Refused,
    Allowed,
}

impl Guard {
    pub(crate) fn new(verifier: Verifier) -> Self {
        Self { verifier, guests: Guests::Refused }
    }

    /// Lets strangers pass as well, without the extension; 503 stays 503.
    pub fn allow_guests(self) -> Self {
        Self { guests: Guests::Allowed, ..self }
    }
}

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner, guard: self.clone() }
    }
}

/// A service behind a [`Guard`].
#[derive(Debug, Clone)]
pub struct Guarded<S> {
    inner: S,
    guard: Guard,
}

impl<S, B, R> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that said it is ready goes with the request; its copy takes the next.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let Guard { verifier, guests } = self.guard.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match verifier.check_once(&parts.headers, &mut parts.extensions).await {
                Ok(authenticated) => {
                    parts.extensions.insert(authenticated);
                }
                Err(refused)
                    if guests == Guests::Allowed
                        && !matches!(refused.refusal, Refusal::Unavailable(_)) =>
                {
                    // What another guard has found is not what this one asks for.
                    parts.extensions.remove::<Authenticated>();
                }
                Err(refused) => return Ok(refused.refusal.response(&refused.realm)),
            }
            inner.call(Request::from_parts(parts, body)).await
        })
    }
}
