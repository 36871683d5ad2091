//! Connections: made, kept, checked, and replaced when they are dead.

use std::ops::Deref;
use std::pin::pin;
use std::time::Duration;

use deadpool::managed::{
    self, Metrics, Object, PoolError, QueueMode, RecycleError, RecycleResult, Timeouts,
};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::config::{ChannelBinding as Binding, SslMode, TargetSessionAttrs};
use tokio_postgres::{Client, Config, NoTls};
use vestibule_core::store::StoreError;
use vestibule_postgres_tls::{Certificates, MakeTls, TlsError, Verification, connector};

use super::error::{is_passing, of};
use crate::url::{ChannelBinding, Host, PostgresUrl, TlsMode};

/// A connection that rested longer than this is asked whether it lives before it is used: a network
/// may have dropped it without a word.
const TRUSTED_REST: Duration = Duration::from_secs(5);

/// How long that answer may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the server may take over a statement that was given up before it is cancelled.
const RETIRE_PATIENCE: Duration = Duration::from_secs(5);

/// Pause before the second attempt to connect; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Waiting requests for each connection of the pool; more are turned away at once.
const QUEUE_FACTOR: usize = 100;

pub(super) struct Manager {
    config: Config,
    tls: Option<MakeTls>,
}

impl Manager {
    pub(super) fn new(url: &PostgresUrl) -> Result<Self, TlsError> {
        let files = Certificates {
            roots: url.root_certificates.as_deref(),
            client: url.client_certificate.as_ref().map(|(file, key)| (&**file, &**key)),
        };
        let tls = verification(url.tls, files).map(|verification| connector(verification, files));
        Ok(Self { config: config(url), tls: tls.transpose()? })
    }
}

/// What the mode wants verified; `None` where there is to be no TLS.
fn verification(mode: TlsMode, files: Certificates<'_>) -> Option<Verification> {
    Some(match mode {
        TlsMode::Disable => return None,
        // As libpq: who names authorities wants them used.
        TlsMode::Require if files.roots.is_some() => Verification::Authority,
        TlsMode::Prefer | TlsMode::Require => Verification::Nothing,
        TlsMode::VerifyCa => Verification::Authority,
        TlsMode::VerifyFull => Verification::AuthorityAndHost,
    })
}

fn config(url: &PostgresUrl) -> Config {
    let mut config = Config::new();
    for host in &url.hosts {
        match host {
            Host::Tcp(name, port) => config.host(name).port(*port),
            #[cfg(unix)]
            Host::Unix(directory, port) => config.host_path(directory).port(*port),
            #[cfg(not(unix))]
            Host::Unix(directory, port) => config.host(directory.to_string_lossy()).port(*port),
        };
    }
    if let Some(user) = &url.user {
        config.user(user);
    }
    if let Some(password) = &url.password {
        config.password(password);
    }
    if let Some(database) = &url.database {
        config.dbname(database);
    }
    if let Some(options) = &url.options {
        config.options(options);
    }
    config.application_name(url.application_name.as_deref().unwrap_or("vestibule"));
    let is_local = url.hosts.iter().all(|host| matches!(host, Host::Unix(..)));
    config.ssl_mode(match url.tls {
        // As libpq: sockets of the machine carry no TLS.
        _ if is_local => SslMode::Disable,
        TlsMode::Disable => SslMode::Disable,
        TlsMode::Prefer => SslMode::Prefer,
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
    });
    config.channel_binding(match url.channel_binding {
        ChannelBinding::Disable => Binding::Disable,
        ChannelBinding::Prefer => Binding::Prefer,
        ChannelBinding::Require => Binding::Require,
    });
    if url.needs_primary {
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    }
    config.connect_timeout(url.connect_timeout);
    config.tcp_user_timeout(url.statement_timeout);
    config.keepalives_idle(Duration::from_secs(60));
    config
}

impl managed::Manager for Manager {
    type Type = Live;
    type Error = tokio_postgres::Error;

    async fn create(&self) -> Result<Live, tokio_postgres::Error> {
        let (tell, end) = watch::channel(End::NotYet);
        // The task ends with the client, or with the connection.
        let (client, task) = match &self.tls {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                (client, tokio::spawn(tell_end(connection, tell)))
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                (client, tokio::spawn(tell_end(connection, tell)))
            }
        };
        Ok(Live { client, end, task: task.abort_handle(), tls: self.tls.clone() })
    }

    async fn recycle(
        &self,
        live: &mut Live,
        metrics: &Metrics,
    ) -> RecycleResult<tokio_postgres::Error> {
        if live.client.is_closed() {
            return Err(RecycleError::message("the connection is closed"));
        }
        if metrics.last_used() > TRUSTED_REST {
            match timeout(CHECK_TIMEOUT, live.client.simple_query("")).await {
                Ok(answer) => answer.map(drop)?,
                Err(_) => return Err(RecycleError::message("the connection does not answer")),
            }
        }
        Ok(())
    }
}

/// A connection, and what is known of its end.
pub(super) struct Live {
    client: Client,
    end: watch::Receiver<End>,
    task: AbortHandle,
    tls: Option<MakeTls>,
}

impl Live {
    /// Asks the server to end the statement that runs; it may have ended already.
    async fn cancel(&self) -> Result<(), tokio_postgres::Error> {
        let token = self.client.cancel_token();
        match &self.tls {
            Some(tls) => token.cancel_query(tls.clone()).await,
            None => token.cancel_query(NoTls).await,
        }
    }
}

/// How a connection came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    NotYet,
    /// The server ended it while it had nothing to do: what was to be sent has not been.
    Idle,
    Other,
}

async fn tell_end(
    connection: impl Future<Output = Result<(), tokio_postgres::Error>>,
    tell: watch::Sender<End>,
) {
    let mut connection = pin!(connection);
    let end = match connection.as_mut().await {
        Ok(()) => End::Other,
        Err(error) => {
            tracing::info!(error = %error, "a connection to PostgreSQL has ended");
            // An error of the server that answers a statement goes to that statement; one that ends
            // the connection came while none was on its way.
            if error.as_db_error().is_some() { End::Idle } else { End::Other }
        }
    };
    // Nobody may be left to be told. The connection goes after it, and with it what waits to be sent.
    let _ = tell.send(end);
}

pub(super) struct Pool {
    pool: managed::Pool<Manager>,
    timeout: Duration,
}

impl Pool {
    pub(super) fn new(url: &PostgresUrl) -> Result<Self, TlsError> {
        let hosts = u32::try_from(url.hosts.len()).unwrap_or(1);
        let timeouts = Timeouts {
            wait: Some(url.pool_timeout),
            // Name, TLS and password take their time after the socket is there.
            create: Some(url.connect_timeout * hosts),
            recycle: Some(CHECK_TIMEOUT),
        };
        let pool = managed::Pool::builder(Manager::new(url)?)
            .max_size(url.pool_size)
            .timeouts(timeouts)
            .queue_mode(QueueMode::Lifo)
            .runtime(deadpool::Runtime::Tokio1)
            .build();
        let Ok(pool) = pool else { unreachable!("timeouts have a runtime") };
        Ok(Self { pool, timeout: url.pool_timeout })
    }

    /// A live connection. While the database is away, starts, or has no room, tries again and again,
    /// until the time is up.
    pub(super) async fn get(&self, attempt: &str) -> Result<Connection, StoreError> {
        let unavailable = |source: &'static str| StoreError::Unavailable {
            attempt: attempt.to_owned(),
            source: source.into(),
        };
        let status = self.pool.status();
        if status.waiting > status.max_size.saturating_mul(QUEUE_FACTOR) {
            return Err(unavailable("too many requests wait for a connection"));
        }
        let end = Instant::now() + self.timeout;
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match self.pool.get().await {
                Ok(client) => return Ok(Connection { client: Some(client), is_idle: true }),
                Err(PoolError::Backend(error)) => error,
                Err(PoolError::Timeout(_)) => {
                    return Err(unavailable("no connection to PostgreSQL within the time limit"));
                }
                Err(PoolError::Closed) => return Err(unavailable("the pool is closed")),
                Err(PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_)) => {
                    return Err(unavailable("the pool does not work"));
                }
            };
            if !is_passing(&error) {
                // A wrong password or name: the operator must act, and the client come back later.
                tracing::error!(error = %error, "PostgreSQL does not let us in");
                return Err(StoreError::Unavailable {
                    attempt: attempt.to_owned(),
                    source: error.into(),
                });
            }
            if Instant::now() + pause > end {
                return Err(of(error, attempt));
            }
            sleep(pause).await;
            pause *= 2;
        }
    }

    /// How many connections it may have.
    pub(super) fn max_size(&self) -> usize {
        self.pool.status().max_size
    }

    /// Closes all connections that rest: after one was found dead, the others are suspect.
    pub(super) fn close_idle(&self) {
        self.pool.retain(|_, _| false);
    }
}

/// A connection in use. It goes back to the pool only between statements: see [`retire`] for one that
/// is dropped while a statement runs.
pub(super) struct Connection {
    client: Option<Object<Manager>>,
    is_idle: bool,
}

impl Connection {
    /// Notes that a statement is about to run.
    pub(super) fn start(&mut self) {
        self.is_idle = false;
    }

    /// Whether no statement was given up on it.
    pub(super) fn is_idle(&self) -> bool {
        self.is_idle
    }

    /// Notes that it has come to its end.
    pub(super) fn finish(&mut self) {
        self.is_idle = true;
    }
}

impl Connection {
    /// After it was found closed: whether what was to be sent has certainly not been.
    pub(super) async fn ended_idle(&self) -> bool {
        let mut end = self.live().end.clone();
        let end = timeout(CHECK_TIMEOUT, end.wait_for(|end| *end != End::NotYet)).await;
        matches!(end, Ok(Ok(end)) if *end == End::Idle)
    }

    fn live(&self) -> &Live {
        let Some(live) = &self.client else { unreachable!("only drop takes the client") };
        live
    }
}

impl Deref for Connection {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.live().client
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let (false, Some(client)) = (self.is_idle, self.client.take()) else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(retire(client))),
            Err(_) => close(client),
        }
    }
}

/// Ends a statement that was given up, and what was begun with it. The connection keeps its place in
/// the pool until the server has answered: a statement that waits for a lock would otherwise go on
/// beside the pool, and another with each client that gives up, until the server has no room left.
async fn retire(client: Object<Manager>) {
    if !roll_back(&client).await {
        close(client);
    }
}

/// Whether the server rolled back. It is asked to cancel only when it takes long: a pooler may hand a
/// cancellation that comes late to somebody else.
async fn roll_back(live: &Live) -> bool {
    let mut rolled_back = pin!(live.client.batch_execute("ROLLBACK"));
    let mut done = timeout(RETIRE_PATIENCE, rolled_back.as_mut()).await;
    if done.is_err() {
        // Whether it helped shows in what follows.
        let _ = timeout(CHECK_TIMEOUT, live.cancel()).await;
        done = timeout(CHECK_TIMEOUT, rolled_back.as_mut()).await;
    }
    matches!(done, Ok(Ok(())))
}

/// Out of the pool, and the socket with it.
fn close(client: Object<Manager>) {
    client.task.abort();
    drop(Object::take(client));
}
