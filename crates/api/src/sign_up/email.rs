//! `POST /sign-up/email`

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use vestibule_core::error_codes::{
    EMAIL_PASSWORD_SIGN_UP_DISABLED, FAILED_TO_CREATE_SESSION, FAILED_TO_CREATE_USER,
    INVALID_EMAIL, PASSWORD_TOO_LONG, PASSWORD_TOO_SHORT, USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL,
    VALUE_ALREADY_TAKEN, VALUE_NOT_STORABLE,
};
use vestibule_core::models::User;
use vestibule_core::options::{ExistingUserSignUp, SyntheticUser, UserInfoSource};
use vestibule_core::prelude::*;
use vestibule_core::services::fields::{self, Action};
use vestibule_core::services::passwords::Length;
use vestibule_core::services::sessions::Remember;
use vestibule_core::shape::is_email;
use vestibule_core::store::{Changes, Row};

use crate::{Core, email_verification};

pub(crate) fn endpoint(core: &Arc<Core>) -> Endpoint {
    Endpoint::post("/sign-up/email", core, sign_up)
        .id("signUpWithEmailAndPassword")
        .accepts_forms()
        .checks_form_origin()
        .no_store()
}

#[derive(Deserialize, Shape)]
#[serde(rename_all = "camelCase")]
struct Body {
    /// The name of the user
    name: String,
    /// The email of the user
    #[shape(email)]
    email: String,
    /// The password of the user
    #[shape(min_length = 1)]
    password: String,
    /// The profile image URL of the user
    image: Option<String>,
    /// The URL to use for email verification callback
    #[serde(rename = "callbackURL")]
    callback_url: Option<String>,
    /// If this is false, the session will not be remembered. Default is `true`.
    remember_me: Option<bool>,
    #[serde(flatten)]
    #[shape(extended_by = "user")]
    rest: Map<String, Json>,
}

#[derive(Serialize, Shape)]
struct SignedUp {
    /// The session's token; null where the sign-up does not sign in
    token: Option<String>,
    user: Json,
}

async fn sign_up(_: &Core, call: &mut Call, body: Body) -> Result<SignedUp> {
    check(call, &body)?;
    let additional = fields::parse(call.model(User::MODEL), &body.rest, Action::Create)?;
    let user = new_user(call, &body, additional);

    let existing = call.users().find_by_email(&body.email).await?;
    if let Some(existing) = existing {
        return already_there(call, &body, existing, user).await;
    }
    // Hashed before the transaction: it takes long, and a transaction keeps others waiting.
    let hash = call.passwords().hash(&body.password).await?;
    if let Err(refusal) = validate(call, &user).await {
        if signs_in(call) {
            return Err(refusal);
        }
        return Ok(SignedUp { token: None, user: synthetic_user(call, user).await? });
    }
    call.begin().await?;
    let user = match create(call, user.clone(), hash).await {
        Ok(user) => user,
        Err(error) => {
            call.roll_back().await?;
            return lost_race(call, &body, user, error).await;
        }
    };
    let remember = if body.remember_me == Some(false) { Remember::No } else { Remember::Yes };
    let signed_in = if signs_in(call) { Some(sign_in(call, &user, remember).await?) } else { None };
    call.commit().await?;
    // Not before the commit: a cookie must not name a session that never was.
    if let Some(signed_in) = &signed_in {
        call.sessions().set_cookie(signed_in, remember);
    }
    if sends_verification(call) {
        email_verification::send(call, &user, body.callback_url.as_deref()).await?;
    }
    let token = signed_in.map(|signed_in| signed_in.session.token);
    Ok(SignedUp { token, user: output(&user) })
}

fn check(call: &Call, body: &Body) -> Result<()> {
    let options = &call.auth().options().email_and_password;
    if !options.enabled || options.disable_sign_up {
        return Err(Error::bad_request(EMAIL_PASSWORD_SIGN_UP_DISABLED));
    }
    if !is_email(&body.email) {
        return Err(Error::bad_request(INVALID_EMAIL));
    }
    match call.passwords().length(&body.password) {
        Length::TooShort => Err(Error::bad_request(PASSWORD_TOO_SHORT)),
        Length::TooLong => Err(Error::bad_request(PASSWORD_TOO_LONG)),
        Length::Fine => Ok(()),
    }
}

fn new_user(call: &Call, body: &Body, additional: Changes) -> Row {
    let mut row = call.new_row(User::MODEL);
    row.values[User::NAME.position] = body.name.as_str().into();
    row.values[User::EMAIL.position] = body.email.to_lowercase().into();
    row.values[User::IMAGE.position] = body.image.clone().into();
    for (position, value) in additional {
        row.values[position] = value;
    }
    row
}

async fn validate(call: &mut Call, user: &Row) -> Result<()> {
    let source = UserInfoSource { action: "create-user", method: "email-password" };
    call.users().validate(user.to_input(), source).await
}

/// User and password, or neither.
async fn create(call: &mut Call, user: Row, hash: String) -> Result<User> {
    let Some(user) = call.users().create(user).await? else {
        return Err(Error::bad_request(FAILED_TO_CREATE_USER));
    };
    // A hook that cancels the account cancels the user: nobody could ever sign in as them.
    if call.accounts().create_credential(&user.id, hash).await?.is_none() {
        return Err(Error::bad_request(FAILED_TO_CREATE_USER));
    }
    Ok(user)
}

async fn sign_in(call: &mut Call, user: &User, remember: Remember) -> Result<SessionUser> {
    let signed_in = call.sessions().create(user, remember).await?;
    signed_in.ok_or_else(|| Error::bad_request(FAILED_TO_CREATE_SESSION))
}

/// Somebody has the address. Where a sign-up does not sign in, nobody may learn that from it.
async fn already_there(
    call: &mut Call,
    body: &Body,
    existing: User,
    submitted: Row,
) -> Result<SignedUp> {
    if signs_in(call) {
        return Err(Error::unprocessable(USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL));
    }
    call.passwords().hash(&body.password).await?;
    let auth = call.auth().clone();
    if let Some(callback) = &auth.options().email_and_password.on_existing_user_sign_up {
        let input = ExistingUserSignUp { user: existing.to_row().to_output() };
        callback.notify(call, "emailAndPassword.onExistingUserSignUp", input).await;
    }
    Ok(SignedUp { token: None, user: synthetic_user(call, submitted).await? })
}

/// A user that looks like one that was just made.
async fn synthetic_user(call: &mut Call, mut submitted: Row) -> Result<Json> {
    if submitted.values[0].is_null() {
        submitted.values[0] = call.random().id().into();
    }
    let auth = call.auth().clone();
    let output = submitted.to_output();
    let Some(callback) = &auth.options().email_and_password.custom_synthetic_user else {
        return Ok(Json::Object(output));
    };
    let declared = submitted.model.fields.iter().take(submitted.model.declared);
    let is_core = |name: &str| declared.clone().any(|field| field.name == name);
    let (mut core_fields, additional_fields): (Map<_, _>, Map<_, _>) =
        output.into_iter().partition(|(name, _)| is_core(name));
    let id = core_fields.remove("id").and_then(|id| id.as_str().map(str::to_owned));
    let input = SyntheticUser { core_fields, additional_fields, id: id.unwrap_or_default() };
    let option = "emailAndPassword.customSyntheticUser";
    Ok(Json::Object(callback.call(call, option, input).await?))
}

/// The address was free a moment ago: of concurrent sign-ups one makes the user.
async fn lost_race(call: &mut Call, body: &Body, submitted: Row, error: Error) -> Result<SignedUp> {
    if !error.is(VALUE_ALREADY_TAKEN) && !error.is(VALUE_NOT_STORABLE) {
        return Err(error);
    }
    match call.users().find_by_email(&body.email).await? {
        Some(existing) => already_there(call, body, existing, submitted).await,
        None => Err(Error::unprocessable(FAILED_TO_CREATE_USER)),
    }
}

fn signs_in(call: &Call) -> bool {
    let options = &call.auth().options().email_and_password;
    options.auto_sign_in && !options.require_email_verification
}

fn sends_verification(call: &Call) -> bool {
    let options = call.auth().options();
    let by_default = options.email_and_password.require_email_verification;
    options.email_verification.send_on_sign_up.unwrap_or(by_default)
}

fn output(user: &User) -> Json {
    Json::Object(user.to_row().to_output())
}
