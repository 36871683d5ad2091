export const name = "passwords hashed by the application";
export const config = ({ hook }) => ({ emailAndPassword: { password: { hash: hook, verify: hook } } });

export async function run(t) {
  t.hooks.answers.set("emailAndPassword.password.hash", { body: { result: "hashed elsewhere" } });
  t.hooks.answers.set("emailAndPassword.password.verify", { body: { result: true } });
  const alice = t.actor();
  await alice.signUp(t.email());
  t.calls({ withRequest: false });
  await t.rowsOfUser(t.email());
  await alice.post("/verify-password", { password: "anything" });
  t.calls({ withRequest: false });
  await alice.post("/change-password", { currentPassword: "anything", newPassword: "battery staple" });
  t.calls({ withRequest: false });
  t.hooks.answers.set("emailAndPassword.password.verify", { body: { result: false } });
  await t.actor().signIn(t.email());
  await alice.post("/verify-password", { password: "anything" });
  t.calls({ withRequest: false });
  t.hooks.answers.set("emailAndPassword.password.verify", { status: 500, body: { error: { message: "Broken" } } });
  await t.actor().signIn(t.email(), { label: "the callback fails" });
  t.hooks.answers.set("emailAndPassword.password.hash", { status: 500, body: { error: { message: "Broken" } } });
  await t.actor().signUp(t.email("unlucky"), { label: "the callback fails" });
  await t.rowsOfUser(t.email("unlucky"));
}
