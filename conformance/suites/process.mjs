// What happens to the process: kills, crowds, many at once, a database that is away, a pooler, a polite end.
import { backends } from "../process/backends.mjs";
import { databaseAway } from "../process/database-away.mjs";
import { gracefulEnd } from "../process/graceful-end.mjs";
import { killNine } from "../process/kill-9.mjs";
import { manyStarts } from "../process/many-starts.mjs";
import { oneAddress } from "../process/one-address.mjs";
import { throughPooler } from "../process/pooler.mjs";
import { reverseProxy } from "../process/reverse-proxy.mjs";

const CASES = [
  ["kill -9 during sign-ups", killNine, ["sqlite", "postgres"]],
  ["fifty sign-ups of one address", oneAddress, ["sqlite", "postgres"]],
  ["eight servers start at once", manyStarts, ["sqlite", "postgres"]],
  ["the end by SIGTERM", gracefulEnd, ["sqlite"]],
  ["the database is away", databaseAway, ["postgres"]],
  ["tokens for backends", backends, ["sqlite", "postgres"]],
  ["nginx asks who it is", reverseProxy, ["sqlite", "postgres"]],
];

export async function run(report, { only, databases, binary }) {
  for (const provider of databases) {
    for (const [label, work, providers] of CASES) {
      const name = `process: ${label} [${provider}]`;
      if (providers.includes(provider) && only.test(name)) await report.run(name, () => work({ provider, binary }));
    }
  }
  if (databases.includes("postgres")) await throughPooler(report, { only, binary });
}
