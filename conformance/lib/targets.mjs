// Starts the two servers from one configuration.
import { basePathOf } from "./config.mjs";
import { exchange } from "./http.mjs";
import { launch, writeConfig } from "./process.mjs";
import { nodeBinary, root, workFolder } from "./paths.mjs";
import { freePort } from "./ports.mjs";

const START_LIMIT_MS = 20_000;

/**
 * @typedef {{kind: string, port: number, base: string, config: object, stop: () => Promise<void>, log: () => string}} Target
 */

/** @returns {Promise<Target>} */
export async function startReference(config, { env } = {}) {
  const started = env || countsInMemory(config) ? await startOwnProcess(config, env) : await startInHost(config);
  return { kind: "reference", config, base: basePathOf(config), ...started };
}

/** The reference keeps rate limit counters in a variable of the module: two instances in one process would share them. */
const countsInMemory = ({ rateLimit }) => rateLimit?.enabled !== false && rateLimit?.storage !== "database";

async function startOwnProcess(config, env) {
  const port = await freePort();
  const file = writeConfig({ ...config, port });
  const launched = launch("reference", nodeBinary, [`${root}/reference/server.mjs`, "--config", file], { env });
  await until(launched, () => launched.log().includes("listening "));
  return { port, log: launched.log, logFile: launched.logFile, stop: async () => void (await launched.stop()) };
}

const hosts = new Map();

async function startInHost(config) {
  const mode = config.production ? "production" : "development";
  if (!hosts.has(mode)) hosts.set(mode, await startHost(mode));
  const host = hosts.get(mode);
  const { port } = await host.ask("start", { config });
  return { port, log: host.log, stop: () => host.ask("stop", { port }) };
}

async function startHost(mode) {
  const launched = launch("reference-host", nodeBinary, [`${root}/reference/host.mjs`], { env: { NODE_ENV: mode }, ipc: true });
  const waiting = new Map();
  let asked = 0;
  await new Promise((resolve, reject) => {
    launched.exited.then(() => reject(new Error(`the reference ended:\n${launched.log()}`)));
    launched.child.on("message", ({ ready, id, result, error }) => {
      if (ready) return resolve();
      const { answer, fail } = waiting.get(id);
      waiting.delete(id);
      if (error) fail(new Error(error));
      else answer(result);
    });
  });
  launched.exited.then(() => waiting.forEach(({ fail }) => fail(new Error(`the reference ended:\n${launched.log()}`))));
  return {
    log: launched.log,
    stop: launched.stop,
    ask: (action, rest) =>
      new Promise((answer, fail) => {
        const id = ++asked;
        waiting.set(id, { answer, fail });
        launched.child.send({ id, action, ...rest });
      }),
  };
}

export async function stopHosts() {
  for (const host of hosts.values()) await host.stop();
  hosts.clear();
}

/** @returns {Promise<Target>} */
export async function startVestibule(config, { binary, env } = {}) {
  const port = await freePort();
  const file = writeConfig({ ...config, port });
  const launched = launch("vestibule", binary, ["serve", "--config", file], { env, cwd: workFolder("empty") });
  await untilAnswers(launched, port);
  return {
    kind: "vestibule",
    config,
    base: basePathOf(config),
    port,
    launched,
    log: launched.log,
    logFile: launched.logFile,
    stop: async () => void (await launched.stop()),
  };
}

/** Any answer will do. The path is none of the API's, because rate limits would count the question. */
export const untilAnswers = (launched, port) =>
  until(launched, () => exchange({ port, method: "GET", target: "/health/live", headers: { host: `localhost:${port}` } }).catch(() => false));

async function until(launched, test) {
  const limit = Date.now() + START_LIMIT_MS;
  while (!(await test())) {
    if (launched.ended) throw new Error(`the server ended at its start (${JSON.stringify(launched.ended)}):\n${launched.log()}`);
    if (Date.now() > limit) throw new Error(`the server is not up after ${START_LIMIT_MS} ms:\n${launched.log()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
