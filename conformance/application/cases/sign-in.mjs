import { strict as assert } from "node:assert";

export const name = "a wrong password, sign-in, sign-out";

export async function run({ visitor, addUser }) {
  await addUser("ben@example.com");
  const ben = await visitor();
  await ben.signIn("ben@example.com", "wrong horse battery");
  await ben.seesProblemBeside("Password", /invalid email or password/i);
  assert.deepEqual(await ben.sessionCookies(), [], "no cookie");
  assert.equal(await ben.field("Email").inputValue(), "ben@example.com", "what was typed is kept");

  // The message goes away with the next attempt.
  await ben.fill("Sign in", { Password: "correct horse battery" });
  await ben.isAt("/dashboard");
  await ben.sees("ben@example.com");

  // Who is signed in has no use for these pages.
  await ben.open("/sign-in");
  await ben.isAt("/dashboard");

  await ben.button("Sign out").click();
  await ben.isAt("/sign-in");
  assert.deepEqual(await ben.sessionCookies(), [], "the cookie is gone");
  await ben.open("/dashboard");
  await ben.isAt("/sign-in");
}
