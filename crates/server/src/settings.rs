//! What the server runs with: the configuration file, then the environment, then defaults.
//!
//! The file comes before the environment everywhere, as Better Auth's options come before its
//! variables. Nothing is opened or made here, so that a check of the configuration changes nothing.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use indexmap::IndexMap;
use vestibule_core::Auth;
use vestibule_core::auth::Builder;
use vestibule_core::client_address::TrustedPeers;
use vestibule_core::crypto::secrets::Secrets;
use vestibule_core::endpoint::Place;
use vestibule_core::options::{BaseUrlOption, Options};
use vestibule_core::plugin::Plugin;
use vestibule_core::service_key::Service;
use vestibule_plugins::{AudienceOptions, BackendOptions, Backends};
use vestibule_sql::url::{DatabaseUrl, Host, SqliteUrl, Target};

use crate::config::{Config, Provider, ServerOptions, ServiceOptions, WebhookOptions};
use crate::environment::Environment;
use crate::health;
use crate::outbox::OutboxSettings;
use crate::pages;
use crate::secret::SecretSource;
use crate::webhooks::SigningKeys;

const HOST: &str = "127.0.0.1";

/// Next.js has 3000.
const PORT: u16 = 4000;

/// In the working directory, when nothing else names a database in development.
const DATABASE_FILE: &str = "vestibule.db";

/// Everything that a command needs to know.
pub(crate) struct Settings {
    pub(crate) options: Options,
    plugins: Vec<Arc<dyn Plugin>>,
    trusted_peers: TrustedPeers,
    pub(crate) secret: SecretSource,
    pub(crate) database: Database,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) pages: PagesSwitch,
    pub(crate) webhooks: WebhookOptions,
    /// Audiences of access tokens, by name.
    pub(crate) tokens: IndexMap<String, AudienceOptions>,
    /// Services with a key, by name.
    pub(crate) services: IndexMap<String, ServiceOptions>,
    backend: BackendOptions,
    /// `None`: they are derived from the secret.
    webhook_keys: Option<SigningKeys>,
    /// `None`: it is off.
    pub(crate) outbox: Option<OutboxSettings>,
    pub(crate) test_clock: TestClock,
}

/// Which database, and what may be done to it.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) url: DatabaseUrl,
    /// The option or variable that names it.
    pub(crate) named_by: &'static str,
    pub(crate) at_start: AtStart,
}

/// What happens to the database's schema at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtStart {
    Migrate,
    /// The start fails where something is missing.
    Check,
    Nothing,
}

/// Whether requests may say at what time they are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TestClock {
    On,
    Off,
}

/// Whether the server has pages of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PagesSwitch {
    On,
    Off,
}

impl Settings {
    pub(crate) fn load(file: Option<&Path>, environment: &Environment) -> Result<Self> {
        let Config { mut options, server, plugins, .. } = Config::read(file)?;
        if options.base_url.is_none() {
            options.base_url = environment.base_url()?.map(BaseUrlOption::Static);
        }
        let node_env = environment.get("NODE_ENV")?;
        options.production = server.production.unwrap_or_else(|| {
            node_env.as_deref() == Some("production") || is_https(options.base_url.as_ref())
        });
        let origins = environment.get("BETTER_AUTH_TRUSTED_ORIGINS")?.unwrap_or_default();
        options.trusted_origins.extend(origins.split(',').map(|origin| origin.trim().to_owned()));
        options.trusted_origins.retain(|origin| !origin.is_empty());

        let mut mistakes = Mistakes::default();
        for peer in &server.trusted_peers {
            mistakes
                .keep(TrustedPeers::parse(std::slice::from_ref(peer)).context("`trustedPeers`"));
        }
        let trusted_peers = TrustedPeers::parse(&server.trusted_peers).ok();
        let secret = mistakes.keep(SecretSource::find(&options, environment));
        let database = mistakes.keep(Database::find(&server, environment, options.production));
        let webhook_secret = server.webhooks.secret.as_ref();
        let webhook_keys = webhook_secret.map(|secret| SigningKeys::parse(secret.expose()));
        let webhook_keys = mistakes.keep(webhook_keys.transpose().context("`webhooks.secret`"));
        let outbox =
            mistakes.keep(OutboxSettings::find(&server.outbox, &server.webhooks.endpoints));
        let port = mistakes.keep(server.port.map_or_else(|| port(environment), Ok));
        let host = mistakes.keep(match server.host {
            Some(host) => Ok(host),
            None => environment.get("HOST").map(|host| host.unwrap_or_else(|| HOST.to_owned())),
        });
        let (
            Some(trusted_peers),
            Some(secret),
            Some(database),
            Some(webhook_keys),
            Some(outbox),
            Some(port),
            Some(host),
        ) = (trusted_peers, secret, database, webhook_keys, outbox, port, host)
        else {
            return Err(mistakes.into_error());
        };
        Ok(Self {
            options,
            plugins,
            trusted_peers,
            secret,
            database,
            host,
            port,
            pages: if server.pages { PagesSwitch::On } else { PagesSwitch::Off },
            webhooks: server.webhooks,
            tokens: server.tokens,
            services: server.services,
            backend: server.backend,
            webhook_keys,
            outbox,
            test_clock: if server.testing.clock { TestClock::On } else { TestClock::Off },
        })
    }

    /// Where to listen: the first that is free.
    pub(crate) fn addresses(&self) -> Result<Vec<SocketAddr>> {
        let Self { host, port, .. } = self;
        let addresses: Vec<_> = (host.as_str(), *port)
            .to_socket_addrs()
            .with_context(|| {
                format!("`host` (or `HOST`): expected an address of this computer, found {host:?}")
            })?
            .collect();
        let is_loopback = addresses.iter().all(|address| address.ip().is_loopback());
        if self.test_clock == TestClock::On && !is_loopback {
            bail!(
                "`testing` is for tests on this computer: with it `host` must be a loopback address, found {host}"
            );
        }
        Ok(addresses)
    }

    /// What is allowed and not wise.
    pub(crate) fn warnings(&self, auth: &Auth, addresses: &[SocketAddr]) -> Vec<String> {
        let mut warnings = Vec::new();
        for sentence in &self.database.url.ignored {
            warnings.push(format!("The database URL: {sentence}"));
        }
        if let SecretSource::Given(secrets) = &self.secret {
            warnings.extend(secrets.weaknesses().iter().map(ToString::to_string));
        }
        if self.test_clock == TestClock::On {
            let clock = "`testing.clock` is on: whoever sends `x-test-now` chooses the time";
            warnings.push(clock.to_owned());
        }
        for (name, audience) in &self.tokens {
            if audience.dangerously_sign_with_auth_secret {
                warnings.push(format!(
                    "`tokens.{name}.dangerouslySignWithAuthSecret` is on: whoever verifies these tokens \
                     holds the secret of this server, and can forge every session. Move the backend to \
                     `vestibule secret derive --service {name}`, then take the line away"
                ));
            }
        }
        for pattern in auth.trusted_origins().never_matching() {
            warnings.push(format!("`trustedOrigins`: no origin can match \"{pattern}\""));
        }
        if !self.options.production && addresses.iter().any(|address| !address.ip().is_loopback()) {
            let open = "This is development, and other computers may reach it: set `production`";
            warnings.push(open.to_owned());
        }
        warnings
    }

    /// A server of these settings, without store and secrets.
    pub(crate) fn builder(&self) -> Builder {
        let builder = Auth::builder(self.options.clone())
            .plugin(vestibule_api::Core)
            .plugins(self.plugins.iter().cloned())
            .plugin(self.backends())
            .services(self.services.iter().map(|(name, service)| Service {
                name: name.clone(),
                key_versions: service.key_versions.clone(),
            }))
            .trusted_peers(self.trusted_peers.clone());
        match &self.outbox {
            Some(outbox) => outbox.switch_on(builder),
            None => builder,
        }
    }

    fn backends(&self) -> Backends {
        let backends = Backends::new(self.backend.clone());
        self.tokens
            .iter()
            .fold(backends, |backends, (name, audience)| backends.audience(name, audience.clone()))
    }

    /// That no endpoint at the origin has the path of a page or of another route of the server.
    pub(crate) fn check_paths(&self, auth: &Auth) -> Result<()> {
        let mut taken = health::PATHS.to_vec();
        if self.pages == PagesSwitch::On {
            taken.extend(pages::PATHS);
        }
        for endpoint in auth.endpoints().filter(|endpoint| endpoint.place == Place::Origin) {
            let is_asset =
                self.pages == PagesSwitch::On && endpoint.path.starts_with(pages::ASSETS);
            if is_asset || taken.contains(&endpoint.path) {
                bail!(
                    "the path `{}` is one of this server's own: choose another for \
                     `backend.tokenPath` or `backend.mePath`",
                    endpoint.path
                );
            }
        }
        Ok(())
    }

    /// The keys that sign webhooks, where these are the server's secrets.
    pub(crate) fn webhook_keys(&self, secrets: &Secrets) -> SigningKeys {
        self.webhook_keys.clone().unwrap_or_else(|| SigningKeys::derive(secrets))
    }

    /// Whether the configuration gives the keys that sign webhooks.
    pub(crate) fn has_webhook_keys(&self) -> bool {
        self.webhook_keys.is_some()
    }

    /// What types cannot say about the options: builds a server of them, in memory.
    pub(crate) fn try_out(&self) -> Result<Auth> {
        self.try_out_with(Secrets::single(""))
    }

    /// The same, with these secrets.
    pub(crate) fn try_out_with(&self, secrets: Secrets) -> Result<Auth> {
        let schema = self.builder().schema()?;
        let store = vestibule_core::store::memory::MemoryStore::new(&schema);
        let auth = self.builder().store(Arc::new(store)).secrets(secrets).build()?;
        self.check_paths(&auth)?;
        Ok(auth)
    }
}

/// What is wrong with the settings, to be said at once.
#[derive(Default)]
struct Mistakes(Vec<anyhow::Error>);

impl Mistakes {
    fn keep<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.0.push(error)).ok()
    }

    fn into_error(mut self) -> anyhow::Error {
        match self.0.len() {
            1 => self.0.remove(0),
            count => {
                let lines: Vec<_> = self.0.iter().map(|error| format!("\n  {error:#}")).collect();
                anyhow::anyhow!(
                    "{count} things are wrong with the configuration:{}",
                    lines.concat()
                )
            }
        }
    }
}

impl Database {
    fn find(server: &ServerOptions, environment: &Environment, production: bool) -> Result<Self> {
        let options = &server.database;
        let (name, url) = match (&options.url, environment.get("DATABASE_URL")?) {
            (Some(url), _) => ("database.url", url.expose().to_owned()),
            (None, Some(url)) => ("DATABASE_URL", url),
            (None, None) if production => bail!(
                "production needs a database: set `DATABASE_URL` (or `database.url`) to \
                 `postgres://user:password@host/database` or to the path of a SQLite file"
            ),
            (None, None) if options.provider == Some(Provider::Postgres) => {
                bail!("`database.url` is missing: `database.provider` is \"postgres\"")
            }
            (None, None) => ("database.url", DATABASE_FILE.to_owned()),
        };
        let mut url = DatabaseUrl::parse(&url).with_context(|| format!("`{name}`"))?;
        let provider = match url.target {
            Target::Sqlite(_) => Provider::Sqlite,
            Target::Postgres(_) => Provider::Postgres,
        };
        if options.provider.is_some_and(|wanted| wanted != provider) {
            bail!("`database.provider` and `{name}` name different databases");
        }
        if let Some(schema) = &options.schema_name {
            match &mut url.target {
                Target::Postgres(url) => url.schema_name = Some(schema.clone()),
                Target::Sqlite(_) => bail!("`database.schemaName`: SQLite has no schemas"),
            }
        }
        let at_start = match options.migrate {
            Some(true) => AtStart::Migrate,
            Some(false) => AtStart::Nothing,
            None if production => AtStart::Check,
            None => AtStart::Migrate,
        };
        Ok(Self { url, named_by: name, at_start })
    }

    /// The file of a SQLite database that is not there yet.
    pub(crate) fn missing_file(&self) -> Option<&Path> {
        match &self.url.target {
            Target::Sqlite(SqliteUrl::File(path)) if !path.exists() => Some(path),
            Target::Sqlite(_) | Target::Postgres(_) => None,
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.url.target {
            Target::Sqlite(SqliteUrl::Memory) => f.write_str("memory (it ends with the process)"),
            Target::Sqlite(SqliteUrl::File(path)) => write!(f, "`{}`", path.display()),
            Target::Postgres(url) => {
                f.write_str("PostgreSQL at ")?;
                for (index, host) in url.hosts.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    match host {
                        Host::Tcp(name, port) => write!(f, "{comma}{name}:{port}")?,
                        Host::Unix(folder, _) => write!(f, "{comma}{}", folder.display())?,
                    }
                }
                Ok(())
            }
        }
    }
}

fn is_https(base_url: Option<&BaseUrlOption>) -> bool {
    match base_url {
        Some(BaseUrlOption::Static(url)) => url.to_ascii_lowercase().starts_with("https://"),
        Some(BaseUrlOption::Dynamic(_)) | None => false,
    }
}

fn port(environment: &Environment) -> Result<u16> {
    match environment.get("PORT")? {
        None => Ok(PORT),
        Some(text) => text
            .parse()
            .ok()
            .with_context(|| format!("`PORT`: expected a number from 0 to 65535, found {text:?}")),
    }
}
