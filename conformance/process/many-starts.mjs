// Eight servers find an empty database at the same time: all come up, and the schema is made once.
import { strict as assert } from "node:assert";
import { freshDatabase } from "../lib/database.mjs";
import { signIn, signUp } from "../lib/load.mjs";
import { start } from "./start.mjs";

const SERVERS = 8;

export async function manyStarts({ provider, binary, urlFor = ({ url }) => url }) {
  const database = await freshDatabase(provider);
  const starts = await Promise.allSettled(Array.from({ length: SERVERS }, () => start(provider, urlFor(database), binary)));
  const servers = starts.filter(({ status }) => status === "fulfilled").map(({ value }) => value);
  try {
    assert.deepEqual(starts.filter(({ status }) => status === "rejected").map(({ reason }) => reason.message), []);
    assert.equal((await signUp(servers[0].port, "first@example.com")).status, 200);
    for (const { port } of servers) assert.equal((await signIn(port, "first@example.com")).status, 200);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}
