//! `vestibule outbox status|dead|retry|forget|replay`

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use vestibule_core::Timestamp;
use vestibule_core::outbox::{EndpointStatus, Letters, Outbox as Events};

use super::user::{must_exist, open};
use super::{ConfigFile, runtime};
use crate::environment::Environment;
use crate::output::{note, print, warn};
use crate::settings::Settings;

const NO_LETTER: &str = "there is no such dead letter; `vestibule outbox dead` lists them";

/// Users between two lines of progress.
const PROGRESS_STEP: u64 = 1_000;

#[derive(Subcommand)]
pub(super) enum Outbox {
    /// Say what is kept, and what each endpoint has still to be told
    Status,
    /// List events that an endpoint did not take, the oldest first
    Dead(Dead),
    /// Have a running server try dead letters once more
    Retry(Which),
    /// Delete dead letters, and what is left of an endpoint that is not in the configuration any more
    Forget(Which),
    /// Tell of users once more, so that a copy can be built or mended
    Replay(Replay),
}

#[derive(Args)]
pub(super) struct Dead {
    /// Those of one endpoint
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 100)]
    limit: u32,
}

#[derive(Args)]
#[group(required = true)]
pub(super) struct Which {
    /// The ids of events, as `vestibule outbox dead` lists them
    #[arg(value_name = "EVENT", conflicts_with_all = ["endpoint", "all"])]
    events: Vec<String>,
    /// All of one endpoint
    #[arg(long, value_name = "NAME", conflicts_with = "all")]
    endpoint: Option<String>,
    /// All there are
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
#[group(required = true)]
pub(super) struct Replay {
    /// Users changed since then, such as 2030-01-31T00:00:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "all_users")]
    since: Option<String>,
    /// Every user
    #[arg(long)]
    all_users: bool,
}

impl Outbox {
    pub(super) fn run(self, config: &ConfigFile, environment: &Environment) -> Result<ExitCode> {
        let settings = config.load(environment)?;
        runtime()?.block_on(self.work(&settings))?;
        Ok(ExitCode::SUCCESS)
    }

    async fn work(&self, settings: &Settings) -> Result<()> {
        if settings.outbox.is_none() {
            bail!(
                "the outbox is off; `[outbox]` with `enabled = true`, or `[[webhooks.endpoints]]`, \
                 switches it on"
            );
        }
        must_exist(settings)?;
        let auth = open(settings).await?;
        let events = auth.outbox().context("the outbox is off")?;
        match self {
            Self::Status => status(settings, &events).await,
            Self::Dead(dead) => dead.list(&events).await,
            Self::Retry(which) => which.retry(&events).await,
            Self::Forget(which) => which.forget(settings, &events).await,
            Self::Replay(replay) => replay.replay(&events).await,
        }
    }
}

async fn status(settings: &Settings, events: &Events) -> Result<()> {
    let status = events.status().await?;
    print(format!(
        "{} events are kept; the newest has the number {}.",
        status.events, status.last
    ))?;
    for endpoint in &status.endpoints {
        print(line(endpoint, status.last, is_configured(settings, &endpoint.name)))?;
    }
    for name in configured(settings) {
        if !status.endpoints.iter().any(|known| known.name == *name) {
            print(format!("{name}: no server has begun to deliver to it"))?;
        }
    }
    Ok(())
}

/// The names of the endpoints in the configuration.
fn configured(settings: &Settings) -> impl Iterator<Item = &String> {
    let endpoints = settings.outbox.iter().flat_map(|outbox| &outbox.endpoints);
    endpoints.map(|endpoint| &endpoint.subscriber.name)
}

fn is_configured(settings: &Settings, name: &str) -> bool {
    configured(settings).any(|configured| configured == name)
}

fn line(endpoint: &EndpointStatus, last: i64, is_configured: bool) -> String {
    let EndpointStatus { name, position, users, failing, oldest, last_error, dead_letters } =
        endpoint;
    let mut parts = Vec::new();
    if !is_configured {
        parts.push("not in the configuration any more".to_owned());
    }
    match last - position {
        0 if *users == 0 => parts.push("everything is delivered".to_owned()),
        0 => {}
        waiting => parts.push(format!("{waiting} events to hand out")),
    }
    if *users > 0 {
        parts.push(format!("{users} users with events on their way"));
    }
    if let Some(oldest) = oldest {
        parts.push(format!("the oldest of {oldest}"));
    }
    if *failing > 0 {
        let error = last_error.as_deref().unwrap_or("unknown");
        parts.push(format!("{failing} of them wait after a failure ({error})"));
    }
    if *dead_letters > 0 {
        parts.push(format!("{dead_letters} dead letters"));
    }
    format!("{name}: {}", parts.join(", "))
}

impl Dead {
    async fn list(&self, events: &Events) -> Result<()> {
        let letters = match &self.endpoint {
            Some(endpoint) => Letters::Of(endpoint.clone()),
            None => Letters::All,
        };
        let letters = events.dead_letters(&letters, self.limit).await?;
        for letter in &letters {
            print(format!(
                "evt_{}\t{}\t{}\t{}\t{}\t{} attempts\t{}",
                letter.event_id,
                letter.kind,
                letter.user_id,
                letter.endpoint,
                letter.died_at,
                letter.attempts,
                letter.error
            ))?;
        }
        if letters.len() == self.limit as usize {
            warn(format!("there may be more than {}: see --limit", self.limit));
        }
        Ok(())
    }
}

impl Which {
    fn letters(&self) -> Letters {
        match (&self.endpoint, self.all) {
            (Some(endpoint), _) => Letters::Of(endpoint.clone()),
            (None, true) => Letters::All,
            (None, false) => Letters::Events(self.events.clone()),
        }
    }

    async fn forget(&self, settings: &Settings, events: &Events) -> Result<()> {
        let left_over = match &self.endpoint {
            Some(name) if !is_configured(settings, name) => {
                events.status().await?.endpoints.into_iter().find(|endpoint| endpoint.name == *name)
            }
            _ => None,
        };
        if let Some(endpoint) = left_over {
            events.forget_endpoint(&endpoint.name).await?;
            return print(format!("{} is forgotten.", endpoint.name));
        }
        match events.forget_letters(&self.letters()).await? {
            0 => bail!(NO_LETTER),
            count => print(format!("{count} dead letters are forgotten.")),
        }
    }

    async fn retry(&self, events: &Events) -> Result<()> {
        match events.retry(&self.letters()).await? {
            0 => bail!(NO_LETTER),
            count => {
                print(format!("{count} dead letters are tried once more, by a running server."))
            }
        }
    }
}

impl Replay {
    async fn replay(&self, events: &Events) -> Result<()> {
        let since = match &self.since {
            Some(text) => Some(text.parse::<Timestamp>().ok().with_context(|| {
                format!(
                    "expected a time such as 2030-01-31T00:00:00Z after --since, found {text:?}"
                )
            })?),
            None => None,
        };
        let mut said = 0;
        let count = events.replay(since, |count| {
            if count - said >= PROGRESS_STEP {
                said = count;
                note(format!("{count} users so far"));
            }
        });
        let count = count.await?;
        print(format!("{count} users are told of once more, each by a `user.updated`."))
    }
}
