//! The token in a link that proves an address.
//!
//! Whatever else this secret signs with HS256 must never have an `email` at the top level, or it
//! could be redeemed here.

use serde_json::{Map, Value as Json};
use vestibule_core::call::Exchange;
use vestibule_core::error::ErrorCode;
use vestibule_core::error_codes::{INVALID_TOKEN, TOKEN_EXPIRED};
use vestibule_core::shape::is_email;
use vestibule_tokens::jwt::{self, Refusal};

const CONFIRMATION: &str = "change-email-confirmation";

const VERIFICATION: &str = "change-email-verification";

/// What a link says.
pub(crate) struct Token {
    /// The address that the user has now, in lower case.
    pub(crate) email: String,
    pub(crate) purpose: Purpose,
}

/// What a link is for.
pub(crate) enum Purpose {
    /// To prove the address that the user has.
    Verify,
    /// To agree, from the address of now, to a change to this one.
    ConfirmChange { to: String },
    /// To prove the address that the user changes to.
    VerifyChange { to: String },
    /// To change the address first and prove it later. Only old releases of the reference wrote it.
    Change { to: String },
}

impl Token {
    pub(crate) fn sign(&self, call: &Exchange) -> String {
        let (update_to, request_type) = match &self.purpose {
            Purpose::Verify => (None, None),
            Purpose::ConfirmChange { to } => (Some(to), Some(CONFIRMATION)),
            Purpose::VerifyChange { to } => (Some(to), Some(VERIFICATION)),
            Purpose::Change { to } => (Some(to), None),
        };
        let mut claims = Map::new();
        claims.insert("email".to_owned(), Json::from(self.email.to_lowercase()));
        if let Some(to) = update_to {
            claims.insert("updateTo".to_owned(), Json::from(to.to_lowercase()));
        }
        if let Some(request_type) = request_type {
            claims.insert("requestType".to_owned(), request_type.into());
        }
        let lifetime_seconds = call.auth().options().email_verification.expires_in;
        let lifetime = i64::try_from(lifetime_seconds).unwrap_or(i64::MAX);
        jwt::sign(call.auth().signing_key(), claims, call.now().as_seconds(), lifetime)
    }

    /// What a genuine token says; else the code of what is wrong with it.
    pub(crate) fn read(call: &Exchange, token: &str) -> Result<Self, ErrorCode> {
        let claims = jwt::verify(call.auth().signing_key(), token, call.now().as_seconds())
            .map_err(|refusal| match refusal {
                Refusal::Expired => TOKEN_EXPIRED,
                Refusal::Invalid => INVALID_TOKEN,
            })?;
        let text = |name: &str| match claims.get(name) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(INVALID_TOKEN),
        };
        let email = text("email")?.filter(|email| is_email(email)).ok_or(INVALID_TOKEN)?;
        let request_type = text("requestType")?;
        let purpose = match (text("updateTo")?, request_type.as_deref()) {
            (None, _) => Purpose::Verify,
            (Some(to), Some(CONFIRMATION)) => Purpose::ConfirmChange { to },
            (Some(to), Some(VERIFICATION)) => Purpose::VerifyChange { to },
            (Some(to), _) => Purpose::Change { to },
        };
        Ok(Self { email, purpose })
    }
}
