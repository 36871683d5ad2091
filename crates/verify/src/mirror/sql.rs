//! The statements of a mirror. Each may be repeated, and run beside itself, without harm.

use super::table::{EventColumns, MirrorTable};
use crate::database::{Dialect, quoted};

pub(super) struct Sql {
    /// Inserts a row where there is none: the id, then the other columns.
    pub(super) see: String,
    /// Finds the id.
    pub(super) find: String,
    /// Finds the id of a user who is not deleted, as far as the table knows.
    pub(super) find_living: String,
    pub(super) events: Option<EventSql>,
}

/// For tables that know how far events have come. Each changes nothing where a newer event was there.
pub(super) struct EventSql {
    /// The id, the other columns, the sequence.
    pub(super) update: String,
    /// The id, the sequence, the time.
    pub(super) delete: String,
}

impl Sql {
    pub(super) fn new(table: &MirrorTable, dialect: Dialect) -> Self {
        let name = match &table.schema {
            Some(schema) => format!("{}.{}", quoted(schema), quoted(&table.name)),
            None => quoted(&table.name),
        };
        let id = quoted(&table.id);
        let columns: Vec<_> = table.columns.iter().map(|column| quoted(&column.name)).collect();
        let all = [std::slice::from_ref(&id), columns.as_slice()].concat();
        // Whatever the conflict: where a column beside the id is unique, naming the id alone would make
        // PostgreSQL stop at that one while the same row is being inserted by somebody else.
        let see = format!("{} on conflict do nothing", insert(dialect, &name, &all));
        // tidy-allow(sql): this crate knows no engine, and so not the crate that has the SQL.
        let find = format!("select 1 from {name} where {id} = {}", dialect.argument(1));
        let find_living = match &table.events {
            Some(events) => format!("{find} and {} is null", quoted(&events.deleted_at)),
            None => find.clone(),
        };
        let events = table.events.as_ref().map(|it| event_sql(dialect, &name, &id, &columns, it));
        Self { see, find, find_living, events }
    }
}

fn event_sql(
    dialect: Dialect,
    name: &str,
    id: &str,
    columns: &[String],
    events: &EventColumns,
) -> EventSql {
    let (sequence, deleted_at) = (quoted(&events.sequence), quoted(&events.deleted_at));
    let is_newer = format!("{name}.{sequence} is null or {name}.{sequence} < excluded.{sequence}");
    let on_conflict = |changes: Vec<String>| {
        format!("on conflict ({id}) do update set {} where {is_newer}", changes.join(", "))
    };
    let taken = |column: &String| format!("{column} = excluded.{column}");

    let mut all = vec![id.to_owned()];
    all.extend_from_slice(columns);
    all.push(sequence.clone());
    let mut changes: Vec<_> = all[1..].iter().map(taken).collect();
    // A user who is there again was put back from a copy.
    changes.push(format!("{deleted_at} = null"));
    let update = format!("{} {}", insert(dialect, name, &all), on_conflict(changes));

    let all = [id.to_owned(), sequence.clone(), deleted_at.clone()];
    let mut changes: Vec<_> = columns.iter().map(|column| format!("{column} = null")).collect();
    changes.extend([taken(&sequence), taken(&deleted_at)]);
    let delete = format!("{} {}", insert(dialect, name, &all), on_conflict(changes));
    EventSql { update, delete }
}

fn insert(dialect: Dialect, name: &str, columns: &[String]) -> String {
    let arguments: Vec<_> = (1..=columns.len()).map(|index| dialect.argument(index)).collect();
    let (columns, arguments) = (columns.join(", "), arguments.join(", "));
    // tidy-allow(sql): as above.
    format!("insert into {name} ({columns}) values ({arguments})")
}
