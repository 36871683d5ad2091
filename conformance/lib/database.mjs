// A fresh database for each configuration, and a look into its rows for what the wire cannot show.
import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import { workFolder } from "./paths.mjs";

export const ADMIN_URL = process.env.DATABASE_ADMIN_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";

// Rows are compared as the database holds them: no conversion of times, numbers or JSON.
const asText = { getTypeParser: () => (value) => value };

let created = 0;
const toDrop = [];

/** @returns {Promise<{provider: string, url: string, query: (sql: string, args?: unknown[]) => Promise<object[]>}>} */
export async function freshDatabase(provider) {
  const name = `vestibule_conformance_${process.pid}_${++created}`;
  if (provider === "sqlite") return sqliteDatabase(`${workFolder("databases")}/${name}.sqlite`);
  await admin(`create database "${name}"`);
  toDrop.push(name);
  const url = new URL(ADMIN_URL);
  url.pathname = `/${name}`;
  return postgresDatabase(url.href);
}

function sqliteDatabase(file) {
  return {
    provider: "sqlite",
    url: file,
    async query(sql, args = []) {
      const database = new DatabaseSync(file, { timeout: 5000 });
      try {
        return database.prepare(sql).all(...args).map((row) => ({ ...row }));
      } finally {
        database.close();
      }
    },
  };
}

function postgresDatabase(url) {
  return { provider: "postgres", url, query: (sql, args = []) => runOnce(url, sql, args) };
}

/** Rows of one table, in the order of the given column. */
export const rowsOf = (database, table, orderBy) =>
  database.query(`select * from ${quoted(table)}${orderBy ? ` order by "${orderBy}"` : ""}`);

export const quoted = (name) => name.split(".").map((part) => `"${part}"`).join(".");

async function runOnce(url, sql, args) {
  const client = new pg.Client({ connectionString: url, types: asText });
  await client.connect();
  try {
    return (await client.query(sql, args)).rows;
  } finally {
    await client.end();
  }
}

const admin = (sql) => runOnce(ADMIN_URL, sql, []);

export async function dropDatabases() {
  for (const name of toDrop.splice(0)) await admin(`drop database if exists "${name}" with (force)`);
}

/** Throws one sentence and the command that helps when PostgreSQL does not answer. */
export async function requirePostgres() {
  try {
    await admin("select 1");
  } catch (error) {
    throw new Error(
      `PostgreSQL does not answer at DATABASE_ADMIN_URL=${ADMIN_URL} (${error.message || error.code}). Install and start it: apt-get install -y postgresql && service postgresql start`,
    );
  }
}
