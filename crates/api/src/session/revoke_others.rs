//! `POST /revoke-other-sessions`

use std::sync::Arc;

use vestibule_core::prelude::*;

use crate::Core;
use crate::status::Status;

pub(crate) fn endpoint(core: &Arc<Core>) -> Endpoint {
    Endpoint::post("/revoke-other-sessions", core, revoke_other_sessions).id("revokeOtherSessions")
}

async fn revoke_other_sessions(_: &Core, call: &mut Call<Sensitive>, (): ()) -> Result<Status> {
    let SessionUser { session, user } = call.caller.0.clone();
    call.sessions().revoke_others(&user.id, &session.token).await?;
    Ok(Status::DONE)
}
