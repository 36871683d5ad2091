// The entry: `node run.mjs --help`. Needs nothing but Node to start; the newer Node that the reference needs is one of the packages.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { defaultNotes, defaultVestibule, nodeBinary, root } from "./lib/paths.mjs";

const SUITES = ["scenarios", "interop", "schema", "process", "browser", "application"];
const USAGE = `usage: node run.mjs [--only PATTERN] [--db sqlite,postgres] [--suite ${SUITES.join(",")}]
                   [--vestibule PATH] [--notes PATH] [--target reference] [--print]

--notes PATH        the backend of examples/axum, for the suite "application"
--only PATTERN      cases whose name matches the regular expression
--target reference  plays the scenarios twice against the reference: checks the harness, not Vestibule
--print             prints the reference's transcripts`;

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    db: { type: "string", default: "sqlite,postgres" },
    suite: { type: "string" },
    vestibule: { type: "string", default: defaultVestibule },
    notes: { type: "string", default: defaultNotes },
    target: { type: "string" },
    print: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
if (!existsSync(nodeBinary)) fail(`The Node packages are missing. Install them: npm ci --prefix ${root}`);
if (!process.getBuiltinModule?.("node:sqlite")) {
  const { status } = spawnSync(nodeBinary, process.argv.slice(1), { stdio: "inherit" });
  process.exit(status ?? 1);
}

const referenceOnly = values.target === "reference";
const suites = values.suite?.split(",") ?? (referenceOnly ? ["scenarios"] : SUITES);
const unknown = suites.find((suite) => !SUITES.includes(suite));
if (unknown) fail(`--suite: "${unknown}" is not one of ${SUITES.join(", ")}`);
if (!referenceOnly && !existsSync(values.vestibule)) fail(`No server at ${values.vestibule}. Build it: cargo build --release`);

const { main } = await import("./lib/main.mjs");
process.exit(
  (await main({
    suites,
    only: new RegExp(values.only, "i"),
    filtered: values.only !== "" || values.suite !== undefined || values.db !== "sqlite,postgres",
    databases: values.db.split(","),
    binary: values.vestibule,
    notes: values.notes,
    referenceOnly,
    print: values.print,
  }))
    ? 0
    : 1,
);

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}
