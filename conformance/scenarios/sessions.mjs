import { BODIES, VALUES } from "../lib/inputs.mjs";

export const name = "listing and ending sessions";

export async function run(t) {
  for (const [method, path] of [
    ["GET", "/list-sessions"],
    ["POST", "/revoke-session"],
    ["POST", "/revoke-sessions"],
    ["POST", "/revoke-other-sessions"],
  ]) {
    await t.raw(method, path, { label: "nobody" });
    await t.raw(method, path, { headers: { cookie: "better-auth.session_token=x.y", origin: "http://localhost:3000" }, label: "a bad cookie" });
  }
  await t.raw("POST", "/revoke-session", { json: { token: "x" }, label: "nobody" });

  const bob = t.actor();
  await bob.signUp(t.email("bob"));
  const laptop = t.actor();
  await laptop.signUp(t.email());
  const phone = t.actor();
  const { token } = (await phone.signIn(t.email())).json();
  const tablet = t.actor();
  await tablet.signIn(t.email(), { rememberMe: false });

  await laptop.get("/list-sessions", { anyOrder: true });
  await bob.post("/revoke-session", { token }, { label: "somebody else's" });
  await phone.get("/get-session");
  for (const value of VALUES) await laptop.post("/revoke-session", { token: value }, { label: JSON.stringify(value) });
  for (const [label, sent] of BODIES) await laptop.request("POST", "/revoke-session", { ...sent, label });
  await laptop.post("/revoke-session", { token: "unknown" });
  await laptop.post("/revoke-session", { token });
  await phone.get("/get-session", { label: "revoked" });
  await phone.get("/list-sessions", { label: "revoked" });
  await laptop.get("/list-sessions", { anyOrder: true });

  await phone.signIn(t.email());
  await laptop.post("/revoke-other-sessions");
  await tablet.get("/get-session");
  await phone.get("/get-session");
  await laptop.get("/list-sessions");

  await phone.signIn(t.email());
  await laptop.post("/revoke-sessions", {});
  await laptop.get("/get-session");
  await phone.get("/get-session");
  await bob.get("/list-sessions", { label: "untouched" });
  await t.rowsOfUser(t.email());

  for (const path of ["/revoke-sessions", "/revoke-other-sessions"]) {
    for (const [label, sent] of BODIES) {
      const carol = t.actor();
      carol.jar.set("better-auth.session_token", bob.jar.get("better-auth.session_token"));
      await carol.request("POST", path, { ...sent, label });
    }
  }

  const own = t.actor();
  const mine = (await own.signIn(t.email())).json().token;
  await own.post("/revoke-session", { token: mine }, { label: "one's own" });
  await own.get("/get-session");

  // An expired session is neither listed nor usable.
  const short = t.actor();
  await short.signIn(t.email(), { rememberMe: false });
  const long = t.actor();
  await long.signIn(t.email());
  t.advance(86_400 - 20);
  await long.get("/list-sessions", { anyOrder: true });
  t.advance(60);
  await long.get("/list-sessions", { label: "no longer fresh" });
  await short.get("/list-sessions", { label: "expired" });
}
