// Writes made.json: what npm better-auth 1.7.7 stores and sends when somebody signs up.
//
//   npm ci --prefix conformance
//   conformance/node_modules/.bin/node crates/verify/tests/it/reference/generate.mjs
//
// PostgreSQL is DATABASE_ADMIN_URL, by default the local one; a schema is made there and dropped.
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

const require = createRequire(new URL("../../../../../conformance/package.json", import.meta.url));
const load = (name) => import(require.resolve(name));
const { betterAuth } = await load("better-auth");
const { bearer } = await load("better-auth/plugins");
const { getMigrations } = await load("better-auth/db/migration");
const { default: pg } = await load("pg");

const secret = "a-secret-for-tests-of-32-characters!";
const schema = "verify_reference";
const url = process.env.DATABASE_ADMIN_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";
const pool = new pg.Pool({ connectionString: url, options: `-c search_path=${schema}` });
await pool.query(`drop schema if exists ${schema} cascade; create schema ${schema}`);
const sqlite = new DatabaseSync(":memory:");

const databases = {
  sqlite: { database: sqlite, rows: async (table) => sqlite.prepare(`select * from "${table}"`).all() },
  postgres: {
    database: pool,
    rows: async (table) => (await pool.query(`select to_json(t) as row from "${table}" t`)).rows.map((it) => it.row),
  },
};

const literal = (value) => {
  if (value === null) return "null";
  if (typeof value === "string") return `'${value.replaceAll("'", "''")}'`;
  return String(value);
};

const made = { now: Date.now(), secret, databases: {} };
for (const [name, { database, rows }] of Object.entries(databases)) {
  const options = (strategy) => ({
    baseURL: "http://localhost:3000",
    secret,
    database,
    emailAndPassword: { enabled: true },
    session: { cookieCache: { enabled: true, strategy } },
    plugins: [bearer()],
    logger: { disabled: true },
    telemetry: { enabled: false },
  });
  const migrations = await getMigrations(options("compact"));
  const ddl = await migrations.compileMigrations();
  await migrations.runMigrations();
  const auth = betterAuth(options("compact"));
  const signUp = await auth.handler(
    new Request("http://localhost:3000/api/auth/sign-up/email", {
      method: "POST",
      headers: { "content-type": "application/json", origin: "http://localhost:3000" },
      body: JSON.stringify({ name: "Ada Löwe", email: "ada@example.com", password: "correct horse battery staple" }),
    }),
  );
  const cookiesOf = (answer) =>
    Object.fromEntries(answer.headers.getSetCookie().map((line) => line.split(";")[0].split(/=(.*)/s).slice(0, 2)));
  const signedUp = cookiesOf(signUp);
  const token = `better-auth.session_token=${signedUp["better-auth.session_token"]}`;
  const caches = {};
  let found;
  for (const strategy of ["compact", "jwt", "jwe"]) {
    const answer = await betterAuth(options(strategy)).handler(
      new Request("http://localhost:3000/api/auth/get-session", { headers: { cookie: token } }),
    );
    caches[strategy] = `${token}; better-auth.session_data=${cookiesOf(answer)["better-auth.session_data"]}`;
    found = await answer.json();
  }
  const inserts = [];
  for (const table of ["user", "session"]) {
    for (const row of await rows(table)) {
      const columns = Object.keys(row).map((column) => `"${column}"`).join(", ");
      inserts.push(`insert into "${table}" (${columns}) values (${Object.values(row).map(literal).join(", ")});`);
    }
  }
  made.databases[name] = {
    sql: [ddl, ...inserts].join("\n"),
    cookie: token,
    bearer: signUp.headers.get("set-auth-token"),
    caches,
    user: found.user,
    sessionId: found.session.id,
  };
}
await pool.query(`drop schema ${schema} cascade`);
await pool.end();
writeFileSync(new URL("made.json", import.meta.url), `${JSON.stringify(made, null, 2)}\n`);
