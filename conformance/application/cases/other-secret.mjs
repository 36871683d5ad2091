import { strict as assert } from "node:assert";

export const name = "a backend with another secret says so, and nobody goes in circles";

/** The other cases want their backend. */
export const alone = true;

export async function run({ visitor, withBackend }) {
  const kim = await visitor();
  await kim.signUp("kim@example.com", { name: "Kim" });
  await kim.isAt("/dashboard");
  await kim.sees("No notes yet.");

  await withBackend({ BETTER_AUTH_SECRET: "not-the-secret-of-the-auth-server-9X" }, async () => {
    // Signed in there, refused here: signing in again would change nothing.
    await kim.addNote("Refused");
    await kim.seesProblemBeside("New note", /secret|signature|signed/i);
    await kim.page.reload();
    await kim.sees("Hello, Kim");
    await kim.page.getByRole("alert").filter({ hasText: /The backend did not give your notes\. It says: .*(secret|signature|signed)/i }).waitFor();
    assert.equal(kim.path(), "/dashboard");
  });
  await kim.page.reload();
  assert.deepEqual(await kim.notes(), []);
}
