// Fifty people claim one address at the same moment: one gets it.
import { strict as assert } from "node:assert";
import { freshDatabase, rowsOf } from "../lib/database.mjs";
import { pause, signUp } from "../lib/load.mjs";
import { start } from "./start.mjs";

const CROWD = 50;
const ADDRESS = "crowd@example.com";

export async function oneAddress({ provider, binary, urlFor = ({ url }) => url }) {
  const database = await freshDatabase(provider);
  const server = await start(provider, urlFor(database), binary);
  try {
    const spelling = (i) => [...ADDRESS].map((letter, at) => ((i >> at % 6) & 1 ? letter.toUpperCase() : letter)).join("");
    const answers = await Promise.all(Array.from({ length: CROWD }, (_, i) => persist(() => signUp(server.port, spelling(i)))));
    // Who looked before the winner was there fails at the unique index, which the reference calls FAILED_TO_CREATE_USER.
    const { 200: welcomed, "422 USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL": told = 0, "422 FAILED_TO_CREATE_USER": collided = 0, ...rest } = tally(answers);
    assert.deepEqual({ welcomed, refused: told + collided, rest }, { welcomed: 1, refused: CROWD - 1, rest: {} });
  } finally {
    await server.stop();
  }
  const [users, accounts, sessions] = await Promise.all(["user", "account", "session"].map((table) => rowsOf(database, table)));
  assert.deepEqual(users.map((row) => row.email), [ADDRESS]);
  assert.equal(accounts.length, 1);
  assert.equal(sessions.length, 1);
}

/** A crowd may be asked to come back: hashing has a bounded queue. */
async function persist(ask) {
  for (;;) {
    const answer = await ask();
    if (answer.status !== 503) return answer;
    assert.match(answer.header("retry-after") ?? "", /^\d+$/, "a 503 says when to come back");
    await pause(100);
  }
}

function tally(answers) {
  const counts = {};
  for (const { status, body } of answers) {
    const key = status === 200 ? "200" : `${status} ${body === "" ? "(empty)" : JSON.parse(body).code}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
