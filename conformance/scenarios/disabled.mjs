export const name = "e-mail and password switched off";

export const variants = [
  { name: "all of it", config: { emailAndPassword: { enabled: false } } },
  { name: "sign-up", config: { emailAndPassword: { enabled: true, disableSignUp: true } } },
  { name: "by default", config: { emailAndPassword: undefined } },
];

export async function run(t) {
  await t.actor().signUp(t.email());
  await t.actor().signUp("not an address", { name: 1, label: "input is checked first" });
  await t.actor().signUp("x@y.zz", { password: "s", callbackURL: "https://evil.example" });
  await t.actor().signIn(t.email());
  await t.actor().signIn(t.email(), { email: "not an address" });
  await t.actor().post("/verify-password", { password: "x" });
  await t.actor().post("/change-password", { currentPassword: "x", newPassword: "y" });
  await t.rows("user");
}
