use std::collections::HashMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// How often one client may call.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct RateLimitOptions {
    /// Default: in production only.
    pub enabled: Option<bool>,
    /// Seconds in which requests are counted. Default: 10.
    pub window: u64,
    /// Requests per window, client and path. Default: 100.
    pub max: u64,
    /// Rules by path, such as `"/sign-in/*"`; `false` switches the limit off there.
    pub custom_rules: IndexMap<String, CustomRule>,
    /// Where requests are counted. Default: "memory", of this process.
    pub storage: RateLimitStorage,
    /// The table's name, with `storage = "database"`. Default: "rateLimit".
    pub model_name: Option<String>,
    /// Column names by field.
    pub fields: HashMap<String, String>,
}

impl Default for RateLimitOptions {
    fn default() -> Self {
        Self {
            enabled: None,
            window: 10,
            max: 100,
            custom_rules: IndexMap::new(),
            storage: RateLimitStorage::Memory,
            model_name: None,
            fields: HashMap::new(),
        }
    }
}

/// At most `max` requests in `window` seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateRule {
    /// Seconds.
    pub window: u64,
    pub max: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum CustomRule {
    Rule(RateRule),
    /// `false`: no limit. `true` changes nothing.
    Switch(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RateLimitStorage {
    #[default]
    Memory,
    Database,
}
