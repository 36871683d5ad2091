import { strict as assert } from "node:assert";

export const name = "guests, and cookies that nobody signed, end at sign-in";

export async function run({ visitor, addUser }) {
  const guest = await visitor();
  await guest.open("/dashboard");
  await guest.isAt("/sign-in");
  await guest.open("/");
  await guest.isAt("/sign-in");

  const url = guest.topology.app;
  const secure = guest.authUrl.startsWith("https:");
  const name = `${secure ? "__Secure-" : ""}better-auth.session_token`;
  const value = encodeURIComponent("Zm9yZ2VkZm9yZ2VkZm9yZ2VkZm9yZ2Vk.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmE=");
  await guest.page.context().addCookies([{ name, value, url, secure }]);
  await guest.open("/dashboard");
  await guest.isAt("/sign-in");

  assert.equal(await guest.backendStatus("GET", "/notes"), 401, "the backend does not take it either");

  await addUser("ida@example.com");
  await guest.open("/sign-in?redirectTo=//evil.example.test/");
  await guest.fill("Sign in", { Email: "ida@example.com", Password: "correct horse battery" });
  await guest.isAt("/dashboard");
  assert.equal(new URL(guest.page.url()).origin, new URL(url).origin, "whoever wrote the link does not choose another site");
}
