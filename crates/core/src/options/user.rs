use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value as Json};

use super::fields::AdditionalFields;
use crate::callback::Callback;

/// The `user` table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct UserOptions {
    /// The table's name. Default: "user".
    pub model_name: Option<String>,
    /// Column names by field, such as `email = "email_address"`.
    pub fields: HashMap<String, String>,
    /// Fields of your own, by name.
    pub additional_fields: AdditionalFields,
    pub change_email: ChangeEmailOptions,
    /// Decides whether a user may be made. An error in the result, or a failure, refuses.
    pub validate_user_info: Option<Callback<ValidateUserInfo, UserInfoVerdict>>,
}

/// Changes of address.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeEmailOptions {
    /// Default: false.
    pub enabled: bool,
    /// Mails the address of now, which must agree before the new one is written to. Without it the
    /// new address is asked at once.
    pub send_change_email_confirmation: Option<Callback<SendChangeEmailConfirmation, ()>>,
    /// Changes the address at once where that of now was never verified. Default: false.
    pub update_email_without_verification: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SendChangeEmailConfirmation {
    pub user: Map<String, Json>,
    pub new_email: String,
    pub url: String,
    pub token: String,
}

#[derive(Debug, Serialize)]
pub struct ValidateUserInfo {
    pub user: Map<String, Json>,
    pub source: UserInfoSource,
}

#[derive(Debug, Serialize)]
pub struct UserInfoSource {
    /// `create-user`, `link-account` or `sign-in`.
    pub action: &'static str,
    /// Such as `email-password`.
    pub method: &'static str,
}

/// An object with an `error` refuses; whatever else is returned does not.
#[derive(Debug, Default)]
pub struct UserInfoVerdict {
    /// A code, which becomes the answer's.
    pub error: Option<String>,
    pub error_description: Option<String>,
}

impl<'de> Deserialize<'de> for UserInfoVerdict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let verdict = Json::deserialize(deserializer)?;
        let text = |key: &str| verdict[key].as_str().filter(|it| !it.is_empty()).map(str::to_owned);
        Ok(Self { error: text("error"), error_description: text("errorDescription") })
    }
}
