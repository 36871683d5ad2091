// Child processes with their output in a file below .work/logs.
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { workFolder } from "./paths.mjs";

let started = 0;
const alive = new Set();

/** Whatever the run forgot to stop ends with it. */
process.on("exit", () => alive.forEach((child) => child.kill("SIGKILL")));

/** A clean environment: nothing of the caller's that either server would read as configuration. */
const plainEnvironment = (more = {}) => ({ PATH: process.env.PATH, HOME: process.env.HOME, ...more });

export function launch(name, command, args, { env = {}, cwd, ipc = false } = {}) {
  const logFile = `${workFolder("logs")}/${name}-${++started}.log`;
  const output = openSync(logFile, "w");
  const child = spawn(command, args, {
    cwd,
    env: plainEnvironment(env),
    stdio: ["ignore", output, output, ...(ipc ? ["ipc"] : [])],
  });
  closeSync(output);
  alive.add(child);
  const exited = new Promise((resolve) => {
    child.once("error", (error) => resolve({ error }));
    child.once("exit", (code, signal) => resolve({ code, signal }));
  }).then((end) => {
    alive.delete(child);
    launched.ended = end;
    return end;
  });
  const launched = {
    child,
    exited,
    logFile,
    ended: undefined,
    log: () => readFileSync(logFile, "utf8").split("\n").slice(-25).join("\n"),
    async stop(signal = "SIGTERM") {
      if (!launched.ended) child.kill(signal);
      return exited;
    },
  };
  return launched;
}

/** Runs to the end and gives everything it printed. */
export function run(command, args, { env = {}, cwd } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: plainEnvironment(env), stdio: ["ignore", "pipe", "pipe"] });
    const output = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"]) child[stream].on("data", (chunk) => (output[stream] += chunk));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, ...output }));
  });
}

let written = 0;

export function writeConfig(config) {
  const file = `${workFolder("configs")}/${process.pid}-${++written}.json`;
  writeFileSync(file, JSON.stringify(config, null, 2));
  return file;
}
