//! [`Callback`]: an option that the reference takes as a function.
//!
//! Embedders give code, the server's configuration gives `{ webhook = "URL" }`; handlers call
//! either without knowing which. A function whose result matters is [called](Callback::call) and
//! fails closed; one that only tells something is [notified](Callback::notify), and its failure is
//! logged and changes nothing.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use http::StatusCode;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use crate::call::Exchange;
use crate::error::{Error, Result};
use crate::future::BoxFuture;

/// Code or a webhook that takes an `In` and returns an `Out`.
pub struct Callback<In, Out>(Kind<In, Out>);

enum Kind<In, Out> {
    Code(Code<In, Out>),
    Webhook(Arc<str>),
}

type Code<In, Out> = Arc<dyn Fn(In) -> BoxFuture<'static, Result<Out>> + Send + Sync>;

/// Delivers callbacks that are webhooks; the server brings one.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// Calls and waits for the result; an empty answer is null.
    async fn call(&self, delivery: Delivery) -> Result<Json, CallbackError>;

    /// Tells, now or later, and does not fail.
    async fn notify(&self, delivery: Delivery);
}

/// One callback on its way to a webhook.
#[derive(Debug, Clone, Serialize)]
pub struct Delivery {
    #[serde(skip)]
    pub url: Arc<str>,
    /// The option's dotted path.
    #[serde(rename = "type")]
    pub option: &'static str,
    pub data: Json,
    /// Only where the function has several positional arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args: Option<Vec<Json>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Json>,
}

/// The result of a function that is waited for, and whose result says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ignored;

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// What came of a webhook.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    /// The function threw an API error: this status and body are the answer.
    #[error("the webhook refused with status {status}: {message}")]
    Refused { status: StatusCode, message: String, code: Option<String> },
    /// The function threw something else, or did not answer properly in time.
    #[error("the webhook failed: {reason}")]
    Failed { reason: String },
}

impl<In, Out> Callback<In, Out>
where
    In: Serialize + Send + 'static,
    Out: DeserializeOwned + Send + 'static,
{
    pub fn new<F, Fut>(code: F) -> Self
    where
        F: Fn(In) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Out>> + Send + 'static,
    {
        Self(Kind::Code(Arc::new(move |input| Box::pin(code(input)))))
    }

    pub fn webhook(url: impl Into<Arc<str>>) -> Self {
        Self(Kind::Webhook(url.into()))
    }

    pub fn is_webhook(&self) -> bool {
        matches!(self.0, Kind::Webhook(_))
    }

    /// Calls it and waits. `option` is its dotted path.
    pub async fn call(&self, call: &Exchange, option: &'static str, input: In) -> Result<Out> {
        match &self.0 {
            Kind::Code(code) => code(input).await,
            Kind::Webhook(url) => deliver(call, delivery(call, url.clone(), option, &input)?).await,
        }
    }

    /// As [`call`](Self::call), for a function of several arguments: `In` is a tuple of them, and a
    /// webhook finds them in `args`.
    pub async fn call_with_arguments(
        &self,
        call: &Exchange,
        option: &'static str,
        input: In,
    ) -> Result<Out> {
        match &self.0 {
            Kind::Code(code) => code(input).await,
            Kind::Webhook(url) => {
                let mut delivery = delivery(call, url.clone(), option, &input)?;
                if let Json::Array(arguments) = delivery.data {
                    delivery.data = arguments.first().cloned().unwrap_or_default();
                    delivery.args = Some(arguments);
                }
                deliver(call, delivery).await
            }
        }
    }

    /// Tells it; a failure is logged and changes nothing.
    pub async fn notify(&self, call: &Exchange, option: &'static str, input: In) {
        let failure = match &self.0 {
            Kind::Code(code) => code(input).await.err(),
            Kind::Webhook(url) => match delivery(call, url.clone(), option, &input) {
                Ok(delivery) => {
                    call.auth().webhooks().notify(delivery).await;
                    None
                }
                Err(error) => Some(error),
            },
        };
        if let Some(error) = failure {
            tracing::error!(callback.option = option, error = ?error, "A callback failed");
        }
    }
}

/// Calls a webhook and reads its result.
async fn deliver<Out: DeserializeOwned>(call: &Exchange, delivery: Delivery) -> Result<Out> {
    let option = delivery.option;
    match call.auth().webhooks().call(delivery).await {
        Ok(result) => serde_json::from_value(result).map_err(|error| {
            Error::internal(format!("understand the result of the webhook of `{option}`"))
                .with_source(error)
        }),
        Err(CallbackError::Refused { status, message, code }) => {
            let error = Error::refusal(status, message);
            Err(match code {
                Some(code) => error.with_code(code),
                None => error,
            })
        }
        Err(error) => {
            Err(Error::internal(format!("call the webhook of `{option}`")).with_source(error))
        }
    }
}

fn delivery(
    call: &Exchange,
    url: Arc<str>,
    option: &'static str,
    input: &impl Serialize,
) -> Result<Delivery> {
    let data = serde_json::to_value(input).map_err(|error| {
        Error::internal(format!("serialize the argument of `{option}`")).with_source(error)
    })?;
    Ok(Delivery { url, option, data, args: None, request: Some(call.describe_request()) })
}

impl<In, Out> Clone for Callback<In, Out> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Kind::Code(code) => Kind::Code(code.clone()),
            Kind::Webhook(url) => Kind::Webhook(url.clone()),
        })
    }
}

impl<In, Out> fmt::Debug for Callback<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Code(_) => "Callback(code)",
            Kind::Webhook(_) => "Callback(webhook)",
        })
    }
}

/// What stands in a configuration file for a function.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Webhook")]
struct Webhook {
    /// Where the function is called: a signed POST with its argument.
    #[schemars(url)]
    webhook: String,
}

impl<'de, In, Out> Deserialize<'de> for Callback<In, Out> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Webhook { webhook } = Webhook::deserialize(deserializer)?;
        if !(webhook.starts_with("https://") || webhook.starts_with("http://")) {
            return Err(serde::de::Error::custom(format!(
                "expected an http or https URL for `webhook`, found {webhook:?}"
            )));
        }
        Ok(Self(Kind::Webhook(webhook.into())))
    }
}

impl<In, Out> JsonSchema for Callback<In, Out> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Webhook".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Webhook::json_schema(generator)
    }
}

/// For embedders that configure no webhooks: there is nobody to deliver them.
#[derive(Debug)]
pub struct NoWebhooks;

#[async_trait]
impl Webhooks for NoWebhooks {
    async fn call(&self, _: Delivery) -> Result<Json, CallbackError> {
        Err(CallbackError::Failed { reason: "no webhook delivery is configured".to_owned() })
    }

    async fn notify(&self, delivery: Delivery) {
        tracing::error!(callback.option = delivery.option, "No webhook delivery is configured");
    }
}
