export const name = "ids";

export const variants = [
  { name: "uuid", config: { advanced: { database: { generateId: "uuid" } } } },
  { name: "serial", config: { advanced: { database: { generateId: "serial" } } } },
];

export async function run(t) {
  const alice = t.actor();
  await alice.signUp(t.email());
  await t.actor().signUp(t.email("bob"));
  await alice.get("/get-session");
  await alice.get("/list-sessions");
  await alice.post("/update-user", { name: "Alicia" });
  await alice.post("/verify-password", { password: "correct horse" });
  await alice.post("/change-password", { currentPassword: "correct horse", newPassword: "battery staple", revokeOtherSessions: true });
  await alice.get("/list-sessions");
  await alice.post("/revoke-other-sessions");
  for (const table of ["user", "account", "session"]) await t.rows(table);
  await alice.post("/sign-out", {});
  await t.rows("session");
}
