// The reference on the command line: `node reference/server.mjs --config FILE`, with the file that `vestibule serve` takes.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { prepareEnvironment } from "./environment.mjs";

const { values } = parseArgs({ options: { config: { type: "string" } } });
if (!values.config) throw new Error("usage: server.mjs --config FILE");
const config = JSON.parse(readFileSync(values.config, "utf8"));
prepareEnvironment(config);
const { startInstance } = await import("./instance.mjs");
const { port } = await startInstance(config);
console.log(`listening http://${config.host ?? "127.0.0.1"}:${port}`);
