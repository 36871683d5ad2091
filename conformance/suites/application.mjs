// The application of examples/: a frontend and a backend that is not JavaScript, in Chromium, from sign-up to a note.
import { chromium } from "playwright-core";
import { CHROMIUM, FLAGS, requireChromium } from "../browser/chromium.mjs";
import { requireBackends } from "../application/backends.mjs";
import { startEdge, startRecorder } from "../application/edge.mjs";
import { requireCurrentRemote, requireFrontend, startFrontend } from "../application/frontend.mjs";
import { startStack } from "../application/stack.mjs";
import { otherSite, RESOLVER_RULES, sameOrigin, siblings } from "../application/topologies.mjs";
import { newVisitor } from "../application/visitor.mjs";
import { inParallel } from "../lib/load.mjs";
import { startPgbouncer } from "../lib/pgbouncer.mjs";
import { workFolder } from "../lib/paths.mjs";
import { freePort } from "../lib/ports.mjs";
import { expectNone } from "../lib/report.mjs";

import * as signUp from "../application/cases/sign-up.mjs";
import * as signIn from "../application/cases/sign-in.mjs";
import * as endedElsewhere from "../application/cases/ended-elsewhere.mjs";
import * as knownToAuthOnly from "../application/cases/known-to-auth-only.mjs";
import * as guests from "../application/cases/guests.mjs";
import * as othersNotes from "../application/cases/others-notes.mjs";
import * as tooManyAttempts from "../application/cases/too-many-attempts.mjs";
import * as otherSecret from "../application/cases/other-secret.mjs";
import * as serversAway from "../application/cases/servers-away.mjs";
import * as looks from "../application/cases/looks.mjs";

const CASES = [endedElsewhere, signUp, othersNotes, tooManyAttempts, signIn, knownToAuthOnly, guests];

/** Once is enough for these: they are about the frontend alone. */
const CASES_OF_THE_FRONTEND = [looks, otherSecret, serversAway];

/** So many cases at a time. */
const WIDTH = 3;

/** PostgreSQL is always behind PgBouncer in transaction mode, as hosted databases are. */
const STACKS = [
  { topology: sameOrigin, auth: "vestibule", backend: "axum", provider: "postgres" },
  { topology: sameOrigin, auth: "vestibule", backend: "fastapi", provider: "postgres" },
  { topology: sameOrigin, auth: "reference", backend: "axum", provider: "postgres" },
  { topology: sameOrigin, auth: "reference", backend: "fastapi", provider: "postgres" },
  { topology: sameOrigin, auth: "vestibule", backend: "axum", provider: "sqlite" },
  { topology: siblings, auth: "vestibule", backend: "axum", provider: "postgres" },
  { topology: siblings, auth: "vestibule", backend: "fastapi", provider: "postgres" },
  { topology: otherSite, auth: "vestibule", backend: "axum", provider: "postgres" },
  { topology: otherSite, auth: "vestibule", backend: "fastapi", provider: "postgres" },
];

export async function run(report, options) {
  const wanted = plan(options);
  if (wanted.length === 0) return;
  requireChromium();
  requireFrontend();
  requireBackends(options);
  await report.run("application: lib/auth.ts is what `vestibule init next` writes", () => requireCurrentRemote(options.binary));
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, `--host-resolver-rules=${RESOLVER_RULES}`] });
  const pooler = await startPgbouncer();
  try {
    for (const kind of new Set(wanted.map(({ stack }) => stack.topology))) {
      const stacks = wanted.filter(({ stack }) => stack.topology === kind);
      await report.run(`application: ${kind.name}: the frontend is built and starts`, () =>
        withSite(kind, (site) => playAll(report, stacks, { ...options, site, browser, pooler })),
      );
    }
  } finally {
    await pooler.stop();
    await browser.close();
  }
}

/** The stacks that have a case to play. */
const plan = ({ only, databases }) =>
  STACKS.filter(({ provider }) => databases.includes(provider))
    .map((stack, index) => ({ stack, cases: (index === 0 ? [...CASES, ...CASES_OF_THE_FRONTEND] : CASES).filter(({ name }) => only.test(titleOf(stack, name))) }))
    .filter(({ cases }) => cases.length > 0);

const titleOf = ({ topology, auth, backend, provider }, name) => `application: ${name} [${topology.name}, ${auth}, ${backend}, ${provider}]`;

/** The parts that stay while stacks change: the edge, the frontend, and the ports that it was built with. */
async function withSite(kind, work) {
  const answers = [];
  const [auth, backend] = [await startRecorder("auth", answers), await startRecorder("backend", answers)];
  const port = await freePort();
  const topology = kind.at(port);
  const frontend = await startFrontend(topology, {
    AUTH_SERVER_URL: `http://127.0.0.1:${auth.port}`,
    BACKEND_SERVER_URL: `http://127.0.0.1:${backend.port}`,
  });
  const site = { auth, backend, frontend, answers, topology };
  const secure = topology.app.startsWith("https:");
  const edge = await startEdge({ port, secure, portOf: (host) => site[topology.hosts[host]]?.port });
  try {
    await work(site);
  } finally {
    for (const part of [edge, frontend, auth, backend]) await part.stop();
  }
}

async function playAll(report, stacks, { site, browser, pooler, binary, notes }) {
  const { topology } = site;
  for (const { stack: wanted, cases } of stacks) {
    let stack;
    await report.run(titleOf(wanted, "all parts start"), async () => {
      const through = wanted.provider === "postgres" ? pooler : undefined;
      stack = await startStack({ ...wanted, topology, pooler: through }, { site, binary, notes });
    });
    if (!stack) continue;
    const playOne = ({ name, run }) => report.run(titleOf(wanted, name), () => play(run, { stack, topology, browser }));
    await inParallel(cases.filter(({ alone }) => !alone), WIDTH, playOne);
    await report.run(titleOf(wanted, "no answer was a 5xx, and nothing crashed"), async () => expectNone(stack.problems()));
    for (const each of cases.filter(({ alone }) => alone)) await playOne(each);
    await stack.stop();
  }
}

async function play(run, { stack, topology, browser }) {
  const visitors = [];
  const visitor = async () => {
    const made = await newVisitor(browser, topology);
    visitors.push(made);
    return made;
  };
  try {
    await run({ ...stack, topology, visitor });
    for (const each of visitors) await each.leaves();
  } catch (error) {
    for (const [index, { page }] of visitors.entries()) {
      if (!page.isClosed()) await page.screenshot({ path: `${workFolder("logs")}/visitor-${index + 1}.png` });
    }
    throw error;
  } finally {
    for (const each of visitors) await each.close();
  }
}
