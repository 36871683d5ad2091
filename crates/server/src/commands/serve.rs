//! `vestibule serve`

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::net::TcpListener;
use tokio::sync::watch;
use vestibule_core::clock::SystemClock;
use vestibule_core::crypto::secrets::Secrets;
use vestibule_core::options::BaseUrlOption;
// tidy-allow(random): the server is where randomness is given.
use vestibule_core::random::{Random, SystemRandom};
use vestibule_sql::Database;

use crate::app::{App, Parts};
use crate::listener;
use crate::preparation::{Gate, Progress, prepare};
use crate::secret::SecretSource;
use crate::settings::{Settings, TestClock};
use crate::shutdown::Shutdown;
use crate::webhooks::{SigningKeys, WebhookCalls};

/// How long notifications in the background may take once the server shuts down.
const NOTIFICATION_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) async fn serve(settings: Settings) -> Result<()> {
    let shutdown = Shutdown::on_signal().context("failed to listen for signals")?;
    let listener = listen(&settings).await?;
    let secrets = settings.secret.open()?;
    warn(&settings, &secrets);

    let random: Arc<dyn Random> = Arc::new(SystemRandom); // tidy-allow(random): as above.
    let webhooks = webhook_calls(&settings, &secrets, random.clone())?;
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
    announce(&settings, &listener)?;

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

/// The one line that says where, and in which mode.
fn announce(settings: &Settings, listener: &TcpListener) -> Result<()> {
    let address = listener.local_addr()?;
    let url = format!("http://{address}");
    if settings.options.production {
        let base_url = match &settings.options.base_url {
            Some(BaseUrlOption::Static(url)) => Some(url.as_str()),
            Some(BaseUrlOption::Dynamic(_)) | None => None,
        };
        tracing::info!(url, base_url, "Listening on {url}");
        return Ok(());
    }
    tracing::info!(
        url,
        "Listening on {url}, in development: set `production` before anyone relies on it"
    );
    if !address.ip().is_loopback() {
        tracing::warn!("In development, and reachable from other computers");
    }
    Ok(())
}

fn webhook_calls(
    settings: &Settings,
    secrets: &Secrets,
    random: Arc<dyn Random>,
) -> Result<WebhookCalls> {
    let options = &settings.webhooks;
    let keys = match &options.secret {
        Some(secret) => SigningKeys::parse(secret.expose()).context("`webhooks.secret`")?,
        None => SigningKeys::derive(secrets),
    };
    let timeout = Duration::from_secs(options.timeout);
    let clock = Arc::new(SystemClock);
    Ok(WebhookCalls::new(keys, timeout, options.notifications, clock, random))
}

async fn finish(webhooks: &WebhookCalls) {
    if tokio::time::timeout(NOTIFICATION_TIMEOUT, webhooks.finish()).await.is_err() {
        tracing::error!(
            count = webhooks.unfinished(),
            "Notifications are lost: there is no time left"
        );
    }
}
