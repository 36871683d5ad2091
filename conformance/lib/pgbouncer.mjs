// PgBouncer in transaction mode in front of PostgreSQL, as hosted databases have it.
import { accessSync, chmodSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { ADMIN_URL } from "./database.mjs";
import { launch } from "./process.mjs";
import { eventually } from "./load.mjs";
import { freePort } from "./ports.mjs";

const BINARY = "/usr/sbin/pgbouncer";

function requirePgbouncer() {
  try {
    accessSync(BINARY, constants.X_OK);
  } catch {
    throw new Error(`PgBouncer is not at ${BINARY}. Install it: apt-get install -y pgbouncer`);
  }
}

/** @returns {Promise<{urlFor: (database: {url: string}) => string, stop: () => Promise<unknown>}>} */
export async function startPgbouncer() {
  requirePgbouncer();
  const admin = new URL(ADMIN_URL);
  const port = await freePort();
  // Not below .work: the folder of the checkout may be closed to the user PgBouncer runs as.
  const folder = mkdtempSync(`${tmpdir()}/vestibule-pgbouncer-`);
  chmodSync(folder, 0o755);
  const user = decodeURIComponent(admin.username) || "postgres";
  writeFileSync(`${folder}/users.txt`, `"${user}" "${decodeURIComponent(admin.password)}"\n`);
  writeFileSync(
    `${folder}/pgbouncer.ini`,
    `[databases]
* = host=${admin.hostname} port=${admin.port || 5432}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${folder}/users.txt
pool_mode = transaction
default_pool_size = 4
max_client_conn = 500
`,
  );
  const launched = launch("pgbouncer", ...command(folder));
  await eventually(() => launched.ended || listening(port), "PgBouncer does not listen");
  if (launched.ended) throw new Error(`PgBouncer ended at its start:\n${launched.log()}`);
  return {
    urlFor: ({ url }) => {
      const through = new URL(url);
      through.host = `127.0.0.1:${port}`;
      return through.href;
    },
    async stop() {
      await launched.stop("SIGINT");
      rmSync(folder, { recursive: true });
    },
  };
}

/** PgBouncer refuses to run as root. Nobody may read the folder it is given. */
function command(folder) {
  const file = `${folder}/pgbouncer.ini`;
  if (process.getuid() !== 0) return [BINARY, [file]];
  return ["setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", BINARY, file]];
}

const listening = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => socket.destroy() && resolve(true));
    socket.once("error", () => resolve(false));
  });
