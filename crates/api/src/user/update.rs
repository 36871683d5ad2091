//! `POST /update-user`

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use vestibule_core::error_codes::{EMAIL_CAN_NOT_BE_UPDATED, FAILED_TO_UPDATE_USER};
use vestibule_core::models::User;
use vestibule_core::prelude::*;
use vestibule_core::services::fields::{self, Action};
use vestibule_core::shape::Truthy;
use vestibule_core::store::Changes;

use crate::Core;
use crate::status::Status;

pub(crate) fn endpoint(core: &Arc<Core>) -> Endpoint {
    Endpoint::post("/update-user", core, update_user).id("updateUser")
}

async fn update_user(
    _: &Core,
    call: &mut Call<SignedIn>,
    body: Map<String, Json>,
) -> Result<Status> {
    if body.get("email").is_some_and(Truthy::of) {
        return Err(Error::bad_request(EMAIL_CAN_NOT_BE_UPDATED));
    }
    let mut changes = fields::parse(call.model(User::MODEL), &body, Action::Update)?;
    changes.extend(name_and_image(&body)?);
    if changes.is_empty() {
        return Err(Error::bad_request("No fields to update")); // The reference sends no code here.
    }
    let SessionUser { session, user } = call.caller.0.clone();
    let Some(user) = call.users().update(&user.id, changes).await? else {
        return Err(Error::bad_request(FAILED_TO_UPDATE_USER));
    };
    call.sessions().renew_cookie(&SessionUser { session, user });
    Ok(Status::DONE)
}

/// The reference stores these two as they come; text is all that fits their columns.
fn name_and_image(body: &Map<String, Json>) -> Result<Changes> {
    let mut changes = Changes::new();
    match body.get("name") {
        None => {}
        Some(Json::String(name)) => changes.push(User::NAME.set(name.as_str())),
        Some(_) => return Err(not_text("name")),
    }
    match body.get("image") {
        None => {}
        Some(Json::Null) => changes.push(User::IMAGE.set(None)),
        Some(Json::String(image)) => changes.push(User::IMAGE.set(image.clone())),
        Some(_) => return Err(not_text("image")),
    }
    Ok(changes)
}

fn not_text(field: &'static str) -> Error {
    let message = format!("[body.{field}] Invalid input: expected string");
    Error::bad_request(message).with_code("VALIDATION_ERROR")
}
