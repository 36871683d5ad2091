//! The keys that are not Better Auth's.

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use vestibule_core::options::Secret;
use vestibule_plugins::{AudienceOptions, BackendOptions};

use crate::outbox::{EndpointOptions, OutboxOptions};

/// The server's own keys, which stand beside Better Auth's.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ServerOptions {
    /// The address to listen on. Default: the environment's `HOST`, else "127.0.0.1".
    pub(crate) host: Option<String>,
    /// The port to listen on; 0 takes any that is free. Default: the environment's `PORT`, else 4000.
    pub(crate) port: Option<u16>,
    /// What the reference switches by `NODE_ENV=production`. Default: when the environment says
    /// `NODE_ENV=production`, or the base URL is https.
    pub(crate) production: Option<bool>,
    pub(crate) database: DatabaseOptions,
    /// Whose `X-Forwarded-*` headers are believed: addresses, CIDR blocks, "loopback", "private" or
    /// "cloudflare". Default: nobody's.
    pub(crate) trusted_peers: Vec<String>,
    /// The pages to sign up, sign in and see one's account. Default: true.
    pub(crate) pages: bool,
    /// How functions that are webhooks are called.
    pub(crate) webhooks: WebhookOptions,
    pub(crate) outbox: OutboxOptions,
    /// Services for which `/auth/token` mints access tokens, by name.
    pub(crate) tokens: IndexMap<String, AudienceOptions>,
    /// Services that say who they are, by name: they ask about tokens and read events.
    pub(crate) services: IndexMap<String, ServiceOptions>,
    /// Where backends and their clients ask.
    pub(crate) backend: BackendOptions,
    /// Plugins with their options, by id; a key that is present switches the plugin on. The order is
    /// the order of their hooks.
    #[schemars(schema_with = "plugins_schema")]
    pub(crate) plugins: IndexMap<String, Json>,
    /// For tests alone; refused unless the server listens on loopback.
    pub(crate) testing: TestingOptions,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            host: None,
            port: None,
            production: None,
            database: DatabaseOptions::default(),
            trusted_peers: Vec::new(),
            pages: true,
            webhooks: WebhookOptions::default(),
            outbox: OutboxOptions::default(),
            tokens: IndexMap::new(),
            services: IndexMap::new(),
            backend: BackendOptions::default(),
            plugins: IndexMap::new(),
            testing: TestingOptions::default(),
        }
    }
}

/// Where the data is.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DatabaseOptions {
    /// Default: as the URL says.
    pub(crate) provider: Option<Provider>,
    /// A URL, or a path for SQLite. Default: the environment's `DATABASE_URL`; in development
    /// "vestibule.db" in the working directory.
    pub(crate) url: Option<Secret>,
    /// The schema of every table, in PostgreSQL. Default: the connection's own.
    pub(crate) schema_name: Option<String>,
    /// Creates missing tables and columns at the start. Default: true in development; in production
    /// the start fails where some are missing. False: nothing is
    /// changed, and nothing served while some are missing.
    pub(crate) migrate: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Provider {
    Sqlite,
    Postgres,
}

/// A service that says who it is. `vestibule secret derive --service NAME` prints its key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ServiceOptions {
    /// The versions of its key that are accepted, the current one first; one that is taken off the
    /// list is revoked. Default: [1].
    pub(crate) key_versions: Vec<u32>,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self { key_versions: vec![1] }
    }
}

/// How functions that are webhooks are called.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct WebhookOptions {
    /// Signs them: "whsec_" and base64. Default: derived from the server's secret;
    /// `vestibule secret webhook` prints it.
    pub(crate) secret: Option<Secret>,
    /// How long an answer may take, in seconds. Default: 10.
    #[schemars(range(min = 1, max = 300))]
    pub(crate) timeout: u64,
    /// Whether requests wait for notifications (`send..`, `on..`, `after..`). Default: "background",
    /// with retries, so that how long it takes tells nobody whether an address is known.
    pub(crate) notifications: Notifications,
    /// Who is told of events: see `outbox`.
    pub(crate) endpoints: Vec<EndpointOptions>,
}

impl Default for WebhookOptions {
    fn default() -> Self {
        Self {
            secret: None,
            timeout: 10,
            notifications: Notifications::Background,
            endpoints: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Notifications {
    Background,
    Await,
}

/// What tests need and nobody else may have.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TestingOptions {
    /// Serves a request that carries `x-test-now: <milliseconds since 1970>` as if it were that time.
    /// Default: false.
    pub(crate) clock: bool,
}

/// One property for each plugin there is.
fn plugins_schema(generator: &mut SchemaGenerator) -> Schema {
    let plugins: Map<_, _> = vestibule_plugins::PLUGINS
        .iter()
        .map(|entry| (entry.id.to_owned(), (entry.schema)(generator).to_value()))
        .collect();
    let schema = json!({ "type": "object", "properties": plugins, "additionalProperties": false });
    Schema::try_from(schema).expect("an object is a schema")
}
