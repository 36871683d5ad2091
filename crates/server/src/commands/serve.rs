//! `vestibule serve`

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
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
use crate::outbox::{self, Worker};
use crate::preparation::{Gate, Progress, prepare};
use crate::secret::SecretSource;
use crate::settings::Settings;
use crate::shutdown::Shutdown;
use crate::webhooks::WebhookCalls;

/// How long notifications in the background may take once the server shuts down.
const NOTIFICATION_TIMEOUT: Duration = Duration::from_secs(5);

/// After this time the server says where it listens, however far the database is.
const ANNOUNCE_TIMEOUT: Duration = Duration::from_secs(3);

pub(crate) async fn serve(settings: Settings) -> Result<()> {
    let shutdown = Shutdown::on_signal().context("failed to listen for signals")?;
    let listener = listen(&settings).await?;
    let secrets = settings.secret.open()?;

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
    settings.check_paths(&auth)?;
    let address = listener.local_addr()?;
    for warning in settings.warnings(&auth, &[address]) {
        tracing::warn!("{warning}");
    }

    let (sender, progress) = watch::channel(Progress::UnderWay);
    let worker = settings.outbox.clone().map(|outbox| {
        Worker::start(outbox::Parts {
            auth: auth.clone(),
            settings: outbox,
            calls: webhooks.clone(),
            timeout: Duration::from_secs(settings.webhooks.timeout),
            progress: progress.clone(),
            shutdown: shutdown.clone(),
        })
    });
    let preparing =
        tokio::spawn(prepare(Arc::new(database), auth.clone(), settings.database.clone(), sender));
    let mut prepared = progress.clone();
    let app = App::new(Parts {
        gate: Gate::new(auth.clone(), progress),
        auth,
        shutdown: shutdown.clone(),
        random,
        test_clock: settings.test_clock,
        pages: settings.pages,
    });
    let serving = async {
        let running = listener::run(listener, app, shutdown.clone());
        tokio::pin!(running);
        tokio::select! {
            () = &mut running => return,
            true = is_to_stay(&mut prepared) => announce(&settings, address),
        }
        running.await;
    };
    tokio::pin!(serving);
    tokio::select! {
        () = &mut serving => {}
        prepared = preparing => {
            prepared.context("preparing the database was cut off")??;
            serving.await;
        }
    }
    if let Some(worker) = worker {
        worker.finish().await;
    }
    finish(&webhooks).await;
    tracing::info!("Goodbye");
    Ok(())
}

/// Waits until it is known whether the database keeps the server from starting, and says that it does
/// not; a database that takes its time does not.
async fn is_to_stay(progress: &mut watch::Receiver<Progress>) -> bool {
    let known = progress.wait_for(|progress| *progress != Progress::UnderWay);
    match tokio::time::timeout(ANNOUNCE_TIMEOUT, known).await {
        // Without a sender preparing has failed for good.
        Ok(progress) => progress.is_ok(),
        Err(_) => true,
    }
}

async fn listen(settings: &Settings) -> Result<TcpListener> {
    let Settings { host, port, .. } = settings;
    let listener = TcpListener::bind(&*settings.addresses()?).await.with_context(|| {
        format!(
            "failed to listen on {host}:{port}; `host` and `port` (or `HOST` and `PORT`) say where"
        )
    })?;
    Ok(listener)
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
