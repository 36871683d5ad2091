// Writes what the reference's migration says and makes, for the schemas of `../reference.rs`.
// Run in `conformance/`, which has the packages: `npx node ../crates/sql/tests/it/reference/generate.mjs`.
// PostgreSQL: TEST_DATABASE_URL, or postgres://postgres@127.0.0.1:5432/postgres.

import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(join(process.cwd(), "package.json"));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { getMigrations } = await load("better-auth/db/migration");
const { admin, deviceAuthorization, jwt, organization, twoFactor, username } =
  await load("better-auth/plugins");
const { default: pg } = await load("pg");
const server = process.env.TEST_DATABASE_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";

const plugins = () => [
  twoFactor(),
  username(),
  admin(),
  organization({ teams: { enabled: true }, dynamicAccessControl: { enabled: true } }),
  deviceAuthorization(),
  jwt(),
];
const renamed = {
  user: {
    modelName: "people",
    fields: { email: "email_address", createdAt: "created_at" },
    additionalFields: {
      plan: { type: ["free", "paid"], required: false, defaultValue: "free" },
      score: { type: "number", required: false, bigint: true },
      tags: { type: "string[]", required: false },
      settings: { type: "json", required: false, fieldName: "set\"tings" },
      manager: {
        type: "string",
        required: false,
        references: { model: "user", field: "id", onDelete: "set null" },
        index: true,
      },
    },
  },
  session: { modelName: "log ins", fields: { userId: "user_id" } },
  rateLimit: { storage: "database" },
};
const grown = {
  user: {
    additionalFields: {
      nick: { type: "string", required: false, unique: true },
      locale: { type: "string", required: true, defaultValue: "d'accord" },
      credits: { type: "number", required: true, defaultValue: 3, index: true },
      vip: { type: "boolean", required: false, defaultValue: false },
      seenAt: { type: "date", required: false, defaultValue: () => new Date() },
      mentor: { type: "string", required: false, references: { model: "user", field: "id" } },
    },
  },
  rateLimit: { storage: "database" },
};
const ids = (generateId) => ({ advanced: { database: { generateId } } });

// name: the configurations that are migrated to, one after the other; the last one is written down.
const cases = {
  core: [{}],
  plugins: [{ plugins: plugins() }],
  uuid: [ids("uuid")],
  serial: [ids("serial")],
  renamed: [renamed],
  grown: [{}, grown],
};

async function sqlite(steps) {
  const database = new DatabaseSync(":memory:");
  const said = await migrate(steps, { database });
  const rows = database.prepare("select sql from sqlite_master where sql is not null").all();
  return { said, made: rows.map((row) => row.sql) };
}

async function postgres(steps, schemaName) {
  const admin = new pg.Client(server);
  await admin.connect();
  const name = `reference_${process.pid}`;
  await admin.query(`create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const pool = new pg.Pool({ connectionString: url.href });
  const { PostgresDialect } = await load("kysely");
  const database = schemaName
    ? { dialect: new PostgresDialect({ pool }), type: "postgres", schemaName }
    : pool;
  const said = await migrate(steps, { database });
  const columns = await pool.query(`
    select c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
      || case when a.attnotnull then ' not null' else '' end
      || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
      || case a.attidentity when 'd' then ' identity' else '' end as line
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where n.nspname = $1 and c.relkind = 'r' order by c.relname collate "C", a.attnum`,
    [schemaName ?? "public"]);
  const constraints = await pool.query(`
    select c.relname || ' ' || k.conname || ' ' || pg_get_constraintdef(k.oid) as line
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1`, [schemaName ?? "public"]);
  const indexes = await pool.query(
    `select indexdef as line from pg_indexes where schemaname = $1`, [schemaName ?? "public"]);
  await pool.end();
  await admin.query(`drop database ${name}`);
  await admin.end();
  const sorted = (result) => result.rows.map((row) => row.line).sort();
  return { said, made: [...columns.rows.map((row) => row.line), ...sorted(constraints), ...sorted(indexes)] };
}

async function migrate(steps, base) {
  let said;
  for (const step of steps) {
    const migrations = await getMigrations({ ...step, ...base, logger: { disabled: true } });
    said = await migrations.compileMigrations();
    await migrations.runMigrations();
  }
  return said;
}

mkdirSync(here, { recursive: true });
const write = (name, { said, made }) => {
  writeFileSync(join(here, `${name}.sql`), `${said}\n`);
  writeFileSync(join(here, `${name}.made.txt`), `${made.join("\n")}\n`);
};
for (const [name, steps] of Object.entries(cases)) {
  write(`${name}.sqlite`, await sqlite(steps));
  write(`${name}.postgres`, await postgres(steps));
}
write("schema-name.postgres", await postgres([{}], "au\"th"));
