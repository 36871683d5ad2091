//! `POST /sign-out`

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vestibule_core::prelude::*;

use crate::Core;

pub(crate) fn endpoint(core: &Arc<Core>) -> Endpoint {
    Endpoint::post("/sign-out", core, sign_out).id("signOut")
}

#[derive(Deserialize, Shape)]
#[serde(rename_all = "camelCase")]
struct Body {
    /// Where a provider's own sign-out sends the browser back to
    #[serde(rename = "callbackURL")]
    _callback_url: Option<String>,
    /// Answer the provider's URL without asking the client to go there
    #[serde(rename = "disableRedirect")]
    _disable_redirect: Option<bool>,
    /// Passed through the provider's sign-out
    #[serde(rename = "state")]
    _state: Option<String>,
}

#[derive(Serialize, Shape)]
struct Answer {
    success: bool,
}

async fn sign_out(_: &Core, call: &mut Call, _: Option<Body>) -> Result<Answer> {
    let token = call.sessions().cookie_token();
    // First, so that this browser is signed out even where the database is away.
    call.sessions().expire_cookies();
    if let Some(token) = token {
        call.sessions().revoke(&token).await?;
    }
    Ok(Answer { success: true })
}
