//! What one request may cost, besides what the engine limits itself.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use vestibule_core::{Auth, Error};

/// Longer URLs are answered with 414.
const URL_LIMIT_BYTES: usize = 8 * 1024;

/// How long a request may take, its body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A middleware: 414 for long URLs, 400 and 501 for heads that can be read in two ways, 503 for what takes too long.
pub(crate) async fn limit(State(auth): State<Auth>, request: Request, next: Next) -> Response {
    let uri = request.uri();
    let length = uri.path_and_query().map_or(0, |path| path.as_str().len());
    let path = uri.path().to_owned();
    if length > URL_LIMIT_BYTES {
        let message = format!("The URL is longer than {URL_LIMIT_BYTES} bytes");
        let error = Error::refusal(StatusCode::URI_TOO_LONG, message).with_code("URI_TOO_LONG");
        return auth.refuse(error, &path).map(Body::from);
    }
    if let Err(error) = check_framing(request.headers()) {
        return auth.refuse(error, &path).map(Body::from);
    }
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let attempt = format!("serve the request within {} s", REQUEST_TIMEOUT.as_secs());
            auth.refuse(Error::unavailable(attempt, Duration::from_secs(1)), &path).map(Body::from)
        }
    }
}

/// What a proxy in front could read in another way than we do.
fn check_framing(headers: &HeaderMap) -> Result<(), Error> {
    // RFC 9112, 3.2.
    if headers.get_all(header::HOST).iter().count() > 1 {
        let message = "The request has more than one Host header";
        return Err(Error::refusal(StatusCode::BAD_REQUEST, message).with_code("BAD_REQUEST"));
    }
    // RFC 9112, 6.1.
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    if !codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
        let message = "The only transfer coding here is chunked";
        let error = Error::refusal(StatusCode::NOT_IMPLEMENTED, message);
        return Err(error.with_code("NOT_IMPLEMENTED"));
    }
    Ok(())
}
