use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::callback::{Callback, Ignored};

/// Proof that an address belongs to the user.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct EmailVerificationOptions {
    /// Sends the mail.
    pub send_verification_email: Option<Callback<SendVerificationEmail, ()>>,
    /// Send it on sign-up. Default: as `emailAndPassword.requireEmailVerification`.
    pub send_on_sign_up: Option<bool>,
    /// Send it again when somebody signs in who must verify first. Default: false.
    pub send_on_sign_in: bool,
    /// Signs the user in who follows the link. Default: false.
    pub auto_sign_in_after_verification: bool,
    /// Told of a user whose address is about to be verified; a failure refuses.
    pub before_email_verification: Option<Callback<Map<String, Json>, Ignored>>,
    /// Told of a user whose address was verified.
    pub after_email_verification: Option<Callback<Map<String, Json>, ()>>,
    /// How long the link works, in seconds. Default: 3600.
    pub expires_in: u64,
}

impl Default for EmailVerificationOptions {
    fn default() -> Self {
        Self {
            send_verification_email: None,
            send_on_sign_up: None,
            send_on_sign_in: false,
            auto_sign_in_after_verification: false,
            before_email_verification: None,
            after_email_verification: None,
            expires_in: 3600,
        }
    }
}

#[derive(Debug, Serialize)]
pub struct SendVerificationEmail {
    pub user: Map<String, Json>,
    pub url: String,
    pub token: String,
}
