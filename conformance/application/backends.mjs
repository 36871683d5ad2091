// The two backends, which answer alike.
import { existsSync } from "node:fs";
import { SECRET } from "../lib/config.mjs";
import { example } from "../lib/paths.mjs";
import { launch } from "../lib/process.mjs";
import { freePort } from "../lib/ports.mjs";
import { untilAnswers } from "../lib/targets.mjs";

const FASTAPI = example("fastapi");
const PYTHON = `${FASTAPI}/.venv/bin/python`;

export const BACKENDS = ["axum", "fastapi"];

export function requireBackends({ notes }) {
  if (!existsSync(notes)) throw new Error(`No backend at ${notes}. Build it: cargo build --release -p axum-notes`);
  if (!existsSync(PYTHON)) {
    throw new Error(
      `No Python at ${PYTHON}. Install it: cd ${FASTAPI} && python3 -m venv .venv && .venv/bin/pip install -r requirements.txt`,
    );
  }
}

/** @param {"axum" | "fastapi"} kind */
export async function startBackend(kind, { notes, topology, database, authPort, changes }) {
  const port = await freePort();
  const env = {
    PORT: String(port),
    DATABASE_URL: database.provider === "sqlite" ? `sqlite:///${database.url}` : database.url,
    FRONTEND_ORIGIN: topology.app,
    AUTH_JWKS_URL: `http://127.0.0.1:${authPort}/.well-known/jwks.json`,
    ...(topology.backend.AUTH_MODE === "shared-database" && { BETTER_AUTH_SECRET: SECRET }),
    ...topology.backend,
    ...changes,
  };
  const launched =
    kind === "axum"
      ? launch("axum", notes, [], { env })
      : launch("fastapi", PYTHON, ["-m", "uvicorn", "main:app", "--host", "127.0.0.1", "--port", String(port)], { env, cwd: FASTAPI });
  await untilAnswers(launched, port);
  return { port, logFile: launched.logFile, stop: () => launched.stop() };
}
