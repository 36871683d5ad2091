//! `vestibule serve`

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::net::TcpListener;
use tokio::sync::watch;
use vestibule_core::clock::SystemClock;
use vestibule_core::crypto::secrets::Secrets;
// tidy-allow(random): the server is where randomness is given.
use vestibule_core::random::{Random, SystemRandom};
use vestibule_sql::Database;

use crate::app::{App, Parts};
use crate::config::WebhookOptions;
use crate::listener;
use crate::preparation::{Gate, Progress, prepare};
use crate::secret::SecretSource;
use crate::settings::{Settings, TestClock};
use crate::shutdown::Shutdown;
use crate::webhooks::WebhookCalls;

/// How long notifications in the background may take once the server shuts down.
const NOTIFICATION_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) async fn serve(settings: Settings) -> Result<()> {
    let shutdown = Shutdown::on_signal().context("failed to listen for signals")?;
    let listener = listen(&settings).await?;
    let secrets = settings.secret.open()?;
    warn(&settings, &secrets);

    let random: Arc<dyn Random> = Arc::new(SystemRandom); // tidy-allow(random): as above.
    let webhooks = webhook_calls(&settings, &secrets, random.clone());
    let schema = settings.builder().schema()?;
    let database = Database::connect(&settings.database.url, &schema)?;
    let auth = settings
        .builder()
        .store(database.store())
        .secrets(secrets)
        .webhooks(Arc::new(webhooks.clone()))
        .random(random.clone())
        .build()?;
    for pattern in auth.trusted_origins().never_matching() {
        tracing::warn!("`trustedOrigins`: no origin can match \"{pattern}\"");
    }
    announce(&settings, listener.local_addr()?);

    let (sender, progress) = watch::channel(Progress::UnderWay);
    let at_start = settings.database.at_start;
    let preparing = tokio::spawn(prepare(Arc::new(database), at_start, sender));
    let app = App::new(Parts {
        gate: Gate::new(auth.clone(), progress),
        auth,
        shutdown: shutdown.clone(),
        random,
        test_clock: settings.test_clock,
        pages: settings.pages,
    });
    let serving = listener::run(listener, app, shutdown.clone());
    tokio::pin!(serving);
    tokio::select! {
        () = &mut serving => {}
        prepared = preparing => {
            prepared.context("preparing the database was cut off")??;
            serving.await;
        }
    }
    finish(&webhooks).await;
    tracing::info!("Goodbye");
    Ok(())
}

async fn listen(settings: &Settings) -> Result<TcpListener> {
    let Settings { host, port, .. } = settings;
    let listener = TcpListener::bind((host.as_str(), *port)).await.with_context(|| {
        format!(
            "failed to listen on {host}:{port}; `host` and `port` (or `HOST` and `PORT`) say where"
        )
    })?;
    let address = listener.local_addr()?;
    if settings.test_clock == TestClock::On && !address.ip().is_loopback() {
        bail!(
            "`testing` is for tests on this computer: with it `host` must be a loopback address, found {host}"
        );
    }
    Ok(listener)
}

/// What is allowed and not wise.
fn warn(settings: &Settings, secrets: &Secrets) {
    for sentence in &settings.database.url.ignored {
        tracing::warn!("The database URL: {sentence}");
    }
    if matches!(settings.secret, SecretSource::Given(_)) {
        for weakness in secrets.weaknesses() {
            tracing::warn!("{weakness}");
        }
    }
    if settings.test_clock == TestClock::On {
        tracing::warn!("`testing.clock` is on: whoever sends `x-test-now` chooses the time");
    }
}

/// The one line that says where, in which mode, and what is to be kept.
fn announce(settings: &Settings, address: SocketAddr) {
    let mode = if settings.options.production { "production" } else { "development" };
    let secret = match &settings.secret {
        SecretSource::Given(_) => String::new(),
        SecretSource::File(file) => format!(", secret in `{}`", file.display()),
    };
    let database = &settings.database;
    tracing::info!("Listening on http://{address} ({mode}; data in {database}{secret})");
    if !settings.options.production && !address.ip().is_loopback() {
        tracing::warn!("This is development, and other computers may reach it: set `production`");
    }
}

fn webhook_calls(settings: &Settings, secrets: &Secrets, random: Arc<dyn Random>) -> WebhookCalls {
    let WebhookOptions { timeout, notifications, .. } = settings.webhooks;
    let keys = settings.webhook_keys(secrets);
    let clock = Arc::new(SystemClock);
    WebhookCalls::new(keys, Duration::from_secs(timeout), notifications, clock, random)
}

async fn finish(webhooks: &WebhookCalls) {
    if tokio::time::timeout(NOTIFICATION_TIMEOUT, webhooks.finish()).await.is_err() {
        tracing::error!(
            count = webhooks.unfinished(),
            "Notifications are lost: there is no time left"
        );
    }
}
