// Runs the suites in order and closes with one line.
import { dropDatabases, requirePostgres } from "./database.mjs";
import { Differences } from "./differences.mjs";
import { sweep, workFolder } from "./paths.mjs";
import { Report } from "./report.mjs";
import { stopHosts } from "./targets.mjs";

export async function main(options) {
  const report = new Report();
  sweep();
  try {
    if (options.databases.includes("postgres")) await requirePostgres();
    for (const name of options.suites) {
      console.log(`\n${name}`);
      const { run } = await import(`../suites/${name}.mjs`);
      const differences = await run(report, options);
      if (name === "scenarios" && !options.referenceOnly) checkDifferences(report, differences, options);
    }
  } catch (error) {
    report.fail("the run itself", [error.stack ?? String(error)]);
  } finally {
    await stopHosts();
    await dropDatabases();
  }
  if (report.failed > 0) console.log(`\nThe servers' logs are in ${workFolder("logs")}`);
  return report.close();
}

function checkDifferences(report, differences, { filtered }) {
  for (const id of Differences.undocumented()) report.fail(`docs/differences.md has no heading "### ${id}"`, []);
  if (filtered) return;
  for (const id of differences.unused()) report.fail(`the rule "${id}" of lib/differences.mjs was not needed: remove it, and its entry`, []);
}
