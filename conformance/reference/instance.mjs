// One running reference: better-auth behind a plain Node HTTP server.
// The requests are handed over as `Request` objects rather than through better-auth's Node adapter, because that adapter
// drops a body that has no content type, and the fetch handler is what every other framework uses.
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { atTime } from "./clock.mjs";
import { buildOptions } from "./options.mjs";

export async function startInstance(config) {
  const { options, close } = await buildOptions(config);
  if (config.database?.migrate) await (await getMigrations(options)).runMigrations();
  const auth = betterAuth(options);
  await auth.$context;

  const server = createServer(async (incoming, outgoing) => {
    const at = config.testing?.clock ? Number(incoming.headers["x-test-now"]) : Number.NaN;
    const answer = () => serve(auth, incoming);
    try {
      await write(outgoing, await (Number.isNaN(at) ? answer() : atTime(at, answer)));
    } catch (error) {
      console.error("The handler threw:", error);
      outgoing.writeHead(500).end();
    }
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(config.port ?? 4000, config.host ?? "127.0.0.1", resolve);
  });
  return {
    port: server.address().port,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await close();
    },
  };
}

async function serve(auth, incoming) {
  const bytes = await readAll(incoming);
  const headers = new Headers();
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) headers.append(incoming.rawHeaders[i], incoming.rawHeaders[i + 1]);
  const carriesBody = !["GET", "HEAD"].includes(incoming.method) && (bytes.length > 0 || headers.has("content-type"));
  const url = incoming.url.startsWith("/") ? `http://${incoming.headers.host}${incoming.url}` : incoming.url;
  return auth.handler(new Request(url, { method: incoming.method, headers, body: carriesBody ? bytes : null }));
}

async function readAll(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function write(outgoing, response) {
  const headers = [];
  for (const [name, value] of response.headers) headers.push(name, value);
  outgoing.writeHead(response.status, headers);
  outgoing.end(Buffer.from(await response.arrayBuffer()));
}
