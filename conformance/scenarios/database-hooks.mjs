const hooked = (option) => ({ hook }) => option(hook);

export const name = "callbacks that decide";

export const variants = [
  { name: "before a user is created", config: hooked((hook) => ({ databaseHooks: { user: { create: { before: hook } } } })), type: "databaseHooks.user.create.before" },
  { name: "before a session is created", config: hooked((hook) => ({ databaseHooks: { session: { create: { before: hook } } } })), type: "databaseHooks.session.create.before" },
  { name: "before an account is created", config: hooked((hook) => ({ databaseHooks: { account: { create: { before: hook } } } })), type: "databaseHooks.account.create.before" },
  { name: "before a user is updated", config: hooked((hook) => ({ databaseHooks: { user: { update: { before: hook } } } })), type: "databaseHooks.user.update.before" },
  { name: "after a user is created", config: hooked((hook) => ({ databaseHooks: { user: { create: { after: hook } } } })), type: "databaseHooks.user.create.after", tells: true },
  { name: "user information is validated", config: hooked((hook) => ({ user: { validateUserInfo: hook } })), type: "user.validateUserInfo" },
];

const ANSWERS = {
  nothing: {},
  no: { body: { result: false } },
  changed: { body: { result: { data: { name: "Changed by the hook", userAgent: "changed" } } } },
  refused: { body: { result: { error: "blocked", errorDescription: "Not you" } } },
  "an API error": { status: 400, body: { error: { message: "Not today", code: "NOT_TODAY" }, status: 403 } },
  "a plain error": { status: 500, body: { error: { message: "Broken" } } },
};

/** A callback that only tells something cannot fail the request at Vestibule. */
const answersFor = ({ tells }) => Object.entries(ANSWERS).filter(([, { status }]) => !(tells && status));

export async function run(t, variant) {
  const bob = t.actor();
  await bob.signUp(t.email("bob"));
  t.calls();
  for (const [label, answer] of answersFor(variant)) {
    t.hooks.answers.set(variant.type, answer);
    const email = t.email(t.fresh("hooked"));
    await t.actor().signUp(email, { label });
    t.calls();
    await t.rowsOfUser(email);
    await t.actor().signIn(t.email("bob"), { label });
    await bob.post("/update-user", { name: "Renamed" }, { label });
    await bob.get("/get-session", { label });
    t.calls();
  }
}
