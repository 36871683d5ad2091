// Everything works behind a pooler in transaction mode, where no two statements outside a transaction share a connection.
import { runScenarios } from "../suites/scenarios.mjs";
import { exercise, withBoth } from "../suites/interop.mjs";
import { freshDatabase } from "../lib/database.mjs";
import { startPgbouncer } from "../lib/pgbouncer.mjs";
import { manyStarts } from "./many-starts.mjs";
import { oneAddress } from "./one-address.mjs";

/** Scenarios that touch every statement the endpoints have. */
const SCENARIOS = /^(sign-up|sign-in|update-user|listing and ending sessions|change-password and verify-password|rate limits: small window, in the database|ids: .*|tables in a schema of their own)$/;

export async function throughPooler(report, { only, binary }) {
  const pooled = (label) => `process: ${label} [postgres through pgbouncer]`;
  const wanted = [
    [pooled("fifty sign-ups of one address"), (urlFor) => oneAddress({ provider: "postgres", binary, urlFor })],
    [pooled("eight servers start at once"), (urlFor) => manyStarts({ provider: "postgres", binary, urlFor })],
    [pooled("interop"), async (urlFor) => {
      const database = await freshDatabase("postgres");
      await withBoth({ provider: "postgres", url: urlFor(database), database }, {}, binary, exercise);
    }],
  ].filter(([name]) => only.test(name));
  const scenarios = only.test(pooled("scenarios"));
  if (wanted.length === 0 && !scenarios) return;

  let pooler;
  await report.run(pooled("the pooler starts"), async () => {
    pooler = await startPgbouncer();
  });
  if (!pooler) return;
  try {
    for (const [name, work] of wanted) await report.run(name, () => work(pooler.urlFor));
    if (scenarios) await runScenarios(report, { pattern: SCENARIOS, label: "postgres through pgbouncer", binary, urlFor: pooler.urlFor });
  } finally {
    await pooler.stop();
  }
}
