use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::callback::Callback;

/// Sign-up and sign-in by e-mail and password.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct EmailAndPasswordOptions {
    /// Default: false.
    pub enabled: bool,
    /// People can sign in, but not sign up. Default: false.
    pub disable_sign_up: bool,
    /// No session before the address is verified; a sign-up then does not tell whether an address
    /// is known. Default: false.
    pub require_email_verification: bool,
    /// In UTF-16 code units. Default: 8.
    pub min_password_length: usize,
    /// In UTF-16 code units. Default: 128.
    pub max_password_length: usize,
    /// A sign-up signs in. When false, a sign-up does not tell whether an address is known. Default: true.
    pub auto_sign_in: bool,
    /// Told when somebody signs up with an address that is known, where the answer does not tell it.
    pub on_existing_user_sign_up: Option<Callback<ExistingUserSignUp, ()>>,
    /// The user that such a sign-up is shown, where plugins make users look different.
    pub custom_synthetic_user: Option<Callback<SyntheticUser, Map<String, Json>>>,
    /// Replaces the hash of passwords.
    pub password: PasswordOptions,
}

impl Default for EmailAndPasswordOptions {
    fn default() -> Self {
        Self {
            enabled: false,
            disable_sign_up: false,
            require_email_verification: false,
            min_password_length: 8,
            max_password_length: 128,
            auto_sign_in: true,
            on_existing_user_sign_up: None,
            custom_synthetic_user: None,
            password: PasswordOptions::default(),
        }
    }
}

/// Replaces scrypt; both or neither.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordOptions {
    /// From a password to what is stored.
    pub hash: Option<Callback<String, String>>,
    /// Whether a password fits what is stored.
    pub verify: Option<Callback<VerifyPassword, bool>>,
}

#[derive(Serialize)]
pub struct VerifyPassword {
    pub hash: String,
    pub password: String,
}

#[derive(Debug, Serialize)]
pub struct ExistingUserSignUp {
    /// The user who has the address.
    pub user: Map<String, Json>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SyntheticUser {
    pub core_fields: Map<String, Json>,
    pub additional_fields: Map<String, Json>,
    pub id: String,
}
