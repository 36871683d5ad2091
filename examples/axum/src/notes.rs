//! The routes. A handler that takes [`Authenticated`] is called for users alone; others get 401.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vestibule_verify::Authenticated;

use crate::problem::Problem;
use crate::store::Store;

const TEXT_LIMIT_CHARACTERS: usize = 2000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Note {
    pub(crate) id: i64,
    pub(crate) text: String,
    /// ISO 8601, in UTC.
    pub(crate) created_at: String,
}

#[derive(Deserialize)]
pub(crate) struct NewNote {
    text: String,
}

/// `GET /health`
pub(crate) async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// `GET /me`
pub(crate) async fn me(Authenticated { user, .. }: Authenticated) -> Json<Value> {
    Json(json!({ "id": user.id, "name": user.name, "email": user.email }))
}

/// `GET /notes`: the newest first.
pub(crate) async fn list(
    Authenticated { user, .. }: Authenticated,
    State(store): State<Store>,
) -> Result<Json<Vec<Note>>, Problem> {
    Ok(Json(store.notes_of(&user.id).await?))
}

/// `POST /notes`
pub(crate) async fn add(
    Authenticated { user, .. }: Authenticated,
    State(store): State<Store>,
    body: Result<Json<NewNote>, JsonRejection>,
) -> Result<(StatusCode, Json<Note>), Problem> {
    let Ok(Json(NewNote { text })) = body else {
        return Err(Problem::InvalidNote("Send JSON with a `text`"));
    };
    let text = text.trim();
    if text.is_empty() {
        return Err(Problem::InvalidNote("Write something first"));
    }
    if text.chars().count() > TEXT_LIMIT_CHARACTERS {
        return Err(Problem::InvalidNote("A note has 2000 characters at most"));
    }
    if text.contains('\0') {
        // PostgreSQL has no text with such a character.
        return Err(Problem::InvalidNote("A note must not contain the character U+0000"));
    }
    Ok((StatusCode::CREATED, Json(store.add_note(&user.id, text).await?)))
}

/// `DELETE /notes/{id}`
pub(crate) async fn remove(
    Authenticated { user, .. }: Authenticated,
    State(store): State<Store>,
    id: Result<Path<i64>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let Ok(Path(id)) = id else { return Err(Problem::NoteNotFound) };
    if store.delete_note(&user.id, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::NoteNotFound)
    }
}
