// The auth server: ours, or the official one in its place.
import { strict as assert } from "node:assert";
import { writeFileSync } from "node:fs";
import { withBase } from "../lib/config.mjs";
import { exchange } from "../lib/http.mjs";
import { workFolder } from "../lib/paths.mjs";
import { run, writeConfig } from "../lib/process.mjs";
import { startReference, startVestibule } from "../lib/targets.mjs";
import { PASSWORD } from "./visitor.mjs";

/** @param {"vestibule" | "reference"} kind */
export async function startAuth(kind, { binary, topology, database }) {
  const config = withBase({
    testing: undefined,
    rateLimit: undefined,
    ...topology.auth,
    database: { provider: database.provider, url: database.url, migrate: true },
  });
  const server = kind === "vestibule" ? await startVestibule(config, { binary }) : await startReference(config, { env: {} });
  const addUser = kind === "vestibule" ? (email) => createUser(binary, config, email) : (email) => signUp(server.port, topology, email);
  return { port: server.port, logFile: server.logFile, addUser, stop: server.stop };
}

/** On the command line, so that no browser and no backend ever saw this user. */
async function createUser(binary, config, email) {
  const file = `${workFolder("configs")}/password`;
  writeFileSync(file, `${PASSWORD}\n`, { mode: 0o600 });
  const args = ["user", "create", email, "--name", "Known", "--password-file", file, "--config", writeConfig(config)];
  const { code, stderr } = await run(binary, args);
  assert.equal(code, 0, `vestibule user create: ${stderr}`);
}

let signedUp = 0;

/** Each from an address of its own, since sign-ups from one are counted. */
async function signUp(port, topology, email) {
  const body = JSON.stringify({ name: "Known", email, password: PASSWORD });
  const headers = {
    "content-type": "application/json",
    "x-forwarded-for": `198.51.100.${(signedUp++ % 250) + 1}`,
    origin: topology.app,
    host: new URL(topology.auth.baseURL).host,
  };
  const answer = await exchange({ port, method: "POST", target: "/api/auth/sign-up/email", headers, body });
  assert.equal(answer.status, 200, `sign-up at the reference: ${answer.body}`);
}
