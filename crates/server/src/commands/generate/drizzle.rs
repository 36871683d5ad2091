//! Definitions for Drizzle ORM (0.36 and later).
//!
//! They are existing views, though these are tables: of views Drizzle's types refuse inserts, updates
//! and deletes, and its migrations let them be.

use serde_json::{Value as Json, json};
use vestibule_core::schema::FieldKind;
use vestibule_sql::Storage;

use super::naming::{Names, as_in_answers, pascal_case};
use super::tables::{Column, Table, Tables};
use super::{Format, head};

const SAYS: &str = "\
Read-only: the auth server alone writes these tables. They are declared as existing views, so that
the types refuse inserts, updates and deletes, and drizzle-kit does not touch them. Times are Dates.";

const TIME: &str = "\
/** A time: ISO 8601 in UTC, or milliseconds where another tool wrote it. */
const time = customType<{ data: Date; driverData: string | number }>({
  dataType: () => \"date\",
  fromDriver: (value) => new Date(value),
  toDriver: (value) => value.toISOString(),
})
";

pub(super) fn generate(tables: &Tables<'_>) -> String {
    let head = head(Format::Drizzle, tables, SAYS, "//");
    let mut text = format!("{head}\n{}\n", imports(tables));
    let view = match (tables.is_sqlite(), tables.schema_name()) {
        (true, _) => "sqliteView",
        (false, None) => "pgView",
        (false, Some(name)) => {
            text.push_str(&format!("const schema = pgSchema({})\n\n", Json::from(name)));
            "schema.view"
        }
    };
    if tables.uses(Storage::TextTime) {
        text.push_str(TIME);
        text.push('\n');
    }
    let mut names = Names::new(&["schema", "time"]);
    let views: Vec<_> =
        tables.all.iter().map(|table| definition(table, view, &mut names)).collect();
    text + &views.join("\n")
}

fn imports(tables: &Tables<'_>) -> String {
    let (module, view) = match (tables.is_sqlite(), tables.schema_name()) {
        (true, _) => ("sqlite-core", "sqliteView"),
        (false, None) => ("pg-core", "pgView"),
        (false, Some(_)) => ("pg-core", "pgSchema"),
    };
    let mut names = vec![view];
    for table in &tables.all {
        names
            .extend(table.columns.iter().map(|column| builder(column.storage, tables.is_sqlite())));
    }
    for name in &mut names {
        // Made of it below.
        if *name == "time" {
            *name = "customType";
        }
    }
    names.sort_unstable();
    names.dedup();
    format!("import {{ {} }} from \"drizzle-orm/{module}\"\n", names.join(", "))
}

fn definition(table: &Table<'_>, view: &str, names: &mut Names) -> String {
    let type_name = names.take(format!("Auth{}", pascal_case(&table.model.name)));
    let name = names.take(format!("auth{}", &type_name["Auth".len()..]));
    let mut keys = Names::new(&[]);
    let columns = table.columns.iter().map(|column| {
        let key = keys.take(as_in_answers(&column.field.name));
        format!("  {key}: {},\n", definition_of(column, view == "sqliteView"))
    });
    let columns: String = columns.collect();
    let table = Json::from(&*table.model.table);
    format!(
        "export const {name} = {view}({table}, {{\n{columns}}}).existing()\n\
         export type {type_name} = typeof {name}.$inferSelect\n"
    )
}

fn builder(storage: Storage, is_sqlite: bool) -> &'static str {
    match storage {
        Storage::Text | Storage::TextJson => "text",
        Storage::Uuid => "uuid",
        Storage::Integer | Storage::IntegerBoolean => "integer",
        Storage::BigInteger if is_sqlite => "integer",
        Storage::BigInteger => "bigint",
        Storage::Boolean => "boolean",
        Storage::Time => "timestamp",
        Storage::TextTime => "time",
        Storage::Json => "jsonb",
    }
}

fn definition_of(column: &Column<'_>, is_sqlite: bool) -> String {
    let mut arguments = vec![Json::from(&*column.field.column).to_string()];
    match (&column.field.kind, column.storage) {
        (FieldKind::Enum(words), _) => arguments.push(format!("{{ enum: {} }}", json!(words))),
        (_, Storage::IntegerBoolean) => arguments.push("{ mode: \"boolean\" }".to_owned()),
        (_, Storage::TextJson) => arguments.push("{ mode: \"json\" }".to_owned()),
        (_, Storage::BigInteger) if !is_sqlite => arguments.push("{ mode: \"number\" }".to_owned()),
        (_, Storage::Time) => arguments.push("{ withTimezone: true }".to_owned()),
        _ => {}
    }
    let of_type = match column.field.kind {
        FieldKind::StringArray => ".$type<string[]>()",
        FieldKind::NumberArray => ".$type<number[]>()",
        _ => "",
    };
    let not_null = if column.field.required { ".notNull()" } else { "" };
    format!("{}({}){of_type}{not_null}", builder(column.storage, is_sqlite), arguments.join(", "))
}
