//! `GET /verify-email`

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vestibule_core::error::ErrorCode;
use vestibule_core::error_codes::{
    FAILED_TO_CREATE_SESSION, INVALID_USER, USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL, USER_NOT_FOUND,
    VALUE_ALREADY_TAKEN,
};
use vestibule_core::models::User;
use vestibule_core::prelude::*;
use vestibule_core::redirect::append_query_params;
use vestibule_core::services::sessions::{Lookup, Remember};
use vestibule_core::store::{Changes, Filter};

use super::{Purpose, Token, send, send_link};
use crate::Core;

pub(crate) fn endpoint(core: &Arc<Core>) -> Endpoint {
    Endpoint::get("/verify-email", core, verify_email).id("verifyEmail").redirects().no_store()
}

#[derive(Deserialize, Shape)]
struct Link {
    /// The token to verify the email
    token: String,
    /// The URL to redirect to after email verification
    #[serde(rename = "callbackURL")]
    callback_url: Option<String>,
}

/// The answer where there is nowhere to redirect to.
#[derive(Serialize)]
struct Verified {
    status: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Option<User>>,
}

async fn verify_email(_: &Core, call: &mut Call, Query(link): Query<Link>) -> Result<Reply> {
    let callback_url = link.callback_url.as_deref().filter(|url| !url.is_empty());
    match redeem(call, &link.token, callback_url).await? {
        Err(code) => refuse(callback_url, code),
        Ok(verified) => match callback_url {
            Some(url) => Reply::redirect(url),
            None => Reply::json(&verified),
        },
    }
}

fn refuse(callback_url: Option<&str>, code: ErrorCode) -> Result<Reply> {
    let Some(url) = callback_url else { return Err(Error::unauthorized(code)) };
    let url = append_query_params(url, &[("error", code.code)])
        .map_err(|_| Error::bad_request("The callback URL is not valid"))?;
    Reply::redirect(&url)
}

async fn redeem(
    call: &mut Call,
    token: &str,
    callback_url: Option<&str>,
) -> Result<Result<Verified, ErrorCode>> {
    let token = match Token::read(call, token) {
        Ok(token) => token,
        Err(code) => return Ok(Err(code)),
    };
    let Some(user) = call.users().find_by_email(&token.email).await? else {
        return Ok(Err(USER_NOT_FOUND));
    };
    let to = match token.purpose {
        Purpose::Verify => return verify(call, user).await.map(Ok),
        Purpose::ConfirmChange { ref to } | Purpose::VerifyChange { ref to } => to.clone(),
        Purpose::Change { ref to } => to.clone(),
    };
    let session = call.sessions().current(Lookup::default()).await?;
    if session.as_ref().is_some_and(|signed_in| signed_in.user.email != token.email) {
        return Ok(Err(INVALID_USER));
    }
    match token.purpose {
        Purpose::Verify | Purpose::ConfirmChange { .. } => {
            ask_new_address(call, &user, to, callback_url).await?;
            Ok(Ok(Verified { status: true, user: None }))
        }
        Purpose::VerifyChange { .. } => {
            let changes = vec![User::EMAIL.set(to.as_str()), User::EMAIL_VERIFIED.set(true)];
            let changed = change(call, &user, changes, session).await?;
            if let Ok(user) = &changed {
                tell_verified(call, user).await;
            }
            Ok(changed.map(|user| Verified { status: true, user: Some(Some(user)) }))
        }
        Purpose::Change { .. } => {
            let changes = vec![User::EMAIL.set(to.as_str()), User::EMAIL_VERIFIED.set(false)];
            let changed = change(call, &user, changes, session).await?;
            if let Ok(user) = &changed {
                send(call, user, callback_url).await?;
            }
            Ok(changed.map(|user| Verified { status: true, user: Some(Some(user)) }))
        }
    }
}

/// Proves the address that the user has.
async fn verify(call: &mut Call, user: User) -> Result<Verified> {
    let done = Verified { status: true, user: Some(None) };
    if user.email_verified {
        return Ok(done);
    }
    let auth = call.auth().clone();
    let options = &auth.options().email_verification;
    if let Some(before) = &options.before_email_verification {
        let input = user.to_row().to_json();
        before.call(call, "emailVerification.beforeEmailVerification", input).await?;
    }
    let changes = vec![User::EMAIL_VERIFIED.set(true)];
    let Some(row) = call.update(User::MODEL, as_linked(&user), changes).await? else {
        // The user was deleted or has another address by now, or a hook forbade it.
        return Err(Error::unauthorized(USER_NOT_FOUND));
    };
    let user = User::from_row(row)?;
    tell_verified(call, &user).await;
    if options.auto_sign_in_after_verification {
        sign_in(call, user).await?;
    }
    Ok(done)
}

async fn tell_verified(call: &mut Call, user: &User) {
    let auth = call.auth().clone();
    if let Some(after) = &auth.options().email_verification.after_email_verification {
        let input = user.to_row().to_json();
        after.notify(call, "emailVerification.afterEmailVerification", input).await;
    }
}

/// Keeps the session that is there if it is this user's, else begins one.
async fn sign_in(call: &mut Call, user: User) -> Result<()> {
    let current = call.sessions().current(Lookup::default()).await?;
    let signed_in = match current.filter(|current| current.user.id == user.id) {
        Some(SessionUser { session, .. }) => SessionUser { session, user },
        None => new_session(call, &user).await?,
    };
    call.sessions().renew_cookie(&signed_in);
    Ok(())
}

async fn new_session(call: &mut Call, user: &User) -> Result<SessionUser> {
    let created = call.sessions().create(user, Remember::Yes).await?;
    created.ok_or_else(|| Error::unauthorized(FAILED_TO_CREATE_SESSION))
}

/// The old address agreed: writes to the new one.
async fn ask_new_address(
    call: &mut Call,
    user: &User,
    to: String,
    callback_url: Option<&str>,
) -> Result<()> {
    let purpose = Purpose::VerifyChange { to: to.clone() };
    let token = Token { email: user.email.clone(), purpose }.sign(call);
    let user = User { email: to, ..user.clone() };
    send_link(call, &user, token, callback_url).await
}

/// Changes the address of a user who still has the one that the link names, and signs them in.
///
/// Of concurrent uses of one link exactly one finds the user under the old address.
async fn change(
    call: &mut Call,
    user: &User,
    changes: Changes,
    session: Option<SessionUser>,
) -> Result<Result<User, ErrorCode>> {
    let changed = match call.update(User::MODEL, as_linked(user), changes).await {
        Ok(Some(row)) => User::from_row(row)?,
        Ok(None) => return Ok(Err(USER_NOT_FOUND)),
        // Somebody else has taken the address since the mail was written.
        Err(error) if error.is(VALUE_ALREADY_TAKEN) => {
            return Ok(Err(USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL));
        }
        Err(error) => return Err(error),
    };
    let session = match session {
        Some(signed_in) => signed_in.session,
        None => new_session(call, &changed).await?.session,
    };
    call.sessions().renew_cookie(&SessionUser { session, user: changed.clone() });
    Ok(Ok(changed))
}

/// The user as long as they have the address that the link names: it proves no other.
fn as_linked(user: &User) -> Filter {
    User::ID.eq(user.id.as_str()).and(User::EMAIL.eq(user.email.as_str()))
}
