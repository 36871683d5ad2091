export const name = "a callback that decides who may come in";
export const config = ({ hook }) => ({ user: { validateUserInfo: hook } });

const ANSWERS = {
  nothing: {},
  no: { body: { result: false } },
  "something else": { body: { result: { data: { name: "Changed by the hook" } } } },
  refused: { body: { result: { error: "blocked", errorDescription: "Not you" } } },
  "an API error": { status: 400, body: { error: { message: "Not today", code: "NOT_TODAY" }, status: 403 } },
  "a plain error": { status: 500, body: { error: { message: "Broken" } } },
};

export async function run(t) {
  const bob = t.actor();
  await bob.signUp(t.email("bob"));
  t.calls();
  for (const [label, answer] of Object.entries(ANSWERS)) {
    t.hooks.answers.set("user.validateUserInfo", answer);
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
