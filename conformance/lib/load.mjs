// Requests without a transcript, for the suites that care about many at once and not about each.
import { ORIGIN } from "./config.mjs";
import { exchange, valuesOf } from "./http.mjs";

const BASE = "/api/auth";
export const PASSWORD = "correct horse";

/** @returns {Promise<{status: number, body: string, header: (name: string) => string | undefined}>} */
export async function call(port, method, path, { json, cookie, headers } = {}) {
  const answer = await exchange({
    port,
    method,
    target: BASE + path,
    body: json === undefined ? undefined : JSON.stringify(json),
    headers: {
      host: new URL(ORIGIN).host,
      origin: ORIGIN,
      ...(json !== undefined && { "content-type": "application/json" }),
      ...(cookie && { cookie }),
      ...headers,
    },
  });
  return { ...answer, header: (name) => valuesOf(answer.headers, name)[0] };
}

export const signUp = (port, email) => call(port, "POST", "/sign-up/email", { json: { name: "Load", email, password: PASSWORD } });
export const signIn = (port, email) => call(port, "POST", "/sign-in/email", { json: { email, password: PASSWORD } });

/** The Cookie header for what an answer set. */
export const cookieOf = (answer) =>
  valuesOf(answer.headers, "set-cookie")
    .map((line) => line.split(";")[0])
    .join("; ");

/** Runs `work` for each item, so many at a time. */
export async function inParallel(items, width, work) {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (queue.length > 0) await work(queue.shift());
    }),
  );
}

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until `test` holds; throws `message`, or what it makes, when that takes too long. */
export async function eventually(test, message, limitMs = 15_000) {
  const limit = Date.now() + limitMs;
  while (!(await test())) {
    if (Date.now() > limit) throw new Error(typeof message === "function" ? message() : message);
    await pause(50);
  }
}
