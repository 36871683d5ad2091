// A database's schema as a plain value that can be compared.
import { quoted } from "./database.mjs";

export const introspect = (database, schema = "public") =>
  database.provider === "sqlite" ? introspectSqlite(database) : introspectPostgres(database, schema);

async function introspectSqlite(database) {
  const tables = await database.query("select name, sql from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name");
  const schema = {};
  for (const { name, sql } of tables) {
    const indexes = await database.query(`pragma index_list(${quoted(name)})`);
    schema[name] = {
      sql: plain(sql),
      columns: await database.query(`pragma table_info(${quoted(name)})`),
      foreignKeys: (await database.query(`pragma foreign_key_list(${quoted(name)})`)).map(({ id, seq, ...key }) => key),
      indexes: Object.fromEntries(
        await Promise.all(
          indexes.map(async ({ name: index, unique, origin, partial }) => [
            index,
            { unique, origin, partial, columns: (await database.query(`pragma index_info(${quoted(index)})`)).map((column) => column.name) },
          ]),
        ),
      ),
    };
  }
  return schema;
}

/** White space and the case of key words do not matter. */
const plain = (sql) => sql.replace(/\s+/g, " ").replace(/\s*([(),])\s*/g, "$1").replace(/"[^"]*"|[^"]+/g, (part) => (part.startsWith('"') ? part : part.toLowerCase())).trim();

async function introspectPostgres(database, schema) {
  const all = (sql) => database.query(sql, [schema]);
  const columns = await all(
    `select table_name, column_name, ordinal_position, data_type, udt_name, is_nullable, column_default, is_identity, identity_generation
     from information_schema.columns where table_schema = $1 order by table_name, ordinal_position`,
  );
  const constraints = await all(
    `select rel.relname as table_name, con.conname as name, con.contype as type, pg_get_constraintdef(con.oid) as definition
     from pg_constraint con join pg_class rel on rel.oid = con.conrelid join pg_namespace nsp on nsp.oid = rel.relnamespace
     where nsp.nspname = $1 order by 1, 2`,
  );
  const indexes = await all("select tablename as table_name, indexname as name, indexdef as definition from pg_indexes where schemaname = $1 order by 1, 2");
  const result = {};
  const add = (kind, rows, key) => {
    for (const { table_name: table, ...row } of rows) ((result[table] ??= {})[kind] ??= {})[row[key]] = row;
  };
  add("columns", columns, "column_name");
  add("constraints", constraints, "name");
  add("indexes", indexes, "name");
  return result;
}
