import { SECRET } from "../lib/config.mjs";
import { rowsOf } from "../lib/database.mjs";
import { judge, shapeOfRow, shapeOfSet } from "../lib/key-sets.mjs";

export const name = "jwt";

const withKeys = (jwks, more = {}) => ({ plugins: { jwt: { jwks, ...more } } });

export const variants = [
  { name: "plain", config: { plugins: { jwt: {} } }, play: plain },
  ...["EdDSA", "ES256", "ES512", "RS256", "PS256"].map((alg) => ({ name: alg, config: withKeys({ keyPairConfig: { alg } }), play: sign })),
  { name: "EdDSA with its curve", config: withKeys({ keyPairConfig: { alg: "EdDSA", crv: "Ed25519" } }), play: sign },
  { name: "a longer modulus", config: withKeys({ keyPairConfig: { alg: "RS256", modulusLength: 3072 } }), play: sign },
  { name: "keys in clear", config: withKeys({ disablePrivateKeyEncryption: true }), play: sign },
  { name: "versions of secrets", config: { secret: undefined, secrets: [{ version: 7, value: SECRET }], ...withKeys({}) }, play: sign },
  { name: "rotation", config: withKeys({ rotationInterval: 3600, gracePeriod: 7200 }), play: rotation },
  { name: "another path", config: withKeys({ jwksPath: "/.well-known/keys.json" }), play: anotherPath },
  { name: "no header", config: { plugins: { jwt: { disableSettingJwtHeader: true } } }, play: plain },
  {
    name: "claims by options",
    config: { plugins: { jwt: { jwt: { issuer: "https://issuer.example", audience: ["https://a.example", "b"], expirationTime: "1h" } } } },
    play: (t) => sign(t, { issuer: "https://issuer.example", audience: "b" }),
  },
  { name: "an end by options", config: { plugins: { jwt: { jwt: { expirationTime: 1_893_456_000 } } } }, play: sign },
  { name: "https and a base path", config: { baseURL: "https://app.example.com/accounts", plugins: { jwt: {} } }, play: (t) => sign(t, { issuer: "https://app.example.com" }) },
  { name: "claims by functions", config: ({ hook }) => ({ plugins: { jwt: { jwt: { definePayload: hook, getSubject: hook } } } }), play: byFunctions },
  {
    name: "signed elsewhere",
    config: ({ hook }) => withKeys({ remoteUrl: "https://keys.example/jwks", keyPairConfig: { alg: "ES256" } }, { jwt: { sign: hook } }),
    play: signedElsewhere,
  },
  { name: "hidden fields", config: { user: { additionalFields: hiddenFields() }, plugins: { jwt: {} } }, play: sign },
  ...["EdDSA", "ES512", "RS256"].map((alg) => ({
    name: `a session cache by ${alg}`,
    config: { session: { cookieCache: { enabled: true, strategy: "jwt" } }, ...withKeys({ keyPairConfig: { alg } }, { sessionCookieCache: true }) },
    play: sessionCache,
  })),
  { name: "a renamed table", config: { plugins: { jwt: { schema: { jwks: { modelName: "signing keys", fields: { publicKey: "public_key" } } } } } }, play: renamed },
  { name: "serial ids", config: { advanced: { database: { generateId: "serial" } }, plugins: { jwt: {} } }, play: sign },
];

export const run = (t, { play }) => play(t);

function hiddenFields() {
  return {
    visible: { type: "string", required: false, defaultValue: "seen" },
    hidden: { type: "string", required: false, returned: false, defaultValue: "not seen" },
  };
}

/** The key set, recorded. */
async function keySet(t, label, path = "/jwks") {
  const answer = await t.raw("GET", path, { label, digest: shapeOfSet });
  return answer.status === 200 ? answer.json() : { keys: [] };
}

/** `/token`, recorded; its token is recorded by `verify`. */
async function token(t, actor, label) {
  const answer = await actor.get("/token", { label, digest: (body) => Object.keys(JSON.parse(body)) });
  return answer.json().token;
}

const verify = async (t, label, text, set, expected) => t.note(label, await judge(text, set, { now: t.now, ...expected }));

async function keyRows(t) {
  t.note("rows of jwks", (await rowsOf(t.database, "jwks", "createdAt")).map(shapeOfRow));
}

async function sign(t, expected) {
  const alice = t.actor();
  await alice.signUp(t.email());
  const text = await token(t, alice);
  await keyRows(t);
  await verify(t, "the token", text, await keySet(t), expected);
  await verify(t, "the token, a day later", text, await keySet(t), { ...expected, now: t.now + 86_400_000 });
  const session = await alice.get("/get-session");
  await verify(t, "set-auth-jwt", session.header("set-auth-jwt"), await keySet(t), expected);
}

async function plain(t) {
  await t.raw("GET", "/token", { label: "nobody" });
  await t.raw("POST", "/token", { json: {}, label: "nobody" });
  await t.raw("POST", "/jwks", { json: {} });
  await t.raw("GET", "/jwks/");
  await t.raw("GET", "/token/x");
  await keyRows(t);
  await keySet(t, "the first question");
  const set = await keySet(t, "the second");
  await keyRows(t);

  const alice = t.actor();
  const signedUp = await alice.signUp(t.email());
  t.note("a sign-up has no header", signedUp.header("set-auth-jwt") ?? "none");
  for (const [label, answer] of [
    ["GET", await alice.get("/get-session")],
    ["without refresh", await alice.get("/get-session", { query: "disableRefresh=true" })],
    ["nobody", await t.raw("GET", "/get-session")],
    ["refused", await alice.post("/get-session", {})],
    ["another endpoint", await alice.get("/list-sessions")],
  ]) {
    const header = answer.header("set-auth-jwt");
    t.note(`header: ${label}`, header === undefined ? "none" : await judge(header, set, { now: t.now }));
  }
  t.advance(2 * 86_400);
  const refreshed = await alice.get("/get-session", { label: "due for a refresh" });
  const header = refreshed.header("set-auth-jwt");
  t.note("header: refreshed", header === undefined ? "none" : await judge(header, set, { now: t.now }));

  await verify(t, "a token", await token(t, alice), set);
  await alice.post("/update-user", { name: "Alicia", image: "https://example.com/a.png" });
  await verify(t, "a changed user", await token(t, alice), set);
  await t.raw("GET", "/token", { headers: { cookie: "better-auth.session_token=forged.AAAA" }, label: "a forged cookie" });
  await alice.get("/token", { query: "disableRefresh=true", digest: (body) => Object.keys(JSON.parse(body)) });
  await alice.post("/sign-out", {});
  await alice.get("/token", { label: "signed out" });
  await t.sql('DELETE FROM "jwks"');
  const bob = t.actor();
  await bob.signUp(t.email("bob"));
  await verify(t, "a key that is gone", await token(t, bob), set);
  await keyRows(t);
}

async function rotation(t) {
  const alice = t.actor();
  await alice.signUp(t.email());
  const first = await token(t, alice);
  const early = await keySet(t);
  t.advance(3500);
  await verify(t, "the key still signs", await token(t, alice), early);
  t.advance(100);
  const second = await token(t, alice, "the key is too old");
  const both = await keySet(t);
  await verify(t, "the first token", first, both, { now: t.now - 3_600_000 });
  await verify(t, "the second token", second, both);
  await keyRows(t);
  t.advance(7200);
  const late = await keySet(t, "the first key is gone, the second is too old to sign");
  await verify(t, "the first token", first, late);
  await verify(t, "the second token", second, late, { now: t.now - 7_200_000 });
  t.advance(7200);
  await keySet(t, "all keys are gone, and asking makes none");
  const bob = t.actor();
  await bob.signUp(t.email("bob"));
  await verify(t, "a new key", await token(t, bob), await keySet(t));
  await keyRows(t);
}

async function anotherPath(t) {
  await t.raw("GET", "/jwks");
  const set = await keySet(t, "its path", "/.well-known/keys.json");
  const alice = t.actor();
  await alice.signUp(t.email());
  await verify(t, "a token", await token(t, alice), set);
}

async function renamed(t) {
  const alice = t.actor();
  await alice.signUp(t.email());
  await verify(t, "a token", await token(t, alice), await keySet(t));
  const rows = await rowsOf(t.database, "signing keys", "createdAt");
  t.note("rows", rows.map(({ public_key: publicKey, ...rest }) => shapeOfRow({ publicKey, ...rest })));
}

/** Read offline: by the reference's own `getCookieCache`, and by jose. */
async function sessionCache(t) {
  const alice = t.actor();
  await alice.signUp(t.email());
  const set = await keySet(t);
  const issuer = "http://localhost:3000";
  for (const jwt of [{ jwks: set, issuer }, { jwks: set }, { jwks: set, issuer: "http://else.example" }, { jwks: { keys: [] }, issuer }]) {
    await t.cookiesOf(alice, { jwt });
  }
  const cookie = alice.jar.copy().header().match(/better-auth\.session_data=([^;]+)/)[1];
  await verify(t, "by jose", cookie, set, { audience: "better-auth:session-cache" });
  // A token for services is no session cache, and the other way round.
  const text = await token(t, alice);
  await verify(t, "a cache is no token", cookie, set);
  alice.jar.store([`better-auth.session_data=${text}; Path=/`]);
  await alice.get("/get-session", { label: "a token in the place of a cache" });
}

const PAYLOADS = {
  nothing: {},
  empty: { body: { result: {} } },
  "a role": { body: { result: { role: "admin", nested: { list: [1, null, "é"] } } } },
  "all that counts": { body: { result: { sub: "no", iat: 1_767_614_400, exp: 1_893_456_000, nbf: 1_767_614_400, iss: "me", aud: ["you"], jti: "1" } } },
  "null where it counts": { body: { result: { exp: null, iss: null, aud: null } } },
  "a span": { body: { result: { exp: "2h" } } },
};

async function byFunctions(t) {
  const alice = t.actor();
  await alice.signUp(t.email());
  const set = await keySet(t);
  for (const [label, answer] of Object.entries(PAYLOADS)) {
    for (const subject of ["", "acct:alice"]) {
      t.hooks.answers.set("plugins.jwt.jwt.definePayload", answer);
      t.hooks.answers.set("plugins.jwt.jwt.getSubject", subject ? { body: { result: subject } } : {});
      await verify(t, `${label}, ${subject || "no subject"}`, await token(t, alice, label), set);
      t.calls({ withRequest: false });
    }
  }
  t.hooks.answers.set("plugins.jwt.jwt.definePayload", { status: 400, body: { error: { message: "Not you", code: "NOT_YOU" }, status: 403 } });
  await alice.get("/token", { label: "refused" });
  await alice.get("/get-session", { label: "refused" });
  t.hooks.answers.set("plugins.jwt.jwt.definePayload", { status: 500, body: { error: { message: "Broken" } } });
  await alice.get("/token", { label: "broken" });
}

async function signedElsewhere(t) {
  t.hooks.answers.set("plugins.jwt.jwt.sign", { body: { result: "signed.else.where" } });
  await t.raw("GET", "/jwks");
  const alice = t.actor();
  await alice.signUp(t.email());
  await alice.get("/token");
  const session = await alice.get("/get-session");
  t.note("set-auth-jwt", session.header("set-auth-jwt"));
  t.calls({ withRequest: false });
  await keyRows(t);
}
