// Difference: a-database-that-is-away.
// The database goes away: the server says so, never "you are not signed in", and recovers by itself.
import { strict as assert } from "node:assert";
import { freshDatabase } from "../lib/database.mjs";
import { call, cookieOf, eventually, signUp } from "../lib/load.mjs";
import { startProxy } from "../lib/proxy.mjs";
import { start } from "./start.mjs";

const ROUNDS = 2;

export async function databaseAway({ provider, binary }) {
  const database = await freshDatabase(provider);
  const direct = new URL(database.url);
  const proxy = await startProxy(direct.hostname, Number(direct.port || 5432));
  const through = new URL(database.url);
  through.host = `127.0.0.1:${proxy.port}`;
  const server = await start(provider, through.href, binary);
  const session = (cookie) => call(server.port, "GET", "/get-session", { cookie });
  try {
    const cookie = cookieOf(await signUp(server.port, "alice@example.com"));
    for (let round = 1; round <= ROUNDS; round++) {
      assert.match((await session(cookie)).body, /alice@example\.com/, `round ${round}: signed in`);
      await proxy.down();
      assertAway(await session(cookie), "/get-session");
      assertAway(await call(server.port, "GET", "/list-sessions", { cookie }), "/list-sessions");
      assertAway(await call(server.port, "GET", "/verify", { cookie }), "/verify");
      assertAway(await signUp(server.port, `away${round}@example.com`), "/sign-up/email");
      assert.equal((await call(server.port, "GET", "/ok")).status, 200, "/ok needs no database");
      await proxy.up();
      let last;
      await eventually(
        async () => (last = await session(cookie)).body.includes("alice@example.com"),
        () => `round ${round}: does not recover after the database is back, the last answer is ${last.status} ${last.body}`,
      );
    }

    // A database that dropped its connections while nobody looked costs a retry, not an error.
    await proxy.down();
    await proxy.up();
    assert.equal((await session(cookie)).status, 200, "connections that died while idle are replaced unnoticed");
  } finally {
    await server.stop();
    await proxy.down();
  }
}

function assertAway(answer, what) {
  assert.equal(answer.status, 503, `${what} answers ${answer.status} ${answer.body} while the database is away`);
  assert.match(answer.header("retry-after") ?? "", /^\d+$/, `${what}: Retry-After`);
  assert.ok(JSON.parse(answer.body).code, `${what}: a code`);
  assert.equal(answer.header("set-cookie"), undefined, `${what}: no cookie is touched`);
}
