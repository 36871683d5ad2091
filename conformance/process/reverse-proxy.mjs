// nginx asks /verify before it passes a request on: with the configuration of the guide, and a real nginx.
import { strict as assert } from "node:assert";
import { createServer } from "node:http";
import { withBase } from "../lib/config.mjs";
import { freshDatabase } from "../lib/database.mjs";
import { exchange, valuesOf } from "../lib/http.mjs";
import { call, cookieOf, inParallel, signUp } from "../lib/load.mjs";
import { blocks, startNginx } from "../lib/nginx.mjs";
import { startVestibule } from "../lib/targets.mjs";

const HOUR_MS = 60 * 60 * 1000;
const X_AUTH = ["x-auth-user-id", "x-auth-user-email", "x-auth-user-name", "x-auth-session-id", "x-auth-expires"];

export async function reverseProxy({ provider, binary }) {
  const database = await freshDatabase(provider);
  const config = withBase({ database: { provider, url: database.url, migrate: true }, rateLimit: undefined });
  const server = await startVestibule(config, { binary });
  const application = await startApplication();
  const nginx = await startNginx(blocks("backends.md", "nginx")[0], {
    "127.0.0.1:4000": `127.0.0.1:${server.port}`,
    "127.0.0.1:8000": `127.0.0.1:${application.port}`,
  });
  const ask = (target, { method = "GET", body, ...headers } = {}) =>
    exchange({ port: nginx.port, method, target, body, headers: { host: "localhost:3000", ...headers } });
  try {
    await nobodyPasses(ask, application);
    const cookie = cookieOf(await signUp(nginx.port, "alice@example.com"));
    const session = JSON.parse((await call(nginx.port, "GET", "/get-session", { cookie })).body);
    await whoItIsReachesTheApplication(ask, application, cookie, session);
    await nothingMadeUpDoes(ask, application, cookie, session);
    await namesAreEncoded(nginx.port, ask, application, cookie);
    await aProlongedSessionReachesTheBrowser(ask, cookie);
    await aPageOfManyParts(ask, cookie);

    assert.equal((await call(nginx.port, "POST", "/sign-out", { cookie, json: {} })).status, 200);
    assert.equal((await ask("/", { cookie })).status, 401, "signed out is signed out");
    assert.ok(!/\[(error|crit|alert)\]/.test(nginx.log()), nginx.log());
    await server.stop();
    const away = await ask("/", { cookie });
    assert.equal(away.status, 503, "a Vestibule that is away is neither 401 nor 500");
    assert.deepEqual(valuesOf(away.headers, "retry-after"), ["1"]);
  } finally {
    await nginx.stop();
    await server.stop();
    await application.stop();
  }
}

async function nobodyPasses(ask, application) {
  for (const headers of [{}, { cookie: "better-auth.session_token=x.y" }, { "x-auth-user-id": "alice" }, { authorization: "Bearer x" }]) {
    const answer = await ask("/notes", headers);
    assert.equal(answer.status, 401);
    assert.match(answer.body, /Sign in/, "the proxy's own page");
  }
  assert.deepEqual(application.seen, [], "the application was not asked");
  assert.equal((await ask("/_verify")).status, 404, "nobody asks from outside");
}

async function whoItIsReachesTheApplication(ask, application, cookie, { user, session }) {
  for (const [method, body] of [["GET"], ["POST", "a=1"], ["DELETE"], ["PUT", "x".repeat(100_000)]]) {
    const answer = await ask("/notes?disableRefresh=1", { method, body, cookie, origin: "https://elsewhere.example" });
    assert.equal(answer.status, 200, `${method}: ${answer.body}`);
    const seen = application.seen.pop();
    assert.equal(seen.method, method);
    assert.equal(seen.length, body?.length ?? 0, "the body is not lost");
    assert.deepEqual(
      X_AUTH.map((name) => valuesOf(seen.headers, name)),
      [[user.id], ["alice@example.com"], ["Load"], [session.id], [session.expiresAt]],
    );
  }
}

async function nothingMadeUpDoes(ask, application, cookie, { user }) {
  const madeUp = Object.fromEntries(X_AUTH.map((name) => [name, ["somebody", "else"]]));
  assert.equal((await ask("/", { ...madeUp, X_Auth_User_Id: "somebody", cookie })).status, 200);
  const { headers } = application.seen.pop();
  assert.deepEqual(valuesOf(headers, "x-auth-user-id"), [user.id]);
  assert.ok(!JSON.stringify(headers.filter(([name]) => name !== "cookie")).includes("somebody"), JSON.stringify(headers));
}

async function namesAreEncoded(port, ask, application, cookie) {
  for (const name of ["José 李 100%", "a\r\nX-Auth-User-Id: b", " "]) {
    assert.equal((await call(port, "POST", "/update-user", { cookie, json: { name } })).status, 200);
    assert.equal((await ask("/", { cookie })).status, 200);
    const [seen] = valuesOf(application.seen.pop().headers, "x-auth-user-name");
    assert.equal(decodeURIComponent(seen), name);
  }
}

async function aProlongedSessionReachesTheBrowser(ask, cookie) {
  const unchanged = await ask("/", { cookie });
  assert.deepEqual(valuesOf(unchanged.headers, "set-cookie"), ["of=the application"]);
  const answer = await ask("/", { cookie, "x-test-now": String(Date.now() + 25 * HOUR_MS) });
  const set = valuesOf(answer.headers, "set-cookie");
  assert.equal(set.length, 2, set.join("\n"));
  assert.ok(set.includes("of=the application"));
  const prolonged = set.find((line) => line.startsWith("better-auth.session_token="));
  assert.match(prolonged, /Max-Age=604800/);
  assert.equal((await ask("/", { cookie: prolonged.split(";")[0] })).status, 200);
}

async function aPageOfManyParts(ask, cookie) {
  const statuses = new Set();
  await inParallel(Array.from({ length: 300 }), 30, async () => statuses.add((await ask("/part", { cookie })).status));
  assert.deepEqual([...statuses], [200], "a page may have many parts");
}

/** Remembers what it is asked. */
async function startApplication() {
  const seen = [];
  const server = createServer(async (request, response) => {
    let length = 0;
    for await (const chunk of request) length += chunk.length;
    const headers = [];
    for (let i = 0; i < request.rawHeaders.length; i += 2) headers.push([request.rawHeaders[i].toLowerCase(), request.rawHeaders[i + 1]]);
    seen.push({ method: request.method, headers, length });
    response.setHeader("set-cookie", "of=the application");
    response.end("the application");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { seen, port: server.address().port, stop: () => new Promise((resolve) => server.close(resolve)) };
}
