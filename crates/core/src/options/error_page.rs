use schemars::JsonSchema;
use serde::Deserialize;

/// Where people land when something fails in a redirect.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct ErrorOptions {
    /// Your page; it gets `error` and `error_description`. Default: `<baseURL>/error`.
    #[serde(rename = "errorURL")]
    pub error_url: Option<String>,
}
