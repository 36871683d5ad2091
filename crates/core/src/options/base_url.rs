use schemars::JsonSchema;
use serde::Deserialize;

/// One base URL, or a rule that takes it from each request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum BaseUrlOption {
    Static(String),
    Dynamic(DynamicBaseUrl),
}

/// The base URL follows the request's host, where that is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DynamicBaseUrl {
    /// Hosts, with port where there is one; `*` and `?` are wildcards.
    pub allowed_hosts: Vec<String>,
    /// The base URL for requests whose host is not allowed. Without it they are refused.
    pub fallback: Option<String>,
    /// Default: "auto", the protocol of the request.
    pub protocol: Option<Protocol>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    Http,
    Https,
    Auto,
}
