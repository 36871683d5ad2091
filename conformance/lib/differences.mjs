// Where Vestibule differs on purpose. Every rule is named by a heading `### <id>` of docs/differences.md, which gives the reason.
import { existsSync, readFileSync } from "node:fs";
import { differencesFile } from "./paths.mjs";

const isJsonError = ({ body, errorKeys }) => errorKeys === "message,code" && [body.message, body.code].every((text) => typeof text === "string");

/**
 * `expect(reference, vestibule)` gives what Vestibule must answer instead of `reference`, or nothing where the rule does not apply.
 */
const RULES = [
  {
    id: "every-error-has-a-body",
    // Where the reference answers an error with nothing, or with the text "Not Found", we say it in JSON.
    expect: (reference, vestibule) =>
      reference.status >= 400 && (reference.body === "" || reference.body === "Not Found") && isJsonError(vestibule)
        ? {
            ...reference,
            body: vestibule.body,
            errorKeys: vestibule.errorKeys,
            headers: { ...reference.headers, "content-type": "application/json" },
          }
        : undefined,
  },
  {
    id: "no-store",
    // Answers that carry a credential must not be kept by caches; the reference says so on /get-session only.
    expect: (reference, vestibule) =>
      reference.headers && !reference.headers["cache-control"] && vestibule.headers?.["cache-control"] === "no-store"
        ? { ...reference, headers: { ...reference.headers, "cache-control": "no-store" } }
        : undefined,
  },
  {
    id: "values-have-types",
    // The reference hands `name` and `image` to the database driver unchecked, and stores what comes of it.
    expect: (reference, vestibule) =>
      updatesUserWithWrongTypes(reference) && [200, 500].includes(reference.status) && isRefusal(vestibule, "VALIDATION_ERROR")
        ? vestibule
        : undefined,
  },
  {
    id: "no-5xx-for-input",
    // What the reference's database driver throws at is the client's mistake: a taken unique value, a missing required one.
    expect: (reference, vestibule) =>
      reference.status === 500 && reference.body === "" && vestibule.status >= 400 && vestibule.status < 500 && isJsonError(vestibule)
        ? vestibule
        : undefined,
  },
];

function updatesUserWithWrongTypes({ request }) {
  const body = /^POST \S+\/update-user \{.*?\} (\{.*\})$/.exec(request ?? "")?.[1];
  return body !== undefined && Object.values(JSON.parse(body)).some((value) => typeof value !== "string");
}

const isRefusal = (entry, code) => entry.status === 400 && isJsonError(entry) && entry.body.code === code && entry.cookies.length === 0;

export class Differences {
  #used = new Set();

  /** The reference's entry as Vestibule is allowed to give it. */
  expectation(reference, vestibule) {
    let expected = reference;
    for (const { id, expect } of RULES) {
      const changed = expect(expected, vestibule);
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
