//! URLs of PostgreSQL: libpq's, with the parameters of Prisma, SQLAlchemy, asyncpg, node-postgres and JDBC.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::{UrlError, decoded, ignored_parameter, parameters};

/// Where sockets are on Debian and most others.
const SOCKET_DIRECTORY: &str = "/var/run/postgresql";

const DEFAULT_PORT: u16 = 5432;

/// How to reach a PostgreSQL database. Its `Debug` shows no password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    /// Tried in this order.
    pub hosts: Vec<Host>,
    /// The operating system's user where none is named.
    pub user: Option<String>,
    pub password: Option<String>,
    /// The user's name where none is named.
    pub database: Option<String>,
    pub tls: TlsMode,
    /// Certificates to trust, in PEM; `None` is the public ones.
    pub root_certificates: Option<PathBuf>,
    /// A certificate of our own and its key, in PEM.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
    pub channel_binding: ChannelBinding,
    /// Qualifies every table.
    pub schema_name: Option<String>,
    /// The most connections at a time.
    pub pool_size: usize,
    /// How long a request waits for a connection of the pool.
    pub pool_timeout: Duration,
    /// How long one host may take to answer a new connection.
    pub connect_timeout: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
    /// Command-line options for the server, such as `-c search_path=…` or Neon's `endpoint=…`.
    pub options: Option<String>,
    pub application_name: Option<String>,
    /// Only a server that takes writes will do.
    pub needs_primary: bool,
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    Tcp(String, u16),
    /// A directory with the socket in it.
    Unix(PathBuf, u16),
}

/// libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    Disable,
    /// TLS if the server offers it; nothing is verified.
    Prefer,
    /// TLS or nothing; nothing is verified.
    Require,
    /// The certificate must be of a trusted authority.
    VerifyCa,
    /// And name the host.
    VerifyFull,
}

/// Whether the password's proof must be bound to the TLS connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelBinding {
    Disable,
    Prefer,
    Require,
}

impl Default for PostgresUrl {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            user: None,
            password: None,
            database: None,
            tls: TlsMode::Prefer,
            root_certificates: None,
            client_certificate: None,
            channel_binding: ChannelBinding::Prefer,
            schema_name: None,
            pool_size: 10,
            pool_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            options: None,
            application_name: None,
            needs_primary: false,
        }
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresUrl")
            .field("hosts", &self.hosts)
            .field("user", &self.user)
            .field("password", &self.password.as_ref().map(|_| "[redacted]"))
            .field("database", &self.database)
            .field("tls", &self.tls)
            .field("schema_name", &self.schema_name)
            .field("pool_size", &self.pool_size)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for PostgresUrl {
    /// For people: hosts and database.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<_> = self.hosts.iter().map(Host::to_string).collect();
        let database = self.database.as_deref().unwrap_or_default();
        write!(f, "postgres://{}/{database}", hosts.join(","))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
            Self::Unix(directory, port) => write!(f, "{}:{port}", directory.display()),
        }
    }
}

/// What comes after `postgres://`.
pub(super) fn parse(rest: &str, ignored: &mut Vec<String>) -> Result<PostgresUrl, UrlError> {
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (query, _fragment) = query.split_once('#').unwrap_or((query, ""));
    // A password may contain an `@` that nobody encoded: the last one separates.
    let (credentials, rest) = match rest.rsplit_once('@') {
        Some((credentials, rest)) => (Some(credentials), rest),
        None => (None, rest),
    };
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let mut url = PostgresUrl::default();
    if let Some(credentials) = credentials {
        let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        url.user = some_text(decoded(user)?);
        url.password = some_text(decoded(password)?);
    }
    url.database = some_text(decoded(database)?);
    let mut hosts = Hosts::of_authority(authority)?;
    for (name, value) in parameters(query)? {
        if !hosts.parameter(&name, &value)? {
            url.parameter(&name, &value, ignored)?;
        }
    }
    if url.client_certificate.as_ref().is_some_and(|(own, key)| *own == *"" || *key == *"") {
        return Err(UrlError::new("has only one of `sslcert` and `sslkey`; expected both or none"));
    }
    url.hosts = hosts.build()?;
    Ok(url)
}

impl PostgresUrl {
    /// Most names are libpq's; the others are said to be whose.
    fn parameter(
        &mut self,
        name: &str,
        value: &str,
        ignored: &mut Vec<String>,
    ) -> Result<(), UrlError> {
        match name {
            "user" => self.user = some_text(value.to_owned()),
            "password" => self.password = some_text(value.to_owned()),
            "dbname" | "database" => self.database = some_text(value.to_owned()),
            "sslmode" | "sslMode" | "ssl-mode" => self.tls = tls_mode(name, value, ignored)?,
            // asyncpg, node-postgres, JDBC.
            "ssl" => {
                self.tls = match value {
                    "true" | "1" | "on" | "" => TlsMode::Require,
                    "false" | "0" | "off" => TlsMode::Disable,
                    mode => tls_mode(name, mode, ignored)?,
                }
            }
            // Prisma.
            "sslaccept" => {
                self.tls = match value {
                    "strict" => TlsMode::VerifyFull,
                    "accept_invalid_certs" => TlsMode::Require,
                    _ => return Err(unexpected(name, value, "`strict` or `accept_invalid_certs`")),
                }
            }
            "sslrootcert" if value == "system" => self.root_certificates = None,
            "sslrootcert" => self.root_certificates = Some(PathBuf::from(value)),
            "sslcert" => self.client_certificate.get_or_insert_default().0 = PathBuf::from(value),
            "sslkey" => self.client_certificate.get_or_insert_default().1 = PathBuf::from(value),
            "sslidentity" => {
                return Err(UrlError::new(
                    "has `sslidentity`, a PKCS #12 file, which is not supported; expected `sslcert` and \
                     `sslkey`, in PEM (`openssl pkcs12` converts)",
                ));
            }
            "channel_binding" => {
                self.channel_binding = match value {
                    "disable" => ChannelBinding::Disable,
                    "prefer" => ChannelBinding::Prefer,
                    "require" => ChannelBinding::Require,
                    _ => return Err(unexpected(name, value, "`disable`, `prefer` or `require`")),
                }
            }
            // Prisma, ours, JDBC.
            "schema" | "schemaName" | "currentSchema" => self.schema_name = some_text(value.to_owned()),
            // Prisma; SQLAlchemy.
            "connection_limit" | "pool_size" | "pool_max_conns" => {
                self.pool_size = match value.parse() {
                    Ok(size @ 1..=10_000) => size,
                    _ => return Err(unexpected(name, value, "a number from 1 to 10000")),
                }
            }
            "pool_timeout" => self.pool_timeout = seconds(name, value, self.pool_timeout)?,
            "connect_timeout" | "connectTimeout" => {
                self.connect_timeout = seconds(name, value, self.connect_timeout)?;
            }
            // Prisma.
            "socket_timeout" | "socketTimeout" => {
                self.statement_timeout = seconds(name, value, self.statement_timeout)?;
            }
            "options" => self.options = some_text(value.to_owned()),
            "application_name" | "ApplicationName" | "fallback_application_name" => {
                self.application_name = some_text(value.to_owned());
            }
            "target_session_attrs" | "targetServerType" => {
                self.needs_primary = match value {
                    "any" => false,
                    "read-write" | "primary" | "master" => true,
                    _ => return Err(unexpected(name, value, "`any`, `read-write` or `primary`")),
                }
            }
            "pgbouncer" if value == "false" => {}
            "pgbouncer" => ignored.push(
                "the parameter `pgbouncer` of the database URL has no effect here: only unnamed statements \
                 are used, which every pooler takes"
                    .to_owned(),
            ),
            _ => ignored.push(ignored_parameter(name)),
        }
        Ok(())
    }
}

fn tls_mode(name: &str, value: &str, ignored: &mut Vec<String>) -> Result<TlsMode, UrlError> {
    Ok(match value {
        "disable" => TlsMode::Disable,
        "allow" => {
            let sentence =
                "`sslmode=allow` of the database URL is taken as `prefer`: TLS is tried first";
            ignored.push(sentence.to_owned());
            TlsMode::Prefer
        }
        "prefer" => TlsMode::Prefer,
        // node-postgres calls it `no-verify`.
        "require" | "no-verify" => TlsMode::Require,
        "verify-ca" => TlsMode::VerifyCa,
        "verify-full" => TlsMode::VerifyFull,
        _ => {
            let expected = "`disable`, `prefer`, `require`, `verify-ca` or `verify-full`";
            return Err(unexpected(name, value, expected));
        }
    })
}

/// Hosts and ports come from before the path and from the parameters, which win.
#[derive(Default)]
struct Hosts {
    names: Vec<String>,
    ports: Vec<String>,
}

impl Hosts {
    fn of_authority(authority: &str) -> Result<Self, UrlError> {
        let mut hosts = Self::default();
        for part in authority.split(',').filter(|part| !part.is_empty()) {
            let after_bracket = part.rfind(']').map_or(0, |at| at + 1);
            let (host, port) = match part[after_bracket..].rfind(':') {
                Some(at) => (&part[..after_bracket + at], &part[after_bracket + at + 1..]),
                None => (part, ""),
            };
            hosts.names.push(decoded(host.trim_start_matches('[').trim_end_matches(']'))?);
            hosts.ports.push(port.to_owned());
        }
        Ok(hosts)
    }

    /// Whether the parameter was about hosts.
    fn parameter(&mut self, name: &str, value: &str) -> Result<bool, UrlError> {
        match name {
            // SQLAlchemy repeats `host=name:port`; libpq has one list.
            "host" | "hostaddr" => {
                let named = Self::of_authority(value)?;
                if self.names.iter().all(String::is_empty) {
                    self.names.clear();
                    self.ports.truncate(1);
                }
                let has_ports = named.ports.iter().any(|port| !port.is_empty());
                self.names.extend(named.names);
                if has_ports {
                    self.ports = named.ports;
                }
            }
            "port" => self.ports = value.split(',').map(str::to_owned).collect(),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn build(self) -> Result<Vec<Host>, UrlError> {
        let port_of = |index: usize| {
            let port =
                self.ports.get(index).or_else(|| self.ports.last()).map_or("", String::as_str);
            match port {
                "" => Ok(DEFAULT_PORT),
                port => match port.parse() {
                    Ok(port @ 1..) => Ok(port),
                    // It may be a password with an unencoded slash, so it is not repeated.
                    _ => Err(UrlError::new(
                        "has something else than a port after the host; expected `host:5432`. If the \
                         password contains one of `/ : @ # ?`, write it percent-encoded",
                    )),
                },
            }
        };
        if self.names.iter().all(String::is_empty) {
            let port = port_of(0)?;
            let has_socket = cfg!(unix) && PathBuf::from(SOCKET_DIRECTORY).is_dir();
            return Ok(vec![if has_socket && self.ports.is_empty() {
                Host::Unix(SOCKET_DIRECTORY.into(), port)
            } else {
                Host::Tcp("localhost".to_owned(), port)
            }]);
        }
        let hosts = self.names.iter().enumerate().map(|(index, name)| {
            let port = port_of(index)?;
            Ok(match name.as_str() {
                directory if directory.starts_with('/') => Host::Unix(directory.into(), port),
                name => Host::Tcp(name.to_owned(), port),
            })
        });
        hosts.collect()
    }
}

fn seconds(name: &str, value: &str, default: Duration) -> Result<Duration, UrlError> {
    match value.parse() {
        // "No limit" elsewhere; here everything has one.
        Ok(0) => Ok(default),
        Ok(seconds @ 1..=3600) => Ok(Duration::from_secs(seconds)),
        _ => Err(unexpected(name, value, "a number of seconds up to 3600")),
    }
}

fn unexpected(name: &str, value: &str, expected: &str) -> UrlError {
    UrlError::new(format!("has `{name}={value}`; expected {expected}"))
}

fn some_text(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
