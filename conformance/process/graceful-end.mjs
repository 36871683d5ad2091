// SIGTERM under load: nobody's request fails, exit code 0. A second SIGTERM ends it at once.
import { strict as assert } from "node:assert";
import { connect } from "node:net";
import { freshDatabase } from "../lib/database.mjs";
import { call, cookieOf, pause, signIn, signUp } from "../lib/load.mjs";
import { start } from "./start.mjs";

const CLIENTS = 8;

/** What was sent so much before SIGTERM has surely been accepted. */
const HEAD_START_MS = 30;

export async function gracefulEnd({ provider, binary }) {
  const database = await freshDatabase(provider);
  await underLoad(await start(provider, database.url, binary));
  await twice(await start(provider, database.url, binary));
}

async function underLoad(server) {
  const cookie = cookieOf(await signUp(server.port, "load@example.com"));
  const failures = [];
  const clients = Array.from({ length: CLIENTS }, (_, i) => untilRefused(server.port, i, cookie, failures));
  await pause(400);
  const asked = performance.now();
  const end = await server.launched.stop("SIGTERM");
  await Promise.all(clients);
  // A connection that the kernel took but the server had not yet is reset when the socket closes: nobody saw that request.
  const inTime = failures.filter(({ problem, startedAt }) => startedAt < asked - HEAD_START_MS || !/^ECONN/.test(problem));
  assert.deepEqual(inTime.map(({ problem }) => problem), [], "requests that failed");
  assert.deepEqual(end, { code: 0, signal: null });
}

/** Sends one request after the other until no connection is accepted. */
async function untilRefused(port, client, cookie, failures) {
  for (;;) {
    const startedAt = performance.now();
    try {
      const answer = client % 2 ? await signIn(port, "load@example.com") : await call(port, "GET", "/get-session", { cookie });
      if (answer.status !== 200) failures.push({ problem: `${answer.status} ${answer.body}`, startedAt });
    } catch (error) {
      failures.push({ problem: error.code ?? error.message, startedAt });
      return;
    }
  }
}

async function twice(server) {
  // A request that never ends keeps the first SIGTERM waiting.
  const socket = connect(server.port, "127.0.0.1");
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write("POST /api/auth/sign-in/email HTTP/1.1\r\nhost: localhost:3000\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{");
  await pause(200);
  server.launched.child.kill("SIGTERM");
  await pause(200);
  assert.equal(server.launched.ended, undefined, "the first SIGTERM waits for what is in flight");
  const asked = Date.now();
  await server.launched.stop("SIGTERM");
  assert.ok(Date.now() - asked < 1000, "the second SIGTERM ends it at once");
  socket.destroy();
}
