//! Delivers events to endpoints while the server runs.
//!
//! Each endpoint has a task of its own, so that one that is slow or away keeps no other waiting. A
//! task looks for work when this process has written events, when a pause is over, and from time to
//! time for what others have left; it never holds a transaction while it waits for an endpoint. Told
//! to end, it finishes the deliveries that are on their way and gives the rest back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use vestibule_core::Auth;
use vestibule_core::outbox::delivery::{Claim, Next, Retry};
use vestibule_core::outbox::{DeadClaim, Event, Outbox};

use super::{Endpoint, OutboxSettings};
use crate::preparation::Progress;
use crate::shutdown::Shutdown;
use crate::webhooks::WebhookCalls;

/// Users that one endpoint is told of at once.
const PARALLEL_LIMIT: usize = 8;

/// From this many events on, handing them out is worth a line in the log.
const MANY_EVENTS: u64 = 1_000;

/// How often old events are cleaned away.
const CLEANING_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// What a worker is made of.
pub(crate) struct Parts {
    pub(crate) auth: Auth,
    pub(crate) settings: OutboxSettings,
    pub(crate) calls: WebhookCalls,
    /// How long an endpoint may take to answer.
    pub(crate) timeout: Duration,
    pub(crate) progress: watch::Receiver<Progress>,
    pub(crate) shutdown: Shutdown,
}

/// All tasks of the outbox.
pub(crate) struct Worker(JoinSet<()>);

impl Worker {
    /// Starts the tasks; without an outbox there are none.
    pub(crate) fn start(parts: Parts) -> Self {
        let mut tasks = JoinSet::new();
        let Some(outbox) = parts.auth.outbox() else { return Self(tasks) };
        let Parts { auth, settings, calls, timeout, progress, shutdown } = parts;
        for endpoint in &settings.endpoints {
            let task = Task(Arc::new(Shared {
                outbox: outbox.clone(),
                endpoint: endpoint.clone(),
                calls: calls.clone(),
                retry: settings.retry,
                poll_interval: settings.poll_interval,
                // A delivery, and time to say what came of it.
                lease: timeout * 2 + Duration::from_secs(5),
                shutdown: shutdown.clone(),
                failures: AtomicU64::new(0),
            }));
            let (written, ready) = (settings.written.subscribe(), progress.clone());
            tasks.spawn(async move {
                if is_ready(ready, task.0.shutdown.clone()).await {
                    task.run(written).await;
                }
            });
        }
        tasks.spawn(async move {
            if is_ready(progress, shutdown.clone()).await {
                clean(&auth, &outbox, &settings, shutdown).await;
            }
        });
        Self(tasks)
    }

    /// Waits until what is on its way has been delivered or given back.
    pub(crate) async fn finish(mut self) {
        while let Some(ended) = self.0.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "A task of the outbox was cut off");
            }
        }
    }
}

/// Waits for the database; false where the server ends before.
async fn is_ready(mut progress: watch::Receiver<Progress>, mut shutdown: Shutdown) -> bool {
    tokio::select! {
        progress = progress.wait_for(|progress| *progress == Progress::Done) => progress.is_ok(),
        () = shutdown.begun() => false,
    }
}

/// Deletes what is old, now and then.
async fn clean(auth: &Auth, outbox: &Outbox, settings: &OutboxSettings, mut shutdown: Shutdown) {
    let names: Vec<_> =
        settings.endpoints.iter().map(|endpoint| endpoint.subscriber.name.clone()).collect();
    loop {
        match outbox.clean(auth.clock().now() - settings.retention, &names).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "Old events were cleaned away"),
            Err(error) => tracing::warn!(?error, "Old events were not cleaned away"),
        }
        tokio::select! {
            () = sleep(CLEANING_INTERVAL) => {}
            () = shutdown.begun() => return,
        }
    }
}

/// The task of one endpoint. Cheap to clone.
#[derive(Clone)]
struct Task(Arc<Shared>);

struct Shared {
    outbox: Outbox,
    endpoint: Endpoint,
    calls: WebhookCalls,
    retry: Retry,
    poll_interval: Duration,
    lease: Duration,
    shutdown: Shutdown,
    /// Deliveries that failed since the last one that did not.
    failures: AtomicU64,
}

impl Task {
    async fn run(&self, mut written: watch::Receiver<()>) {
        let mut shutdown = self.0.shutdown.clone();
        let mut running: JoinSet<Option<Duration>> = JoinSet::new();
        let mut is_unreachable = false;
        // When to look for work, if nothing happens before.
        let mut next_look = Instant::now();
        while !shutdown.has_begun() {
            if next_look <= Instant::now() {
                next_look = Instant::now() + self.0.poll_interval;
                written.mark_unchanged();
                match self.distribute().await {
                    Ok(()) if is_unreachable => {
                        is_unreachable = false;
                        tracing::info!("The outbox can be read again");
                    }
                    Ok(()) => {}
                    Err(error) if is_unreachable => tracing::debug!("{error:#}"),
                    Err(error) => {
                        is_unreachable = true;
                        tracing::warn!(error = format!("{error:#}"), "The outbox cannot be read");
                    }
                }
            }
            if let Err(error) = self.start_deliveries(&mut running).await {
                tracing::debug!("{error:#}");
            }
            tokio::select! {
                () = shutdown.begun() => {}
                Some(ended) = running.join_next() => {
                    if let Ok(Some(pause)) = ended {
                        next_look = next_look.min(Instant::now() + pause);
                    }
                }
                // Its sender is kept by the server's settings.
                Ok(()) = written.changed() => next_look = Instant::now(),
                () = sleep_until(next_look) => {}
            }
        }
        while running.join_next().await.is_some() {}
    }

    async fn distribute(&self) -> Result<()> {
        let subscriber = &self.0.endpoint.subscriber;
        let count = self.0.outbox.distribute(subscriber).await.context("hand out events")?;
        if count >= MANY_EVENTS {
            tracing::info!(endpoint = subscriber.name, count, "Events are on their way");
        }
        Ok(())
    }

    /// Takes as many users as there is room for. Each delivery's task says how long to wait before it
    /// is tried again.
    async fn start_deliveries(&self, running: &mut JoinSet<Option<Duration>>) -> Result<()> {
        let Shared { outbox, endpoint, lease, .. } = &*self.0;
        let name = &endpoint.subscriber.name;
        let room = |running: &JoinSet<_>| {
            u32::try_from(PARALLEL_LIMIT.saturating_sub(running.len())).unwrap_or(0)
        };
        if room(running) == 0 {
            return Ok(());
        }
        for claim in outbox.claim(name, *lease, room(running)).await.context("claim events")? {
            let task = self.clone();
            running.spawn(async move {
                let name = &task.0.endpoint.subscriber.name;
                task.deliver_lane(claim).await.unwrap_or_else(|error| {
                    // The lease ends, and somebody delivers once more.
                    let error = format!("{error:#}");
                    tracing::warn!(
                        endpoint = name,
                        error,
                        "Whether an event was delivered is not noted"
                    );
                    None
                })
            });
        }
        let dead = outbox.claim_dead(name, *lease, room(running)).await;
        for claim in dead.context("claim dead letters")? {
            let task = self.clone();
            running.spawn(async move {
                if let Err(error) = task.deliver_dead(claim).await {
                    tracing::warn!("{error:#}");
                }
                None
            });
        }
        Ok(())
    }

    /// Delivers the events of one user, one after another.
    async fn deliver_lane(&self, mut claim: Claim) -> Result<Option<Duration>> {
        let Shared { outbox, endpoint, retry, shutdown, .. } = &*self.0;
        while let Some(event) = outbox
            .next_event(&mut claim, &endpoint.subscriber)
            .await
            .context("read the next event")?
        {
            if shutdown.has_begun() {
                outbox.release(claim).await.context("give events back")?;
                return Ok(None);
            }
            let next = match self.deliver(&event).await {
                Ok(()) => outbox.delivered(claim, &event).await,
                Err(error) => {
                    let failures = claim.failures() + 1;
                    let next = outbox.failed(claim, &event, &error, retry).await;
                    self.say_failed(&event, &error, failures, next.as_ref().ok());
                    next
                }
            };
            match next.context("note what came of an event")? {
                Next::Held(held) | Next::Dead(held) => claim = held,
                Next::Paused(pause) => return Ok(Some(pause)),
                Next::Lost => return Ok(None),
            }
        }
        Ok(None)
    }

    async fn deliver_dead(&self, claim: DeadClaim) -> Result<()> {
        let event = claim.event();
        let noted = match self.deliver(&event).await {
            Ok(()) => {
                tracing::info!(event.id, endpoint = self.name(), "A dead letter was delivered");
                self.0.outbox.revived(claim).await
            }
            Err(error) => {
                tracing::error!(
                    event.id,
                    endpoint = self.name(),
                    error,
                    "A dead letter stays dead"
                );
                self.0.outbox.still_dead(claim, &error).await
            }
        };
        noted.context("note what came of a dead letter")
    }

    async fn deliver(&self, event: &Event) -> Result<(), String> {
        let body = serde_json::to_vec(event).map_err(|error| error.to_string())?;
        self.0.calls.deliver(&event.id, &self.0.endpoint.url, body.into()).await?;
        let failures = self.0.failures.swap(0, Ordering::Relaxed);
        if failures > 0 {
            tracing::info!(endpoint = self.name(), failures, "An endpoint takes events again");
        }
        Ok(())
    }

    /// An endpoint that is away says so once, and not for every user.
    fn say_failed(&self, event: &Event, error: &str, failures: u32, next: Option<&Next>) {
        let (id, kind) = (event.id.as_str(), event.kind.as_str());
        let name = self.name();
        if let Some(Next::Dead(_)) = next {
            tracing::error!(
                event.id = id,
                event.r#type = kind,
                endpoint = name,
                attempts = failures,
                error,
                "An event became a dead letter; `vestibule outbox retry` tries it once more"
            );
        } else if self.0.failures.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!(
                event.id = id,
                event.r#type = kind,
                endpoint = name,
                error,
                "An endpoint did not take an event; it will be tried again"
            );
        } else {
            tracing::debug!(
                event.id = id,
                endpoint = name,
                failures,
                error,
                "An event was not taken"
            );
        }
    }

    fn name(&self) -> &str {
        &self.0.endpoint.subscriber.name
    }
}
