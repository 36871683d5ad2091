// A real nginx with a configuration from the guide, so that what is documented is what is tested.
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { exchange } from "./http.mjs";
import { eventually } from "./load.mjs";
import { root } from "./paths.mjs";
import { freePort } from "./ports.mjs";
import { launch } from "./process.mjs";

const BINARY = "/usr/sbin/nginx";

/** The blocks of one language in a page of the guide. */
export function blocks(page, language) {
  const text = readFileSync(`${root}/../docs/guide/${page}`, "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map(([, block]) => block);
}

/**
 * @param {string} site what stands in `http { }`
 * @param {Record<string, string>} addresses replaces what is in the guide
 */
export async function startNginx(site, addresses) {
  try {
    accessSync(BINARY, constants.X_OK);
  } catch {
    throw new Error(`nginx is not at ${BINARY}. Install it: apt-get install -y nginx-light`);
  }
  const port = await freePort();
  const folder = mkdtempSync(`${tmpdir()}/vestibule-nginx-`);
  let http = replace(site, "listen 8080", `listen 127.0.0.1:${port}`);
  for (const [documented, real] of Object.entries(addresses)) http = replace(http, documented, real);
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  writeFileSync(
    `${folder}/nginx.conf`,
    `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr;
events {}
http {
access_log off;
${paths.map((name) => `${name}_temp_path ${folder}/${name};`).join("\n")}
${http}
}
`,
  );
  const launched = launch("nginx", BINARY, ["-p", folder, "-c", `${folder}/nginx.conf`, "-e", "stderr"]);
  const answers = () => exchange({ port, method: "GET", target: "/", headers: { host: "localhost" } }).catch(() => false);
  await eventually(async () => launched.ended || (await answers()), "nginx does not listen");
  if (launched.ended) throw new Error(`nginx ended at its start:\n${launched.log()}`);
  return {
    port,
    log: launched.log,
    async stop() {
      await launched.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

function replace(text, what, by) {
  if (!text.includes(what)) throw new Error(`the guide's configuration has no "${what}" any more`);
  return text.replaceAll(what, by);
}
