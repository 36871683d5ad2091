use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
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
    /// Decides whether a user may be made. An error in the result, or a failure, refuses.
    pub validate_user_info: Option<Callback<ValidateUserInfo, Option<UserInfoVerdict>>>,
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

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserInfoVerdict {
    pub error: Option<String>,
    pub error_description: Option<String>,
}
