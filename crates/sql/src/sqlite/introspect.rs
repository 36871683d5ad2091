//! What is in the file.

use rusqlite::Connection;
use vestibule_core::schema::diff::{Found, FoundColumn, FoundIndex, FoundTable};

pub(super) fn found(connection: &Connection) -> rusqlite::Result<Found> {
    let mut statement = connection.prepare(
        "select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\'",
    )?;
    let names = statement.query_map([], |row| row.get(0))?;
    let names: Vec<String> = names.collect::<Result<_, _>>()?;
    let mut found = Found::default();
    for name in names {
        found.indexes.extend(indexes(connection, &name)?);
        let columns = columns(connection, &name)?;
        found.tables.push(FoundTable { name, columns });
    }
    Ok(found)
}

fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<FoundColumn>> {
    let mut statement = connection.prepare(
        "select name, type, \"notnull\", dflt_value is not null, pk from pragma_table_info(?1)",
    )?;
    let columns = statement.query_map([table], |row| {
        let (data_type, is_key): (String, i64) = (row.get(1)?, row.get(4)?);
        // An integer primary key is the row's number, which SQLite gives.
        let has_default = row.get(3)? || (is_key > 0 && data_type.eq_ignore_ascii_case("integer"));
        let is_nullable = !row.get::<_, bool>(2)?;
        Ok(FoundColumn { name: row.get(0)?, data_type, is_nullable, has_default })
    })?;
    columns.collect()
}

fn indexes(connection: &Connection, table: &str) -> rusqlite::Result<Vec<FoundIndex>> {
    let mut statement =
        connection.prepare("select name, \"unique\", partial from pragma_index_list(?1)")?;
    let indexes = statement.query_map([table], |row| {
        Ok(FoundIndex {
            name: row.get(0)?,
            table: table.to_owned(),
            columns: Vec::new(),
            unique: row.get(1)?,
            is_complete: !row.get::<_, bool>(2)?,
        })
    })?;
    let mut indexes: Vec<_> = indexes.collect::<Result<_, _>>()?;
    let mut statement =
        connection.prepare("select name from pragma_index_info(?1) order by seqno")?;
    for index in &mut indexes {
        let columns = statement.query_map([&index.name], |row| row.get(0))?;
        index.columns = columns.collect::<Result<_, _>>()?;
    }
    Ok(indexes)
}
