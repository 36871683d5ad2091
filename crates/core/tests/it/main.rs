//! The engine through the front door: plugins, hooks, callbacks, and the options of the core.

mod callbacks;
mod database_hooks;
mod memory_store;
mod oauth_errors;
mod options;
mod origin_endpoints;
mod outbox_off;
mod plugins;
mod request_hooks;
mod services;
