//! Views of the tables for other programs: plain names, aware times, booleans, and no way to write.

use vestibule_core::schema::{Field, IdPolicy, Model};

use crate::columns::Storage;
use crate::dialect::{Dialect, quoted};
use crate::statement::table_name;
use crate::url::Target;

/// A view of a table.
#[derive(Debug)]
pub struct View<'a> {
    pub name: String,
    pub model: &'a Model,
    /// The fields, with the names that their columns have in the view.
    pub columns: Vec<(&'a Field, String)>,
}

/// The script that makes the views, or makes them anew.
pub fn create_views(views: &[View<'_>], policy: IdPolicy, target: &Target) -> String {
    let dialect = Dialect::of(target);
    let schema_name = match target {
        Target::Postgres(url) => url.schema_name.as_deref(),
        Target::Sqlite(_) => None,
    };
    let statements = views.iter().map(|view| {
        let columns: Vec<_> = view
            .columns
            .iter()
            .map(|(field, name)| {
                let value = value(field, Storage::of(field, policy, target));
                format!("  {value} as {}", quoted(name))
            })
            .collect();
        let columns = columns.join(",\n");
        let (name, table) =
            (table_name(schema_name, &view.name), table_name(schema_name, &view.model.table));
        match dialect {
            // A view of a common table expression is not updatable, and costs nothing besides.
            Dialect::Postgres => format!(
                "create or replace view {name} as\nwith source as (select * from {table})\n\
                 select\n{columns}\nfrom source;\n"
            ),
            Dialect::Sqlite => format!(
                "drop view if exists {name};\ncreate view {name} as\nselect\n{columns}\nfrom {table};\n"
            ),
        }
    });
    let statements = statements.collect::<Vec<_>>().join("\n");
    format!("begin;\n\n{statements}\ncommit;\n")
}

fn value(field: &Field, storage: Storage) -> String {
    let column = quoted(&field.column);
    match storage {
        Storage::IntegerBoolean => format!("({column} <> 0)"),
        // One spelling, so that times can be compared as text, whoever wrote them.
        Storage::TextTime => format!(
            "case when typeof({column}) = 'text' then strftime('%Y-%m-%dT%H:%M:%fZ', {column})\n    \
             else strftime('%Y-%m-%dT%H:%M:%fZ', {column} / 1000.0, 'unixepoch') end"
        ),
        Storage::Text
        | Storage::Uuid
        | Storage::Integer
        | Storage::BigInteger
        | Storage::Boolean
        | Storage::Time
        | Storage::Json
        | Storage::TextJson => column,
    }
}
