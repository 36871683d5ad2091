//! The mail with which a user proves an address.

use serde_json::{Map, Value as Json};
use vestibule_core::call::Exchange;
use vestibule_core::error::Result;
use vestibule_core::models::User;
use vestibule_core::options::SendVerificationEmail;
use vestibule_core::store::ModelRow;
use vestibule_tokens::encoding::encode_uri_component;
use vestibule_tokens::jwt;

/// Asks `emailVerification.sendVerificationEmail` to send it; nothing where that is not configured.
pub(crate) async fn send(
    call: &mut Exchange,
    user: &User,
    callback_url: Option<&str>,
) -> Result<()> {
    let auth = call.auth().clone();
    let options = &auth.options().email_verification;
    let Some(callback) = &options.send_verification_email else { return Ok(()) };
    let token = token(call, &user.email, options.expires_in);
    let callback_url = callback_url.filter(|url| !url.is_empty()).unwrap_or("/");
    let url = format!(
        "{}/verify-email?token={token}&callbackURL={}",
        call.base_url().as_str(),
        encode_uri_component(callback_url)
    );
    let input = SendVerificationEmail { user: user.to_row().to_json(), url, token };
    callback.notify(call, "emailVerification.sendVerificationEmail", input).await;
    Ok(())
}

/// An HS256 token with the address; stateless, and good until it expires.
fn token(call: &Exchange, email: &str, lifetime_seconds: u64) -> String {
    let mut claims = Map::new();
    claims.insert("email".to_owned(), Json::from(email.to_lowercase()));
    let lifetime = i64::try_from(lifetime_seconds).unwrap_or(i64::MAX);
    jwt::sign(call.auth().signing_key(), claims, call.now().as_seconds(), lifetime)
}
