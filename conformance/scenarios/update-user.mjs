import { BODIES, VALUES } from "../lib/inputs.mjs";

export const name = "update-user";

export async function run(t) {
  await t.raw("POST", "/update-user", { json: { name: "x" }, label: "nobody" });
  await t.raw("POST", "/update-user", { json: [], label: "nobody, and a wrong body" });

  const alice = t.actor();
  await alice.signUp(t.email());
  await alice.post("/update-user", { name: "Alicia" });
  await alice.post("/update-user", { image: "https://example.com/a.png" });
  await alice.get("/get-session");
  await alice.post("/update-user", { name: "", image: null });
  await alice.get("/get-session");
  await alice.post("/update-user", { email: "new@example.com" });
  await alice.post("/update-user", { email: "", name: "With an empty address" });
  await alice.post("/update-user", { email: null });
  await alice.post("/update-user", { name: "x", emailVerified: true, id: "chosen", createdAt: "2001-01-01T00:00:00.000Z", role: "admin" });
  await alice.post("/update-user", { emailVerified: true });
  await alice.post("/update-user", {});
  await t.rowsOfUser(t.email());
  for (const [label, sent] of BODIES) await alice.request("POST", "/update-user", { ...sent, label });

  const forgetful = t.actor();
  await forgetful.signIn(t.email(), { rememberMe: false });
  await forgetful.post("/update-user", { name: "Still not remembered" });
  await forgetful.get("/get-session");
  await t.rowsOfUser(t.email());
}
