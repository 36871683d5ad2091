import { VALUES } from "../lib/inputs.mjs";

const mails = (more) => ({ hook }) => ({
  emailVerification: {
    sendVerificationEmail: hook,
    beforeEmailVerification: hook,
    afterEmailVerification: hook,
    sendOnSignUp: true,
    ...more,
  },
});

export const name = "e-mail verification";

export const variants = [
  { name: "plain", config: mails({}) },
  { name: "signs in afterwards", config: mails({ autoSignInAfterVerification: true }) },
  { name: "short-lived", config: mails({ expiresIn: 60 }) },
  { name: "nobody sends", config: {} },
];

/** The token and the path of the newest mail. */
const link = (t) => {
  const mail = t.calls().findLast((call) => call.data?.url);
  const url = new URL(mail?.data.url ?? "http://nowhere/api/auth/verify-email?token=none&callbackURL=%2F");
  return { token: url.searchParams.get("token"), path: url.pathname.replace("/api/auth", "") + url.search };
};

export async function run(t, variant) {
  const alice = t.actor();
  await alice.signUp(t.email(), { callbackURL: "/welcome?a=b" });
  const first = link(t);
  const stranger = t.actor();

  for (const email of [t.email(), "nobody@example.com", "no address"]) {
    await stranger.post("/send-verification-email", { email, callbackURL: "/in" });
    t.calls();
    await alice.post("/send-verification-email", { email: email.toUpperCase() }, { label: "signed in" });
    t.calls();
  }
  await stranger.post("/send-verification-email", { email: t.email(), callbackURL: "https://evil.example" });
  for (const value of VALUES) await stranger.post("/send-verification-email", { email: value }, { label: JSON.stringify(value) });
  t.calls();

  for (const token of ["", "x", "a.b.c", `${first.token}x`, first.token.slice(0, -4)]) {
    await stranger.get(`/verify-email?token=${token}`, { label: "a wrong token" });
    await stranger.get(`/verify-email?token=${token}&callbackURL=/in?a=b`, { label: "a wrong token" });
  }
  await stranger.get("/verify-email");
  await stranger.get("/verify-email?callbackURL=/in");
  await stranger.get(`/verify-email?token=${first.token}&callbackURL=https://evil.example`, { label: "to elsewhere" });
  if (variant.name === "short-lived") t.advance(61);
  await stranger.get(first.path, { label: "the link" });
  t.calls();
  await stranger.get("/get-session");
  await stranger.get(first.path, { label: "once more" });
  await stranger.get(`/verify-email?token=${first.token}`, { label: "without a callback" });
  t.calls();
  await t.rowsOfUser(t.email());
  await alice.post("/send-verification-email", { email: t.email() }, { label: "verified already" });
  await stranger.post("/send-verification-email", { email: t.email() }, { label: "verified already" });
  t.calls();

  const bob = t.actor();
  await bob.signUp(t.email("bob"));
  const second = link(t);
  await bob.get(`/verify-email?token=${second.token}`, { label: "with a session of one's own" });
  t.calls();
  await bob.get("/get-session");
  const carol = t.actor();
  await carol.signUp(t.email("carol"));
  const third = link(t);
  await bob.get(`/verify-email?token=${third.token}`, { label: "of somebody else" });
  t.calls();
  await bob.get("/get-session");
  await t.rowsOfUser(t.email("carol"));

  const dave = t.actor();
  await dave.signUp(t.email("dave"));
  const fourth = link(t);
  t.hooks.answers.set("emailVerification.beforeEmailVerification", { status: 400, body: { status: 403, error: { message: "Not you", code: "NOT_YOU" } } });
  await t.actor().get(`/verify-email?token=${fourth.token}`, { label: "the application refuses" });
  await t.actor().get(fourth.path, { label: "the application refuses" });
  t.hooks.answers.delete("emailVerification.beforeEmailVerification");
  t.hooks.answers.set("emailVerification.afterEmailVerification", { status: 500, body: {} });
  t.calls();
  await t.rowsOfUser(t.email("dave"));
}
