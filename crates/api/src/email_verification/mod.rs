//! How a user proves an address: a mail with a link, and what the link does.
//!
//! The link holds an HS256 token of the server's secret. It is stateless, so it works until it
//! expires; what it changes happens once, because afterwards the user no longer has the address
//! that it names, or has proved it already.

pub(crate) mod send;
mod token;
pub(crate) mod verify;

use vestibule_core::call::Exchange;
use vestibule_core::error::Result;
use vestibule_core::models::User;
use vestibule_core::options::SendVerificationEmail;
use vestibule_core::store::ModelRow;
use vestibule_tokens::encoding::encode_uri_component;

pub(crate) use token::{Purpose, Token};

/// Asks `emailVerification.sendVerificationEmail` to mail a user the link that proves the address on
/// the account; nothing where that is not configured.
pub(crate) async fn send(
    call: &mut Exchange,
    user: &User,
    callback_url: Option<&str>,
) -> Result<()> {
    let token = Token { email: user.email.clone(), purpose: Purpose::Verify }.sign(call);
    send_link(call, user, token, callback_url).await
}

/// The same with a token made before. `user` is as the mail should know them: the address it is
/// sent to is theirs.
pub(crate) async fn send_link(
    call: &mut Exchange,
    user: &User,
    token: String,
    callback_url: Option<&str>,
) -> Result<()> {
    let auth = call.auth().clone();
    let Some(callback) = &auth.options().email_verification.send_verification_email else {
        return Ok(());
    };
    let url = link(call, &token, callback_url);
    let input = SendVerificationEmail { user: user.to_row().to_json(), url, token };
    callback.notify(call, "emailVerification.sendVerificationEmail", input).await;
    Ok(())
}

/// Where a token is redeemed.
pub(crate) fn link(call: &Exchange, token: &str, callback_url: Option<&str>) -> String {
    let callback_url = callback_url.filter(|url| !url.is_empty()).unwrap_or("/");
    format!(
        "{}/verify-email?token={token}&callbackURL={}",
        call.base_url().as_str(),
        encode_uri_component(callback_url)
    )
}
