//! PostgreSQL, and any pooler before it.
//!
//! Statements are unnamed and each is one round trip, so a pooler in transaction mode may give every
//! one to another connection. A read that fails with its connection is sent once more on a new one.
//! Everything ends in bounded time; what does not is [`Unavailable`].

use std::error::Error;
use std::pin::pin;
use std::time::Duration;

use bytes::BytesMut;
use deadpool::managed::{self, Metrics, QueueMode, RecycleError, RecycleResult, Timeouts};
use futures_util::TryStreamExt;
use serde_json::{Map, Value};
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls, Row};
use vestibule_postgres_tls::{Certificates, MakeTls, TlsError, Verification, connector};

use super::Found;
#[cfg(feature = "mirror")]
use super::StatementError;
use super::url::{self, TlsMode};
use crate::refusal::Unavailable;

/// How long a request waits for a connection, a new one included.
const POOL_TIMEOUT: Duration = Duration::from_secs(5);

/// How long one statement may take.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that rested longer than this is asked whether it lives before it is used: a network
/// may have dropped it without a word.
const TRUSTED_REST: Duration = Duration::from_secs(5);

/// How long that answer may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) struct Postgres {
    pool: managed::Pool<Manager>,
}

/// What the mode wants verified; `None` where there is to be no TLS.
fn verification(mode: TlsMode, files: Certificates<'_>) -> Option<Verification> {
    Some(match mode {
        TlsMode::Disable => return None,
        // As libpq: who names authorities wants them used.
        TlsMode::Require if files.roots.is_some() => Verification::Authority,
        TlsMode::Prefer | TlsMode::Require => Verification::Nothing,
        TlsMode::VerifyCa => Verification::Authority,
        TlsMode::VerifyFull => Verification::AuthorityAndHost,
    })
}

impl Postgres {
    /// Connects to nothing yet.
    pub(super) fn new(target: url::Postgres) -> Result<Self, TlsError> {
        let files = Certificates { roots: target.root_certificates.as_deref(), client: None };
        let tls = verification(target.tls, files).map(|wanted| connector(wanted, files));
        let tls = tls.transpose()?;
        let mut config = target.config;
        config.tcp_user_timeout(STATEMENT_TIMEOUT);
        config.ssl_mode(match target.tls {
            TlsMode::Disable => SslMode::Disable,
            TlsMode::Prefer => SslMode::Prefer,
            TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
        });
        let limits = Timeouts {
            wait: Some(POOL_TIMEOUT),
            create: Some(POOL_TIMEOUT),
            recycle: Some(CHECK_TIMEOUT),
        };
        let pool = managed::Pool::builder(Manager { config, tls })
            .max_size(target.pool_size)
            .timeouts(limits)
            .queue_mode(QueueMode::Lifo)
            .runtime(deadpool::Runtime::Tokio1)
            .build();
        let Ok(pool) = pool else { unreachable!("timeouts have a runtime") };
        Ok(Self { pool })
    }

    pub(super) async fn find(&self, sql: &str, token: &str) -> Result<Option<Found>, Unavailable> {
        const ATTEMPT: &str = "look up a session in PostgreSQL";
        let rows = match self.run(sql, &[Some(token)], ATTEMPT).await? {
            Ok(answer) => answer.rows,
            // A token that the column's type cannot even hold is nobody's, and not for the log.
            Err(error) if has_class(&error, "22") => return Ok(None),
            Err(error) => return Err(Unavailable::new(ATTEMPT, error)),
        };
        let Some(row) = rows.first() else { return Ok(None) };
        let object = |column: usize| -> Result<Map<String, Value>, Box<dyn Error + Send + Sync>> {
            Ok(serde_json::from_str(row.try_get(column)?)?)
        };
        let found = object(0).and_then(|session| Ok((session, object(1)?)));
        found.map(Some).map_err(|error| Unavailable::new(ATTEMPT, error))
    }

    /// The number of rows that were changed, or found.
    #[cfg(feature = "mirror")]
    pub(super) async fn execute(
        &self,
        sql: &str,
        arguments: &[Value],
    ) -> Result<u64, StatementError> {
        const ATTEMPT: &str = "write the row of a user into PostgreSQL";
        let texts: Vec<_> = arguments.iter().map(text).collect();
        let texts: Vec<_> = texts.iter().map(Option::as_deref).collect();
        let error = match self.run(sql, &texts, ATTEMPT).await? {
            Ok(answer) => return Ok(answer.count),
            Err(error) => error,
        };
        match error.as_db_error() {
            // Constraints, and values that a column cannot hold.
            Some(found)
                if ["22", "23"].iter().any(|class| found.code().code().starts_with(class)) =>
            {
                let (code, constraint) = (found.code().code(), found.constraint());
                let place = constraint.or(found.column()).unwrap_or("a column");
                Err(StatementError::Refused(format!("SQL state {code} at `{place}`")))
            }
            _ => Err(Unavailable::new(ATTEMPT, error).into()),
        }
    }

    /// Runs a statement that may be carried out twice. The inner error is the server's about this
    /// statement; the outer one means that there is no answer.
    pub(super) async fn run(
        &self,
        sql: &str,
        arguments: &[Option<&str>],
        attempt: &str,
    ) -> Result<Result<Answer, tokio_postgres::Error>, Unavailable> {
        let mut may_retry = true;
        loop {
            let unavailable = |error: managed::PoolError<_>| Unavailable::new(attempt, error);
            let client = self.pool.get().await.map_err(unavailable)?;
            match timeout(STATEMENT_TIMEOUT, send(&client.client, sql, arguments)).await {
                Ok(Err(error)) if error.as_db_error().is_none() || is_away(&error) => {
                    // Its connection is gone, and the resting ones are suspect.
                    drop(managed::Object::take(client));
                    self.pool.retain(|_, _| false);
                    if !may_retry {
                        return Err(Unavailable::new(attempt, error));
                    }
                    may_retry = false;
                }
                Ok(done) => return Ok(done),
                Err(late) => {
                    drop(managed::Object::take(client));
                    return Err(Unavailable::new(attempt, late));
                }
            }
        }
    }
}

/// Whether the server's error is of this class of SQL states.
fn has_class(error: &tokio_postgres::Error, class: &str) -> bool {
    error.code().is_some_and(|state| state.code().starts_with(class))
}

/// Connection exceptions, shutdown, start, fail-over.
fn is_away(error: &tokio_postgres::Error) -> bool {
    let state = error.code().map_or("", |state| state.code());
    state.starts_with("08") || matches!(state, "57P01" | "57P02" | "57P03" | "57P05")
}

/// Rows, and how many were found or changed.
pub(super) struct Answer {
    rows: Vec<Row>,
    #[cfg_attr(not(feature = "mirror"), expect(dead_code, reason = "only a mirror writes"))]
    count: u64,
}

async fn send(
    client: &Client,
    sql: &str,
    arguments: &[Option<&str>],
) -> Result<Answer, tokio_postgres::Error> {
    let arguments = arguments.iter().map(|argument| (Untyped(*argument), Type::UNKNOWN));
    let mut stream = pin!(client.query_typed_raw(sql, arguments).await?);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await? {
        rows.push(row);
    }
    Ok(Answer { rows, count: stream.rows_affected().unwrap_or(0) })
}

/// As PostgreSQL reads it for whatever type the column has.
#[cfg(feature = "mirror")]
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        value => Some(value.to_string()),
    }
}

/// An argument as text of no type, so that PostgreSQL takes it as whatever the column is: `text`,
/// `uuid`, `citext`, `bigint`, a domain.
#[derive(Debug)]
struct Untyped<'a>(Option<&'a str>);

impl ToSql for Untyped<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Some(text) = self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

struct Manager {
    config: Config,
    tls: Option<MakeTls>,
}

struct Live {
    client: Client,
}

impl managed::Manager for Manager {
    type Type = Live;
    type Error = tokio_postgres::Error;

    async fn create(&self) -> Result<Live, tokio_postgres::Error> {
        // The task ends with the client, or with the connection. Its error also comes to whoever uses
        // the connection next.
        let client = match &self.tls {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                tokio::spawn(connection);
                client
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                tokio::spawn(connection);
                client
            }
        };
        Ok(Live { client })
    }

    async fn recycle(
        &self,
        live: &mut Live,
        metrics: &Metrics,
    ) -> RecycleResult<tokio_postgres::Error> {
        if live.client.is_closed() {
            return Err(RecycleError::message("the connection is closed"));
        }
        if metrics.last_used() > TRUSTED_REST {
            match timeout(CHECK_TIMEOUT, live.client.simple_query("")).await {
                Ok(answer) => answer.map(drop)?,
                Err(_) => return Err(RecycleError::message("the connection does not answer")),
            }
        }
        Ok(())
    }
}
