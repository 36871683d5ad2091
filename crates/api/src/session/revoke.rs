//! `POST /revoke-session`

use std::sync::Arc;

use serde::Deserialize;
use vestibule_core::prelude::*;

use crate::Core;
use crate::status::Status;

pub(crate) fn endpoint(core: &Arc<Core>) -> Endpoint {
    Endpoint::post("/revoke-session", core, revoke_session).id("revokeSession")
}

#[derive(Deserialize, Shape)]
struct Body {
    /// The token of the session to end
    token: String,
}

// Somebody else's token, or nobody's, has no effect and is not told apart from one that has.
async fn revoke_session(_: &Core, call: &mut Call<Sensitive>, body: Body) -> Result<Status> {
    let user_id = call.caller.0.user.id.clone();
    call.sessions().revoke_of(&user_id, &body.token).await?;
    Ok(Status::DONE)
}
