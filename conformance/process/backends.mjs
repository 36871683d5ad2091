// Difference: endpoints-for-backends.
// Tokens for backends: minted by a real server, verified by a library of others, asked about, and refused by the reference
// where it would take them for its own.
import { strict as assert } from "node:assert";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { SECRET, withBase } from "../lib/config.mjs";
import { freshDatabase } from "../lib/database.mjs";
import { exchange, valuesOf } from "../lib/http.mjs";
import { call, cookieOf, signUp } from "../lib/load.mjs";
import { blocks } from "../lib/nginx.mjs";
import { run, writeConfig } from "../lib/process.mjs";
import { startReference, startVestibule } from "../lib/targets.mjs";

const ORIGIN = "http://localhost:3000";
const CROWD = 50;
const PUBLIC = ["EdDSA", "ES256", "RS256"];

export async function backends({ provider, binary }) {
  const database = await freshDatabase(provider);
  const base = { database: { provider, url: database.url, migrate: true } };
  const config = withBase({
    ...base,
    tokens: {
      api: { algorithm: "HS256", claims: ["name", "emailVerified"] },
      legacy: { algorithm: "HS256", dangerouslySignWithAuthSecret: true, claims: ["name"] },
    },
    services: { api: {} },
  });
  // The reference on the same database has neither.
  config.plugins = { bearer: {}, jwt: {} };
  for (const algorithm of PUBLIC) config.tokens[algorithm] = { algorithm, type: algorithm === "RS256" ? "JWT" : "at+jwt" };
  const derive = async (purpose) => {
    const { code, stdout, stderr } = await run(binary, ["secret", "derive", "--service", "api", "--purpose", purpose, "--config", writeConfig(config)]);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  const [serviceKey, tokenKey] = [await derive("key"), await derive("token")];
  const server = await startVestibule(config, { binary });
  // An answer of the API means that the tables are there.
  await call(server.port, "GET", "/get-session");
  const reference = await startReference(withBase(base));
  try {
    const cookie = cookieOf(await signUp(server.port, "alice@example.com"));
    const me = JSON.parse((await call(server.port, "GET", "/get-session", { cookie })).body);
    const introspect = introspector(server.port, serviceKey);

    const claims = await verified(await mint(server.port, cookie, { audience: "api" }), tokenKey, "api");
    assert.equal(claims.sub, me.user.id);
    assert.equal(claims.sid, me.session.id);
    assert.deepEqual([claims.name, claims.emailVerified, claims.email], ["Load", false, undefined]);
    assert.deepEqual(JSON.parse((await atOrigin(server.port, "GET", "/auth/me", { cookie })).body), me.user);
    await byPublicKeys(server.port, cookie, me.session.token);
    await neverFromABody(server.port);
    await aSessionOfTheReferenceCounts(server, reference, tokenKey);
    await theSecretItselfOpensNothing(server, reference, cookie, introspect);
    await aCrowdAtOnce(server.port, cookie, tokenKey);
    await theSnippetOfTheGuide(server.port, cookie, tokenKey);
    await itEndsWithTheSession(server.port, cookie, me, introspect);
  } finally {
    await reference.stop();
    await server.stop();
  }
}

const atOrigin = (port, method, target, { json, cookie, origin = ORIGIN } = {}) =>
  exchange({
    port,
    method,
    target,
    body: json === undefined ? undefined : JSON.stringify(json),
    headers: { host: "localhost:3000", origin, ...(json !== undefined && { "content-type": "application/json" }), ...(cookie && { cookie }) },
  });

async function mint(port, cookie, json) {
  const answer = await atOrigin(port, "POST", "/auth/token", { cookie, json });
  assert.equal(answer.status, 200, answer.body);
  assert.deepEqual(valuesOf(answer.headers, "cache-control"), ["no-store"]);
  return JSON.parse(answer.body).access_token;
}

/** As a backend does it that has never heard of Vestibule. */
async function verified(token, key, audience) {
  const { payload, protectedHeader } = await jwtVerify(token, new TextEncoder().encode(key), {
    algorithms: ["HS256"],
    audience,
    issuer: ORIGIN,
    typ: "at+jwt",
  });
  assert.deepEqual(protectedHeader, { alg: "HS256", typ: "at+jwt" });
  return payload;
}

/** As `Authority = ..` does it in .NET and `issuer-uri` in Spring: discovery, then keys, then the token. */
async function byPublicKeys(port, cookie, sessionToken) {
  const discovery = JSON.parse((await atOrigin(port, "GET", "/.well-known/openid-configuration")).body);
  assert.equal(discovery.issuer, ORIGIN);
  const keys = createRemoteJWKSet(new URL(new URL(discovery.jwks_uri).pathname, `http://127.0.0.1:${port}`), { cooldownDuration: 0 });
  const expected = (algorithm) => ({ algorithms: [algorithm], issuer: discovery.issuer, audience: algorithm, typ: algorithm === "RS256" ? "JWT" : "at+jwt" });
  for (const algorithm of PUBLIC) {
    const token = await mint(port, cookie, { audience: algorithm });
    const { payload } = await jwtVerify(token, keys, expected(algorithm));
    assert.ok(payload.sid);
    await assert.rejects(jwtVerify(token, keys, { ...expected(algorithm), audience: "api" }), { code: "ERR_JWT_CLAIM_VALIDATION_FAILED" });
  }
  const bearer = await exchange({ port, method: "GET", target: "/auth/me", headers: { host: "localhost:3000", authorization: `Bearer ${sessionToken}` } });
  assert.equal(bearer.status, 200, bearer.body);
}

const introspector = (port, key) => async (token) => {
  const answer = await exchange({
    port,
    method: "POST",
    target: "/api/auth/introspect",
    body: new URLSearchParams({ token }).toString(),
    headers: {
      host: "localhost:3000",
      authorization: `Basic ${Buffer.from(`api:${key}`).toString("base64")}`,
      "content-type": "application/x-www-form-urlencoded",
    },
  });
  assert.equal(answer.status, 200, answer.body);
  return JSON.parse(answer.body);
};

async function neverFromABody(port) {
  const json = { email: "alice@example.com", userId: "1", sub: "1", audience: "api" };
  const answer = await atOrigin(port, "POST", "/auth/token", { json });
  assert.equal(answer.status, 401);
  assert.match(valuesOf(answer.headers, "www-authenticate")[0], /^Bearer /);
}

async function aSessionOfTheReferenceCounts(server, reference, tokenKey) {
  const cookie = cookieOf(await signUp(reference.port, "bob@example.com"));
  const claims = await verified(await mint(server.port, cookie, { audience: "api" }), tokenKey, "api");
  const { user } = JSON.parse((await call(reference.port, "GET", "/get-session", { cookie })).body);
  assert.equal(claims.sub, user.id);
}

/** Better Auth takes an HS256 token of its secret that has an `email` for a verification link, which can open a session. */
async function theSecretItselfOpensNothing(server, reference, cookie, introspect) {
  const token = await mint(server.port, cookie, { audience: "legacy" });
  await verified(token, SECRET, "legacy");
  assert.equal((await introspect(token)).active, true);
  for (const { port, kind } of [server, reference]) {
    const answer = await call(port, "GET", `/verify-email?token=${token}`);
    // The reference fails where there is no `email`.
    assert.equal(answer.status, kind === "vestibule" ? 401 : 500, `${kind}: ${answer.body}`);
    assert.deepEqual(valuesOf(answer.headers, "set-cookie"), [], kind);
    for (const name of ["session_token", "session_data"]) {
      const stolen = await call(port, "GET", "/get-session", { cookie: `better-auth.${name}=${token}` });
      assert.equal(stolen.body, "null", `${kind}: ${name}`);
    }
  }
}

async function aCrowdAtOnce(port, cookie, tokenKey) {
  const tokens = await Promise.all(Array.from({ length: CROWD }, () => mint(port, cookie, { audience: "api" })));
  const ids = await Promise.all(tokens.map(async (token) => (await verified(token, tokenKey, "api")).jti));
  assert.equal(new Set(ids).size, CROWD, "each token has an id of its own");
}

/** Ten parts of a page ask for a token; one request is made. */
async function theSnippetOfTheGuide(port, cookie, tokenKey) {
  // The port makes it another module each time, with a state of its own.
  const { accessToken } = await import(`data:text/javascript,${encodeURIComponent(blocks("backends.md", "js")[0])}// ${port}`);
  const { fetch, Date: RealDate } = globalThis;
  let requests = 0;
  let status;
  globalThis.fetch = async (target, { method, headers, body, credentials }) => {
    requests++;
    assert.equal(credentials, "include");
    const answer = await exchange({ port, method, target, body, headers: { host: "localhost:3000", origin: ORIGIN, ...headers, ...(status === 401 ? {} : { cookie }) } });
    return new Response(answer.body, { status: answer.status });
  };
  try {
    const together = await Promise.all(Array.from({ length: 10 }, () => accessToken()));
    assert.equal(new Set(together).size, 1);
    assert.equal(await accessToken(), together[0]);
    assert.equal(requests, 1, "one request for all");
    await verified(together[0], tokenKey, "api");
    const later = (seconds) => {
      globalThis.Date = class extends RealDate {
        static now = () => RealDate.now() + seconds * 1000;
      };
    };
    later(13 * 60);
    assert.equal(await accessToken(), together[0], "it is good for another minute");
    later(14 * 60 + 1);
    assert.notEqual(await accessToken(), together[0], "a minute before it expires there is another");
    assert.equal(requests, 2);
    later(30 * 60);
    status = 401;
    await assert.rejects(accessToken(), { status: 401 });
    status = 200;
    await accessToken();
  } finally {
    Object.assign(globalThis, { fetch, Date: RealDate });
  }
}

async function itEndsWithTheSession(port, cookie, { user, session }, introspect) {
  const token = await mint(port, cookie, { audience: "api" });
  for (const live of [token, session.token, decodeURIComponent(cookie.split("=")[1])]) {
    const answer = await introspect(live);
    assert.deepEqual([answer.active, answer.sub, answer.sid], [true, user.id, session.id]);
  }
  assert.equal((await call(port, "POST", "/revoke-sessions", { cookie, json: {} })).status, 200);
  for (const dead of [token, session.token, "x", `${token}x`]) assert.deepEqual(await introspect(dead), { active: false });
  assert.equal((await atOrigin(port, "POST", "/auth/token", { cookie, json: {} })).status, 401);
  assert.equal((await atOrigin(port, "GET", "/auth/me", { cookie })).status, 401);
}
