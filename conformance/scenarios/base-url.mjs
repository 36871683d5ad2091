export const name = "base URL and base path";

export const variants = [
  { name: "basePath", config: { basePath: "/auth" }, elsewhere: ["/api/auth/ok", "/auth", "/auth/", "/auth/ok/"] },
  { name: "basePath with a slash at the end", config: { basePath: "/auth/" }, elsewhere: ["/auth/ok", "/auth//ok"] },
  { name: "basePath /", config: { basePath: "/" }, elsewhere: ["/ok", "//ok", "/api/auth/ok"] },
  { name: "deep basePath", config: { basePath: "/a/b/c" }, elsewhere: ["/a/b/ok", "/a/b/c/ok?x=1"] },
  { name: "path in the base URL", config: { baseURL: "http://localhost:3000/custom", basePath: "/ignored" }, elsewhere: ["/ignored/ok", "/custom/ok", "/api/auth/ok"] },
  { name: "base URL with a slash", config: { baseURL: "http://localhost:3000/" }, elsewhere: ["/api/auth/ok"] },
  { name: "no base URL", config: { baseURL: undefined }, elsewhere: ["/api/auth/ok"] },
  { name: "forwarded host believed", config: { baseURL: undefined, advanced: { trustedProxyHeaders: true } }, elsewhere: ["/api/auth/ok"] },
  { name: "base URL from the environment", config: { baseURL: undefined }, env: { BETTER_AUTH_URL: "http://localhost:3000" }, elsewhere: ["/api/auth/ok"] },
];

export async function run(t, { elsewhere }) {
  const alice = t.actor();
  await alice.signUp(t.email(), { callbackURL: "http://localhost:3000/x" });
  await alice.get("/get-session");
  await alice.signIn(t.email(), { callbackURL: "http://elsewhere.example/x" });
  await alice.signIn(t.email(), { callbackURL: "http://localhost:3001/x" });
  await t.raw("GET", "/error", { query: { error: "x" } });
  for (const path of elsewhere) await t.raw("GET", path, { absolute: true });
  // The base URL is never learned from traffic.
  const host = { host: "evil.example", "x-forwarded-host": "evil.example", "x-forwarded-proto": "https" };
  await t.raw("POST", "/sign-in/email", { json: { email: t.email(), password: "correct horse", callbackURL: "https://evil.example/x" }, headers: host });
  for (const origin of ["http://evil.example", "https://evil.example", "http://localhost:3000"]) {
    await t.raw("POST", "/sign-in/email", { json: { email: t.email(), password: "correct horse" }, headers: { ...host, origin } });
  }
  for (const forwarded of ["evil.example:8080", "evil.example/path", "evil.example, other.example", "ev il", "<script>", ""]) {
    await t.raw("POST", "/sign-in/email", {
      json: { email: t.email("nobody"), password: "p".repeat(129), callbackURL: "https://evil.example:8080/x" },
      headers: { "x-forwarded-host": forwarded, "x-forwarded-proto": "https" },
    });
  }
  await t.raw("POST", "/sign-in/email", { json: { email: t.email(), password: "correct horse", callbackURL: "/x" } });
}
