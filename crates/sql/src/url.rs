//! Database URLs, in every spelling that people have in their environment.
//!
//! Other libraries' spellings mean here what they mean there: SQLAlchemy's drivers, Prisma's and JDBC's
//! parameters, libpq's `sslmode`. What has no meaning here is kept as a sentence in
//! [`DatabaseUrl::ignored`], to be said once at the start.

mod postgres;

use std::fmt;
use std::path::PathBuf;

pub use postgres::{ChannelBinding, Host, PostgresUrl, TlsMode};

/// Where the database is and how to speak to it. Its `Debug` shows no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    pub target: Target,
    /// Sentences about what was in the URL and has no effect.
    pub ignored: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Sqlite(SqliteUrl),
    Postgres(Box<PostgresUrl>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqliteUrl {
    /// Gone when the process ends.
    Memory,
    File(PathBuf),
}

/// A URL that cannot be understood: what was found, what is expected, how to mend it. No secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the database URL {problem}")]
pub struct UrlError {
    problem: String,
}

impl UrlError {
    fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into() }
    }
}

const EXPECTED: &str = "expected `postgres://user:password@host/database`, `sqlite:///file.db`, or the path of a SQLite file";

impl DatabaseUrl {
    pub fn parse(url: &str) -> Result<Self, UrlError> {
        let url = unquoted(url.trim());
        if url.is_empty() {
            return Err(UrlError::new(format!("is empty; {EXPECTED}")));
        }
        if url.contains('\0') {
            return Err(UrlError::new("contains a NUL character"));
        }
        let url = url.strip_prefix("jdbc:").unwrap_or(url);
        let Some((scheme, rest)) = split_scheme(url) else {
            if looks_like_a_url(url) {
                return Err(UrlError::new(
                    "looks like one whose `://` is misspelt (it is not shown here); expected \
                     `postgres://user:password@host/database`, or the path of a SQLite file",
                ));
            }
            return sqlite(url, Form::Path);
        };
        // SQLAlchemy names its driver after a plus.
        let (database, driver) = scheme.split_once('+').unwrap_or((scheme, ""));
        match database.to_ascii_lowercase().as_str() {
            "postgres" | "postgresql" | "pgsql" | "postgis" => {
                let rest = rest.strip_prefix("//").ok_or_else(|| {
                    UrlError::new(
                        "has no `//` after the scheme; expected `postgres://host/database`",
                    )
                })?;
                let mut ignored = Vec::new();
                if !driver.is_empty() {
                    tracing::debug!(
                        driver,
                        "the driver that the database URL names is SQLAlchemy's"
                    );
                }
                let target = postgres::parse(rest, &mut ignored)?;
                Ok(Self { target: Target::Postgres(Box::new(target)), ignored })
            }
            "sqlite" | "sqlite3" => sqlite(rest, Form::Sqlite),
            "file" => sqlite(rest, Form::File),
            "prisma" | "prisma+postgres" => Err(UrlError::new(
                "is one of Prisma Accelerate, which speaks another protocol; use the database's own URL \
                 (`directUrl` in Prisma's schema)",
            )),
            other => {
                Err(UrlError::new(format!("names `{other}`, which is not supported; {EXPECTED}")))
            }
        }
    }
}

/// How a SQLite file is named.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `sqlite:…`: three slashes before a relative path and four before an absolute one, as SQLAlchemy has it.
    Sqlite,
    /// `file:…`: one or three slashes before an absolute path, as SQLite and Prisma have it.
    File,
    Path,
}

fn sqlite(rest: &str, form: Form) -> Result<DatabaseUrl, UrlError> {
    let mut ignored = Vec::new();
    let (path, query) = match form {
        Form::Path => (rest, ""),
        Form::Sqlite | Form::File => rest.split_once('?').unwrap_or((rest, "")),
    };
    let mut in_memory = false;
    for (name, value) in parameters(query)? {
        match (name.as_str(), value.as_str()) {
            ("mode", "memory") => in_memory = true,
            ("mode", "ro") => {
                return Err(UrlError::new("asks for `mode=ro`; Vestibule must be able to write"));
            }
            ("mode", "rw" | "rwc") => {}
            _ => ignored.push(ignored_parameter(&name)),
        }
    }
    let path = match form {
        Form::Path => path.to_owned(),
        Form::File => decoded(path.strip_prefix("//").unwrap_or(path))?,
        Form::Sqlite => {
            let path =
                path.strip_prefix("//").map_or(path, |path| path.strip_prefix('/').unwrap_or(path));
            decoded(path)?
        }
    };
    let sqlite = match path.as_str() {
        ":memory:" => SqliteUrl::Memory,
        _ if in_memory => SqliteUrl::Memory,
        // SQLAlchemy's `sqlite://` is in memory.
        "" if form == Form::Sqlite => SqliteUrl::Memory,
        "" => return Err(UrlError::new(format!("names no file; {EXPECTED}"))),
        path if form == Form::Path && looks_like_keywords(path) => {
            return Err(UrlError::new(format!(
                "is a list of keywords (`host=… dbname=…`); {EXPECTED}"
            )));
        }
        path => SqliteUrl::File(PathBuf::from(path)),
    };
    Ok(DatabaseUrl { target: Target::Sqlite(sqlite), ignored })
}

fn looks_like_keywords(path: &str) -> bool {
    ["host=", "dbname=", "user=", "port=", "hostaddr=", "service="]
        .iter()
        .any(|keyword| path.split(' ').any(|word| word.starts_with(keyword)))
}

/// Not a file's name: most likely it holds a password, which a file's name would show to everybody.
fn looks_like_a_url(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let names_a_database = ["postgresql", "postgres", "pgsql", "mysql", "mariadb", "mongodb"]
        .iter()
        .filter_map(|name| lower.strip_prefix(name))
        .any(|rest| rest.starts_with([':', '/', ';', '@', ',', '+']));
    let without_drive = match path.as_bytes() {
        [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic() => &path[2..],
        _ => path,
    };
    let has_credentials =
        without_drive.rsplit_once('@').is_some_and(|(before, _)| before.contains(':'));
    names_a_database || has_credentials
}

/// `scheme:rest`; a letter alone before the colon is a Windows drive, and `:memory:` has none.
fn split_scheme(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    let is_scheme = scheme.len() > 1
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|char| char.is_ascii_alphanumeric() || "+-._".contains(char));
    let is_known = rest.starts_with('/') || ["sqlite", "sqlite3", "file"].contains(&scheme);
    (is_scheme && (is_known || scheme.starts_with("postgres"))).then_some((scheme, rest))
}

/// Values of `.env` files often keep their quotes.
fn unquoted(url: &str) -> &str {
    let inside = |quote| url.strip_prefix(quote).and_then(|url| url.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).unwrap_or(url)
}

fn parameters(query: &str) -> Result<Vec<(String, String)>, UrlError> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decoded(name)?, decoded(value)?))
    });
    pairs.collect()
}

fn decoded(text: &str) -> Result<String, UrlError> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    let decoded =
        decoded.map_err(|_| UrlError::new("contains percent signs that decode to no text"))?;
    if decoded.contains('\0') {
        return Err(UrlError::new("contains a NUL character"));
    }
    Ok(decoded.into_owned())
}

fn ignored_parameter(name: &str) -> String {
    format!("the parameter `{name}` of the database URL has no effect here")
}

impl fmt::Display for SqliteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str(":memory:"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
