// Both servers on one database with one secret: nobody may notice which of them answered.
import { strict as assert } from "node:assert";
import { SECRET, withBase } from "../lib/config.mjs";
import { differencesBetween } from "../lib/compare.mjs";
import { freshDatabase, rowsOf } from "../lib/database.mjs";
import { Hooks } from "../lib/hooks.mjs";
import { judge, shapeOfRow } from "../lib/key-sets.mjs";
import { Normaliser } from "../lib/normalise.mjs";
import { expectNone } from "../lib/report.mjs";
import { Scenario } from "../lib/scenario.mjs";
import { startReference, startVestibule } from "../lib/targets.mjs";

const CONFIGS = {
  plain: {},
  "uuid ids": { advanced: { database: { generateId: "uuid" } } },
  "serial ids": { advanced: { database: { generateId: "serial" } } },
  "renamed tables": { user: { modelName: "members", fields: { email: "mail" } }, session: { modelName: "member_sessions", fields: { userId: "member_id" } } },
  "additional fields": { user: { additionalFields: { tags: { type: "string[]", required: false }, since: { type: "date", required: false }, on: { type: "boolean", required: false } } } },
};

/** Configurations of the plugin `jwt`, by what is in its keys. */
const KEYS = {
  EdDSA: {},
  ES256: { keyPairConfig: { alg: "ES256" } },
  ES512: { keyPairConfig: { alg: "ES512" } },
  RS256: { keyPairConfig: { alg: "RS256" } },
  PS256: { keyPairConfig: { alg: "PS256" } },
  "keys in clear": { disablePrivateKeyEncryption: true },
  "keys that rotate": { rotationInterval: 3600 },
};

const CACHES = [
  ["compact", "compact"],
  ["jwt", "jwt"],
  // Without the header that has the user once more: Node takes 16 KiB of headers.
  ["jwt by key set", "jwt", { jwt: { sessionCookieCache: true, disableSettingJwtHeader: true } }],
  ["jwt by key set of ES256", "jwt", { jwt: { sessionCookieCache: true, disableSettingJwtHeader: true, jwks: { keyPairConfig: { alg: "ES256" } } } }],
  ["jwe", "jwe"],
];

export async function run(report, { only, databases, binary }) {
  for (const provider of databases) {
    for (const [label, jwks] of Object.entries(KEYS)) {
      for (const first of ["reference", "vestibule"]) {
        const name = `interop: a key of the ${first}, ${label} [${provider}]`;
        if (only.test(name)) await report.run(name, () => onFresh(provider, { plugins: { jwt: { jwks } } }, binary, exerciseKeys(first)));
      }
    }
    for (const [label, config] of Object.entries(CONFIGS)) {
      const name = `interop: ${label} [${provider}]`;
      if (only.test(name)) await report.run(name, () => onFresh(provider, config, binary));
    }
    for (const [label, strategy, plugins] of CACHES) {
      const name = `interop: a cookie cache, ${label} [${provider}]`;
      const config = { session: { cookieCache: { enabled: true, strategy } }, ...(plugins && { plugins }) };
      if (only.test(name)) await report.run(name, () => onFresh(provider, config, binary, shareCaches));
    }
  }
}

async function onFresh(provider, config, binary, work = exercise) {
  const database = await freshDatabase(provider);
  await withBoth({ provider, url: database.url, database }, config, binary, work);
}

/** What one wrote into a cookie, the other believes: it answers what the database does not know. */
async function shareCaches(targets, database) {
  const hooks = new Hooks();
  for (const [home, away] of [targets, targets.toReversed()]) {
    const here = new Scenario({ target: home, database, hooks, slug: home.kind });
    const alice = here.actor();
    // Text that JSON can write in several ways, and enough of it for several cookies.
    const image = `\u0007é"\\/\u2028🦀`.repeat(400);
    await alice.signUp(here.email(), { name: "Zoë\n", image });
    await here.sql(`UPDATE "user" SET "name" = 'Behind' WHERE "email" = '${here.email()}'`);
    const visiting = borrow(alice, new Scenario({ target: away, database, hooks, slug: home.kind }));
    const { user } = (await visiting.get("/get-session")).json();
    assert.equal(user.name, "Zoë\n", `the ${away.kind} believes the cache of the ${home.kind}`);
    assert.equal(user.image, image);
    assert.equal((await visiting.get("/get-session", { query: "disableCookieCache=true" })).json().user.name, "Behind");
    assert.equal((await borrow(visiting, here).get("/get-session")).json().user.name, "Behind", `the ${home.kind} believes the cache of the ${away.kind}`);
  }
}

/**
 * Starts both servers on one database; the reference makes the schema.
 * `place.url` is where the servers find it, `place.database` where the harness looks into it.
 */
export async function withBoth({ provider, url, database }, changes, binary, work) {
  const config = withBase({ ...changes, database: { provider, url, migrate: true } });
  const targets = [];
  try {
    targets.push(await startReference(config));
    targets.push(await startVestibule(config, { binary }));
    await work(targets, database, config);
  } finally {
    for (const target of targets) await target.stop();
  }
}

export async function exercise(targets, database, config) {
  const [reference, vestibule] = targets;
  const hooks = new Hooks();
  const rows = {};
  for (const [home, away] of [[reference, vestibule], [vestibule, reference]]) {
    const from = home.kind;
    const at = (target) => new Scenario({ target, database, hooks, slug: from });
    const [here, there] = [at(home), at(away)];
    const email = here.email();
    const extra = config.user?.additionalFields ? { tags: ["a", "b"], since: "2020-02-03T04:05:06.789Z", on: true } : {};

    const alice = here.actor();
    const signedUp = (await alice.signUp(email, extra)).json();
    assert.equal(signedUp.user?.email, email, `signs up at the ${from}`);

    const visiting = borrow(alice, there);
    assertSameSession(await visiting.get("/get-session"), await alice.get("/get-session"), `the ${from}'s cookie is read by the ${away.kind}`);

    const elsewhere = there.actor();
    assert.equal((await elsewhere.signIn(email)).status, 200, `signs in at the ${away.kind}`);
    const back = borrow(elsewhere, here);
    assertSameSession(await back.get("/get-session"), await elsewhere.get("/get-session"), `the ${away.kind}'s cookie is read by the ${from}`);

    const forgetful = there.actor();
    await forgetful.signIn(email, { rememberMe: false });
    there.advance(2 * 3600);
    assert.notEqual((await borrow(forgetful, at(home)).get("/get-session")).json(), null, "a session that is not remembered is read by the other");

    assert.equal((await there.actor().signUp(email)).status, 422, `the ${away.kind} knows the address`);
    assert.equal((await visiting.post("/update-user", { name: "Renamed" })).status, 200);
    assert.equal((await alice.get("/get-session")).json().user.name, "Renamed", `what the ${away.kind} changed shows at the ${from}`);

    const token = (await elsewhere.get("/get-session")).json().session.token;
    assert.equal((await alice.post("/revoke-session", { token })).status, 200);
    assert.equal((await elsewhere.get("/get-session")).json(), null, `revoked at the ${from}, gone at the ${away.kind}`);

    const change = { currentPassword: "correct horse", newPassword: "battery staple", revokeOtherSessions: true };
    assert.equal((await visiting.post("/change-password", change)).status, 200, `the ${away.kind} checks the ${from}'s hash`);
    assert.equal((await here.actor().signIn(email)).status, 401, "the old password is refused by the other");
    assert.equal((await here.actor().signIn(email, { password: "battery staple" })).status, 200, `the ${from} checks the ${away.kind}'s hash`);
    assert.equal((await alice.get("/get-session")).json(), null, "the change ended the session here, too");

    const due = at(away);
    due.advance(3 * 86_400);
    assert.ok((await borrow(visiting, due).get("/get-session")).header("set-cookie"), `the ${away.kind} refreshes what is due`);
    await visiting.post("/sign-out", {});
    assert.equal((await borrow(visiting, here).get("/get-session")).json(), null, `signed out at the ${away.kind}, gone at the ${from}`);

    rows[from] = await rowsAfterSignUp(home, database, config, extra);
  }
  expectNone(compareRows(rows.reference, rows.vestibule));
}

/** The same person at the other server. */
function borrow(actor, scenario) {
  const visitor = scenario.actor();
  visitor.jar = actor.jar.copy();
  return visitor;
}

function assertSameSession(got, expected, message) {
  assert.equal(got.status, 200, message);
  assert.notEqual(got.json(), null, message);
  assert.deepEqual(got.json(), expected.json(), message);
}

/** What a sign-up leaves behind, column by column. */
async function rowsAfterSignUp(target, database, config, extra) {
  const scenario = new Scenario({ target, database, hooks: new Hooks(), slug: "rows" });
  const email = scenario.email(target.kind);
  await scenario.actor().signUp(email, extra);
  const tables = ["user", "account", "session"].map((model) => config[model]?.modelName ?? model);
  const [users, accounts, sessions] = await Promise.all(tables.map((table) => rowsOf(database, table)));
  const user = users.find((row) => Object.values(row).includes(email));
  const own = (row) => Object.values(row).some((value) => value !== null && String(value) === String(user.id));
  const normaliser = new Normaliser([SECRET]);
  return normaliser.value({ user, account: accounts.findLast(own), session: sessions.findLast(own) });
}

function compareRows(reference, vestibule) {
  // Serial ids and the address differ, because these are two different people.
  const same = (path) => !/\.(id|accountId|userId|member_id|email|mail)$/.test(path);
  return differencesBetween(reference, vestibule)
    .filter(({ path }) => same(path))
    .map(({ path, expected, got }) => `${path}: the reference writes ${JSON.stringify(expected)}, vestibule ${JSON.stringify(got)}`);
}

/** One server makes the key; both sign with it, and whoever has either's key set believes both. */
function exerciseKeys(first) {
  return async (targets, database, config) => {
    const at = (target) => new Scenario({ target, database, hooks: new Hooks(), slug: "keys" });
    const [home, away] = targets.toSorted((a) => (a.kind === first ? -1 : 1)).map(at);
    const alice = home.actor();
    await alice.signUp(home.email());
    const visitor = borrow(alice, away);
    const token = async (actor) => (await actor.get("/token")).json().token;
    const keySet = async (scenario) => (await scenario.raw("GET", "/jwks")).json();

    const tokens = [await token(alice), await token(visitor)];
    const sets = [await keySet(home), await keySet(away)];
    assert.equal(sets[0].keys.length, 1, "one key is enough for both");
    assert.deepEqual(sets[1], sets[0], "both answer the same key set");
    for (const text of tokens) {
      for (const set of sets) assert.equal((await judge(text, set, { now: home.now })).verdict, "genuine");
    }
    if (!config.plugins.jwt.jwks.rotationInterval) return;
    // The other makes the next one.
    const later = at(away.target);
    later.advance(4000);
    const next = await token(borrow(alice, later));
    const latest = at(home.target);
    latest.advance(4000);
    const both = await keySet(latest);
    assert.equal(both.keys.length, 2);
    assert.equal((await judge(next, both, { now: latest.now })).header.kid, "that of key 2");
    assert.equal((await judge(await token(borrow(alice, latest)), both, { now: latest.now })).header.kid, "that of key 2", "both sign with the new one");
    const [old, young] = (await rowsOf(database, "jwks", "createdAt")).map(shapeOfRow).map(({ createdAt, expiresAt, ...shape }) => shape);
    assert.deepEqual(young, old, "their rows are of one form");
  };
}
