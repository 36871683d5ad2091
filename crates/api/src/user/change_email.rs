//! `POST /change-email`

use std::sync::Arc;

use serde::Deserialize;
use vestibule_core::error_codes::{CHANGE_EMAIL_DISABLED, FAILED_TO_UPDATE_USER};
use vestibule_core::models::User;
use vestibule_core::options::SendChangeEmailConfirmation;
use vestibule_core::prelude::*;

use crate::Core;
use crate::email_verification::{self, Purpose, Token};
use crate::status::Status;

pub(crate) fn endpoint(core: &Arc<Core>) -> Endpoint {
    Endpoint::post("/change-email", core, change_email).id("changeEmail")
}

#[derive(Deserialize, Shape)]
#[serde(rename_all = "camelCase")]
struct Body {
    /// The new email address to set must be a valid email address
    #[shape(email)]
    new_email: String,
    /// The URL to redirect to after email verification
    #[serde(rename = "callbackURL")]
    callback_url: Option<String>,
}

/// What it takes to change an address.
enum Way {
    /// It was never verified, and need not be to be changed.
    AtOnce,
    /// The address of now agrees first.
    AskOldAddress,
    /// The new address proves itself.
    AskNewAddress,
}

async fn change_email(_: &Core, call: &mut Call<Sensitive>, body: Body) -> Result<Status> {
    if !call.auth().options().user.change_email.enabled {
        return Err(Error::bad_request(CHANGE_EMAIL_DISABLED));
    }
    let to = body.new_email.to_lowercase();
    let user = call.caller.0.user.clone();
    // The reference sends no code with these two.
    if to == user.email {
        return Err(Error::bad_request("Email is the same"));
    }
    let Some(way) = way(call, &user) else {
        return Err(Error::bad_request("Verification email isn't enabled"));
    };
    if call.users().find_by_email(&to).await?.is_some() {
        // Nobody may learn who else is here: as much work, and the same answer.
        Token { email: user.email, purpose: Purpose::Verify }.sign(call);
        return Ok(Status::DONE);
    }
    let callback_url = body.callback_url.as_deref();
    match way {
        Way::AtOnce => change_at_once(call, &user, to, callback_url).await?,
        Way::AskOldAddress => ask_old_address(call, &user, to, callback_url).await,
        Way::AskNewAddress => {
            let purpose = Purpose::VerifyChange { to: to.clone() };
            let token = Token { email: user.email.clone(), purpose }.sign(call);
            let user = User { email: to, ..user };
            email_verification::send_link(call, &user, token, callback_url).await?;
        }
    }
    Ok(Status::DONE)
}

/// `None` where no address could be asked.
fn way(call: &Call<Sensitive>, user: &User) -> Option<Way> {
    let options = call.auth().options();
    let change_email = &options.user.change_email;
    if !user.email_verified && change_email.update_email_without_verification {
        return Some(Way::AtOnce);
    }
    options.email_verification.send_verification_email.as_ref()?;
    match change_email.send_change_email_confirmation {
        Some(_) if user.email_verified => Some(Way::AskOldAddress),
        Some(_) | None => Some(Way::AskNewAddress),
    }
}

async fn change_at_once(
    call: &mut Call<Sensitive>,
    user: &User,
    to: String,
    callback_url: Option<&str>,
) -> Result<()> {
    let changes = vec![User::EMAIL.set(to.as_str())];
    let Some(changed) = call.users().update(&user.id, changes).await? else {
        return Err(Error::bad_request(FAILED_TO_UPDATE_USER));
    };
    let session = call.caller.0.session.clone();
    call.sessions().renew_cookie(&SessionUser { session, user: changed });
    // Reference quirk: the mail knows the user as they were, under the new address.
    let user = User { email: to, ..user.clone() };
    email_verification::send(call, &user, callback_url).await
}

async fn ask_old_address(
    call: &mut Call<Sensitive>,
    user: &User,
    to: String,
    callback_url: Option<&str>,
) {
    let auth = call.auth().clone();
    let Some(callback) = &auth.options().user.change_email.send_change_email_confirmation else {
        return;
    };
    let purpose = Purpose::ConfirmChange { to: to.clone() };
    let token = Token { email: user.email.clone(), purpose }.sign(call);
    let url = email_verification::link(call, &token, callback_url);
    let input =
        SendChangeEmailConfirmation { user: user.to_row().to_json(), new_email: to, url, token };
    callback.notify(call, "user.changeEmail.sendChangeEmailConfirmation", input).await;
}
