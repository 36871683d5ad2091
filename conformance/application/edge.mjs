// What stands between the internet and the application: terminates TLS, finds the service by the host's name, and
// writes down what each service answered.
import { readFileSync } from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import { run } from "../lib/process.mjs";
import { workFolder } from "../lib/paths.mjs";
import { HOSTS } from "./topologies.mjs";

/** A proxy that records answers, and whose service can be exchanged while its port stays. */
export async function startRecorder(service, answers) {
  let target;
  const server = http.createServer((incoming, outgoing) =>
    forward(incoming, outgoing, target, {}, (status) =>
      answers.push({ service, status, what: `${incoming.method} ${incoming.url}` }),
    ),
  );
  await listen(server, 0);
  return {
    port: server.address().port,
    /** Gives the port that it sent to before. */
    to(port) {
      const before = target;
      target = port;
      return before;
    },
    stop: () => stop(server),
  };
}

/**
 * @param {{secure: boolean, portOf: (host: string) => number | undefined}} settings
 */
export async function startEdge({ port, secure, portOf }) {
  const handle = (incoming, outgoing) => {
    const target = portOf(incoming.headers.host?.split(":")[0]);
    if (!target) return outgoing.writeHead(421).end();
    forward(incoming, outgoing, target, {
      "x-forwarded-for": addressOf(incoming.headers["user-agent"]),
      "x-forwarded-host": incoming.headers.host,
      "x-forwarded-proto": secure ? "https" : "http",
    });
  };
  const server = secure ? https.createServer(await certificate(), handle) : http.createServer(handle);
  await listen(server, port);
  return { stop: () => stop(server) };
}

/** All browsers of a run are at one address; each visitor is counted as if he had his own, which his user agent names. */
const addressOf = (agent) => `203.0.113.${/ Visitor\/(\d+)$/.exec(agent ?? "")?.[1] ?? 250}`;

function forward(incoming, outgoing, port, headers, answered = () => {}) {
  const onward = http.request({
    host: "127.0.0.1",
    port,
    method: incoming.method,
    path: incoming.url,
    headers: { ...incoming.headers, ...headers },
    agent: false,
  });
  onward.on("response", (answer) => {
    answered(answer.statusCode);
    outgoing.writeHead(answer.statusCode, answer.rawHeaders);
    answer.pipe(outgoing);
  });
  onward.on("error", () => {
    if (outgoing.headersSent) outgoing.destroy();
    else outgoing.writeHead(502).end();
  });
  outgoing.on("close", () => onward.destroy());
  incoming.pipe(onward);
}

let made;

/** One that nobody trusts, for the names of the topologies. */
async function certificate() {
  if (made) return made;
  const folder = workFolder("tls");
  const names = HOSTS.map((host) => `DNS:${host}`).join(",");
  const line = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=edge -addext subjectAltName=${names} -keyout ${folder}/key.pem -out ${folder}/cert.pem`;
  const { code, stderr } = await run("openssl", line.split(" ")).catch(() => {
    throw new Error("openssl is missing. Install it: apt-get install -y openssl");
  });
  if (code !== 0) throw new Error(`openssl made no certificate: ${stderr}`);
  made = { key: readFileSync(`${folder}/key.pem`), cert: readFileSync(`${folder}/cert.pem`) };
  return made;
}

const listen = (server, port) =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });

function stop(server) {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
}
