//! What names a request and what is logged of it.
//!
//! Never its query, headers, body or address: they hold tokens, passwords and people. The path is
//! shown as the endpoint declares it, because a path may hold a token too.

use std::time::Instant;

use axum::body::Body;
use http::{HeaderName, HeaderValue, Method, Request, Response};
use tracing::Instrument as _;
use vestibule_core::dispatch::{Matched, Refused};
use vestibule_core::random::Random;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken over from a client.
const ID_LIMIT: usize = 64;

/// A response extension: the name of what answered, where it is no endpoint of the API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route(pub(crate) &'static str);

/// Serves a request under its id, and logs it.
pub(crate) async fn traced(
    mut request: Request<Body>,
    random: &dyn Random,
    serve: impl AsyncFnOnce(Request<Body>) -> Response<Body>,
) -> Response<Body> {
    let id = request.headers().get(&REQUEST_ID).filter(|id| is_id(id)).cloned();
    let id = id.unwrap_or_else(|| {
        HeaderValue::try_from(random.id()).expect("an id is made of letters and digits")
    });
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let span = tracing::info_span!("request", id = id.to_str().unwrap_or_default());
    let method = request.method().clone();
    let start = Instant::now();
    async {
        let mut response = serve(request).await;
        log(&method, &response, start);
        response.headers_mut().insert(REQUEST_ID, id);
        response
    }
    .instrument(span)
    .await
}

fn is_id(id: &HeaderValue) -> bool {
    let is_fine = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    (1..=ID_LIMIT).contains(&id.len()) && id.as_bytes().iter().all(is_fine)
}

fn log(method: &Method, response: &Response<Body>, start: Instant) {
    let extensions = response.extensions();
    let matched = extensions.get::<Matched>().map(|matched| matched.0);
    let route = matched.or_else(|| extensions.get::<Route>().map(|route| route.0));
    let code = extensions.get::<Refused>().and_then(|refused| refused.code.as_deref());
    let duration_ms = start.elapsed().as_micros() as f64 / 1000.0;
    tracing::info!(
        http.method = method.as_str(),
        http.route = route.unwrap_or("none"),
        http.status = response.status().as_u16(),
        error.code = code,
        duration_ms,
        "Answered"
    );
}
