//! `[outbox]` and `[[webhooks.endpoints]]`.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use http::Uri;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::watch;
use vestibule_core::auth::Builder;
use vestibule_core::outbox::EventType;
use vestibule_core::outbox::delivery::{Retry, Subscriber};

/// The longest name of an endpoint.
const NAME_LIMIT: usize = 200;

const FIRST_PAUSE: Duration = Duration::from_secs(1);

const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 60 * 60);

/// Events of users, written beside each change, for backends that keep a copy.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OutboxOptions {
    /// Writes events, and answers them at `/events`. Default: true where `webhooks.endpoints` names
    /// any, else false.
    pub(crate) enabled: Option<bool>,
    /// How long events are kept, in days; longer while an endpoint has still to be told. Default: 14.
    #[schemars(range(min = 1, max = 3650))]
    pub(crate) retention_days: u64,
    /// Attempts to deliver one event before it becomes a dead letter. The pauses double from a second
    /// to six hours. Default: 18, which takes most of a day.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) max_attempts: u32,
    /// How often to look for events of other processes, in seconds; this one's are delivered at once.
    /// Default: 5. A database that sleeps when nobody asks it anything wants a larger number.
    #[schemars(range(min = 1, max = 86400))]
    pub(crate) poll_interval: u64,
}

impl Default for OutboxOptions {
    fn default() -> Self {
        Self { enabled: None, retention_days: 14, max_attempts: 18, poll_interval: 5 }
    }
}

/// Where events are sent: a signed POST for each.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "WebhookEndpoint")]
pub(crate) struct EndpointOptions {
    /// An http or https URL.
    #[schemars(url)]
    url: String,
    /// What the endpoint's progress is kept under. Default: its URL, without the query.
    #[serde(default)]
    name: Option<String>,
    /// The events it is told of. Default: all.
    #[serde(default)]
    events: Vec<EventType>,
}

impl std::fmt::Debug for EndpointOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A URL may hold a secret.
        f.debug_struct("EndpointOptions").field("name", &self.name).finish_non_exhaustive()
    }
}

/// An endpoint, checked.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) url: Arc<str>,
    pub(crate) subscriber: Subscriber,
}

/// The outbox of a server that has one.
#[derive(Clone)]
pub(crate) struct OutboxSettings {
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) retention: Duration,
    pub(crate) retry: Retry,
    pub(crate) poll_interval: Duration,
    /// Changes with each commit that wrote events.
    pub(crate) written: watch::Sender<()>,
}

impl OutboxSettings {
    /// `None` where it is off.
    pub(crate) fn find(
        options: &OutboxOptions,
        endpoints: &[EndpointOptions],
    ) -> Result<Option<Self>> {
        match options.enabled {
            Some(false) if !endpoints.is_empty() => bail!(
                "`outbox.enabled`: expected true, since `webhooks.endpoints` are told of what the outbox \
                 holds, found false"
            ),
            Some(false) => return Ok(None),
            None if endpoints.is_empty() => return Ok(None),
            Some(true) | None => {}
        }
        let endpoints = endpoints.iter().enumerate().map(|(index, options)| {
            Endpoint::parse(options)
                .map_err(|error| anyhow::anyhow!("`webhooks.endpoints[{index}]{}", error))
        });
        let endpoints = endpoints.collect::<Result<Vec<_>>>()?;
        let mut names = HashSet::new();
        for Endpoint { subscriber, .. } in &endpoints {
            if !names.insert(&subscriber.name) {
                bail!(
                    "`webhooks.endpoints`: two have the name {:?}; give each a `name` of its own",
                    subscriber.name
                );
            }
        }
        Ok(Some(Self {
            endpoints,
            retention: Duration::from_secs(options.retention_days * 24 * 60 * 60),
            retry: Retry {
                first: FIRST_PAUSE,
                longest: LONGEST_PAUSE,
                limit: options.max_attempts,
            },
            poll_interval: Duration::from_secs(options.poll_interval),
            written: watch::Sender::new(()),
        }))
    }

    /// Has a server write events.
    pub(crate) fn switch_on(&self, builder: Builder) -> Builder {
        let written = self.written.clone();
        builder.outbox(move || {
            written.send_replace(());
        })
    }
}

impl Endpoint {
    /// The error begins with the key.
    fn parse(options: &EndpointOptions) -> Result<Self, String> {
        let uri: Uri = match options.url.parse() {
            Ok(uri) => uri,
            Err(_) => return Err(".url`: expected an http or https URL".to_owned()),
        };
        let (Some(scheme @ ("http" | "https")), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return Err(".url`: expected an http or https URL".to_owned());
        };
        let name = match &options.name {
            Some(name) => name.clone(),
            None => {
                let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
                format!("{scheme}://{host}{port}{}", uri.path())
            }
        };
        let is_fine = (1..=NAME_LIMIT).contains(&name.len())
            && !name.chars().any(|c| c.is_control() || c.is_whitespace());
        if !is_fine {
            return Err(format!(
                ".name`: expected 1 to {NAME_LIMIT} characters without spaces, found {name:?}"
            ));
        }
        let subscriber = Subscriber { name, kinds: options.events.clone() };
        Ok(Self { url: options.url.as_str().into(), subscriber })
    }
}
