//! `POST /update-session`

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value as Json};
use vestibule_core::error_codes::FAILED_TO_GET_SESSION;
use vestibule_core::models::Session;
use vestibule_core::prelude::*;
use vestibule_core::services::fields::{self, Action};

use crate::Core;

pub(crate) fn endpoint(core: &Arc<Core>) -> Endpoint {
    Endpoint::post("/update-session", core, update_session).id("updateSession")
}

#[derive(Serialize, Shape)]
struct Updated {
    session: Session,
}

async fn update_session(
    _: &Core,
    call: &mut Call<SignedIn>,
    body: Map<String, Json>,
) -> Result<Updated> {
    let changes = fields::parse(call.model(Session::MODEL), &body, Action::Update)?;
    if changes.is_empty() {
        return Err(Error::bad_request("No fields to update")); // The reference sends no code here.
    }
    let SessionUser { session, user } = call.caller.0.clone();
    let Some(session) = call.sessions().update(&session.token, changes).await? else {
        call.sessions().expire_cookies();
        return Err(Error::unauthorized(FAILED_TO_GET_SESSION));
    };
    call.sessions().renew_cookie(&SessionUser { session: session.clone(), user });
    Ok(Updated { session })
}
