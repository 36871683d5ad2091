// Runs every scenario against the reference and against Vestibule from one configuration, and compares the transcripts.
import { readdirSync } from "node:fs";
import { compareTranscripts } from "../lib/compare.mjs";
import { withBase } from "../lib/config.mjs";
import { freshDatabase } from "../lib/database.mjs";
import { Differences, noDifferences } from "../lib/differences.mjs";
import { Hooks } from "../lib/hooks.mjs";
import { expectNone } from "../lib/report.mjs";
import { Scenario } from "../lib/scenario.mjs";
import { startReference, startVestibule } from "../lib/targets.mjs";

/** More than this says nothing new. */
const PROBLEMS_SHOWN = 12;

/** Stands for the webhook's address while configurations are compared for equality. */
const ANY_HOOK = { webhook: "hook" };

export async function run(report, { only, databases, binary, referenceOnly, print }) {
  const differences = referenceOnly ? noDifferences : new Differences();
  const groups = groupByConfig((await load()).filter(({ name }) => only.test(name)));
  for (const provider of databases) {
    for (const group of groups) {
      if (group[0].databases && !group[0].databases.includes(provider)) continue;
      await runGroup(report, group, { provider, label: provider, differences, binary, referenceOnly, print });
    }
  }
  return differences;
}

/** Some scenarios on PostgreSQL, which Vestibule reaches by another address; the reference goes straight to it. */
export async function runScenarios(report, { pattern, label, binary, urlFor }) {
  const differences = new Differences();
  for (const group of groupByConfig((await load()).filter(({ name }) => pattern.test(name)))) {
    await runGroup(report, group, { provider: "postgres", label, differences, binary, urlFor });
  }
}

async function load() {
  const folder = new URL("../scenarios/", import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith(".mjs")).sort();
  const modules = await Promise.all(files.map(async (file) => ({ file, ...(await import(new URL(file, folder))) })));
  return modules.flatMap(({ file, name, config, env, databases, variants, run }) =>
    (variants ?? [{ config, env }]).map((variant, index) => ({
      name: variant.name ? `${name}: ${variant.name}` : name,
      slug: `${file.replace(/\.mjs$/, "").replaceAll("-", "")}${index}`,
      config: variant.config ?? config ?? {},
      env: variant.env ?? env,
      databases,
      run: (context) => run(context, variant),
    })),
  );
}

/** Scenarios with one configuration share servers and a database. */
function groupByConfig(scenarios) {
  const groups = new Map();
  for (const scenario of scenarios) {
    const key = JSON.stringify([configOf(scenario, ANY_HOOK), scenario.env, scenario.databases]);
    groups.set(key, [...(groups.get(key) ?? []), scenario]);
  }
  return [...groups.values()];
}

function configOf({ config }, hook) {
  const changes = typeof config === "function" ? config({ hook }) : config;
  return withBase({
    ...changes,
    ...(typeof config === "function" && { webhooks: { notifications: "await" } }),
  });
}

async function runGroup(report, group, { provider, label, differences, binary, referenceOnly, print, urlFor }) {
  let sides;
  try {
    sides = await Promise.all([
      startSide(group[0], provider, (config, options) => startReference(config, options)),
      startSide(
        group[0],
        provider,
        (config, options) => (referenceOnly ? startReference(config, options) : startVestibule(config, { ...options, binary })),
        urlFor,
      ),
    ]);
  } catch (error) {
    for (const { name } of group) report.fail(`${name} [${label}]`, [error.message]);
    return;
  }
  for (const scenario of group) {
    await report.run(`${scenario.name} [${label}]`, async () => {
      const [expected, got] = await Promise.all(sides.map((side) => play(scenario, side)));
      if (print) console.log(expected.map((entry) => JSON.stringify(entry)).join("\n"));
      expectNone(compareTranscripts(expected, got, differences, sides[1].target.config).slice(0, PROBLEMS_SHOWN));
    });
  }
  for (const side of sides) await side.stop();
}

async function startSide(scenario, provider, start, urlFor = ({ url }) => url) {
  const hooks = await new Hooks().start();
  const database = await freshDatabase(provider);
  const config = configOf(scenario, { webhook: hooks.url });
  const target = await start(
    { ...config, database: { provider, url: urlFor(database), migrate: true, ...config.database } },
    { env: scenario.env },
  );
  return { hooks, database, target, stop: async () => void (await Promise.all([target.stop(), hooks.stop()])) };
}

async function play(scenario, { hooks, database, target }) {
  hooks.take();
  hooks.answers.clear();
  const context = new Scenario({ target, database, hooks, slug: scenario.slug });
  try {
    await scenario.run(context);
  } catch (error) {
    const last = context.transcript.at(-1);
    throw new Error(`${target.kind}: ${error.message}\nafter ${JSON.stringify(last)}\n${error.stack}`);
  }
  return context.transcript;
}
