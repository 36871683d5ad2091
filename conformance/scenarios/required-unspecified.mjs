export const name = "additional fields that do not say whether they are required";
export const config = {
  user: { additionalFields: { nickname: { type: "string" }, level: { type: "number", defaultValue: 3 }, note: { type: "string", input: false, defaultValue: "n" } } },
};

export async function run(t) {
  await t.actor().signUp(t.email(), { nickname: "al" });
  await t.actor().signUp(t.email("missing"));
  await t.actor().signUp(t.email("null"), { nickname: null });
  await t.rows("user");
}
