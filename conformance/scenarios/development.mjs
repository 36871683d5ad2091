export const name = "development";

export const databases = ["sqlite"];

export const variants = [
  { name: "defaults", config: { production: false } },
  { name: "without a base URL", config: { production: false, baseURL: undefined } },
];

const ORIGINS = ["http://localhost:3000", "http://localhost:8080", "http://127.0.0.1:5173", "http://[::1]:3000", "https://localhost", "http://localhost.evil.example", "http://127.0.0.1.evil.example", "https://evil.example", "null", undefined];

export async function run(t) {
  const alice = t.actor();
  await alice.signUp(t.email());
  for (const origin of ORIGINS) {
    await alice.get("/get-session", { headers: { origin } });
    await alice.post("/verify-password", { password: "correct horse" }, { headers: { origin: origin ?? null } });
    await t.raw("POST", "/sign-in/email", { json: { email: t.email("nobody"), password: "p".repeat(129) }, headers: { origin } });
  }
  await t.actor().signIn(t.email(), { callbackURL: "https://evil.example/x" });
  await t.actor().signIn(t.email(), { password: "wrong horse" });
  await t.raw("GET", "/unknown");
  await t.raw("GET", "/list-sessions");
}
