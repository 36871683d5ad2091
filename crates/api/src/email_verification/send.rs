//! `POST /send-verification-email`

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use vestibule_core::error_codes::{
    EMAIL_ALREADY_VERIFIED, EMAIL_MISMATCH, VERIFICATION_EMAIL_NOT_ENABLED,
};
use vestibule_core::prelude::*;

use super::{Purpose, Token, send_link};
use crate::Core;
use crate::status::Status;

/// How long the answer to a stranger takes at least, so that it does not tell whether there was
/// anybody to write to. Upstream's value.
const STRANGERS_WAIT: Duration = Duration::from_millis(500);

pub(crate) fn endpoint(core: &Arc<Core>) -> Endpoint {
    Endpoint::post("/send-verification-email", core, send_verification_email)
        .id("sendVerificationEmail")
}

#[derive(Deserialize, Shape)]
struct Body {
    /// The email to send the verification email to
    #[shape(email)]
    email: String,
    /// The URL to use for email verification callback
    #[serde(rename = "callbackURL")]
    callback_url: Option<String>,
}

async fn send_verification_email(
    _: &Core,
    call: &mut Call<MaybeSignedIn>,
    body: Body,
) -> Result<Status> {
    if call.auth().options().email_verification.send_verification_email.is_none() {
        return Err(Error::bad_request(VERIFICATION_EMAIL_NOT_ENABLED));
    }
    let callback_url = body.callback_url.as_deref();
    let Some(signed_in) = call.caller.0.clone() else {
        return send_to_stranger(call, &body.email, callback_url).await;
    };
    if signed_in.user.email != body.email.to_lowercase() {
        return Err(Error::bad_request(EMAIL_MISMATCH));
    }
    if signed_in.user.email_verified {
        return Err(Error::bad_request(EMAIL_ALREADY_VERIFIED));
    }
    super::send(call, &signed_in.user, callback_url).await?;
    Ok(Status::DONE)
}

/// Whoever asks learns nothing: the answer is the same, and takes as long, whether somebody has
/// the address or not.
async fn send_to_stranger(
    call: &mut Call<MaybeSignedIn>,
    email: &str,
    callback_url: Option<&str>,
) -> Result<Status> {
    call.answer_no_sooner_than(STRANGERS_WAIT);
    let user = call.users().find_by_email(email).await?;
    let token = Token { email: email.to_owned(), purpose: Purpose::Verify }.sign(call);
    if let Some(user) = user.filter(|user| !user.email_verified) {
        send_link(call, &user, token, callback_url).await?;
    }
    Ok(Status::DONE)
}
