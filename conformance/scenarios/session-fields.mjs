import { BODIES, VALUES } from "../lib/inputs.mjs";

export const name = "update-session and additional fields of the session";

export const variants = [
  { name: "none", config: {} },
  {
    name: "several",
    config: {
      session: {
        additionalFields: {
          theme: { type: "string", required: false },
          depth: { type: "number", required: false, defaultValue: 1 },
          secretNote: { type: "string", required: false, returned: false },
          fixed: { type: "string", required: false, input: false, defaultValue: "f" },
          active: { type: "boolean", required: false, defaultValue: true, fieldName: "is_active" },
        },
      },
    },
  },
];

export async function run(t) {
  await t.raw("POST", "/update-session", { json: { theme: "dark" }, label: "nobody" });
  await t.raw("POST", "/update-session", { json: [], label: "nobody, and a wrong body" });
  const alice = t.actor();
  await alice.signUp(t.email());
  await alice.get("/get-session");
  await alice.post("/update-session", { theme: "dark", depth: 2, secretNote: "s", active: false });
  await alice.get("/get-session");
  await alice.get("/list-sessions");
  await t.rows("session", () => true);
  await alice.post("/update-session", { fixed: "x" });
  await alice.post("/update-session", { fixed: "" });
  await alice.post("/update-session", { theme: null });
  await alice.post("/update-session", { userId: "x", token: "x", expiresAt: "2099-01-01T00:00:00.000Z", ipAddress: "1.1.1.1", id: "x", unknown: 1 });
  for (const value of VALUES.filter((value) => value === null || typeof value === "string")) await alice.post("/update-session", { theme: value });
  for (const [label, sent] of BODIES) await alice.request("POST", "/update-session", { ...sent, label });

  const forgetful = t.actor();
  await forgetful.signIn(t.email(), { rememberMe: false });
  await forgetful.post("/update-session", { theme: "light" });
  await forgetful.post("/change-password", { currentPassword: "correct horse", newPassword: "correct horse", revokeOtherSessions: true });
  await t.rows("session", () => true);

  t.advance(86_400 * 2);
  await forgetful.post("/update-session", { theme: "late" });
}
