//! `POST /verify-password`

use std::sync::Arc;

use serde::Deserialize;
use vestibule_core::error_codes::{INVALID_PASSWORD, PASSWORD_TOO_LONG};
use vestibule_core::prelude::*;
use vestibule_core::services::passwords::Length;

use crate::Core;
use crate::status::Status;

// Reference quirk: marked as for the server alone, and routed all the same.
pub(crate) fn endpoint(core: &Arc<Core>) -> Endpoint {
    Endpoint::post("/verify-password", core, verify_password).id("verifyPassword")
}

#[derive(Deserialize, Shape)]
struct Body {
    /// The password to check
    password: String,
}

async fn verify_password(_: &Core, call: &mut Call<Sensitive>, body: Body) -> Result<Status> {
    if call.passwords().length(&body.password) == Length::TooLong {
        return Err(Error::bad_request(PASSWORD_TOO_LONG));
    }
    let user_id = call.caller.0.user.id.clone();
    let account = call.accounts().find_credential(&user_id).await?;
    let hash = account.and_then(|account| account.password);
    if call.passwords().fits(&body.password, hash.as_deref()).await? {
        Ok(Status::DONE)
    } else {
        Err(Error::bad_request(INVALID_PASSWORD))
    }
}
