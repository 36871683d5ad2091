//! `GET /list-sessions`

use std::sync::Arc;

use vestibule_core::models::Session;
use vestibule_core::prelude::*;

use crate::Core;

pub(crate) fn endpoint(core: &Arc<Core>) -> Endpoint {
    Endpoint::get("/list-sessions", core, list_sessions).id("listSessions").no_store()
}

/// The tokens are in it, which is why the session must be fresh.
async fn list_sessions(_: &Core, call: &mut Call<Fresh>, (): ()) -> Result<Vec<Session>> {
    let user_id = call.caller.0.user.id.clone();
    call.sessions().list(&user_id).await
}
