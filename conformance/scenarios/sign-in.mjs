import { BODIES, TYPES, VALUES } from "../lib/inputs.mjs";

export const name = "sign-in";

export async function run(t) {
  const email = t.email();
  await t.actor().signUp(email);

  const alice = t.actor();
  await alice.signIn(email);
  await alice.get("/get-session");
  await alice.signIn(email.toUpperCase(), { label: "address in capitals, already signed in" });
  await alice.signIn(email, { rememberMe: true });
  await t.actor().signIn(email, { rememberMe: false });
  await t.raw("POST", "/sign-in/email", { form: { email, password: "correct horse" }, label: "form" });
  await t.raw("POST", "/sign-in/email", { form: { email, password: "correct horse", rememberMe: "false" }, label: "form with a boolean" });

  await t.actor().signIn(email, { password: "wrong horse" });
  await t.actor().signIn(t.email("nobody"));
  await t.actor().signIn(email, { password: "" });
  await t.actor().signIn(email, { password: "p".repeat(129) });
  await t.actor().signIn(email, { password: "correct horse " });
  await t.actor().signIn("not an address");

  for (const callbackURL of ["/dashboard", "/dashboard?a=b&c=%20#d", "http://localhost:3000/x", "", "/"]) {
    await t.actor().signIn(email, { callbackURL });
  }
  await t.actor().signIn(email, { callbackURL: "https://evil.example" });

  for (const field of ["email", "password", "callbackURL", "rememberMe"]) {
    for (const value of VALUES) {
      await t.raw("POST", "/sign-in/email", { json: { email: t.email("nobody"), password: "correct horse", [field]: value }, label: `${field} ${JSON.stringify(value)}` });
    }
    await t.raw("POST", "/sign-in/email", { json: { email: t.email("nobody"), password: "correct horse", [field]: undefined }, label: `${field} absent` });
  }
  for (const [label, sent] of BODIES) await t.raw("POST", "/sign-in/email", { ...sent, label });
  for (const type of TYPES) {
    await t.raw("POST", "/sign-in/email", { json: { email: t.email("nobody"), password: "x" }, type, label: `content type ${type}` });
  }
  await t.rowsOfUser(email);
}
