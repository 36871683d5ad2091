//! What goes wrong, as the caller is told.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::store::StoreError;

pub(crate) enum Problem {
    InvalidNote(&'static str),
    /// Not there, or another's: who asks may not learn which.
    NoteNotFound,
    OriginNotAllowed,
    Unavailable(StoreError),
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code, message) = match self {
            Self::InvalidNote(message) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "INVALID_NOTE", message)
            }
            Self::NoteNotFound => {
                (StatusCode::NOT_FOUND, "NOTE_NOT_FOUND", "There is no such note")
            }
            Self::OriginNotAllowed => (
                StatusCode::FORBIDDEN,
                "ORIGIN_NOT_ALLOWED",
                "This page may not write; its origin is missing in FRONTEND_ORIGIN",
            ),
            Self::Unavailable(error) => {
                tracing::error!(error = format!("{error:#}"), "the database did not answer");
                let message = "Notes cannot be reached right now; try again in a moment";
                (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message)
            }
        };
        (status, Json(json!({ "code": code, "message": message }))).into_response()
    }
}
