//! `DATABASE_URL`, in the spellings that people have.

use std::path::PathBuf;
#[cfg(feature = "postgres")]
use std::time::Duration;

use super::ConnectError;

pub(super) enum Target {
    #[cfg(feature = "postgres")]
    Postgres(Box<Postgres>),
    #[cfg(not(feature = "postgres"))]
    Postgres,
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "such a build opens no file"))]
    Sqlite(PathBuf),
}

/// How to reach a PostgreSQL database.
#[cfg(feature = "postgres")]
pub(super) struct Postgres {
    pub(super) config: tokio_postgres::Config,
    pub(super) tls: TlsMode,
    /// Certificates to trust, in PEM; `None` is the public ones.
    pub(super) root_certificates: Option<PathBuf>,
    pub(super) schema: Option<String>,
    pub(super) pool_size: usize,
}

/// libpq's `sslmode`.
#[cfg(feature = "postgres")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TlsMode {
    Disable,
    /// TLS if the server offers it; nothing is verified.
    Prefer,
    /// TLS or nothing; nothing is verified, unless authorities are named.
    Require,
    /// The certificate must be of a trusted authority.
    VerifyCa,
    /// And name the host.
    VerifyFull,
}

pub(super) fn parse(url: &str) -> Result<Target, ConnectError> {
    let url = url.trim().trim_matches(['"', '\'']);
    let url = url.strip_prefix("jdbc:").unwrap_or(url);
    let Some((scheme, rest)) = url.split_once(':') else { return sqlite(url) };
    // SQLAlchemy names its driver after a plus.
    match scheme.split('+').next().unwrap_or_default() {
        "postgres" | "postgresql" => {
            let rest = rest.strip_prefix("//").ok_or_else(|| {
                problem("has no `//` after the scheme; expected `postgres://host/database`")
            })?;
            #[cfg(feature = "postgres")]
            return parse_postgres(rest).map(|target| Target::Postgres(Box::new(target)));
            #[cfg(not(feature = "postgres"))]
            {
                let _unread = rest;
                Ok(Target::Postgres)
            }
        }
        // Three slashes before a relative path and four before an absolute one, as SQLAlchemy has it.
        "sqlite" => {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            sqlite(path.strip_prefix('/').filter(|_| rest.starts_with("//")).unwrap_or(path))
        }
        // One or three slashes before an absolute path, as SQLite and Prisma have it.
        "file" => sqlite(rest.strip_prefix("//").unwrap_or(rest)),
        // A drive of Windows.
        drive if drive.len() == 1 && !rest.starts_with("//") => sqlite(url),
        _ => Err(problem(
            "is not understood; expected `postgres://user:password@host/database`, \
             `sqlite:///file.db`, or the path of a SQLite file",
        )),
    }
}

fn problem(text: impl Into<String>) -> ConnectError {
    ConnectError::Url(text.into())
}

fn sqlite(path: &str) -> Result<Target, ConnectError> {
    let path = path.split('?').next().unwrap_or_default();
    match decoded(path)?.as_str() {
        "" => Err(problem("names no file")),
        ":memory:" => Err(problem("names a database in memory, which no two processes share")),
        path => Ok(Target::Sqlite(PathBuf::from(path))),
    }
}

fn decoded(text: &str) -> Result<String, ConnectError> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    match decoded {
        Ok(text) if !text.contains('\0') => Ok(text.into_owned()),
        _ => Err(problem("contains percent signs that decode to no text")),
    }
}

#[cfg(feature = "postgres")]
fn parse_postgres(rest: &str) -> Result<Postgres, ConnectError> {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    // Its errors may repeat what they found, a piece of the password for example.
    let config = format!("postgres://{place}").parse().map_err(|_| {
        problem(
            "is not understood; expected `postgres://user:password@host:5432/database`. If the \
             password contains one of `/ : @ # ?`, write it percent-encoded",
        )
    })?;
    let mut target = Postgres {
        config,
        tls: TlsMode::Prefer,
        root_certificates: None,
        schema: None,
        pool_size: 10,
    };
    target.config.application_name("vestibule-verify").connect_timeout(Duration::from_secs(5));
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        target.parameter(&decoded(name)?, decoded(value)?)?;
    }
    if target.config.get_hosts().is_empty() {
        target.config.host("localhost");
    }
    if target.config.get_user().is_none() {
        target.config.user("postgres");
    }
    Ok(target)
}

#[cfg(feature = "postgres")]
impl Postgres {
    fn parameter(&mut self, name: &str, value: String) -> Result<(), ConnectError> {
        use tokio_postgres::config::ChannelBinding;

        let unexpected =
            |expected: &str| problem(format!("has `{name}={value}`; expected {expected}"));
        match name {
            "host" => drop(self.config.host(&value)),
            "port" => match value.parse() {
                Ok(port @ 1..) => drop(self.config.port(port)),
                _ => return Err(unexpected("a port")),
            },
            "user" => drop(self.config.user(&value)),
            "password" => drop(self.config.password(&value)),
            "dbname" | "database" => drop(self.config.dbname(&value)),
            "options" => drop(self.config.options(&value)),
            "application_name" => drop(self.config.application_name(&value)),
            "sslmode" | "ssl" | "sslaccept" => {
                self.tls = tls_mode(&value).ok_or_else(|| {
                    unexpected("`disable`, `prefer`, `require`, `verify-ca` or `verify-full`")
                })?
            }
            "sslrootcert" if value == "system" => self.root_certificates = None,
            "sslrootcert" => self.root_certificates = Some(PathBuf::from(value)),
            "sslcert" | "sslkey" | "sslidentity" => {
                return Err(problem(format!(
                    "has `{name}`; client certificates are not supported"
                )));
            }
            "channel_binding" => drop(self.config.channel_binding(match value.as_str() {
                "disable" => ChannelBinding::Disable,
                "prefer" => ChannelBinding::Prefer,
                "require" => ChannelBinding::Require,
                _ => return Err(unexpected("`disable`, `prefer` or `require`")),
            })),
            // Prisma, Vestibule, JDBC.
            "schema" | "schemaName" | "currentSchema" => self.schema = Some(value),
            // Prisma, SQLAlchemy.
            "connection_limit" | "pool_size" => match value.parse() {
                Ok(size @ 1..=1000) => self.pool_size = size,
                _ => return Err(unexpected("a number from 1 to 1000")),
            },
            // `pgbouncer` among them: only unnamed statements are used, which every pooler takes.
            _ => tracing::debug!(name, "a parameter of the database URL has no effect here"),
        }
        Ok(())
    }
}

/// libpq's words, JDBC's and asyncpg's, Prisma's.
#[cfg(feature = "postgres")]
fn tls_mode(value: &str) -> Option<TlsMode> {
    Some(match value {
        "disable" | "false" => TlsMode::Disable,
        "allow" | "prefer" => TlsMode::Prefer,
        "require" | "no-verify" | "true" | "accept_invalid_certs" => TlsMode::Require,
        "verify-ca" => TlsMode::VerifyCa,
        "verify-full" | "strict" => TlsMode::VerifyFull,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "sqlite")]
    #[test]
    fn files_are_found_under_every_spelling() {
        for (url, expected) in [
            ("auth.db", "auth.db"),
            ("/data/auth.db", "/data/auth.db"),
            ("sqlite:auth.db", "auth.db"),
            ("sqlite:///auth.db", "auth.db"),
            ("sqlite:////data/auth.db", "/data/auth.db"),
            ("sqlite+aiosqlite:////data/auth.db", "/data/auth.db"),
            ("file:./auth.db?mode=ro", "./auth.db"),
            ("file:///data/my%20auth.db", "/data/my auth.db"),
        ] {
            let Ok(Target::Sqlite(path)) = parse(url) else { panic!("{url}") };
            assert_eq!(path, PathBuf::from(expected), "{url}");
        }
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn the_urls_of_neon_prisma_and_sqlalchemy_are_understood() {
        let parsed = |url: &str| match parse(url) {
            Ok(Target::Postgres(target)) => target,
            _ => panic!("{url}"),
        };
        let neon = parsed(
            "postgresql://me:p%40ss@ep-x-pooler.eu.neon.tech/neondb?sslmode=require&channel_binding=require",
        );
        assert_eq!(neon.config.get_password(), Some(&b"p@ss"[..]));
        assert_eq!(neon.config.get_dbname(), Some("neondb"));
        assert_eq!(neon.tls, TlsMode::Require);
        let prisma =
            parsed("\"postgres://me@db:6543/app?schema=auth&pgbouncer=true&connection_limit=3\"");
        assert_eq!((prisma.schema.as_deref(), prisma.pool_size), (Some("auth"), 3));
        assert_eq!(prisma.config.get_ports(), [6543]);
        assert_eq!(
            parsed("postgresql+asyncpg://me@db/app?ssl=verify-full").tls,
            TlsMode::VerifyFull
        );
    }

    #[test]
    fn an_error_does_not_repeat_a_password() {
        for url in ["mysql://me:hunter2@db/app", "postgres://me:hunter2/x@db:99999/app", ""] {
            let Err(error) = parse(url) else { continue };
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        assert!(parse("mysql://db/app").is_err());
        assert!(parse("").is_err());
    }
}
