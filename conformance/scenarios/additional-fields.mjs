import { VALUES } from "../lib/inputs.mjs";

const FIELDS = {
  text: { type: "string", required: false },
  must: { type: "string", required: true },
  count: { type: "number", required: false },
  big: { type: "number", required: false, bigint: true },
  flag: { type: "boolean", required: false },
  when: { type: "date", required: false },
  bag: { type: "json", required: false },
  tags: { type: "string[]", required: false },
  numbers: { type: "number[]", required: false },
  plan: { type: ["free", "paid"], required: false },
  role: { type: "string", required: false, input: false, defaultValue: "member" },
  score: { type: "number", required: false, input: false },
  hidden: { type: "string", required: false, returned: false },
  lang: { type: "string", required: false, defaultValue: "en" },
  on: { type: "boolean", required: false, defaultValue: false },
  handle: { type: "string", required: false, unique: true },
  renamed: { type: "string", required: false, fieldName: "stored_as" },
};

const EXAMPLES = {
  text: "t", count: 7, big: 12_345_678_901, flag: true, when: "2020-02-03T04:05:06.789Z", bag: { b: [1, { c: null }], a: "x" }, tags: ["a", "b"], numbers: [1, 2.5],
  plan: "paid", hidden: "h", lang: "de", on: true, renamed: "r",
};

export const name = "additional fields of the user";
export const config = { user: { additionalFields: FIELDS } };

export async function run(t) {
  const alice = t.actor();
  await alice.signUp(t.email(), { ...EXAMPLES, must: "m", handle: "alice" });
  await alice.get("/get-session");
  await t.rows("user", (row) => row.email === t.email());
  await t.actor().signIn(t.email());

  await t.actor().signUp(t.email("least"), { must: "m" });
  await t.rows("user", (row) => row.email === t.email("least"));
  await t.actor().signUp(t.email("missing"), {});
  await t.actor().signUp(t.email("empty"), { must: "" });
  await t.actor().signUp(t.email("null"), { must: null });
  await t.actor().signUp(t.email("input"), { must: "m", role: "admin", label: "a field with a default but no input" });
  await t.rows("user", (row) => row.email === t.email("input"));
  await t.actor().signUp(t.email("score"), { must: "m", score: 5 });
  await t.actor().signUp(t.email("score0"), { must: "m", score: 0 });
  await t.actor().signUp(t.email("taken"), { must: "m", handle: "alice" });
  await t.rows("user", (row) => row.email === t.email("taken"));

  await alice.post("/update-user", { ...EXAMPLES, text: "changed", count: 8, flag: false, when: "2021-01-01T00:00:00.000Z", tags: [], plan: "free" });
  await alice.get("/get-session");
  await t.rows("user", (row) => row.email === t.email());
  await alice.post("/update-user", { role: "admin" });
  await alice.post("/update-user", { role: "" });
  await alice.post("/update-user", { score: 1, text: "not this either" });
  await alice.post("/update-user", { hidden: "h2" });
  await alice.post("/update-user", { must: null });
  await alice.post("/update-user", { stored_as: "by the column's name" });
  await alice.post("/update-user", { renamed: "by the field's name" });
  for (const field of ["text", "count", "flag", "when", "bag", "tags", "plan"]) await alice.post("/update-user", { [field]: null });
  await t.rows("user", (row) => row.email === t.email());
  await t.raw("POST", "/sign-up/email", {
    form: { name: "Form", email: t.email("form"), password: "correct horse", must: "m", count: "5" },
    label: "form",
  });

  const bob = t.actor();
  await bob.signUp(t.email("bob"), { must: "m", handle: "bob" });
  await bob.post("/update-user", { handle: "alice" }, { label: "a value that is taken" });
  for (const field of ["text", "plan", "lang"]) {
    for (const value of VALUES) await bob.post("/update-user", { [field]: value }, { label: `${field} ${JSON.stringify(value)}` });
  }
}
