// examples/next, built as its README says and started as in production.
import { strict as assert } from "node:assert";
import { existsSync, readFileSync } from "node:fs";
import { SECRET } from "../lib/config.mjs";
import { example, workFolder } from "../lib/paths.mjs";
import { launch, run } from "../lib/process.mjs";
import { freePort } from "../lib/ports.mjs";
import { untilAnswers } from "../lib/targets.mjs";

const FOLDER = example("next");
const NEXT = `${FOLDER}/node_modules/next/dist/bin/next`;

export function requireFrontend() {
  if (!existsSync(NEXT)) throw new Error(`The packages of ${FOLDER} are missing. Install them: npm ci --prefix ${FOLDER}`);
}

/** The example's remote is what `vestibule init next` writes today, with the endpoints of today. */
export async function requireCurrentRemote(binary) {
  const folder = workFolder("init-next");
  const args = ["--config", `${FOLDER}/vestibule.toml`, "init", "next", "--dir", folder];
  const { code, stderr } = await run(binary, args, { cwd: folder, env: { BETTER_AUTH_SECRET: SECRET } });
  assert.equal(code, 0, `vestibule init next: ${stderr}`);
  for (const file of ["lib/auth.ts", "lib/auth-client.ts", "proxy.ts"]) {
    const [written, kept] = [folder, FOLDER].map((at) => readFileSync(`${at}/${file}`, "utf8"));
    assert.ok(written === kept, `${FOLDER}/${file} is not what \`vestibule init next\` writes: cp ${folder}/${file} ${FOLDER}/${file}`);
  }
}

/** What the browser's code knows is fixed by the build, so there is one for each topology. */
export async function startFrontend(topology, servers) {
  const env = {
    NEXT_TELEMETRY_DISABLED: "1",
    NODE_ENV: "production",
    BETTER_AUTH_URL: topology.auth.baseURL,
    ...topology.frontend,
    ...servers,
  };
  const built = await run(process.execPath, [NEXT, "build"], { cwd: FOLDER, env });
  if (built.code !== 0) throw new Error(`next build failed:\n${built.stdout}${built.stderr}`);
  const port = await freePort();
  const launched = launch("next", process.execPath, [NEXT, "start", "-H", "127.0.0.1", "-p", String(port)], { cwd: FOLDER, env });
  await untilAnswers(launched, port);
  return { port, logFile: launched.logFile, stop: () => launched.stop() };
}
