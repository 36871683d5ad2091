import { strict as assert } from "node:assert";

export const name = "who tries too often is told to wait, and nobody else is";

/** More than any limit of the servers allows in their window. */
const ATTEMPTS_LIMIT = 8;

export async function run({ visitor, addUser }) {
  await addUser("joan@example.com");
  const guesser = await visitor();
  await guesser.open("/sign-in");
  const refusal = guesser.page.getByRole("alert").filter({ hasText: "Too many attempts" });
  let attempts = 0;
  while (!(await refusal.isVisible())) {
    assert.ok(++attempts <= ATTEMPTS_LIMIT, `the frontend passes on who tries: no limit after ${attempts - 1} attempts`);
    const answered = guesser.page.waitForResponse((answer) => answer.url().endsWith("/sign-in/email") && answer.request().method() === "POST");
    await guesser.fill("Sign in", { Email: "joan@example.com", Password: `guess ${attempts}` });
    await answered;
    await guesser.button("Sign in").waitFor();
  }
  assert.equal(guesser.path(), "/sign-in");

  // From another address, and by the same frontend.
  const joan = await visitor();
  await joan.signIn("joan@example.com");
  await joan.isAt("/dashboard");
}
