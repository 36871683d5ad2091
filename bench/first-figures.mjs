// First figures beside the reference: the same database, configuration and load, in turn, A B A B.
// Run it on a quiet machine, after `cargo build --release` and `npm ci --prefix conformance`:
//
//     conformance/node_modules/node/bin/node bench/first-figures.mjs [sqlite|postgres]
//
// The load is wrk's: a process of its own, a closed loop of 16 connections. Every answer must be 200.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";

const ROUNDS = 3;
const SECONDS = 6;
const provider = process.argv[2] ?? "sqlite";
const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(`${tmpdir()}/vestibule-bench-`);
const ADMIN = process.env.DATABASE_ADMIN_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";

const servers = {
  reference: [process.execPath, ["--no-warnings", `${root}conformance/reference/server.mjs`]],
  vestibule: [`${root}target/release/vestibule`, ["serve"]],
};
const workloads = { "/get-session": getSession, "/sign-in/email": signIn, "/sign-up/email": signUp };

const figures = {};
let port = 4600;
for (let round = 0; round < ROUNDS; round++) {
  for (const name of Object.keys(servers)) {
    const server = await start(name, `${name}-${round}`);
    try {
      const cookie = await person(server.url);
      for (const [path, load] of Object.entries(workloads)) {
        const before = server.cpu();
        const rate = load(server.url, cookie);
        const done = rate * SECONDS;
        ((figures[path] ??= {})[name] ??= []).push({ rate, cpu: ((server.cpu() - before) * 1000) / done });
      }
    } finally {
      await server.stop();
    }
  }
}
report();
rmSync(folder, { recursive: true });

async function start(name, database) {
  const url = provider === "postgres" ? createDatabase(database) : `${folder}/${database}.db`;
  const config = `${folder}/${database}.json`;
  const options = {
    port: ++port,
    baseURL: `http://127.0.0.1:${port}`,
    secret: "a secret for measurements, 32 characters long",
    database: { provider, url, migrate: true },
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
  };
  writeFileSync(config, JSON.stringify({ ...options, host: "127.0.0.1" }));
  const [program, args] = servers[name];
  const env = { ...process.env, NODE_ENV: "production", RUST_LOG: "warn" };
  const child = spawn(program, [...args, "--config", config], { stdio: "ignore", env });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const base = `http://127.0.0.1:${port}/api/auth`;
  for (let tries = 0; tries < 200; tries++) {
    if (await fetch(`${base}/ok`).then((answer) => answer.ok, () => false)) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url: base,
    /** Seconds of processor time. */
    cpu: () => readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1].split(" ").slice(11, 13).reduce((sum, ticks) => sum + Number(ticks), 0) / 100,
    stop: () => (child.kill(), ended),
  };
}

function createDatabase(name) {
  const database = `bench_${process.pid}_${name.replace("-", "_")}`;
  execFileSync("psql", ["-q", ADMIN, "-c", `create database ${database}`]);
  process.on("exit", () => execFileSync("psql", ["-q", ADMIN, "-c", `drop database ${database} with (force)`]));
  return ADMIN.replace(/\/[^/]*$/, `/${database}`);
}

async function person(url) {
  const body = JSON.stringify({ name: "Ada", email: "ada@example.com", password: "correct horse" });
  const answer = await fetch(`${url}/sign-up/email`, { method: "POST", headers: { "content-type": "application/json", origin: new URL(url).origin }, body });
  if (!answer.ok) throw new Error(`sign-up: ${answer.status} ${await answer.text()}`);
  return answer.headers.getSetCookie()[0].split(";")[0];
}

function getSession(url, cookie) {
  return wrk(`${url}/get-session`, `wrk.headers["Cookie"] = ${JSON.stringify(cookie)}`);
}

function signIn(url) {
  return post(`${url}/sign-in/email`, `return [[{"email":"ada@example.com","password":"correct horse"}]]`);
}

function signUp(url) {
  return post(`${url}/sign-up/email`, `count = count + 1
    return string.format([[{"name":"B","email":"%s.%d@example.com","password":"correct horse"}]], tostring({}):sub(8), count)`);
}

function post(url, body) {
  const headers = `{ ["Content-Type"] = "application/json" }`;
  return wrk(url, `count = 0\nlocal function body() ${body} end\nrequest = function() return wrk.format("POST", nil, ${headers}, body()) end`);
}

/** Requests per second. */
function wrk(url, script) {
  const file = `${folder}/load.lua`;
  writeFileSync(file, script);
  const output = execFileSync("wrk", ["-t1", "-c16", `-d${SECONDS}s`, "--timeout", "30s", "-s", file, url], { encoding: "utf8" });
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(`${url}\n${output}`);
  return Number(output.match(/Requests\/sec:\s+([\d.]+)/)[1]);
}

function report() {
  const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  console.log(`| workload, ${provider} | requests per second, of the reference's | CPU per request, of the reference's | absolute, this run |\n|---|---|---|---|`);
  for (const [path, { reference, vestibule }] of Object.entries(figures)) {
    const ratio = (key) => median(reference.map((figure, round) => vestibule[round][key] / figure[key]));
    const rates = [vestibule, reference].map((runs) => median(runs.map(({ rate }) => rate)).toFixed(0));
    console.log(`| \`${path}\` | ${ratio("rate").toFixed(2)} × | ${ratio("cpu").toFixed(3)} × | ${rates.join(" against ")} per second |`);
  }
}
