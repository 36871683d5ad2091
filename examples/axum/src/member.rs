//! [`Member`], a user of this service.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use vestibule_verify::{Authenticated, User};

use crate::app::App;
use crate::problem::Problem;
use crate::store::Store;

/// Who is signed in and has a row in `app_users`: the first sight of a user makes it.
///
/// Sign-up therefore needs to know nothing of this service, and cannot fail because of it.
pub(crate) struct Member(pub(crate) User);

impl FromRequestParts<App> for Member {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let Authenticated { user, .. } = Authenticated::from_request_parts(parts, app)
            .await
            .map_err(|refused| refused.into_response())?;
        let seen = Store::from_ref(app).see(&user.id).await;
        seen.map_err(|error| Problem::from(error).into_response())?;
        Ok(Self(user))
    }
}
