export const name = "get-session";

export async function run(t) {
  await t.raw("GET", "/get-session", { label: "no cookie" });
  await t.raw("POST", "/get-session", { label: "POST without deferral" });
  await t.raw("POST", "/get-session", { json: {}, label: "POST without deferral" });
  await t.raw("HEAD", "/get-session");

  const alice = t.actor();
  await alice.signUp(t.email());
  await alice.get("/get-session");
  await alice.get("/get-session", { headers: { origin: null }, label: "no origin" });
  await alice.get("/get-session", { headers: { origin: "https://evil.example" }, label: "a foreign origin" });
  await alice.post("/get-session", {}, { label: "POST without deferral" });

  const queries = [
    "disableCookieCache=true", "disableCookieCache=false", "disableCookieCache=", "disableRefresh=true", "disableRefresh=false", "disableRefresh=0",
    "disableCookieCache=true&disableCookieCache=true", "disableRefresh=a&disableRefresh=b", "unknown=1", "disableCookieCache[]=1", "%zz=1", "&&==&",
  ];
  for (const query of queries) await alice.get("/get-session", { query });

  t.advance(6 * 86_400);
  await alice.get("/get-session", { query: "disableRefresh=false", label: "due, but any string disables" });
  await alice.get("/get-session", { label: "due" });
  await t.rowsOfUser(t.email());
  t.advance(7 * 86_400 - 5);
  await alice.copy().get("/get-session", { query: "disableRefresh=1", label: "seconds before the end" });
  t.advance(5);
  const after = alice.copy();
  await alice.get("/get-session", { label: "after the end" });
  await after.get("/get-session", { label: "again, now that the row is gone" });
  await t.rowsOfUser(t.email());

  const forgetful = t.actor();
  await forgetful.signIn(t.email(), { rememberMe: false });
  t.advance(86_400 - 10);
  await forgetful.get("/get-session", { label: "never refreshed" });
  const without = forgetful.copy();
  without.jar.delete("better-auth.dont_remember");
  await without.get("/get-session", { label: "without the dont_remember cookie" });
  await t.rowsOfUser(t.email());
}
