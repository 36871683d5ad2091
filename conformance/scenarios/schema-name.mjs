export const name = "tables in a schema of their own";
export const databases = ["postgres"];
export const config = { database: { schemaName: "auth" } };

export async function run(t) {
  const alice = t.actor();
  await alice.signUp(t.email());
  await alice.get("/get-session");
  await alice.post("/update-user", { name: "Alicia" });
  await alice.post("/sign-out", {});
  await t.actor().signIn(t.email());
  for (const table of ["auth.user", "auth.account", "auth.session"]) await t.rows(table);
}
