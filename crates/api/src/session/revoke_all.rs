//! `POST /revoke-sessions`

use std::sync::Arc;

use vestibule_core::prelude::*;

use crate::Core;
use crate::status::Status;

pub(crate) fn endpoint(core: &Arc<Core>) -> Endpoint {
    Endpoint::post("/revoke-sessions", core, revoke_sessions).id("revokeSessions")
}

async fn revoke_sessions(_: &Core, call: &mut Call<Sensitive>, (): ()) -> Result<Status> {
    let user_id = call.caller.0.user.id.clone();
    call.sessions().revoke_all(&user_id).await?;
    Ok(Status::DONE)
}
