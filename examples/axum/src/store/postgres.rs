//! PostgreSQL. Statements are unnamed (`query_typed`), because a pooler in transaction mode gives each
//! one another connection, and that one knows none that were prepared.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use deadpool_postgres::{Manager, Pool, Runtime};
use rustls::{ClientConfig, crypto::aws_lc_rs};
use tokio_postgres::config::SslMode;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Config, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::notes::Note;

/// How long a request waits for a connection; then it is answered with 503.
const PATIENCE: Duration = Duration::from_secs(5);

/// One at a time makes them: `IF NOT EXISTS` does not keep two that start at once apart.
const TABLES: &str = "
    BEGIN;
    SELECT pg_advisory_xact_lock(hashtext('notes'));
    CREATE TABLE IF NOT EXISTS app_users (
        auth_user_id TEXT PRIMARY KEY,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now()
    );
    CREATE TABLE IF NOT EXISTS notes (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        auth_user_id TEXT NOT NULL REFERENCES app_users ON DELETE CASCADE,
        text TEXT NOT NULL,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now()
    );
    CREATE INDEX IF NOT EXISTS notes_auth_user_id ON notes (auth_user_id);
    COMMIT;
";

const NOTES_OF: &str = "
    SELECT id, text, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')
    FROM notes WHERE auth_user_id = $1 ORDER BY id DESC";

const ADD: &str = "
    INSERT INTO notes (auth_user_id, text) VALUES ($1, $2)
    RETURNING id, text, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')";

const DELETE: &str = "DELETE FROM notes WHERE auth_user_id = $1 AND id = $2";

/// A parameter, and its type: an unnamed statement is told them.
type Value<'a> = (&'a (dyn ToSql + Sync), Type);

#[derive(Clone)]
pub(crate) struct Postgres(Pool);

impl Postgres {
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let config: Config = url.parse().context("DATABASE_URL is not understood")?;
        // Without `sslmode=require` the server is on this machine or in this network, and its
        // certificate, if it has one, is its own.
        let manager = match config.get_ssl_mode() {
            SslMode::Require => Manager::new(config, tls()?),
            _ => Manager::new(config, NoTls),
        };
        let pool = Pool::builder(manager)
            .max_size(8)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .build()?;
        let client = pool.get().await.context("failed to connect to PostgreSQL")?;
        client.batch_execute(TABLES).await.context("failed to make the tables")?;
        Ok(Self(pool))
    }

    pub(crate) async fn notes_of(&self, user_id: &str) -> Result<Vec<Note>> {
        let client = self.0.get().await?;
        let rows = client.query_typed(NOTES_OF, &[(&user_id, Type::TEXT)]).await?;
        rows.iter().map(note).collect()
    }

    pub(crate) async fn add_note(&self, user_id: &str, text: &str) -> Result<Note> {
        let client = self.0.get().await?;
        let values: [Value<'_>; 2] = [(&user_id, Type::TEXT), (&text, Type::TEXT)];
        let rows = client.query_typed(ADD, &values).await?;
        note(rows.first().context("an INSERT answered no row")?)
    }

    pub(crate) async fn delete_note(&self, user_id: &str, id: i64) -> Result<bool> {
        let client = self.0.get().await?;
        let values: [Value<'_>; 2] = [(&user_id, Type::TEXT), (&id, Type::INT8)];
        Ok(client.execute_typed(DELETE, &values).await? > 0)
    }
}

fn note(row: &Row) -> Result<Note> {
    Ok(Note { id: row.try_get(0)?, text: row.try_get(1)?, created_at: row.try_get(2)? })
}

/// By the roots that Mozilla trusts, as Neon and other hosts have their certificates.
fn tls() -> Result<MakeRustlsConnect> {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        })
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
