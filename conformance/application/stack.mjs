// One auth server, one backend and one database behind a frontend that stays.
import { readFileSync } from "node:fs";
import { freshDatabase } from "../lib/database.mjs";
import { freePort } from "../lib/ports.mjs";
import { startAuth } from "./auth.mjs";
import { startBackend } from "./backends.mjs";

/** What no log may hold: a crash, or an answer that blames the server. */
const CRASHES = /panicked|Traceback|⨯|Unhandled|\b500 Internal|"http\.status":500/;

/**
 * @param {{topology: object, auth: string, backend: string, provider: string, pooler?: object}} wanted
 */
export async function startStack({ topology, auth: authKind, backend: backendKind, provider, pooler }, { site, binary, notes }) {
  const database = await freshDatabase(provider);
  const frontendSince = readFileSync(site.frontend.logFile).length;
  const reached = { provider, url: pooler ? pooler.urlFor(database) : database.url };
  const auth = await startAuth(authKind, { binary, topology, database: reached });
  site.auth.to(auth.port);
  const started = [auth];
  const newBackend = (changes) => startBackend(backendKind, { notes, topology, database: reached, authPort: site.auth.port, changes });
  try {
    const backend = await newBackend();
    started.push(backend);
    site.backend.to(backend.port);
  } catch (error) {
    await auth.stop();
    throw error;
  }
  return {
    database,
    addUser: auth.addUser,
    /** What the logs say and the recorders saw, that should not be. */
    problems: () => [
      ...site.answers.filter(({ status }) => status >= 500).map(({ service, status, what }) => `${service}: ${status} for ${what}`),
      ...started.flatMap((part) => crashes(part)),
      ...crashes(site.frontend, frontendSince),
    ],
    /** Nobody listens at the service's port while the work is done. */
    async without(service, work) {
      const target = site[service].to(await freePort());
      await work().finally(() => site[service].to(target));
    },
    /** One with other variables answers while the work is done. */
    async withBackend(changes, work) {
      const other = await newBackend(changes);
      const target = site.backend.to(other.port);
      await work().finally(() => site.backend.to(target));
      await other.stop();
    },
    async stop() {
      for (const { stop } of started) await stop();
      site.answers.length = 0;
    },
  };
}

function crashes({ logFile }, since = 0) {
  const lines = readFileSync(logFile).subarray(since).toString().split("\n");
  return lines.filter((line) => CRASHES.test(line)).map((line) => `${logFile}: ${line}`);
}
