//! What PostgreSQL says about itself, and what stands before it.

use std::time::Instant;

use tokio_postgres::{Client, Row};
use vestibule_core::Timestamp;
use vestibule_core::clock::Clock;
use vestibule_core::store::StoreError;

use super::introspect::{self, Scope};
use super::{Postgres, schema_error};
use crate::diagnosis::{Diagnosis, Pooler, Reading, misfits, other_warnings};
use crate::dialect::Dialect;
use crate::migrate::{MigrateError, Planner};

/// How often an answer is timed, and how often two connections are compared.
const ROUNDS: usize = 5;

const FACTS: &str = "select pg_catalog.current_setting('server_version'), \
    pg_catalog.pg_is_in_recovery() or pg_catalog.current_setting('transaction_read_only') = 'on', \
    (extract(epoch from pg_catalog.clock_timestamp()) * 1000)::bigint";

impl Postgres {
    pub(crate) async fn diagnose(
        &self,
        planner: &Planner,
        clock: &dyn Clock,
    ) -> Result<Diagnosis, MigrateError> {
        let attempt = "examine the database";
        let mut first = self.pool.get(attempt).await?;
        first.start();
        let schema_name = planner.schema_name.as_deref();
        let found = introspect::found(&first, schema_name, Scope::Path).await;
        let found = found.map_err(schema_error)?;
        let mut times = Vec::new();
        let asked = clock.now();
        let facts = row(&first, FACTS).await?;
        let answered = clock.now();
        for _ in 0..ROUNDS {
            let start = Instant::now();
            process(&first).await?;
            times.push(start.elapsed());
        }
        times.sort();
        let pooler = match self.pool.max_size() {
            1 => Pooler::Unknown,
            _ => {
                let mut second = self.pool.get(attempt).await?;
                second.start();
                let pooler = compare(&first, &second).await?;
                second.finish();
                pooler
            }
        };
        first.finish();
        let misfits = misfits(&planner.schema, &found, Dialect::Postgres);
        // A plan that cannot be made is told where the schema is checked.
        let warnings =
            planner.plan(&found).map(|plan| plan.warnings().to_vec()).unwrap_or_default();
        Ok(Diagnosis {
            product: format!("PostgreSQL {}", facts.get::<_, &str>(0)),
            round_trip: times[ROUNDS / 2],
            clock: Some(Reading { asked, said: Timestamp::from_millis(facts.get(2)), answered }),
            pooler,
            is_read_only: facts.get(1),
            warnings: other_warnings(&warnings, &misfits),
            misfits,
        })
    }
}

/// Asks both in turn who serves them. Directly, each has a process of its own.
async fn compare(first: &Client, second: &Client) -> Result<Pooler, StoreError> {
    let own = process(first).await?;
    for _ in 0..ROUNDS {
        let other = process(second).await?;
        if other == own || process(first).await? != own {
            return Ok(Pooler::Transaction);
        }
    }
    Ok(Pooler::None)
}

async fn process(client: &Client) -> Result<i32, StoreError> {
    Ok(row(client, "select pg_catalog.pg_backend_pid()").await?.get(0))
}

async fn row(client: &Client, sql: &str) -> Result<Row, StoreError> {
    let rows = client.query_typed(sql, &[]).await.map_err(schema_error)?;
    rows.into_iter().next().ok_or_else(|| StoreError::Failed {
        attempt: "examine the database".to_owned(),
        source: "PostgreSQL answered with no row".into(),
    })
}
