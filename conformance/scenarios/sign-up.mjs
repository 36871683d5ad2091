export const name = "sign-up";

export async function run(t) {
  const alice = t.actor();
  await alice.signUp(t.email());
  await alice.get("/get-session");
  await t.rowsOfUser(t.email());

  await t.actor().signUp(t.email(), { label: "the same address again" });
  await t.actor().signUp(t.email().toUpperCase(), { name: "Other" });
  await t.rows("user", (row) => row.email.toLowerCase() === t.email());

  const form = { name: "Form", email: t.email("form"), password: "correct horse" };
  await t.raw("POST", "/sign-up/email", { form, label: "form" });
  await t.raw("POST", "/sign-up/email", { form: { ...form, email: t.email("remember"), rememberMe: "true" }, label: "form values are strings" });

  const forgetful = t.actor();
  await forgetful.signUp(t.email("forgetful"), { rememberMe: false });
  await t.rowsOfUser(t.email("forgetful"));

  await t.actor().signUp(t.email("everything"), { name: "", image: "https://example.com/a.png", callbackURL: "/welcome", rememberMe: true });
  await t.actor().signUp(t.email("absolute"), { callbackURL: "http://localhost:3000/welcome?a=b#c" });

  // What a client must not be able to set.
  await t.actor().signUp(t.email("injected"), {
    id: "chosen",
    emailVerified: true,
    role: "admin",
    createdAt: "2001-01-01T00:00:00.000Z",
    updatedAt: "2001-01-01T00:00:00.000Z",
    unknown: { deep: [1] },
    userId: "other",
  });
  await t.rowsOfUser(t.email("injected"));

  const unicode = await t.actor().signUp(t.email("unicode"), { name: "Zoë 🦀 \u2028 \"<\\/>" });
  t.note("raw body", unicode.body.match(/"name":"[^,]*/)[0]);
  await t.actor().signUp(t.email("long"), { name: "n".repeat(5000), image: `https://example.com/${"i".repeat(3000)}` });
}
