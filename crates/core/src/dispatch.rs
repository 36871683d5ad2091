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

mod failure;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use serde_json::Value as Json;

use self::failure::{error_reply, log_failure};
use crate::auth::{Auth, Route};
use crate::base_url::{BaseUrl, ForwardedHeaders, RequestTarget, Scheme, path_below};
use crate::call::{Exchange, Facts};
use crate::clock::ServeAt;
use crate::csrf::{
    self, CheckPolicy, OriginCheckSkips, OriginRefusal, RedirectRefusal, RequestFacts,
};
use crate::endpoint::{Endpoint, ErrorForm, Place, Reply};
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

/// A response extension: send this no sooner than so long after the request came, so that how long
/// it took tells nothing.
#[derive(Debug, Clone, Copy)]
pub struct NoSoonerThan(pub Duration);

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
            Err(error) => return self.respond(Err(error), HeaderMap::new(), Answering::default()),
        };
        let Some(target) = self.target(&base_url, &parts.method, parts.uri.path()) else {
            let error = self.unknown_path(&base_url, parts.uri.path());
            return self.respond(Err(error), HeaderMap::new(), Answering::default());
        };
        let uri = parts.uri.clone();
        let exchange = match self.exchange(parts, base_url, target.path) {
            Ok(exchange) => exchange,
            Err(error) => return self.refuse(error, uri.path()),
        };
        let (mut exchange, answer) =
            self.serve(exchange, target.place, target.spelling, body).await;
        // Of a session that a hook found or made.
        exchange.sessions().write_cache().await;
        let headers = exchange.take_reply_headers();
        let (answer, headers) = match headers {
            Ok(headers) => (answer, headers),
            Err(error) => (Err(error), HeaderMap::new()),
        };
        let answering = Answering { endpoint: exchange.endpoint, error_form: exchange.error_form };
        let mut response = self.respond(answer, headers, answering);
        if let Some(time) = exchange.no_sooner_than() {
            response.extensions_mut().insert(NoSoonerThan(time));
        }
        response
    }

    /// The session of a request that is not for this server: for routes of your own.
    ///
    /// Nothing is refreshed and no cookie is set. What a request may prove to `/get-session`, such as
    /// by a plugin's header, it may prove here.
    pub async fn session(&self, headers: &HeaderMap) -> Result<Option<SessionUser>> {
        let mut request = Request::new(());
        request.headers_mut().clone_from(headers);
        let parts = request.into_parts().0;
        let base_url = self.base_url_or_local(&parts)?;
        let path = "/get-session";
        let mut exchange = self.exchange(parts, base_url, path.to_owned())?;
        if let Some((route, _)) = self.route(Place::BasePath, &Method::GET, path) {
            for &hook in &route.hooks {
                self.hook(hook).identify(&mut exchange).await?;
            }
        }
        let lookup = Lookup { disable_refresh: true, ..Lookup::default() };
        exchange.sessions().current(lookup).await
    }

    /// An exchange that nobody requested, for commands: services work in it as in a handler.
    pub fn unrequested(&self) -> Result<Exchange> {
        let parts = Request::new(()).into_parts().0;
        let base_url = self.base_url_or_local(&parts)?;
        self.exchange(parts, base_url, "/".to_owned())
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
    ) -> Result<Exchange> {
        let now = match parts.extensions.get::<ServeAt>() {
            Some(ServeAt(time)) => *time,
            None => self.clock().now(),
        };
        let caller = self.service_keys().identify(&parts.headers)?;
        let client_address = match caller.as_ref().and_then(|caller| caller.client_address) {
            // Whoever has a service key is believed like a trusted peer.
            Some(address) => self.addresses().spell(address),
            None => {
                let peer = parts.extensions.get::<Peer>().map(|peer| peer.0);
                self.addresses().resolve(peer, &parts.headers)
            }
        };
        let facts = Facts {
            method: parts.method,
            uri: parts.uri,
            path,
            headers: parts.headers,
            now,
            base_url,
            client_address,
            service: caller.map(|caller| caller.service),
        };
        Ok(Exchange::new(self.clone(), facts))
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

    /// What a path means; `None` where nothing can be there.
    fn target(&self, base_url: &BaseUrl, method: &Method, path: &str) -> Option<Target> {
        if self.is_at_origin(method, path) {
            let (path, spelling) = (path.to_owned(), Spelling::Canonical);
            return Some(Target { place: Place::Origin, path, spelling });
        }
        let (path, spelling) = path_of(base_url, path)?;
        Some(Target { place: Place::BasePath, path, spelling })
    }

    fn unknown_path(&self, base_url: &BaseUrl, path: &str) -> Error {
        let is_it = |endpoint: &&Endpoint| endpoint.place == Place::Origin && endpoint.path == path;
        let hint = match self.endpoints().find(is_it) {
            Some(endpoint) => format!("`{path}` is asked for by {}", endpoint.method),
            None => format!("`{path}` is not below the base path `{}`", base_url.path()),
        };
        Error::not_found(NOT_FOUND).with_hint(hint)
    }

    /// Steps 1 to 11.
    async fn serve(
        &self,
        mut exchange: Exchange,
        place: Place,
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
            _ => auth.route(place, &exchange.method, &exchange.path),
        };
        let Some((route, params)) = routed else {
            return (exchange, Err(Error::not_found(NOT_FOUND)));
        };
        exchange.params = params;
        exchange.endpoint = Some(route.endpoint.path);
        exchange.error_form = route.endpoint.error_form;
        if route.endpoint.no_store {
            exchange.set_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        if let Err(error) = receive(&mut exchange, &route.endpoint, &body) {
            return (exchange, Err(error));
        }
        // Origins are judged by what was sent: a cookie that a hook made of a header is none that a
        // browser added.
        let sent = route.endpoint.checks_form_origin.then(|| exchange.headers.clone());
        match self.before(&mut exchange, route).await {
            Ok(None) => {}
            Ok(Some(reply)) => return (exchange, Ok(reply)),
            Err(error) => return (exchange, Err(error)),
        }
        let (mut exchange, answer) = match self.check(&exchange, &route.endpoint, sent.as_ref()) {
            Ok(()) => (route.endpoint.run)(exchange).await,
            Err(error) => (exchange, Err(error)),
        };
        let answer = end_transaction(&mut exchange, answer).await;
        exchange.sessions().write_cache().await;
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
            self.hook(hook).identify(exchange).await?;
            if let Some(reply) = self.hook(hook).before(exchange).await? {
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    /// Steps 8 and 9; `sent` are the headers as they came, where the origin of a form is checked.
    fn check(
        &self,
        exchange: &Exchange,
        endpoint: &Endpoint,
        sent: Option<&HeaderMap>,
    ) -> Result<()> {
        endpoint.input.check(&exchange.received)?;
        if endpoint.redirects {
            let checks = self.check_policy().checks(&exchange.path);
            csrf::check_redirect_query(checks, &exchange.received.query, &self.trust(exchange))
                .map_err(refused_redirect)?;
        }
        if let Some(sent) = sent {
            let facts = RequestFacts::from_headers(sent);
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
        let places = [(Place::Origin, path), (Place::BasePath, below)];
        let methods = [Method::GET, Method::POST];
        let found = places.iter().find_map(|(place, path)| {
            methods.iter().find_map(|method| self.route(*place, method, path))
        });
        let answering = found.map(|(route, _)| Answering::of(&route.endpoint)).unwrap_or_default();
        self.respond(Err(error), HeaderMap::new(), answering)
    }

    /// Step 12.
    fn respond(
        &self,
        answer: Result<Reply>,
        headers: HeaderMap,
        answering: Answering,
    ) -> Response<Bytes> {
        let Answering { endpoint, error_form } = answering;
        let (reply, refused) = match answer {
            Ok(reply) => (reply, None),
            Err(error) => {
                log_failure(&error, endpoint.unwrap_or("(no endpoint)"));
                let refused = match error.outcome() {
                    Outcome::Refusal(refusal) => refusal.reason.code.as_deref().map(str::to_owned),
                    Outcome::Unavailable { .. } => Some(SERVICE_UNAVAILABLE.code.to_owned()),
                    Outcome::Internal => Some(INTERNAL_SERVER_ERROR.code.to_owned()),
                };
                let reply = error_reply(&error, error_form, self.options().production);
                (reply, Some(Refused { code: refused }))
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

/// What the path of a request names.
struct Target {
    place: Place,
    /// Below its place, in the one spelling that router, limiter and disabled paths see.
    path: String,
    spelling: Spelling,
}

/// Who answers, once that is known.
#[derive(Debug, Clone, Copy, Default)]
struct Answering {
    /// The path, as declared.
    endpoint: Option<&'static str>,
    error_form: ErrorForm,
}

impl Answering {
    fn of(endpoint: &Endpoint) -> Self {
        Self { endpoint: Some(endpoint.path), error_form: endpoint.error_form }
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
