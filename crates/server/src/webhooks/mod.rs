//! Functions of the configuration that are webhooks: signed POSTs, as Standard Webhooks has them.
//!
//! A function whose result matters is called once and waited for. A notification goes to the
//! background by default: bounded in number, tried again for about three minutes, and lost with a
//! line in the log if the process ends before. Redirects are not followed.

mod answer;
mod signature;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value as Json;
use tokio::sync::Semaphore;
use vestibule_core::callback::{CallbackError, Delivery, Webhooks};
use vestibule_core::clock::Clock;
use vestibule_core::random::Random;

use crate::config::Notifications;

pub(crate) use signature::SigningKeys;

/// Notifications that may wait for their turn or their next attempt.
const WAITING_LIMIT: usize = 1024;

/// Notifications that may be on their way at once.
const PARALLEL_LIMIT: usize = 16;

/// How long to wait before each further attempt.
const RETRY_AFTER: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
];

/// The most that an answer's body may hold.
const ANSWER_LIMIT_BYTES: usize = 1024 * 1024;

/// How long a connection rests before another is made: less than the five seconds after which Node
/// closes it, since a request that meets the end of its connection is lost.
const IDLE_LIMIT: Duration = Duration::from_secs(4);

/// Whom the server calls over HTTP it calls by this.
pub(crate) static CLIENT: LazyLock<HttpClient> = LazyLock::new(|| {
    // Not at the start: reading the root certificates takes its time.
    let connector = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1();
    Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE_LIMIT).build(connector.build())
});

pub(crate) type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Delivers callbacks to their webhooks. Cheap to clone.
#[derive(Clone)]
pub(crate) struct WebhookCalls(Arc<Inner>);

struct Inner {
    keys: SigningKeys,
    timeout: Duration,
    notifications: Notifications,
    waiting: Arc<Semaphore>,
    on_their_way: Semaphore,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// A delivery in the form that every attempt sends.
struct Message {
    id: String,
    option: &'static str,
    url: Arc<str>,
    body: Bytes,
}

impl WebhookCalls {
    pub(crate) fn new(
        keys: SigningKeys,
        timeout: Duration,
        notifications: Notifications,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self(Arc::new(Inner {
            keys,
            timeout,
            notifications,
            waiting: Arc::new(Semaphore::new(WAITING_LIMIT)),
            on_their_way: Semaphore::new(PARALLEL_LIMIT),
            clock,
            random,
        }))
    }

    /// Waits until nothing is left to deliver; however long that takes.
    pub(crate) async fn finish(&self) {
        let all = u32::try_from(WAITING_LIMIT).expect("the limit is a small constant");
        // Fails only for a semaphore that is closed, and this one never is.
        let _ = self.0.waiting.acquire_many(all).await;
    }

    /// Sends an event to an endpoint; every answer of 2xx takes it. The error is for people.
    pub(crate) async fn deliver(
        &self,
        id: &str,
        url: &Arc<str>,
        body: Bytes,
    ) -> Result<(), String> {
        let option = "webhooks.endpoints";
        let message = Message { id: id.to_owned(), option, url: url.clone(), body };
        match self.0.exchange(&message).await {
            Ok((status, _)) if status.is_success() => Ok(()),
            Ok((status, _)) => Err(format!("the answer has the status {status}")),
            Err(Failure { error: CallbackError::Failed { reason }, .. }) => Err(reason),
            Err(failure) => Err(failure.error.to_string()),
        }
    }

    /// How many notifications are not delivered yet.
    pub(crate) fn unfinished(&self) -> usize {
        WAITING_LIMIT - self.0.waiting.available_permits()
    }
}

#[async_trait]
impl Webhooks for WebhookCalls {
    async fn call(&self, delivery: Delivery) -> Result<Json, CallbackError> {
        let message = self.0.message(delivery)?;
        self.0.attempt(&message).await.map_err(|failure| failure.error)
    }

    async fn notify(&self, delivery: Delivery) {
        let option = delivery.option;
        let message = match self.0.message(delivery) {
            Ok(message) => message,
            Err(error) => {
                tracing::error!(callback.option = option, %error, "A notification could not be written");
                return;
            }
        };
        if self.0.notifications == Notifications::Await {
            if let Err(failure) = self.0.attempt(&message).await {
                tracing::error!(callback.option = option, error = %failure.error, "A notification failed");
            }
            return;
        }
        let Ok(place) = self.0.waiting.clone().try_acquire_owned() else {
            tracing::error!(
                callback.option = option,
                limit = WAITING_LIMIT,
                "A notification is lost: too many wait already"
            );
            return;
        };
        let calls = self.clone();
        tokio::spawn(async move {
            calls.0.deliver(&message).await;
            drop(place);
        });
    }
}

impl Inner {
    fn message(&self, delivery: Delivery) -> Result<Message, CallbackError> {
        let body = serde_json::to_vec(&delivery)
            .map_err(|error| CallbackError::Failed { reason: error.to_string() })?;
        Ok(Message {
            id: format!("msg_{}", self.random.id()),
            option: delivery.option,
            url: delivery.url,
            body: body.into(),
        })
    }

    /// Tries until it is delivered, is refused for good, or has been tried often enough.
    async fn deliver(&self, message: &Message) {
        let mut delays = RETRY_AFTER.into_iter();
        loop {
            let attempted = match self.on_their_way.acquire().await {
                Ok(_permit) => self.attempt(message).await,
                Err(_) => return, // Never closed.
            };
            let Err(failure) = attempted else { return };
            let delay = delays.next().filter(|_| failure.may_pass);
            let Some(delay) = delay else {
                tracing::error!(
                    callback.option = message.option,
                    callback.id = message.id,
                    error = %failure.error,
                    "A notification is lost"
                );
                return;
            };
            tracing::warn!(
                callback.option = message.option,
                callback.id = message.id,
                error = %failure.error,
                retry_after_seconds = delay.as_secs(),
                "A notification failed and will be tried again"
            );
            tokio::time::sleep(delay).await;
        }
    }

    async fn attempt(&self, message: &Message) -> Result<Json, Failure> {
        let (status, body) = self.exchange(message).await?;
        answer::read(status, &body).map_err(|error| Failure {
            may_pass: status.is_server_error() || may_pass(status),
            error,
        })
    }

    async fn exchange(&self, message: &Message) -> Result<(StatusCode, Bytes), Failure> {
        let exchange = async {
            let response =
                CLIENT.request(self.request(message)?).await.map_err(Failure::passing)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_LIMIT_BYTES).collect().await;
            Ok((status, body.map_err(Failure::passing)?.to_bytes()))
        };
        match tokio::time::timeout(self.timeout, exchange).await {
            Ok(answer) => answer,
            Err(_) => {
                let reason = format!("no answer within {} s", self.timeout.as_secs());
                Err(Failure { may_pass: true, error: CallbackError::Failed { reason } })
            }
        }
    }

    fn request(&self, message: &Message) -> Result<Request<Full<Bytes>>, Failure> {
        let timestamp = self.clock.now().as_millis() / 1000;
        let signature = self.keys.sign(&message.id, timestamp, &message.body);
        Request::post(&*message.url)
            .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(header::USER_AGENT, concat!("vestibule/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .body(Full::new(message.body.clone()))
            .map_err(|error| {
                let reason = format!("the URL cannot be called: {error}");
                Failure { may_pass: false, error: CallbackError::Failed { reason } }
            })
    }
}

/// Statuses of the 400s that ask to come again.
fn may_pass(status: StatusCode) -> bool {
    matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
}

/// An attempt that failed, and whether another one may do better.
struct Failure {
    may_pass: bool,
    error: CallbackError,
}

impl Failure {
    /// What went wrong on the way.
    fn passing(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let error = anyhow::Error::from_boxed(error.into());
        Self { may_pass: true, error: CallbackError::Failed { reason: format!("{error:#}") } }
    }
}
