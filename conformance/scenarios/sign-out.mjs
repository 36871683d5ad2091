import { BODIES, VALUES } from "../lib/inputs.mjs";

export const name = "sign-out";

export async function run(t) {
  await t.raw("POST", "/sign-out", { label: "nobody" });
  await t.raw("POST", "/sign-out", { json: {}, label: "nobody, empty object" });

  const alice = t.actor();
  await alice.signUp(t.email());
  const elsewhere = alice.copy();
  await alice.post("/sign-out", {});
  await alice.get("/get-session");
  await elsewhere.get("/get-session", { label: "the same cookie elsewhere" });
  await elsewhere.post("/sign-out", {}, { label: "a session that is gone" });
  await t.rowsOfUser(t.email());

  const forgetful = t.actor();
  await forgetful.signIn(t.email(), { rememberMe: false });
  await forgetful.post("/sign-out");

  const visitor = t.actor();
  visitor.jar.set("better-auth.session_token", "rubbish");
  await visitor.post("/sign-out", {}, { label: "a cookie that is not ours" });
  visitor.jar.set("better-auth.session_data", "x");
  visitor.jar.set("better-auth.session_data.0", "x");
  visitor.jar.set("better-auth.session_data.7", "y");
  await visitor.post("/sign-out", {}, { label: "with chunks of a cookie cache" });

  for (const field of ["callbackURL", "disableRedirect", "state"]) {
    for (const value of VALUES) await t.raw("POST", "/sign-out", { json: { [field]: value }, label: `${field} ${JSON.stringify(value)}` });
  }
  for (const [label, sent] of BODIES) await t.raw("POST", "/sign-out", { ...sent, label });
}
