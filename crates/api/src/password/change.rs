//! `POST /change-password`

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vestibule_core::error_codes::{
    CREDENTIAL_ACCOUNT_NOT_FOUND, INVALID_PASSWORD, PASSWORD_TOO_LONG, PASSWORD_TOO_SHORT,
};
use vestibule_core::models::User;
use vestibule_core::prelude::*;
use vestibule_core::services::passwords::Length;
use vestibule_core::services::sessions::Remember;

use crate::Core;

pub(crate) fn endpoint(core: &Arc<Core>) -> Endpoint {
    Endpoint::post("/change-password", core, change_password).id("changePassword").no_store()
}

#[derive(Deserialize, Shape)]
#[serde(rename_all = "camelCase")]
struct Body {
    /// The new password to set
    new_password: String,
    /// The current password is required
    current_password: String,
    /// Must be a boolean value
    revoke_other_sessions: Option<bool>,
}

#[derive(Serialize, Shape)]
struct Changed {
    /// The token of the new session, where the others were ended
    token: Option<String>,
    user: User,
}

async fn change_password(_: &Core, call: &mut Call<Sensitive>, body: Body) -> Result<Changed> {
    match call.passwords().length(&body.new_password) {
        Length::TooShort => return Err(Error::bad_request(PASSWORD_TOO_SHORT)),
        Length::TooLong => return Err(Error::bad_request(PASSWORD_TOO_LONG)),
        Length::Fine => {}
    }
    if call.passwords().length(&body.current_password) == Length::TooLong {
        return Err(Error::bad_request(PASSWORD_TOO_LONG));
    }
    let user = call.caller.0.user.clone();
    let Some(account) = call.accounts().find_credential(&user.id).await? else {
        return Err(Error::bad_request(CREDENTIAL_ACCOUNT_NOT_FOUND));
    };
    let Some(hash) = account.password else {
        return Err(Error::bad_request(CREDENTIAL_ACCOUNT_NOT_FOUND));
    };
    // Reference quirk: the new one is hashed before the old one is checked, which callbacks see.
    let new_hash = call.passwords().hash(&body.new_password).await?;
    if !call.passwords().fits(&body.current_password, Some(&hash)).await? {
        return Err(Error::bad_request(INVALID_PASSWORD));
    }

    call.begin().await?;
    call.accounts().set_password(&account.id, new_hash).await?;
    let signed_in = match body.revoke_other_sessions {
        Some(true) => Some(start_over(call, &user).await?),
        Some(false) | None => None,
    };
    call.commit().await?;
    if let Some(signed_in) = &signed_in {
        call.sessions().renew_cookie(signed_in);
    }
    Ok(Changed { token: signed_in.map(|signed_in| signed_in.session.token), user })
}

/// Ends every session of the user, this one too, and starts a new one.
async fn start_over(call: &mut Call<Sensitive>, user: &User) -> Result<SessionUser> {
    call.sessions().revoke_all(&user.id).await?;
    // Reference quirk: the row lives as long as a remembered session, the cookie as the old one did.
    let signed_in = call.sessions().create(user, Remember::Yes).await?;
    signed_in.ok_or_else(|| Error::internal("create a session after a change of password"))
}
