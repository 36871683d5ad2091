export const name = "session refresh";

export const variants = [
  { name: "defaults", config: {} },
  { name: "updateAge 0", config: { session: { updateAge: 0 } } },
  { name: "short life", config: { session: { expiresIn: 600, updateAge: 60 } } },
  { name: "updateAge above expiresIn", config: { session: { expiresIn: 600, updateAge: 6000 } } },
  { name: "disabled", config: { session: { disableSessionRefresh: true, expiresIn: 600, updateAge: 60 } } },
  { name: "deferred", config: { session: { deferSessionRefresh: true, expiresIn: 600, updateAge: 60 } } },
  { name: "deferred and disabled", config: { session: { deferSessionRefresh: true, disableSessionRefresh: true, expiresIn: 600, updateAge: 60 } } },
];

export async function run(t) {
  const { expiresIn = 604_800, updateAge = 86_400 } = t.config.session ?? {};
  const alice = t.actor();
  await alice.signUp(t.email());
  await alice.get("/get-session", { label: "at once" });
  t.advance(Math.min(updateAge, expiresIn) - 8);
  await alice.get("/get-session", { label: "seconds before it is due" });
  t.advance(8);
  await alice.get("/get-session", { query: "disableRefresh=true", label: "due, refresh disabled by the query" });
  await alice.get("/get-session", { label: "due" });
  await t.rowsOfUser(t.email());
  await alice.post("/get-session", {}, { label: "POST when due" });
  await alice.get("/get-session", { label: "after it" });
  await t.rowsOfUser(t.email());

  // Endpoints that need a session refresh it as well.
  t.advance(Math.min(updateAge, expiresIn / 2));
  await alice.get("/list-sessions");
  t.advance(Math.min(updateAge, expiresIn / 2));
  await alice.post("/update-user", { name: "Refreshed on the way" });
  t.advance(Math.min(updateAge, expiresIn / 2));
  await alice.post("/verify-password", { password: "correct horse" });
  t.advance(Math.min(updateAge, expiresIn / 2));
  await alice.request("GET", "/list-sessions", { query: "disableRefresh=true" });
  await t.rowsOfUser(t.email());

  t.advance(expiresIn + 1);
  const copy = alice.copy();
  await alice.get("/get-session", { label: "expired" });
  await t.rowsOfUser(t.email());
  await copy.post("/get-session", {}, { label: "POST when expired" });
  await t.rowsOfUser(t.email());

  const forgetful = t.actor();
  await forgetful.signIn(t.email(), { rememberMe: false });
  t.advance(Math.min(updateAge, 86_000));
  await forgetful.get("/get-session", { label: "not remembered" });
  await forgetful.post("/get-session", {}, { label: "not remembered, POST" });
  await t.rowsOfUser(t.email());
}
