import { strict as assert } from "node:assert";

export const name = "a server that is away signs nobody out, and the page says what is the matter";

/** The other cases want their servers. */
export const alone = true;

export async function run({ visitor, without }) {
  const hal = await visitor();
  await hal.signUp("hal@example.com", { name: "Hal" });
  await hal.isAt("/dashboard");
  await hal.sees("No notes yet.");

  await without("backend", async () => {
    await hal.addNote("Not now");
    await hal.seesProblemBeside("New note", /the server answered 502/i);
    await hal.page.reload();
    await hal.sees("Hello, Hal");
    await hal.page.getByRole("alert").filter({ hasText: "The backend did not give your notes" }).waitFor();
  });
  await hal.page.reload();
  assert.deepEqual(await hal.notes(), []);

  await without("auth", async () => {
    await hal.button("Sign out").click();
    await hal.sees("You are still signed in: the server cannot be reached.");
    await hal.page.reload();
    await hal.sees("The server cannot be reached. You are still signed in.");
    assert.equal(hal.path(), "/dashboard");

    const guest = await visitor();
    await guest.open("/dashboard");
    await guest.isAt("/sign-in");
    guest.forgive();
  });
  await hal.button("Try again").click();
  await hal.sees("Hello, Hal");
  hal.forgive();
}
