// SIGKILL while people sign up: who was told "welcome" is there afterwards, and nobody is there by half.
import { strict as assert } from "node:assert";
import { freshDatabase, rowsOf } from "../lib/database.mjs";
import { inParallel, pause, signIn, signUp } from "../lib/load.mjs";
import { start } from "./start.mjs";

const ROUNDS = { sqlite: 20, postgres: 4 };
const CLIENTS = 6;

/** Long enough for some sign-ups to be acknowledged, different in every round so that the kill falls everywhere. */
const lifetime = (round) => 250 + ((round * 137) % 400);

export async function killNine({ provider, binary }) {
  const database = await freshDatabase(provider);
  const acknowledged = [];
  for (let round = 0; round < ROUNDS[provider]; round++) {
    const server = await start(provider, database.url, binary);
    const signingUp = Array.from({ length: CLIENTS }, (_, client) => signUpUntilCut(server.port, `r${round}c${client}`, acknowledged));
    await pause(lifetime(round));
    await server.launched.stop("SIGKILL");
    await Promise.all(signingUp);
  }
  assert.ok(acknowledged.length >= ROUNDS[provider], `only ${acknowledged.length} sign-ups were acknowledged: the kills came too early to say anything`);

  const server = await start(provider, database.url, binary);
  try {
    const lost = [];
    await inParallel(acknowledged, 4, async (email) => {
      if ((await signIn(server.port, email)).status !== 200) lost.push(email);
    });
    assert.deepEqual(lost, [], "acknowledged, but cannot sign in");
  } finally {
    await server.stop();
  }
  const [users, accounts] = [await rowsOf(database, "user"), await rowsOf(database, "account")];
  const withAccount = new Set(accounts.filter((row) => row.providerId === "credential" && row.password).map((row) => row.userId));
  assert.deepEqual(users.filter((row) => !withAccount.has(row.id)).map((row) => row.email), [], "users without a credential account");
  if (provider === "sqlite") assert.deepEqual(await database.query("pragma integrity_check"), [{ integrity_check: "ok" }]);
}

async function signUpUntilCut(port, name, acknowledged) {
  for (let i = 0; ; i++) {
    const email = `${name}n${i}@example.com`;
    try {
      const { status } = await signUp(port, email);
      if (status === 200) acknowledged.push(email);
    } catch {
      // The kill. Whether this one was stored is not known, and nobody was told.
      return;
    }
  }
}
