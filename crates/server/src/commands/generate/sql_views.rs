//! Views, for programs whose library has no place here.

use vestibule_sql::{View, create_views};

use super::naming::{Names, snake_case};
use super::tables::Tables;
use super::{Format, head};

pub(super) fn generate(tables: &Tables<'_>) -> String {
    let mut views = Names::new(&[]);
    let views: Vec<_> = tables
        .all
        .iter()
        .map(|table| {
            let mut columns = Names::new(&[]);
            let columns = table
                .columns
                .iter()
                .map(|column| (column.field, columns.take(snake_case(&column.field.name))));
            let name = views.take(format!("auth_{}", snake_case(&table.model.name)));
            View { name, model: table.model, columns: columns.collect() }
        })
        .collect();
    let says = match tables.is_sqlite() {
        true => {
            "Read-only: SQLite refuses to write views. Times are ISO 8601 in UTC, booleans 0 or 1."
        }
        false => {
            "Read-only: PostgreSQL refuses to write these views. Times are timestamptz, booleans boolean.\n\
             A role that may read the views needs no right to the tables: grant select on auth_user to …;\n\
             Where columns were renamed or went away, drop the views first."
        }
    };
    let head = head(Format::SqlViews, tables, says, "--");
    format!("{head}\n{}", create_views(&views, tables.policy, tables.target))
}
