// The schema Vestibule makes is the reference's own, and each finds nothing to do on the other's.
import { differencesBetween } from "../lib/compare.mjs";
import { withBase } from "../lib/config.mjs";
import { freshDatabase } from "../lib/database.mjs";
import { introspect } from "../lib/introspect.mjs";
import { run as runCommand, writeConfig } from "../lib/process.mjs";
import { workFolder } from "../lib/paths.mjs";
import { expectNone } from "../lib/report.mjs";
import { migrate, pending } from "../reference/migrations.mjs";

const FIELDS = {
  text: { type: "string", required: false },
  must: { type: "string" },
  level: { type: "number", defaultValue: 3 },
  big: { type: "number", bigint: true, required: false },
  flag: { type: "boolean", required: false, defaultValue: false },
  since: { type: "date", required: false },
  bag: { type: "json", required: false },
  tags: { type: "string[]", required: false },
  numbers: { type: "number[]", required: false },
  plan: { type: ["free", "paid"], required: false },
  handle: { type: "string", required: false, unique: true },
  indexed: { type: "string", required: false, index: true },
  renamed: { type: "string", required: false, fieldName: "stored_as" },
  friend: { type: "string", required: false, references: { model: "user", field: "id", onDelete: "set null" } },
};

const CONFIGS = {
  plain: {},
  renames: {
    user: { modelName: "members", fields: { email: "email_address", createdAt: "created_at" } },
    session: { modelName: "member_sessions", fields: { userId: "member_id", token: "session_token" } },
    account: { modelName: "member accounts", fields: { userId: "member_id" } },
    verification: { modelName: "proofs", fields: { identifier: "subject" } },
  },
  "additional fields": {
    user: { additionalFields: FIELDS },
    session: { additionalFields: { theme: { type: "string", required: false }, counted: { type: "number", required: false, index: true } } },
    account: { additionalFields: { note: { type: "string", required: false } } },
  },
  "long names": { user: { modelName: "people_of_the_organisation_with_a_very_long_name_indeed", additionalFields: { another_rather_long_column_name: { type: "string", required: false, index: true } } } },
  uuid: { advanced: { database: { generateId: "uuid" } } },
  serial: { advanced: { database: { generateId: "serial" } } },
  "ids from the database": { advanced: { database: { generateId: false } } },
  "rate limits in the database": { rateLimit: { enabled: true, storage: "database" } },
  "renamed rate limits": { rateLimit: { enabled: true, storage: "database", modelName: "limits", fields: { key: "bucket" } } },
  "keys of the plugin jwt": { plugins: { jwt: {} } },
  "renamed keys of the plugin jwt": { plugins: { jwt: { schema: { jwks: { modelName: "signing keys", fields: { publicKey: "public_key", createdAt: "made_at" } } } } } },
  "a schema of its own": { database: { schemaName: "auth" } },
};

/** Added to a database that was made, and used, without them. */
const LATER = {
  user: {
    additionalFields: {
      text: { type: "string", required: false },
      lang: { type: "string", defaultValue: "it's" },
      level: { type: "number", defaultValue: 3 },
      flag: { type: "boolean", defaultValue: true },
      since: { type: "date", required: false },
      handle: { type: "string", required: false, unique: true },
      indexed: { type: "string", required: false, index: true },
      tags: { type: "string[]", required: false },
    },
  },
  session: { additionalFields: { theme: { type: "string", required: false, index: true } } },
  rateLimit: { enabled: true, storage: "database" },
};

export async function run(report, { only, databases, binary }) {
  for (const provider of databases) {
    for (const [label, changes] of Object.entries(CONFIGS)) {
      if (changes.database?.schemaName && provider !== "postgres") continue;
      await check(report, only, `schema: ${label} [${provider}]`, () => compareFresh(provider, changes, binary));
    }
    await check(report, only, `schema: fields added later [${provider}]`, () => compareLater(provider, binary));
  }
}

const check = (report, only, name, work) => (only.test(name) ? report.run(name, work) : undefined);

async function compareFresh(provider, changes, binary) {
  const [theirs, ours] = await Promise.all([freshDatabase(provider), freshDatabase(provider)]);
  const configFor = (database) => withBase({ ...changes, database: { provider, url: database.url, ...changes.database } });
  await migrate(configFor(theirs));
  await vestibuleMigrate(binary, configFor(ours));
  await expectSame(theirs, ours, changes.database?.schemaName);
  await expectNothingToDo(binary, configFor(theirs), configFor(ours));
}

async function compareLater(provider, binary) {
  const [theirs, ours] = await Promise.all([freshDatabase(provider), freshDatabase(provider)]);
  const configFor = (database, changes) => withBase({ ...changes, database: { provider, url: database.url } });
  for (const database of [theirs, ours]) {
    await migrate(configFor(database, {}));
    await addUser(database);
  }
  await migrate(configFor(theirs, LATER));
  await vestibuleMigrate(binary, configFor(ours, LATER));
  await expectSame(theirs, ours);
  const [before, after] = await Promise.all([theirs, ours].map((database) => database.query('select * from "user"')));
  expectNone(differencesBetween(before, after).map(({ path, expected, got }) => `row that was there: ${path} is ${JSON.stringify(got)}, the reference makes it ${JSON.stringify(expected)}`));
  await expectNothingToDo(binary, configFor(theirs, LATER), configFor(ours, LATER));
}

const addUser = (database) =>
  database.query(
    `insert into "user" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt")
     values ('u1', 'Old', 'old@example.com', ${database.provider === "sqlite" ? 1 : true}, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z')`,
  );

async function expectSame(theirs, ours, schemaName) {
  const [expected, got] = await Promise.all([introspect(theirs, schemaName), introspect(ours, schemaName)]);
  expectNone(differencesBetween(expected, got).map(({ path, expected, got }) => `${path}\n  the reference: ${JSON.stringify(expected)}\n  vestibule:     ${JSON.stringify(got)}`));
  if (Object.keys(expected).length === 0) throw new Error("the reference made no table: the comparison says nothing");
}

async function expectNothingToDo(binary, theirs, ours) {
  const problems = [];
  const checked = await migrateCommand(binary, theirs, "--check");
  if (checked.code !== 0) problems.push(`migrate --check on the reference's database ends with ${checked.code}:\n${checked.stdout}${checked.stderr}`);
  const statements = (await migrateCommand(binary, theirs, "--sql")).stdout.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("--"));
  if (statements.length > 0) problems.push(`migrate --sql on the reference's database prints:\n${statements.join("\n")}`);
  const left = await pending(ours);
  if (left.length > 0) problems.push(`the reference finds missing on our database: ${left.join(", ")}`);
  expectNone(problems);
}

async function vestibuleMigrate(binary, config) {
  const { code, stdout, stderr } = await migrateCommand(binary, config);
  if (code !== 0) throw new Error(`vestibule migrate ended with ${code}:\n${stdout}${stderr}`);
}

const migrateCommand = (binary, config, ...flags) =>
  runCommand(binary, ["migrate", ...flags, "--config", writeConfig(config)], { cwd: workFolder("empty") });
