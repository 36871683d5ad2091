//! `GET /get-session`, and `POST` where `session.deferSessionRefresh` is on

use std::sync::Arc;

use http::header::PRAGMA;
use http::{HeaderValue, Method};
use serde::{Deserialize, Serialize};
use vestibule_core::error_codes::METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED;
use vestibule_core::models::{Session, User};
use vestibule_core::prelude::*;
use vestibule_core::services::sessions::Lookup;
use vestibule_core::shape::Truthy;

use crate::Core;

pub(crate) fn endpoints(core: &Arc<Core>) -> [Endpoint; 2] {
    [
        Endpoint::get("/get-session", core, get_session).id("getSession").no_store(),
        Endpoint::post("/get-session", core, get_session).id("refreshSession").no_store(),
    ]
}

#[derive(Deserialize, Shape)]
#[serde(rename_all = "camelCase")]
struct Flags {
    /// Ask the database, even where a valid session cache is in the cookies
    disable_cookie_cache: Option<Truthy>,
    /// Do not prolong the session
    disable_refresh: Option<Truthy>,
}

#[derive(Serialize, Shape)]
#[serde(rename_all = "camelCase")]
struct Found {
    session: Session,
    user: User,
    /// With deferred refreshes: ask again by POST
    #[serde(skip_serializing_if = "Option::is_none")]
    needs_refresh: Option<bool>,
}

// Reference quirk: nobody signed in is 200 with null, not 401.
async fn get_session(
    _: &Core,
    call: &mut Call,
    Query(flags): Query<Flags>,
) -> Result<Option<Found>> {
    call.set_header(PRAGMA, HeaderValue::from_static("no-cache"));
    let defers = call.auth().options().session.defer_session_refresh;
    if call.method == Method::POST && !defers {
        return Err(Error::method_not_allowed(METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED));
    }
    let lookup = Lookup {
        disable_cookie_cache: flags.disable_cookie_cache.unwrap_or_default().0,
        disable_refresh: flags.disable_refresh.unwrap_or_default().0,
        does_deferred_refresh: call.method == Method::POST,
    };
    let Some(found) = call.sessions().look_up(lookup).await? else { return Ok(None) };
    let needs_refresh =
        (defers && call.method == Method::GET).then_some(found.needs_refresh).flatten();
    // For hooks that add to the answer.
    call.session = Some(found.found.clone());
    let SessionUser { session, user } = found.found;
    Ok(Some(Found { session, user, needs_refresh }))
}
