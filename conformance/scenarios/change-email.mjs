import { VALUES } from "../lib/inputs.mjs";

const options = (changeEmail, emailVerification = (hook) => ({ sendVerificationEmail: hook })) => ({ hook }) => ({
  user: { changeEmail: changeEmail(hook) },
  emailVerification: emailVerification(hook),
});

export const name = "change-email";

export const variants = [
  { name: "off", config: {} },
  { name: "nobody sends", config: { user: { changeEmail: { enabled: true } } } },
  { name: "the new address is asked", config: options(() => ({ enabled: true })) },
  { name: "the old address is asked first", config: options((hook) => ({ enabled: true, sendChangeEmailConfirmation: hook })) },
  { name: "unverified ones change at once", config: options(() => ({ enabled: true, updateEmailWithoutVerification: true })) },
  { name: "at once, nobody sends", config: { user: { changeEmail: { enabled: true, updateEmailWithoutVerification: true } } } },
  { name: "confirmation without verification", config: ({ hook }) => ({ user: { changeEmail: { enabled: true, sendChangeEmailConfirmation: hook } } }) },
];

const links = (t) =>
  t.calls().filter((call) => call.data?.url).map((call) => {
    const url = new URL(call.data.url);
    return { token: url.searchParams.get("token"), path: url.pathname.replace("/api/auth", "") + url.search };
  });

export async function run(t) {
  await t.raw("POST", "/change-email", { json: { newEmail: "new@example.com" }, label: "nobody" });
  for (const state of ["unverified", "verified"]) {
    const email = t.email(state);
    const changed = t.email(`${state}-new`);
    const alice = t.actor();
    await alice.signUp(email);
    await t.actor().signUp(t.email(`${state}-taken`));
    if (state === "verified") {
      await alice.post("/send-verification-email", { email });
      for (const { path } of links(t)) await alice.get(path, { label: "verifies" });
    }
    t.calls();
    for (const value of VALUES) await alice.post("/change-email", { newEmail: value }, { label: JSON.stringify(value) });
    await alice.post("/change-email", { newEmail: email.toUpperCase() }, { label: "the same" });
    await alice.post("/change-email", { newEmail: t.email(`${state}-taken`) }, { label: "taken" });
    await alice.post("/change-email", { newEmail: changed, callbackURL: "https://evil.example" }, { label: "to elsewhere" });
    t.calls();
    await alice.post("/change-email", { newEmail: changed.toUpperCase(), callbackURL: "/account" }, { label: "a new one" });
    let [mail] = links(t);
    await alice.get("/get-session");
    while (mail) {
      const stranger = t.actor();
      await t.actor().signUp(t.email(`${state}-other`), { label: "somebody else" });
      await stranger.get(mail.path, { label: "the link, by a stranger" });
      const more = links(t);
      await stranger.get("/get-session");
      await alice.get(`/verify-email?token=${mail.token}`, { label: "the link again" });
      mail = more[0];
      t.calls();
    }
    await alice.get("/get-session");
    await t.rowsOfUser(changed);
    await t.actor().signIn(email, { label: "by the old address" });
    await t.actor().signIn(changed, { label: "by the new address" });
  }

  // The link of one, in the browser of another.
  const bob = t.actor();
  await bob.signUp(t.email("bob"));
  await bob.post("/change-email", { newEmail: t.email("bob-new") });
  const [mail] = links(t);
  const eve = t.actor();
  await eve.signUp(t.email("eve"));
  t.calls();
  if (mail) {
    await eve.get(mail.path, { label: "in another's browser" });
    await eve.get(`/verify-email?token=${mail.token}`, { label: "in another's browser" });
  }
  t.calls();
  await t.rowsOfUser(t.email("bob"));
}
