use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::fields::AdditionalFields;

/// The `verification` table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct VerificationOptions {
    /// The table's name. Default: "verification".
    pub model_name: Option<String>,
    /// Column names by field.
    pub fields: HashMap<String, String>,
    /// Fields of your own, by name.
    pub additional_fields: AdditionalFields,
}
