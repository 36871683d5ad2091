//! [`Auth`], the whole server without a socket, and the start that makes it.
//!
//! [`Builder::build`] is where options and contributions meet, once: the schema, the routes, the
//! hooks of each route, the cookies' names. What is settled here is not looked at per request.

mod build;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use http::Method;
use vestibule_tokens::signature::SigningKey;

pub use self::build::{BuildError, Builder};
use crate::Timestamp;
use crate::base_url::BaseUrls;
use crate::callback::Webhooks;
use crate::client_address::ClientAddressPolicy;
use crate::clock::Clock;
use crate::cookies::CookieTemplates;
use crate::crypto::password::HashPool;
use crate::crypto::secrets::Secrets;
use crate::endpoint::{Endpoint, Place};
use crate::error::ErrorCode;
use crate::hook::{DatabaseHook, Hook};
use crate::key_set::KeySet;
use crate::models::Session;
use crate::options::Options;
use crate::origin::TrustedOrigins;
use crate::outbox::{Outbox, Wake};
use crate::random::Random;
use crate::rate_limit::RateLimiter;
use crate::schema::{Model, Schema};
use crate::service_key::ServiceKeys;
use crate::session_cache::SessionCache;
use crate::shape::openapi;
use crate::store::Store;

/// A Better Auth server: give it a request, get the response. Cheap to clone.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    options: Options,
    schema: Schema,
    store: Arc<dyn Store>,
    routes: Vec<Route>,
    router: Router,
    hooks: Vec<Arc<dyn Hook>>,
    database_hooks: HashMap<String, Vec<Arc<dyn DatabaseHook>>>,
    plugins: Vec<&'static str>,
    error_codes: Vec<ErrorCode>,
    base_urls: BaseUrls,
    trusted_origins: TrustedOrigins,
    addresses: ClientAddressPolicy,
    cookies: CookieTemplates,
    secrets: Secrets,
    signing_key: SigningKey,
    session_cache: Option<SessionCache>,
    hash_pool: HashPool,
    rate_limiter: Option<RateLimiter>,
    key_set: Option<Arc<dyn KeySet>>,
    service_keys: ServiceKeys,
    webhooks: Arc<dyn Webhooks>,
    outbox: Option<Wake>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// An endpoint with the hooks that match it, by position.
pub(crate) struct Route {
    pub(crate) endpoint: Endpoint,
    pub(crate) hooks: Vec<usize>,
}

/// Finds a route by what a request says.
#[derive(Default)]
pub(crate) struct Router {
    routes: HashMap<(Place, Method), matchit::Router<usize>>,
    at_origin: HashSet<(Method, &'static str)>,
}

impl Auth {
    pub fn options(&self) -> &Options {
        &self.0.options
    }

    pub fn schema(&self) -> &Schema {
        &self.0.schema
    }

    pub fn store(&self) -> &dyn Store {
        &*self.0.store
    }

    /// A model by its logical name. Models are known at the start; asking for one that no plugin
    /// declared is a mistake in that plugin.
    pub fn model(&self, name: &str) -> &Arc<Model> {
        self.0.schema.model(name).unwrap_or_else(|| panic!("no plugin declares the model `{name}`"))
    }

    pub fn base_urls(&self) -> &BaseUrls {
        &self.0.base_urls
    }

    /// The origins that configuration and plugins trust.
    pub fn trusted_origins(&self) -> &TrustedOrigins {
        &self.0.trusted_origins
    }

    pub fn addresses(&self) -> &ClientAddressPolicy {
        &self.0.addresses
    }

    pub fn cookies(&self) -> &CookieTemplates {
        &self.0.cookies
    }

    pub fn secrets(&self) -> &Secrets {
        &self.0.secrets
    }

    pub fn signing_key(&self) -> &SigningKey {
        &self.0.signing_key
    }

    /// How sessions are cached in cookies, where they are.
    pub(crate) fn session_cache(&self) -> Option<&SessionCache> {
        self.0.session_cache.as_ref()
    }

    /// The keys that sign for others, where a plugin keeps some.
    pub fn key_set(&self) -> Option<&Arc<dyn KeySet>> {
        self.0.key_set.as_ref()
    }

    /// The keys by which services say who they are.
    pub fn service_keys(&self) -> &ServiceKeys {
        &self.0.service_keys
    }

    pub fn random(&self) -> &dyn Random {
        &*self.0.random
    }

    pub fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// The ids of the plugins, in their order.
    pub fn plugins(&self) -> &[&'static str] {
        &self.0.plugins
    }

    /// The error codes of the core and of the plugins.
    pub fn error_codes(&self) -> &[ErrorCode] {
        &self.0.error_codes
    }

    /// The outbox, where it is switched on.
    pub fn outbox(&self) -> Option<Outbox> {
        self.0.outbox.is_some().then(|| Outbox::new(self.clone()))
    }

    pub(crate) fn wake(&self) -> Option<&Wake> {
        self.0.outbox.as_ref()
    }

    /// Every endpoint, as declared.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.0.routes.iter().map(|route| &route.endpoint)
    }

    /// The OpenAPI description of all endpoints.
    pub fn openapi(&self) -> serde_json::Value {
        openapi::describe(self)
    }

    /// Whether a session is young enough for what needs a fresh one.
    pub fn is_fresh(&self, session: &Session, now: Timestamp) -> bool {
        let fresh_age = self.options().session.fresh_age;
        fresh_age == 0 || now.since(session.created_at).as_secs_f64() < fresh_age as f64
    }

    pub(crate) fn hash_pool(&self) -> &HashPool {
        &self.0.hash_pool
    }

    pub(crate) fn webhooks(&self) -> &dyn Webhooks {
        &*self.0.webhooks
    }

    pub(crate) fn rate_limiter(&self) -> Option<&RateLimiter> {
        self.0.rate_limiter.as_ref()
    }

    pub(crate) fn database_hooks(&self, model: &str) -> &[Arc<dyn DatabaseHook>] {
        self.0.database_hooks.get(model).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn hooks(&self) -> impl Iterator<Item = &Arc<dyn Hook>> {
        self.0.hooks.iter()
    }

    pub(crate) fn hook(&self, position: usize) -> &Arc<dyn Hook> {
        &self.0.hooks[position]
    }

    /// Whether an endpoint at the origin has this method and path.
    pub fn is_at_origin(&self, method: &Method, path: &str) -> bool {
        self.0.router.at_origin.contains(&(method.clone(), path))
    }

    /// The route of a method and a path, with the path's parameters.
    pub(crate) fn route(
        &self,
        place: Place,
        method: &Method,
        path: &str,
    ) -> Option<(&Route, Vec<(String, String)>)> {
        let found = self.0.router.routes.get(&(place, method.clone()))?.at(path).ok()?;
        let decode = |text: &str| {
            vestibule_tokens::encoding::decode_uri_component(text)
                .map_or_else(|| text.to_owned(), std::borrow::Cow::into_owned)
        };
        let params = found.params.iter().map(|(name, value)| (name.to_owned(), decode(value)));
        Some((&self.0.routes[*found.value], params.collect()))
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").field("plugins", &self.0.plugins).finish_non_exhaustive()
    }
}
