// Where things are. Everything a run writes goes into a folder of its own below `.work`, which git ignores.
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const at = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));

export const root = at(".");
const work = at(".work");
export const nodeBinary = at("node_modules/node/bin/node");
export const differencesFile = at("../docs/differences.md");
export const defaultVestibule = at("../target/release/vestibule");
export const defaultNotes = at("../target/release/axum-notes");
export const example = (name) => at(`../examples/${name}`);

/** A folder of this run. */
export const workFolder = (name) => made(`${work}/run-${process.pid}/${name}`);

/** Stays where it is from run to run, for people to look at. */
export const screenshots = () => made(`${work}/screenshots`);

function made(folder) {
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Removes what earlier runs left; two runs at once leave each other alone. */
export function sweep() {
  for (const name of readdirSync(made(work))) {
    const pid = /^run-(\d+)$/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) rmSync(`${work}/${name}`, { recursive: true, force: true });
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
