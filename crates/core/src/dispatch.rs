//! The only pipeline: what happens between a request and its response, in the reference's order.
//!
//! 1. disabled paths, 2. rate limit, 3. `on_request` hooks, 4. route, 5. media type and body,
//! 6. origin and redirect targets, 7. `before` hooks, 8. validation, 9. origin of forms,
//! 10. session rule and handler, 11. `after` hooks, 12. headers and cookies.
//!
//! Each step either passes the exchange on or ends it with an answer. What ends in steps 1 to 7 goes
//! straight to step 12, past the `after` hooks; a refusal of steps 8 to 10 goes through them, and one
//! of them may put another answer in its place.
//!
//! Reference: better-auth 1.7.7, `api/index` and `api/to-auth-endpoints`, and better-call 1.4.0.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use serde_json::{Map, Value as Json, json};

use crate::auth::{Auth, Route};
use crate::base_url::{BaseUrl, ForwardedHeaders, RequestTarget, Scheme, path_below};
use crate::call::{Exchange, Facts};
use crate::clock::ServeAt;
use crate::csrf::{
    self, CheckPolicy, OriginCheckSkips, OriginRefusal, RedirectRefusal, RequestFacts,
};
use crate::endpoint::{Endpoint, Reply};
use crate::error::{Error, Outcome, Result};
use crate::error_codes::{INTERNAL_SERVER_ERROR, NOT_FOUND, SERVICE_UNAVAILABLE};
use crate::models::SessionUser;
use crate::origin::RequestTrust;
use crate::received;
use crate::services::sessions::Lookup;

/// A request extension: the address at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// A request extension: the request came over TLS.
#[derive(Debug, Clone, Copy)]
pub struct OverTls;

/// A response extension: the path of the endpoint that answered, as declared. Unlike the request's
/// path it holds no token, so logs may show it.
#[derive(Debug, Clone, Copy)]
pub struct Matched(pub &'static str);

/// A response extension of answers that are 5xx or were refused: for the access log.
#[derive(Debug, Clone)]
pub struct Refused {
    pub code: Option<String>,
}

impl Auth {
    /// Serves one request. Never fails: whatever happens is an answer.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let base_url = match self.base_url_of(&parts) {
            Ok(base_url) => base_url,
            Err(error) => return self.respond(Err(error), HeaderMap::new(), None),
        };
        let Some((path, spelling)) = path_of(&base_url, parts.uri.path()) else {
            let error = self.unknown_path(&base_url, parts.uri.path());
            return self.respond(Err(error), HeaderMap::new(), None);
        };
        let exchange = self.exchange(parts, base_url, path);
        let (mut exchange, answer) = self.serve(exchange, spelling, body).await;
        let headers = exchange.take_reply_headers();
        let (answer, headers) = match headers {
            Ok(headers) => (answer, headers),
            Err(error) => (Err(error), HeaderMap::new()),
        };
        self.respond(answer, headers, exchange.endpoint)
    }

    /// The session of a request that is not for this server: for routes of your own.
    ///
    /// Nothing is refreshed and no cookie is set.
    pub async fn session(&self, headers: &HeaderMap) -> Result<Option<SessionUser>> {
        let mut request = Request::new(());
        request.headers_mut().clone_from(headers);
        let parts = request.into_parts().0;
        let base_url = self.base_url_or_local(&parts)?;
        let mut exchange = self.exchange(parts, base_url, "/get-session".to_owned());
        let lookup = Lookup { disable_refresh: true, ..Lookup::default() };
        exchange.sessions().current(lookup).await
    }

    /// An exchange that nobody requested, for commands: services work in it as in a handler.
    pub fn unrequested(&self) -> Result<Exchange> {
        let parts = Request::new(()).into_parts().0;
        let base_url = self.base_url_or_local(&parts)?;
        Ok(self.exchange(parts, base_url, "/".to_owned()))
    }

    fn base_url_or_local(&self, parts: &http::request::Parts) -> Result<Arc<BaseUrl>> {
        // Looking a session up needs no base URL, and a request of HTTP/2 has no `Host`.
        self.base_url_of(parts).or_else(|_| {
            BaseUrl::parse("http://localhost", "/")
                .map(Arc::new)
                .map_err(|error| Error::internal("make a base URL").with_source(error))
        })
    }

    fn exchange(
        &self,
        parts: http::request::Parts,
        base_url: Arc<BaseUrl>,
        path: String,
    ) -> Exchange {
        let now = match parts.extensions.get::<ServeAt>() {
            Some(ServeAt(time)) => *time,
            None => self.clock().now(),
        };
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.0);
        let client_address = self.addresses().resolve(peer, &parts.headers);
        let facts = Facts {
            method: parts.method,
            uri: parts.uri,
            path,
            headers: parts.headers,
            now,
            base_url,
            client_address,
        };
        Exchange::new(self.clone(), facts)
    }

    fn base_url_of(&self, parts: &http::request::Parts) -> Result<Arc<BaseUrl>> {
        let over_tls = parts.extensions.get::<OverTls>().is_some();
        let scheme = match parts.uri.scheme_str() {
            Some("https") => Scheme::Https,
            Some(_) => Scheme::Http,
            None if over_tls => Scheme::Https,
            None => Scheme::Http,
        };
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let authority = parts.uri.authority().map(http::uri::Authority::as_str);
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.0);
        let forwarded = match self.addresses().believes(peer) {
            true => ForwardedHeaders::Believed,
            false => ForwardedHeaders::Ignored,
        };
        let target = RequestTarget {
            scheme,
            authority: authority.or(host).unwrap_or_default(),
            headers: &parts.headers,
            forwarded,
        };
        match self.base_urls().resolve(&target) {
            Ok(base_url) => Ok(base_url),
            Err(error) => Err(Error::bad_request(error.to_string()).with_code("HOST_NOT_ALLOWED")),
        }
    }

    fn unknown_path(&self, base_url: &BaseUrl, path: &str) -> Error {
        Error::not_found(NOT_FOUND)
            .with_hint(format!("`{path}` is not below the base path `{}`", base_url.path()))
    }

    /// Steps 1 to 11.
    async fn serve(
        &self,
        mut exchange: Exchange,
        spelling: Spelling,
        body: Bytes,
    ) -> (Exchange, Result<Reply>) {
        if self.options().disabled_paths.contains(&exchange.path) {
            return (exchange, Err(Error::not_found(NOT_FOUND)));
        }
        if let Some(limiter) = self.rate_limiter()
            && let Err(error) = limiter.check(&exchange).await
        {
            return (exchange, Err(error));
        }
        match self.on_request(&mut exchange).await {
            Ok(None) => {}
            Ok(Some(reply)) => return (exchange, Ok(reply)),
            Err(error) => return (exchange, Err(error)),
        }
        let auth = self.clone();
        let routed = match spelling {
            Spelling::TrailingSlash if !self.options().advanced.skip_trailing_slashes => None,
            _ => auth.route(&exchange.method, &exchange.path),
        };
        let Some((route, params)) = routed else {
            return (exchange, Err(Error::not_found(NOT_FOUND)));
        };
        exchange.params = params;
        exchange.endpoint = Some(route.endpoint.path);
        if route.endpoint.no_store {
            exchange.set_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        if let Err(error) = receive(&mut exchange, &route.endpoint, &body) {
            return (exchange, Err(error));
        }
        match self.before(&mut exchange, route).await {
            Ok(None) => {}
            Ok(Some(reply)) => return (exchange, Ok(reply)),
            Err(error) => return (exchange, Err(error)),
        }
        let (mut exchange, answer) = match self.check(&exchange, &route.endpoint) {
            Ok(()) => (route.endpoint.run)(exchange).await,
            Err(error) => (exchange, Err(error)),
        };
        let answer = end_transaction(&mut exchange, answer).await;
        let answer = self.after(&mut exchange, route, answer).await;
        let answer = end_transaction(&mut exchange, answer).await;
        (exchange, answer)
    }

    async fn on_request(&self, exchange: &mut Exchange) -> Result<Option<Reply>> {
        for hook in self.hooks() {
            if let Some(reply) = hook.on_request(exchange).await? {
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    /// Step 7.
    async fn before(&self, exchange: &mut Exchange, route: &Route) -> Result<Option<Reply>> {
        for &hook in &route.hooks {
            if let Some(reply) = self.hook(hook).before(exchange).await? {
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    /// Steps 8 and 9.
    fn check(&self, exchange: &Exchange, endpoint: &Endpoint) -> Result<()> {
        endpoint.input.check(&exchange.received)?;
        if endpoint.checks_form_origin {
            let facts = RequestFacts::from_headers(&exchange.headers);
            let checks = self.check_policy().checks(&exchange.path);
            let own = exchange.base_url().origin();
            csrf::check_form(checks, &facts, &self.trust(exchange), own)
                .map_err(|refusal| refused_origin(refusal, &facts))?;
        }
        Ok(())
    }

    async fn after(
        &self,
        exchange: &mut Exchange,
        route: &Route,
        mut answer: Result<Reply>,
    ) -> Result<Reply> {
        for &hook in &route.hooks {
            answer = self.hook(hook).after(exchange, answer).await;
        }
        answer
    }

    fn check_policy(&self) -> CheckPolicy {
        let advanced = &self.options().advanced;
        CheckPolicy {
            disable_csrf_check: advanced.disable_csrf_check,
            skips: match advanced.disable_origin_check {
                true => OriginCheckSkips::Everywhere,
                false => OriginCheckSkips::Nowhere,
            },
        }
    }

    /// What a request may trust; its own origin only where no base URL is configured.
    pub(crate) fn trust<'a>(&'a self, exchange: &'a Exchange) -> RequestTrust<'a> {
        RequestTrust {
            configured: self.trusted_origins(),
            this_request: None,
            learned_origin: self.base_urls().learned_origin(exchange.base_url()),
        }
    }

    /// The answer to a request that is refused before it gets here, by whoever received it. `path` is
    /// the request's; it is logged as declared.
    pub fn refuse(&self, error: Error, path: &str) -> Response<Bytes> {
        let below = path.strip_prefix(self.base_urls().path()).unwrap_or(path);
        let found = [Method::GET, Method::POST].iter().find_map(|method| self.route(method, below));
        self.respond(Err(error), HeaderMap::new(), found.map(|(route, _)| route.endpoint.path))
    }

    /// Step 12.
    fn respond(
        &self,
        answer: Result<Reply>,
        headers: HeaderMap,
        endpoint: Option<&'static str>,
    ) -> Response<Bytes> {
        let (reply, refused) = match answer {
            Ok(reply) => (reply, None),
            Err(error) => {
                log_failure(&error, endpoint.unwrap_or("(no endpoint)"));
                let refused = match error.outcome() {
                    Outcome::Refusal(refusal) => refusal.reason.code.as_deref().map(str::to_owned),
                    Outcome::Unavailable { .. } => Some(SERVICE_UNAVAILABLE.code.to_owned()),
                    Outcome::Internal => Some(INTERNAL_SERVER_ERROR.code.to_owned()),
                };
                (error_reply(&error, self.options().production), Some(Refused { code: refused }))
            }
        };
        let mut response = Response::new(reply.body);
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        for (name, value) in &headers {
            if name == header::SET_COOKIE {
                response.headers_mut().append(name, value.clone());
            } else {
                response.headers_mut().insert(name, value.clone());
            }
        }
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if headers.contains_key(header::SET_COOKIE) && !headers.contains_key(header::CACHE_CONTROL)
        {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        if let Some(refused) = refused {
            response.extensions_mut().insert(refused);
        }
        if let Some(path) = endpoint {
            response.extensions_mut().insert(Matched(path));
        }
        response
    }
}

/// How a path was written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Canonical,
    TrailingSlash,
}

/// The path below the base path; `None` where it is not below it, or has two slashes in a row.
///
/// Router, limiter and disabled paths see this one spelling: whatever else is 404.
fn path_of(base_url: &BaseUrl, path: &str) -> Option<(String, Spelling)> {
    let below = path.strip_prefix(base_url.path())?;
    if !below.starts_with('/') || below.contains("//") {
        return None;
    }
    let canonical = path_below(base_url.path(), path).to_owned();
    let spelling =
        if canonical.len() == below.len() { Spelling::Canonical } else { Spelling::TrailingSlash };
    Some((canonical, spelling))
}

/// Steps 5 and 6: reads the body and the query, and checks where the request comes from.
fn receive(exchange: &mut Exchange, endpoint: &Endpoint, body: &Bytes) -> Result<()> {
    exchange.received.query = received::read_query(exchange.uri.query().unwrap_or_default());
    if exchange.method == Method::GET {
        return Ok(());
    }
    exchange.received.body = received::read_body(&exchange.headers, body, endpoint.media_types)?;

    let auth = exchange.auth().clone();
    let checks = auth.check_policy().checks(&exchange.path);
    let facts = RequestFacts::from_headers(&exchange.headers);
    let trust = auth.trust(exchange);
    csrf::check_origin(checks, &facts, &trust, exchange.base_url().origin())
        .map_err(|refusal| refused_origin(refusal, &facts))?;
    let query = &exchange.received.query;
    let body = exchange.received.body.as_ref().unwrap_or(&Json::Null);
    csrf::check_redirect_fields(checks, body, query, &trust).map_err(refused_redirect)
}

fn refused_origin(refusal: OriginRefusal, facts: &RequestFacts<'_>) -> Error {
    match (refusal, facts.origin.as_deref()) {
        (OriginRefusal::InvalidOrigin, Some(origin)) => untrusted_origin(origin),
        _ => Error::forbidden(refusal.code()),
    }
}

/// The refusal of an origin that is not trusted, with the line of configuration that would trust it.
pub fn untrusted_origin(origin: &str) -> Error {
    Error::forbidden(OriginRefusal::InvalidOrigin.code())
        .with_hint(format!("add the origin to the configuration: trustedOrigins = [\"{origin}\"]"))
}

fn refused_redirect(refusal: RedirectRefusal) -> Error {
    match refusal {
        RedirectRefusal::NotAString(field) => Error::bad_request(field.not_a_string()),
        RedirectRefusal::Untrusted(field) => Error::forbidden(field.code())
            .with_hint("add the origin of the URL to `trustedOrigins`, or use a path"),
    }
}

/// A handler commits; what it left open is undone.
async fn end_transaction(exchange: &mut Exchange, answer: Result<Reply>) -> Result<Reply> {
    if !exchange.in_transaction() {
        return answer;
    }
    let rolled_back = exchange.roll_back().await;
    match answer {
        Err(error) => Err(error),
        Ok(_) => {
            rolled_back?;
            Err(Error::internal("finish: the handler left its transaction open"))
        }
    }
}

fn error_reply(error: &Error, production: bool) -> Reply {
    let mut body = Map::new();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut retry_after = None;
    match error.outcome() {
        Outcome::Refusal(refusal) => {
            body.insert("message".to_owned(), refusal.reason.message.as_ref().into());
            if let Some(code) = &refusal.reason.code {
                body.insert("code".to_owned(), code.as_ref().into());
            }
            if let (Some(hint), false) = (&refusal.hint, production) {
                body.insert("hint".to_owned(), hint.as_str().into());
            }
            retry_after = refusal.retry_after;
        }
        Outcome::Unavailable { retry_after: wait } => {
            body.insert("message".to_owned(), SERVICE_UNAVAILABLE.message.into());
            body.insert("code".to_owned(), SERVICE_UNAVAILABLE.code.into());
            retry_after = Some(wait);
        }
        Outcome::Internal => {
            body.insert("message".to_owned(), INTERNAL_SERVER_ERROR.message.into());
            body.insert("code".to_owned(), INTERNAL_SERVER_ERROR.code.into());
        }
    }
    if let Some(wait) = retry_after {
        let seconds = wait.as_millis().div_ceil(1000);
        let seconds = HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX));
        headers.insert("x-retry-after", seconds.clone());
        headers.insert(header::RETRY_AFTER, seconds);
    }
    Reply { status: error.status(), headers, body: json!(body).to_string().into() }
}

/// Of requests that could not be served, one is logged in this time, with the number of the others:
/// under load there are thousands in a second.
const UNAVAILABLE_LOG_EVERY: Duration = Duration::from_secs(5);

static UNAVAILABLE: Mutex<Burst> = Mutex::new(Burst { told: None, untold: 0 });

/// Events that are told of now and then.
struct Burst {
    told: Option<Instant>,
    untold: u64,
}

impl Burst {
    /// Whether to tell of an event, and how many were not told of since the last that was.
    fn tell(&mut self, now: Instant) -> Option<u64> {
        if self.told.is_some_and(|told| now.duration_since(told) < UNAVAILABLE_LOG_EVERY) {
            self.untold += 1;
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.untold))
    }
}

/// The one place where failures are logged. Refusals are the client's affair, and are not.
fn log_failure(error: &Error, path: &str) {
    match error.outcome() {
        Outcome::Refusal(refusal) if refusal.status.is_server_error() => {
            tracing::error!(http.path = path, error = ?error, "A request failed");
        }
        Outcome::Refusal(refusal) if refusal.status == StatusCode::FORBIDDEN => {
            tracing::info!(http.path = path, error = %error, "A request was refused");
        }
        Outcome::Refusal(_) => {}
        Outcome::Unavailable { .. } => {
            // tidy-allow(clock): how often the log is written has nothing to do with the request.
            let now = Instant::now();
            let told = UNAVAILABLE.lock().unwrap_or_else(PoisonError::into_inner).tell(now);
            if let Some(untold) = told {
                tracing::warn!(http.path = path, error = ?error, untold, "A request could not be served now");
            }
        }
        Outcome::Internal => {
            tracing::error!(http.path = path, error = ?error, "A request failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_events_one_is_told_with_the_number_of_the_others() {
        let mut burst = Burst { told: None, untold: 0 };
        let start = Instant::now();
        assert_eq!(burst.tell(start), Some(0));
        assert_eq!(burst.tell(start), None);
        assert_eq!(burst.tell(start), None);
        assert_eq!(burst.tell(start + UNAVAILABLE_LOG_EVERY), Some(2));
        assert_eq!(burst.tell(start + 2 * UNAVAILABLE_LOG_EVERY), Some(0));
    }
}
