export const name = "rows that are missing";

export async function run(t) {
  const idOf = async (actor) => (await actor.get("/get-session")).json().user.id;

  const alice = t.actor();
  await alice.signUp(t.email());
  await t.sql(`delete from "account" where "userId" = '${await idOf(alice)}'`);
  await t.actor().signIn(t.email(), { label: "no credential account" });
  await alice.post("/change-password", { currentPassword: "correct horse", newPassword: "battery staple" });
  await alice.post("/change-password", { currentPassword: "correct horse", newPassword: "battery staple", revokeOtherSessions: true });
  await alice.post("/verify-password", { password: "correct horse" });
  await t.actor().signUp(t.email(), { label: "the address is taken nevertheless" });

  const bob = t.actor();
  await bob.signUp(t.email("bob"));
  await t.sql(`update "account" set "password" = null where "userId" = '${await idOf(bob)}'`);
  await t.actor().signIn(t.email("bob"), { label: "an account without a password" });
  await bob.post("/change-password", { currentPassword: "correct horse", newPassword: "battery staple" });
  await bob.post("/verify-password", { password: "correct horse" });

  const carol = t.actor();
  await carol.signUp(t.email("carol"));
  for (const hash of ["", "x", "a:b", ":", "00:00", `${"0".repeat(32)}:${"0".repeat(127)}`, `${"0".repeat(32)}:${"0".repeat(128)}:`, `${"G".repeat(32)}:${"z".repeat(128)}`, "$2b$10$abcdefghijklmnopqrstuv"]) {
    await t.sql(`update "account" set "password" = '${hash}' where "userId" = '${await idOf(carol)}'`);
    await t.actor().signIn(t.email("carol"), { label: `a hash that reads ${JSON.stringify(hash)}` });
  }

  const dave = t.actor();
  await dave.signUp(t.email("dave"));
  await t.sql(`delete from "session" where "userId" = '${await idOf(dave)}'`);
  await dave.copy().post("/update-user", { name: "x" }, { label: "no session row" });
  await dave.copy().post("/update-session", { name: "x" }, { label: "no session row" });
  await dave.copy().post("/revoke-sessions", {}, { label: "no session row" });
  await dave.copy().get("/list-sessions", { label: "no session row" });
  await dave.copy().post("/verify-password", { password: "correct horse" }, { label: "no session row" });

  const erin = t.actor();
  await erin.signUp(t.email("erin"));
  const id = await idOf(erin);
  await t.sql(`delete from "user" where "id" = '${id}'`);
  await erin.copy().get("/get-session", { label: "no user row" });
  await erin.copy().get("/list-sessions", { label: "no user row" });
  await erin.copy().post("/sign-out", {}, { label: "no user row" });
  await t.actor().signUp(t.email("erin"), { label: "the address is free again" });
}
