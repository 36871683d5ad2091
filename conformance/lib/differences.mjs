// Where Vestibule differs on purpose. Every rule is named by a heading `### <id>` of docs/differences.md, which gives the reason.
// A rule allows as little as it can: the answer it expects in the place of the reference's, for requests that it recognises.
import { existsSync, readFileSync } from "node:fs";
import { differencesFile } from "./paths.mjs";

const isJsonError = ({ body, errorKeys }) => errorKeys === "message,code" && [body.message, body.code].every((text) => typeof text === "string");

/** A refusal that sets no cookie. */
const refuses = (entry, status, code) => entry.status === status && isJsonError(entry) && entry.body.code === code && entry.cookies.length === 0;

/** `expect(reference, vestibule, config)` gives what Vestibule must answer instead, or nothing where the rule does not apply. */
const RULES = [
  {
    id: "no-store",
    expect: (reference, vestibule) =>
      reference.headers && !reference.headers["cache-control"] && vestibule.headers?.["cache-control"] === "no-store"
        ? { ...reference, headers: { ...reference.headers, "cache-control": "no-store" } }
        : undefined,
  },
  {
    id: "hints",
    expect: (reference, vestibule, config) =>
      !config.production && reference.status >= 400 && typeof vestibule.body?.hint === "string"
        ? { ...reference, body: { ...reference.body, hint: vestibule.body.hint }, errorKeys: `${reference.errorKeys},hint` }
        : undefined,
  },
  {
    id: "loopback-in-development",
    expect: (reference, vestibule, config) =>
      !config.production && reference.body?.code === "INVALID_ORIGIN" && namesLoopback(reference) && vestibule.body?.code !== "INVALID_ORIGIN"
        ? vestibule
        : undefined,
  },
  {
    id: "types-of-fields",
    expect: (reference, vestibule) =>
      [200, 422, 500].includes(reference.status) && refuses(vestibule, 400, "VALIDATION_ERROR") && /\[body\.\w+\]/.test(vestibule.body.message)
        ? vestibule
        : undefined,
  },
  {
    id: "values-the-database-refuses",
    expect: (reference, vestibule) =>
      isUncaught(reference) && (refuses(vestibule, 409, "VALUE_ALREADY_TAKEN") || refuses(vestibule, 400, "VALUE_NOT_STORABLE")) ? vestibule : undefined,
  },
  {
    id: "numbers-stay-numbers",
    expect: replacing((reference, vestibule) => typeof reference === "string" && typeof vestibule === "number" && String(vestibule) === reference, ["body"]),
  },
  {
    id: "one-spelling-of-a-path",
    expect: (reference, vestibule) => (/^\S+ \S*\/\.{1,2}\//.test(reference.request ?? "") && refuses(vestibule, 404, "NOT_FOUND") ? vestibule : undefined),
  },
  {
    id: "malformed-hashes",
    expect: (reference, vestibule) => (isUncaught(reference) && refuses(vestibule, 401, "INVALID_EMAIL_OR_PASSWORD") ? vestibule : undefined),
  },
  {
    id: "no-nul",
    expect: (reference, vestibule) =>
      /\\u0000/.test(reference.request ?? "") && (refuses(vestibule, 422, "FAILED_TO_CREATE_USER") || refuses(vestibule, 400, "VALUE_NOT_STORABLE"))
        ? vestibule
        : undefined,
  },
  {
    id: "callbacks-see-no-query",
    expect: replacing((reference, vestibule) => typeof reference === "string" && reference.startsWith(`${vestibule}?`) && /\/api\/auth\/[\w/-]+$/.test(vestibule), ["note"]),
  },
  {
    id: "null-is-null",
    expect: replacing((reference, vestibule) => reference === "null" && vestibule === null, ["note"]),
  },
  {
    id: "stricter-origins",
    // Backslashes, control characters, and dot segments before two slashes.
    expect: (reference, vestibule) =>
      /\\\\|\\u00|\/\.{1,2}\/\//.test(reference.request ?? "") && ["INVALID_ORIGIN", "INVALID_CALLBACK_URL"].some((code) => refuses(vestibule, 403, code))
        ? vestibule
        : undefined,
  },
  {
    id: "forwarded-addresses",
    // The harness is the peer, and the peer is the client when no header names one.
    expect: replacing(
      (reference, vestibule) => (reference === "" && vestibule === PEER) || (isText(reference, vestibule) && reference.replace(/^no-trusted-ip\|/, `${PEER}|`) === vestibule && reference !== vestibule),
      ["body", "note"],
    ),
  },
  {
    id: "retry-after-in-seconds",
    expect: (reference, vestibule) =>
      reference.status === 429 && Number(reference.headers["x-retry-after"]) > 1e9 && /^\d{1,3}$/.test(vestibule.headers["x-retry-after"] ?? "")
        ? { ...reference, headers: { ...reference.headers, "x-retry-after": vestibule.headers["x-retry-after"] } }
        : undefined,
  },
  {
    id: "one-cache-an-answer",
    expect: (reference, vestibule) => {
      if (!reference.cookies?.some(isCacheLine) || sameLines(reference.cookies, vestibule.cookies)) return undefined;
      const [theirs, ours] = [lastOfEachName(reference.cookies), lastOfEachName(vestibule.cookies)];
      return ours.length >= theirs.length && theirs.every((line) => ours.includes(line)) ? { ...reference, cookies: vestibule.cookies } : undefined;
    },
  },
  {
    id: "caches-as-stored",
    expect: (reference, vestibule, config) =>
      config.session?.cookieCache?.enabled && config.emailVerification && withoutUpdates(reference) === withoutUpdates(vestibule) ? vestibule : undefined,
  },
  {
    id: "unreadable-caches",
    expect: (reference, vestibule) =>
      reference.status === 500 && reference.body?.code === "FAILED_TO_GET_SESSION" && vestibule.status === 200 && /<cache>/.test(reference.request) ? vestibule : undefined,
  },
  {
    id: "cookies-of-guards",
    expect: (reference, vestibule) =>
      reference.cookies?.length > 0 && vestibule.cookies?.length > reference.cookies.length && reference.cookies.every((line) => vestibule.cookies.includes(line))
        ? { ...reference, cookies: vestibule.cookies }
        : undefined,
  },
  {
    id: "message-before-code",
    expect: (reference, vestibule) =>
      reference.errorKeys === "code,message" && vestibule.errorKeys === "message,code" ? { ...reference, errorKeys: "message,code" } : undefined,
  },
  {
    id: "every-error-has-a-body",
    expect: (reference, vestibule) =>
      reference.status >= 400 && reference.status === vestibule.status && ["", "Not Found"].includes(reference.body) && (isJsonError(vestibule) || isHead(reference))
        ? {
            ...reference,
            body: vestibule.body,
            ...(vestibule.errorKeys && { errorKeys: vestibule.errorKeys }),
            headers: { ...reference.headers, "content-type": "application/json" },
          }
        : undefined,
  },
];

const PEER = "127.0.0.1";

const nameOf = (line) => line.split("=")[0];

const isCacheLine = (line) => /(\.session_data|who)$/.test(nameOf(line));

const sameLines = (a, b) => a.join("\n") === b.join("\n");

/** An entry without the times at which rows were changed, inside of cookies too. */
const withoutUpdates = (entry) => JSON.stringify(entry).replace(/(\\*"updatedAt\\*":\\*")[^"\\]+/g, "$1");

/** What a browser makes of several lines about one cookie. */
const lastOfEachName = (lines) => [...new Map(lines.map((line) => [nameOf(line), line])).values()];

const isText = (...values) => values.every((value) => typeof value === "string");

const isHead = ({ request }) => request?.startsWith("HEAD ");

const isUncaught = ({ status, body }) => status === 500 && body === "";

const namesLoopback = ({ request }) => /"(origin|referer)":"https?:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/"]/.test(request);

/** A rule for single values inside those parts of the answer: where `allowed` says so, Vestibule's value is expected. */
function replacing(allowed, parts) {
  const replace = (reference, vestibule) => {
    if (allowed(reference, vestibule)) return vestibule;
    if (!isContainer(reference) || !isContainer(vestibule)) return reference;
    const entries = Object.entries(reference).map(([key, value]) => [key, replace(value, vestibule[key])]);
    if (entries.every(([key, value]) => value === reference[key])) return reference;
    return Array.isArray(reference) ? entries.map(([, value]) => value) : Object.fromEntries(entries);
  };
  return (reference, vestibule) => {
    const replaced = parts.map((part) => [part, replace(reference[part], vestibule[part])]).filter(([part, value]) => value !== reference[part]);
    return replaced.length === 0 ? undefined : { ...reference, ...Object.fromEntries(replaced) };
  };
}

const isContainer = (value) => value !== null && typeof value === "object";

export class Differences {
  #used = new Set();

  /** The reference's entry as Vestibule is allowed to give it. */
  expectation(reference, vestibule, config) {
    let expected = reference;
    for (const { id, expect } of RULES) {
      const changed = expect(expected, vestibule, config);
      if (!changed) continue;
      this.#used.add(id);
      expected = changed;
    }
    return expected;
  }

  unused() {
    return RULES.map(({ id }) => id).filter((id) => !this.#used.has(id));
  }

  /** Rules without a heading in docs/differences.md. */
  static undocumented() {
    const text = existsSync(differencesFile) ? readFileSync(differencesFile, "utf8") : "";
    const headings = new Set(text.split("\n").filter((line) => line.startsWith("### ")).map((line) => line.slice(4).trim()));
    return RULES.map(({ id }) => id).filter((id) => !headings.has(id));
  }
}

/** For the comparison of the reference with itself: nothing may differ. */
export const noDifferences = { expectation: (reference) => reference };
