//! What is in the database.

use tokio_postgres::{Client, Error, Row};
use vestibule_core::schema::diff::{Found, FoundColumn, FoundIndex, FoundTable};

use super::row::untyped;
use crate::shape::Argument;

/// Where to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Where a migration would make tables.
    Target,
    /// Wherever a statement finds them: the whole search path.
    Path,
}

/// The schemas to look into: the configured one, or those of the search path.
const SCHEMAS: &str = "with wanted as (select case \
    when $1::text is not null then array[$1::text] \
    when $2::boolean then pg_catalog.current_schemas(false)::text[] \
    else array[coalesce(pg_catalog.current_schema()::text, 'public')] end as names) ";

const COLUMNS: &str = "select c.relname::text, a.attname::text, t.typname::text, not a.attnotnull, \
        a.atthasdef or a.attidentity <> '' \
    from wanted, pg_catalog.pg_class c \
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped \
    join pg_catalog.pg_type t on t.oid = a.atttypid \
    where c.relkind in ('r', 'p') and n.nspname::text = any(wanted.names) \
    order by array_position(wanted.names, n.nspname::text), c.relname, a.attnum";

const INDEXES: &str = "select i.relname::text, c.relname::text, \
        array_to_json(array_agg(a.attname::text order by k.place))::text, x.indisunique, \
        x.indisvalid and x.indpred is null \
    from wanted, pg_catalog.pg_index x \
    join pg_catalog.pg_class c on c.oid = x.indrelid \
    join pg_catalog.pg_class i on i.oid = x.indexrelid \
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    join lateral unnest(x.indkey) with ordinality as k (number, place) on k.place <= x.indnkeyatts \
    left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.number \
    where c.relkind in ('r', 'p') and n.nspname::text = any(wanted.names) \
    group by i.relname, c.relname, x.indisunique, x.indisvalid, x.indpred";

pub(super) async fn found(
    client: &Client,
    schema_name: Option<&str>,
    scope: Scope,
) -> Result<Found, Error> {
    let name = schema_name.map_or(Argument::Null, |name| Argument::Text(name.to_owned()));
    let arguments = [name, Argument::Text((scope == Scope::Path).to_string())];
    let arguments = untyped(&arguments);
    let rows = client.query_typed(&format!("{SCHEMAS}{COLUMNS}"), &arguments).await?;
    let mut found = Found::default();
    for row in &rows {
        let table: &str = row.get(0);
        match found.tables.last_mut() {
            Some(last) if last.name == table => last.columns.push(column(row)),
            _ => {
                found.tables.push(FoundTable { name: table.to_owned(), columns: vec![column(row)] })
            }
        }
    }
    let rows = client.query_typed(&format!("{SCHEMAS}{INDEXES}"), &arguments).await?;
    found.indexes.extend(rows.iter().map(index));
    Ok(found)
}

fn column(row: &Row) -> FoundColumn {
    FoundColumn {
        name: row.get(1),
        data_type: row.get(2),
        is_nullable: row.get(3),
        has_default: row.get(4),
    }
}

fn index(row: &Row) -> FoundIndex {
    let columns: &str = row.get(2);
    FoundIndex {
        name: row.get(0),
        table: row.get(1),
        columns: serde_json::from_str(columns).unwrap_or_default(),
        unique: row.get(3),
        is_complete: row.get(4),
    }
}
