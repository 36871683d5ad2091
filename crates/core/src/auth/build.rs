//! The start: options and contributions become a server.

mod check;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZero;
use std::sync::Arc;

use http::Method;
use vestibule_tokens::signature::SigningKey;

use self::check::{check_options, check_origin_paths, check_session_cache};
use super::{Auth, Inner, Route, Router};
use crate::base_url::{BaseUrls, ForwardedHeaders, InvalidBaseUrl};
use crate::callback::{NoWebhooks, Webhooks};
use crate::client_address::{ClientAddressPolicy, InvalidPeer, TrustedPeers};
use crate::clock::{Clock, SystemClock};
use crate::cookies::CookieTemplates;
use crate::crypto::password::HashPool;
use crate::crypto::secrets::{InvalidSecrets, Secrets, Sources, VersionedSecret};
use crate::endpoint::{Endpoint, Place, is_plain_path};
use crate::error::ErrorCode;
use crate::hook::{DatabaseHook, Hook};
use crate::key_set::KeySet;
use crate::models::{Account, RateLimit, Session, User, Verification};
use crate::options::{AdditionalFields, Options, RateLimitStorage};
use crate::origin::{LOOPBACK_ORIGINS, TrustedOrigins};
use crate::outbox::{self, Wake};
use crate::plugin::{Contribution, ModelDeclaration, Plugin, RateLimitRule};
// tidy-allow(random): the builder's default, which tests replace.
use crate::random::{Random, SystemRandom};
use crate::rate_limit::RateLimiter;
use crate::schema::{self, Schema, SchemaError};
use crate::service_key::{Service, ServiceKeys, is_service_name};
use crate::session_cache::SessionCache;
use crate::store::{ModelRow, Store};

/// Collects what a server is made of.
pub struct Builder {
    options: Options,
    plugins: Vec<Arc<dyn Plugin>>,
    hooks: Vec<Arc<dyn Hook>>,
    database_hooks: Vec<Arc<dyn DatabaseHook>>,
    store: Option<Arc<dyn Store>>,
    secrets: Option<Secrets>,
    trusted_peers: TrustedPeers,
    services: Vec<Service>,
    hash_threads: Option<NonZero<usize>>,
    webhooks: Arc<dyn Webhooks>,
    outbox: Option<Wake>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// Why the options do not make a server. Each message names the option.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("`{option}`: {reason}")]
    Option { option: String, reason: String },
    #[error("`baseURL`: {0}")]
    BaseUrl(#[from] InvalidBaseUrl),
    #[error("`advanced.ipAddress.trustedProxies`: {0}")]
    TrustedProxies(#[from] InvalidPeer),
    #[error("`secret`: {0}")]
    Secrets(#[from] InvalidSecrets),
    #[error("the schema does not fit together: {0}")]
    Schema(#[from] SchemaError),
    #[error("two plugins declare {method} `{path}`")]
    DuplicateEndpoint { method: Method, path: &'static str },
    #[error("the path `{0}`: expected one such as \"/auth/token\", without parameters")]
    OriginPath(&'static str),
    #[error("the path `{0}`: something else is there, below the base path")]
    ShadowedEndpoint(&'static str),
    #[error("the plugin `{0}` is there twice")]
    DuplicatePlugin(&'static str),
    #[error("`secret`: production needs one of your own; `openssl rand -base64 32` makes it")]
    DefaultSecret,
    #[error("`plugins.{0}`: another plugin keeps a key set already")]
    SecondKeySet(&'static str),
    #[error("`services.{0}`: expected a name of letters, digits, `-` and `.`, and key versions")]
    Service(String),
    #[error("no store was given: call `store(..)` on the builder")]
    NoStore,
    #[error("failed to start the threads that hash passwords")]
    HashPool(#[source] std::io::Error),
}

impl Auth {
    pub fn builder(options: Options) -> Builder {
        Builder {
            options,
            plugins: Vec::new(),
            hooks: Vec::new(),
            database_hooks: Vec::new(),
            store: None,
            secrets: None,
            trusted_peers: TrustedPeers::default(),
            services: Vec::new(),
            hash_threads: None,
            webhooks: Arc::new(NoWebhooks),
            outbox: None,
            clock: Arc::new(SystemClock),
            // tidy-allow(random): the builder's default, which tests replace.
            random: Arc::new(SystemRandom),
        }
    }
}

impl Builder {
    /// Adds a plugin. Their order is the order of their hooks.
    #[must_use]
    pub fn plugin(mut self, plugin: impl Plugin) -> Self {
        self.plugins.push(Arc::new(plugin));
        self
    }

    /// As [`plugin`](Self::plugin), for plugins that a configuration names.
    #[must_use]
    pub fn plugins(mut self, plugins: impl IntoIterator<Item = Arc<dyn Plugin>>) -> Self {
        self.plugins.extend(plugins);
        self
    }

    /// Adds a hook around requests; it runs before those of plugins.
    #[must_use]
    pub fn hook(mut self, hook: impl Hook + 'static) -> Self {
        self.hooks.push(Arc::new(hook));
        self
    }

    /// Adds a hook around writes; it runs after those of plugins.
    #[must_use]
    pub fn database_hook(mut self, hook: impl DatabaseHook + 'static) -> Self {
        self.database_hooks.push(Arc::new(hook));
        self
    }

    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// The secrets, where they do not come from the options.
    #[must_use]
    pub fn secrets(mut self, secrets: Secrets) -> Self {
        self.secrets = Some(secrets);
        self
    }

    /// Whose `X-Forwarded-*` headers are believed. Default: nobody's.
    #[must_use]
    pub fn trusted_peers(mut self, peers: TrustedPeers) -> Self {
        self.trusted_peers = peers;
        self
    }

    /// The services that may say who they are: see [`service_key`](crate::service_key).
    #[must_use]
    pub fn services(mut self, services: impl IntoIterator<Item = Service>) -> Self {
        self.services.extend(services);
        self
    }

    /// How many passwords are hashed at once; each takes 32 MiB. Default: one for each core.
    #[must_use]
    pub fn hash_threads(mut self, threads: NonZero<usize>) -> Self {
        self.hash_threads = Some(threads);
        self
    }

    /// Delivers callbacks that are webhooks.
    #[must_use]
    pub fn webhooks(mut self, webhooks: Arc<dyn Webhooks>) -> Self {
        self.webhooks = webhooks;
        self
    }

    /// Writes an event beside every change of a user: see [`outbox`](crate::outbox). `wake` is called
    /// after each commit that wrote some, for a worker that would otherwise have to ask.
    #[must_use]
    pub fn outbox(mut self, wake: impl Fn() + Send + Sync + 'static) -> Self {
        self.outbox = Some(Arc::new(wake));
        self
    }

    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    #[must_use]
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// The schema that options and plugins make: what a database must have before the start.
    pub fn schema(&self) -> Result<Schema, BuildError> {
        let contributions: Vec<_> =
            self.plugins.iter().map(|plugin| plugin.clone().contribute()).collect();
        build_schema(&self.options, &contributions, self.outbox.is_some())
    }

    pub fn build(self) -> Result<Auth, BuildError> {
        let Self { options, plugins, .. } = self;
        check_options(&options)?;
        let ids: Vec<_> = plugins.iter().map(|plugin| plugin.id()).collect();
        if let Some((_, id)) = ids.iter().enumerate().find(|(at, id)| ids[..*at].contains(id)) {
            return Err(BuildError::DuplicatePlugin(id));
        }
        let is_sound =
            |service: &Service| is_service_name(&service.name) && !service.key_versions.is_empty();
        if let Some(service) = self.services.iter().find(|service| !is_sound(service)) {
            return Err(BuildError::Service(service.name.clone()));
        }
        for plugin in &plugins {
            plugin.check(&options)?;
        }
        let contributions: Vec<_> =
            plugins.iter().map(|plugin| plugin.clone().contribute()).collect();
        let schema = build_schema(&options, &contributions, self.outbox.is_some())?;

        let mut merged = Merged::default();
        merged.hooks.extend(self.hooks);
        for (id, contribution) in ids.iter().zip(contributions) {
            merged.add(id, contribution)?;
        }
        for hook in self.database_hooks {
            merged.database_hooks.entry(hook.model().to_owned()).or_default().push(hook);
        }
        let routes = merged.routes();
        let router = build_router(&routes)?;

        let forwarded = match options.advanced.trusted_proxy_headers {
            true => ForwardedHeaders::Believed,
            false => ForwardedHeaders::Ignored,
        };
        let base_urls = BaseUrls::new(options.base_url.as_ref(), &options.base_path, forwarded)?;
        let secure =
            base_urls.secure_cookies(options.advanced.use_secure_cookies, options.production);
        let host = base_urls.fixed().map(|base| base.host());
        let cookies = CookieTemplates::new(&options.advanced, secure, host);

        let mut origins = base_urls.trusted_patterns();
        origins.extend(options.trusted_origins.iter().cloned());
        origins.extend(merged.trusted_origins);
        if !options.production {
            origins.extend(LOOPBACK_ORIGINS.map(str::to_owned));
        }

        let secrets = match self.secrets {
            Some(secrets) => secrets,
            None => secrets_of(&options)?,
        };
        if secrets.is_default() {
            if options.production {
                return Err(BuildError::DefaultSecret);
            }
            tracing::warn!("There is no secret, so everybody can forge sessions: set `secret`");
        }
        let session_cache = SessionCache::new(&options, &secrets);
        check_session_cache(&options, merged.key_set.as_deref())?;
        // Reference quirk: in development a client without an address is the loopback one.
        let fallback = (!options.production).then_some(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let limits_rate = options.rate_limit.enabled.unwrap_or(options.production);
        let hash_pool = match self.hash_threads {
            Some(threads) => HashPool::new(threads),
            None => HashPool::for_this_machine(),
        };
        let auth = Auth(Arc::new(Inner {
            addresses: ClientAddressPolicy::new(
                &options.advanced.ip_address,
                self.trusted_peers,
                fallback,
            )?,
            trusted_origins: TrustedOrigins::parse(&origins),
            rate_limiter: limits_rate
                .then(|| RateLimiter::new(&options.rate_limit, merged.rate_limits)),
            signing_key: SigningKey::new(secrets.current()),
            session_cache,
            hash_pool: hash_pool.map_err(BuildError::HashPool)?,
            store: self.store.ok_or(BuildError::NoStore)?,
            hooks: merged.hooks,
            database_hooks: merged.database_hooks,
            plugins: ids,
            error_codes: merged.error_codes,
            key_set: merged.key_set,
            service_keys: ServiceKeys::new(&self.services, &secrets),
            webhooks: self.webhooks,
            outbox: self.outbox,
            clock: self.clock,
            random: self.random,
            options,
            schema,
            routes,
            router,
            base_urls,
            cookies,
            secrets,
        }));
        check_origin_paths(&auth)?;
        plugins.iter().try_for_each(|plugin| plugin.check_server(&auth))?;
        Ok(auth)
    }
}

/// What all contributions bring together.
#[derive(Default)]
struct Merged {
    endpoints: Vec<Endpoint>,
    hooks: Vec<Arc<dyn Hook>>,
    database_hooks: HashMap<String, Vec<Arc<dyn DatabaseHook>>>,
    rate_limits: Vec<RateLimitRule>,
    trusted_origins: Vec<String>,
    error_codes: Vec<ErrorCode>,
    key_set: Option<Arc<dyn KeySet>>,
}

impl Merged {
    fn add(&mut self, id: &'static str, contribution: Contribution) -> Result<(), BuildError> {
        self.endpoints.extend(contribution.endpoints);
        self.hooks.extend(contribution.hooks);
        self.rate_limits.extend(contribution.rate_limits);
        self.trusted_origins.extend(contribution.trusted_origins);
        self.error_codes.extend(contribution.error_codes);
        for hook in contribution.database_hooks {
            self.database_hooks.entry(hook.model().to_owned()).or_default().push(hook);
        }
        if let Some(key_set) = contribution.key_set
            && self.key_set.replace(key_set).is_some()
        {
            return Err(BuildError::SecondKeySet(id));
        }
        Ok(())
    }

    fn routes(&mut self) -> Vec<Route> {
        std::mem::take(&mut self.endpoints)
            .into_iter()
            .map(|endpoint| {
                let matching = |(_, hook): &(usize, &Arc<dyn Hook>)| hook.matches(endpoint.path);
                let hooks = self.hooks.iter().enumerate().filter(matching).map(|(at, _)| at);
                Route { hooks: hooks.collect(), endpoint }
            })
            .collect()
    }
}

fn build_router(routes: &[Route]) -> Result<Router, BuildError> {
    let mut router = Router::default();
    for (position, Route { endpoint, .. }) in routes.iter().enumerate() {
        if endpoint.place == Place::Origin {
            if !is_plain_path(endpoint.path) {
                return Err(BuildError::OriginPath(endpoint.path));
            }
            router.at_origin.insert((endpoint.method.clone(), endpoint.path));
        }
        let segments = endpoint.path.split('/').map(|segment| match segment.strip_prefix(':') {
            Some(parameter) => format!("{{{parameter}}}"),
            None => segment.to_owned(),
        });
        let pattern = segments.collect::<Vec<_>>().join("/");
        let key = (endpoint.place, endpoint.method.clone());
        let of_method = router.routes.entry(key).or_default();
        of_method.insert(pattern, position).map_err(|_| BuildError::DuplicateEndpoint {
            method: endpoint.method.clone(),
            path: endpoint.path,
        })?;
    }
    Ok(router)
}

fn build_schema(
    options: &Options,
    contributions: &[Contribution],
    has_outbox: bool,
) -> Result<Schema, BuildError> {
    let mut schema = Schema::builder(options.advanced.database.generate_id.policy());
    schema.declare::<User>().declare::<Session>().declare::<Account>().declare::<Verification>();
    for contribution in contributions {
        for model in &contribution.models {
            (model.declare)(&mut schema);
        }
    }
    if options.rate_limit.storage == RateLimitStorage::Database {
        schema.declare::<RateLimit>();
    }
    if has_outbox {
        outbox::declare(&mut schema);
    }
    for (model, field) in contributions.iter().flat_map(|contribution| &contribution.fields) {
        schema.extend(model, vec![field.clone()])?;
    }
    for ModelDeclaration { name, names, .. } in
        contributions.iter().flat_map(|contribution| &contribution.models)
    {
        apply_names(&mut schema, name, (&names.model_name, &names.fields, None))?;
    }
    let mut section = |model: &str, names: Names<'_>| apply_names(&mut schema, model, names);
    let Options { user, session, account, verification, rate_limit, .. } = options;
    section(User::MODEL, (&user.model_name, &user.fields, Some(&user.additional_fields)))?;
    section(
        Session::MODEL,
        (&session.model_name, &session.fields, Some(&session.additional_fields)),
    )?;
    section(
        Account::MODEL,
        (&account.model_name, &account.fields, Some(&account.additional_fields)),
    )?;
    section(
        Verification::MODEL,
        (&verification.model_name, &verification.fields, Some(&verification.additional_fields)),
    )?;
    if rate_limit.storage == RateLimitStorage::Database {
        section(RateLimit::MODEL, (&rate_limit.model_name, &rate_limit.fields, None))?;
    }
    Ok(schema.build()?)
}

/// A model's `modelName`, `fields` and `additionalFields`.
type Names<'a> = (&'a Option<String>, &'a HashMap<String, String>, Option<&'a AdditionalFields>);

fn apply_names(
    schema: &mut schema::Builder,
    model: &str,
    (table, columns, additional): Names<'_>,
) -> Result<(), BuildError> {
    for (name, field) in additional.into_iter().flatten() {
        let field = field.to_field(name).map_err(|reason| BuildError::Option {
            option: format!("{model}.additionalFields.{name}"),
            reason,
        })?;
        schema.extend(model, vec![field])?;
    }
    if let Some(table) = table {
        schema.rename_table(model, table)?;
    }
    for (field, column) in columns {
        schema.rename_column(model, field, column)?;
    }
    Ok(())
}

fn secrets_of(options: &Options) -> Result<Secrets, BuildError> {
    let versions: Option<Vec<_>> = options.secrets.as_ref().map(|secrets| {
        let version = |secret: &crate::options::VersionedSecret| VersionedSecret {
            version: secret.version,
            value: secret.value.expose().to_owned(),
        };
        secrets.iter().map(version).collect()
    });
    Ok(Secrets::find(Sources {
        secrets: versions.as_deref(),
        secret: options.secret.as_ref().map(|secret| secret.expose()),
        ..Sources::default()
    })?)
}
