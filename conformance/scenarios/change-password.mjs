import { BODIES, VALUES } from "../lib/inputs.mjs";

export const name = "change-password and verify-password";

export async function run(t) {
  const valid = { currentPassword: "correct horse", newPassword: "battery staple" };
  await t.raw("POST", "/change-password", { json: valid, label: "nobody" });
  await t.raw("POST", "/verify-password", { json: { password: "x" }, label: "nobody" });
  await t.raw("POST", "/change-password", { json: {}, label: "nobody, and a wrong body" });

  const alice = t.actor();
  await alice.signUp(t.email());
  const phone = t.actor();
  await phone.signIn(t.email());

  await alice.post("/verify-password", { password: "correct horse" });
  await alice.post("/verify-password", { password: "wrong horse" });
  await alice.post("/verify-password", { password: "" });
  await alice.post("/change-password", { ...valid, currentPassword: "wrong horse" });
  await alice.post("/change-password", { ...valid, newPassword: "short" });
  await alice.post("/change-password", valid);
  await phone.get("/get-session", { label: "other sessions live on" });
  await t.actor().signIn(t.email(), { label: "the old password" });
  await t.actor().signIn(t.email(), { password: valid.newPassword });
  await t.rowsOfUser(t.email());

  const back = { currentPassword: valid.newPassword, newPassword: valid.currentPassword, revokeOtherSessions: true };
  const before = alice.copy();
  await alice.post("/change-password", back);
  await phone.get("/get-session");
  await before.get("/get-session", { label: "the cookie from before" });
  await alice.get("/get-session");
  await alice.get("/list-sessions");
  await alice.post("/change-password", { ...valid, revokeOtherSessions: false, newPassword: valid.currentPassword }, { label: "to the same one" });

  const forgetful = t.actor();
  await forgetful.signIn(t.email(), { rememberMe: false });
  await forgetful.post("/change-password", { ...valid, newPassword: valid.currentPassword, revokeOtherSessions: true });
  await t.rowsOfUser(t.email());

  for (const field of ["currentPassword", "newPassword", "revokeOtherSessions"]) {
    for (const value of VALUES) {
      // The current password is wrong, so that nothing changes whatever is accepted.
      await forgetful.post("/change-password", { currentPassword: "wrong horse", newPassword: "battery staple", [field]: value }, { label: `${field} ${JSON.stringify(value)}` });
    }
  }
  for (const value of VALUES) await forgetful.post("/verify-password", { password: value }, { label: JSON.stringify(value) });
  for (const path of ["/change-password", "/verify-password"]) {
    for (const [label, sent] of BODIES) await forgetful.request("POST", path, { ...sent, label });
    await forgetful.post(path, { ...valid, password: "wrong horse", currentPassword: "wrong horse", more: 1 }, { type: "text/plain" });
  }

  t.advance(60 * 60 * 23);
  await forgetful.post("/verify-password", { password: "correct horse" }, { label: "a day later" });
  t.advance(60 * 60 * 24);
  await forgetful.post("/verify-password", { password: "correct horse" }, { label: "expired" });
}
