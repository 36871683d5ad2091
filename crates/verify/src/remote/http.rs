//! `GET` to the auth server, over connections that are kept.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// How long one question may take, connecting included.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Longer answers are given up.
const BODY_LIMIT_BYTES: usize = 1024 * 1024;

/// Resting connections that are kept.
const IDLE_LIMIT: usize = 64;

/// Shorter than the time after which most servers and proxies close a resting connection.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A URL that cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the URL is not understood; expected `https://auth.example.com/api/auth`")]
pub struct InvalidUrl;

/// A client; clones share its connections.
#[derive(Clone)]
pub(crate) struct Http {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// A URL of HTTP, with a host.
pub(crate) fn url(text: &str) -> Result<Uri, InvalidUrl> {
    let url: Uri = text.parse().map_err(|_| InvalidUrl)?;
    let is_http = matches!(url.scheme_str(), Some("http" | "https"));
    if is_http && url.host().is_some_and(|host| !host.is_empty()) {
        Ok(url)
    } else {
        Err(InvalidUrl)
    }
}

impl Http {
    pub(crate) fn new() -> Self {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let tls = rustls::ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .expect("the provider has the default versions")
            .with_webpki_roots()
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_LIMIT)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self { client }
    }

    pub(crate) async fn get(
        &self,
        url: &Uri,
        headers: HeaderMap,
    ) -> Result<Answer, Box<dyn Error + Send + Sync>> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = url.clone();
        *request.headers_mut() = headers;
        tokio::time::timeout(TIMEOUT, async {
            let (parts, body) = self.client.request(request).await?.into_parts();
            let body = Limited::new(body, BODY_LIMIT_BYTES).collect().await?.to_bytes();
            Ok(Answer { status: parts.status, body })
        })
        .await?
    }
}
