//! Who sends a request to a route that is not ours.

use axum::body::Body;
use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::Response;
use http::request::Parts;
use vestibule_core::error_codes::UNAUTHORIZED;
use vestibule_core::models::SessionUser;
use vestibule_core::{Auth, Error};

/// An extractor of the session that a request's cookie names, or what a plugin takes in its place, such
/// as an `Authorization` header. Where sessions are cached in cookies, the cache is believed.
///
/// `Session` refuses strangers with 401; `Option<Session>` lets them in as `None`. Where the
/// database is away both answer 503: nobody is taken for a stranger because of that.
///
/// ```ignore
/// async fn hello(Session(found): Session) -> String {
///     format!("Hello, {}", found.user.name)
/// }
/// ```
///
/// The router's state must be, or contain, the [`Auth`].
#[derive(Debug, Clone)]
pub struct Session(pub SessionUser);

impl<S> FromRequestParts<S> for Session
where
    Auth: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response<Body>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let found = <Self as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        let stranger = || Error::unauthorized(UNAUTHORIZED);
        found.ok_or_else(|| {
            Auth::from_ref(state).refuse(stranger(), parts.uri.path()).map(Body::from)
        })
    }
}

impl<S> OptionalFromRequestParts<S> for Session
where
    Auth: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response<Body>;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> Result<Option<Self>, Self::Rejection> {
        let auth = Auth::from_ref(state);
        match auth.session(&parts.headers).await {
            Ok(found) => Ok(found.map(Self)),
            Err(error) => Err(auth.refuse(error, parts.uri.path()).map(Body::from)),
        }
    }
}
