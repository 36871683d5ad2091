//! What SQLite says about itself, and the times in the file.

use std::time::Instant;

use rusqlite::Connection;
use vestibule_core::store::StoreError;

use super::{Sqlite, error, introspect};
use crate::diagnosis::{
    Diagnosis, Misfit, MisfitKind, Pooler, misfits, other_warnings, text_times,
};
use crate::dialect::{Dialect, quoted};
use crate::migrate::{MigrateError, Planner};

impl Sqlite {
    pub(crate) async fn diagnose(&self, planner: &Planner) -> Result<Diagnosis, MigrateError> {
        let planner = planner.clone();
        self.with_schema(move |connection| {
            let diagnosis = diagnose(connection, &planner);
            diagnosis.map_err(|source| failed(source).into())
        })
        .await
    }
}

fn diagnose(connection: &Connection, planner: &Planner) -> rusqlite::Result<Diagnosis> {
    let start = Instant::now();
    let found = introspect::found(connection)?;
    let round_trip = start.elapsed();
    let mut misfits = misfits(&planner.schema, &found, Dialect::Sqlite);
    for (table, column) in text_times(&planner.schema, &found) {
        misfits.extend(naive_times(connection, &table, &column)?);
    }
    // A plan that cannot be made is told where the schema is checked.
    let warnings = planner.plan(&found).map(|plan| plan.warnings().to_vec()).unwrap_or_default();
    Ok(Diagnosis {
        product: format!("SQLite {}", rusqlite::version()),
        round_trip,
        clock: None,
        pooler: Pooler::None,
        is_read_only: false,
        warnings: other_warnings(&warnings, &misfits),
        misfits,
    })
}

/// Times as Python's `datetime` without a zone writes them. SQLite's columns keep text, so that
/// what is wrong with it shows in the rows alone.
fn naive_times(
    connection: &Connection,
    table: &str,
    column: &str,
) -> rusqlite::Result<Option<Misfit>> {
    let (from, name) = (quoted(table), quoted(column));
    // A date alone would pass for a time with an offset; nobody writes one here.
    let is_naive = format!(
        "typeof({name}) = 'text' and {name} not like '%Z' \
         and {name} not glob '*[+-][0-9][0-9]:[0-9][0-9]' and {name} not glob '*[+-][0-9][0-9]'"
    );
    let sql = format!("select count(*) from {from} where {is_naive}");
    let rows: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
    let mend = format!(
        "update {from} set {name} = strftime('%Y-%m-%dT%H:%M:%fZ', {name}) where {is_naive};"
    );
    Ok((rows > 0).then(|| Misfit {
        table: table.to_owned(),
        column: column.to_owned(),
        data_type: "text".to_owned(),
        kind: MisfitKind::NaiveTimes { rows: rows.unsigned_abs() },
        mend: Some(mend),
    }))
}

fn failed(source: rusqlite::Error) -> StoreError {
    error::of(source, "examine the database")
}
