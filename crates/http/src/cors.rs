//! CORS: which origins' pages may read what we answer.
//!
//! A trusted origin may read every answer, errors included, with credentials: a browser never shows
//! "Failed to fetch" for an answer that we gave. Nobody else may read anything, with one exception.
//!
//! **Outside production** the page of an untrusted origin may read one answer: the 403 that says
//! that its origin is not trusted, and which line of configuration would change that. To get there
//! its preflight must succeed. That widens nothing that carries data:
//! - a request that a browser marks as coming from another site is answered with that 403 right
//!   here, without being served. Its page could not have read the answer anyway;
//! - where the browser does not say so (Fetch Metadata are sent to https and loopback only), the
//!   engine's own origin check refuses; answers get the headers only if they are its refusal. What
//!   that check lets through, such as every GET, is served and stays unreadable;
//! - the refusal is made of the request's own origin and of constants, and the two headers are all
//!   that is added: ids and limits stay unreadable;
//! - where that check is switched off (`disableCSRFCheck`, `disableOriginCheck`) there is no
//!   exception, because nothing would stand behind the preflight.
//!
//! In production a preflight of an untrusted origin is refused with 403, so that the browser does
//! not send the request at all.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use vestibule_core::Auth;
use vestibule_core::dispatch::{Refused, untrusted_origin};
use vestibule_core::error_codes::INVALID_ORIGIN;
use vestibule_core::origin::RelativePaths;

/// What scripts may read besides the headers that every script may.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "set-auth-token, set-auth-jwt, x-retry-after, retry-after, x-request-id",
);

const TRUE: HeaderValue = HeaderValue::from_static("true");

/// How long browsers may remember a preflight, in seconds; none remembers longer than two hours.
const PREFLIGHT_MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// A middleware for `axum::middleware::from_fn_with_state`: answers preflights, and adds the headers
/// to every answer behind it.
pub async fn cors(State(auth): State<Auth>, request: Request, next: Next) -> Response {
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else {
        let mut response = next.run(request).await;
        vary_by(response.headers_mut(), header::ORIGIN);
        return response;
    };
    let trust = trust_of(&auth, &origin);
    let is_preflight = is_preflight(&request);
    let mut response = if is_preflight {
        preflight(&auth, &request, trust)
    } else if trust == Trust::MayReadRefusal && is_cross_site(request.headers()) {
        refuse(&auth, &request)
    } else {
        next.run(request).await
    };
    let may_read = match trust {
        Trust::Trusted => true,
        Trust::MayReadRefusal => is_preflight || is_origin_refusal(&response),
        Trust::Untrusted => false,
    };
    let headers = response.headers_mut();
    vary_by(headers, header::ORIGIN);
    if may_read {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
    }
    if trust == Trust::Trusted {
        // Beside what a plugin of the engine listed: browsers read both lines as one list.
        headers.append(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    response
}

/// Whose page asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    Trusted,
    /// An untrusted origin that may learn how to become a trusted one.
    MayReadRefusal,
    Untrusted,
}

fn trust_of(auth: &Auth, origin: &HeaderValue) -> Trust {
    let Ok(origin) = origin.to_str() else { return Trust::Untrusted };
    if auth.trusted_origins().is_trusted(origin, RelativePaths::Refused) {
        return Trust::Trusted;
    }
    let options = auth.options();
    let checks_origins =
        !options.advanced.disable_origin_check && options.advanced.disable_csrf_check != Some(true);
    match !options.production && checks_origins && origin != "null" {
        true => Trust::MayReadRefusal,
        false => Trust::Untrusted,
    }
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Which methods and headers there are is for the endpoints to say: all that is asked is allowed.
fn preflight(auth: &Auth, request: &Request, trust: Trust) -> Response {
    let mut response = match trust {
        Trust::Untrusted => refuse(auth, request),
        Trust::Trusted | Trust::MayReadRefusal => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
    };
    let headers = response.headers_mut();
    for (asked, allowed) in [
        (header::ACCESS_CONTROL_REQUEST_METHOD, header::ACCESS_CONTROL_ALLOW_METHODS),
        (header::ACCESS_CONTROL_REQUEST_HEADERS, header::ACCESS_CONTROL_ALLOW_HEADERS),
    ] {
        if let (Some(value), true) = (request.headers().get(&asked), trust != Trust::Untrusted) {
            headers.insert(allowed, value.clone());
        }
        vary_by(headers, asked);
    }
    if trust == Trust::Trusted {
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_MAX_AGE);
    }
    response
}

/// Whether a browser says that a script of another site or origin sent the request.
fn is_cross_site(headers: &HeaderMap) -> bool {
    let is = |name: HeaderName, values: &[&str]| {
        headers.get(name).is_some_and(|value| values.iter().any(|other| value == other))
    };
    is(HeaderName::from_static("sec-fetch-site"), &["cross-site", "same-site"])
        && is(HeaderName::from_static("sec-fetch-mode"), &["cors"])
}

fn is_origin_refusal(response: &Response) -> bool {
    let refused = response.extensions().get::<Refused>();
    refused.is_some_and(|refused| refused.code.as_deref() == Some(INVALID_ORIGIN.code))
}

fn refuse(auth: &Auth, request: &Request) -> Response {
    let origin = request.headers().get(header::ORIGIN).map(HeaderValue::as_bytes);
    let origin = String::from_utf8_lossy(origin.unwrap_or_default());
    auth.refuse(untrusted_origin(&origin), request.uri().path()).map(Body::from)
}

fn vary_by(headers: &mut HeaderMap, name: HeaderName) {
    headers.append(header::VARY, HeaderValue::from(name));
}
