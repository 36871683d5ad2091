//! [`Authenticated`] as an argument of axum's handlers.

use axum_core::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;

use crate::refusal::Refused;
use crate::{Authenticated, Refusal, Verifier};

impl<S> FromRequestParts<S> for Authenticated
where
    Verifier: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        Verifier::from_ref(state).check_once(&parts.headers, &mut parts.extensions).await
    }
}

/// A stale cookie makes a guest, not an error: whoever has signed out elsewhere may still read what is
/// for everybody.
impl<S> OptionalFromRequestParts<S> for Authenticated
where
    Verifier: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Refused> {
        let verifier = Verifier::from_ref(state);
        match verifier.check_once(&parts.headers, &mut parts.extensions).await {
            Ok(authenticated) => Ok(Some(authenticated)),
            Err(refused) if matches!(refused.refusal, Refusal::Unavailable(_)) => Err(refused),
            Err(_) => Ok(None),
        }
    }
}
