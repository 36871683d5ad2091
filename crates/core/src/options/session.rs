use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::fields::AdditionalFields;

/// Sessions and the `session` table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct SessionOptions {
    /// The table's name. Default: "session".
    pub model_name: Option<String>,
    /// Column names by field.
    pub fields: HashMap<String, String>,
    /// Fields of your own, by name.
    pub additional_fields: AdditionalFields,
    /// How long a session lives without being used, in seconds. Default: 604800, a week.
    pub expires_in: u64,
    /// How old a session's last refresh may get before it is refreshed, in seconds; 0 refreshes on
    /// every use. Default: 86400, a day.
    pub update_age: u64,
    /// Sessions end `expiresIn` after the sign-in. Default: false.
    pub disable_session_refresh: bool,
    /// GET `/get-session` writes nothing and says whether a refresh is due; POST does it. Default: false.
    pub defer_session_refresh: bool,
    /// How long after the sign-in a session is fresh enough for sensitive things, in seconds; 0 is
    /// for ever. Default: 86400, a day.
    pub fresh_age: u64,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            model_name: None,
            fields: HashMap::new(),
            additional_fields: AdditionalFields::new(),
            expires_in: 604_800,
            update_age: 86_400,
            disable_session_refresh: false,
            defer_session_refresh: false,
            fresh_age: 86_400,
        }
    }
}
