//! `POST /sign-in/email`

use std::sync::Arc;

use http::header::LOCATION;
use serde::{Deserialize, Serialize};
use vestibule_core::error_codes::{
    EMAIL_NOT_VERIFIED, EMAIL_PASSWORD_DISABLED, FAILED_TO_CREATE_SESSION, INVALID_EMAIL,
    INVALID_EMAIL_OR_PASSWORD, PASSWORD_TOO_LONG,
};
use vestibule_core::models::User;
use vestibule_core::prelude::*;
use vestibule_core::redirect;
use vestibule_core::services::passwords::Length;
use vestibule_core::services::sessions::Remember;
use vestibule_core::shape::is_email;

use crate::{Core, email_verification};

pub(crate) fn endpoint(core: &Arc<Core>) -> Endpoint {
    Endpoint::post("/sign-in/email", core, sign_in)
        .id("signInEmail")
        .accepts_forms()
        .checks_form_origin()
        .no_store()
}

#[derive(Deserialize, Shape)]
#[serde(rename_all = "camelCase")]
struct Body {
    /// Email of the user
    email: String,
    /// Password of the user
    password: String,
    /// Callback URL to use as a redirect for email verification
    #[serde(rename = "callbackURL")]
    callback_url: Option<String>,
    /// If this is false, the session will not be remembered. Default is `true`.
    remember_me: Option<bool>,
}

#[derive(Serialize, Shape)]
struct SignedInAnswer {
    redirect: bool,
    token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    user: User,
}

async fn sign_in(_: &Core, call: &mut Call, body: Body) -> Result<SignedInAnswer> {
    if !call.auth().options().email_and_password.enabled {
        return Err(Error::bad_request(EMAIL_PASSWORD_DISABLED));
    }
    if !is_email(&body.email) {
        return Err(Error::bad_request(INVALID_EMAIL));
    }
    if call.passwords().length(&body.password) == Length::TooLong {
        return Err(Error::bad_request(PASSWORD_TOO_LONG));
    }
    let user = check_password(call, &body).await?;
    refuse_unverified(call, &user, body.callback_url.as_deref()).await?;

    let remember = if body.remember_me == Some(false) { Remember::No } else { Remember::Yes };
    let Some(signed_in) = call.sessions().create(&user, remember).await? else {
        return Err(Error::unauthorized(FAILED_TO_CREATE_SESSION));
    };
    call.sessions().set_cookie(&signed_in, remember);
    let url = body.callback_url;
    let redirects = url.as_ref().is_some_and(|url| !url.is_empty());
    if let (Some(url), true) = (&url, redirects) {
        // Reference quirk: a Location header on an answer that is no redirect.
        call.set_header(LOCATION, redirect::header_value(url)?);
    }
    Ok(SignedInAnswer {
        redirect: redirects,
        token: signed_in.session.token,
        url,
        user: signed_in.user,
    })
}

/// Unknown user, no password and wrong password are one answer, and take as long.
async fn check_password(call: &mut Call, body: &Body) -> Result<User> {
    let user = call.users().find_by_email(&body.email).await?;
    let account = match &user {
        Some(user) => call.accounts().find_credential(&user.id).await?,
        None => None,
    };
    let hash = account.and_then(|account| account.password);
    let fits = call.passwords().fits(&body.password, hash.as_deref()).await?;
    match user {
        Some(user) if fits => Ok(user),
        _ => Err(Error::unauthorized(INVALID_EMAIL_OR_PASSWORD)),
    }
}

async fn refuse_unverified(call: &mut Call, user: &User, callback_url: Option<&str>) -> Result<()> {
    let auth = call.auth().clone();
    let options = auth.options();
    if !options.email_and_password.require_email_verification || user.email_verified {
        return Ok(());
    }
    if options.email_verification.send_on_sign_in {
        email_verification::send(call, user, callback_url).await?;
    }
    Err(Error::forbidden(EMAIL_NOT_VERIFIED))
}
