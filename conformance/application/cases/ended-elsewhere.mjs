import { strict as assert } from "node:assert";

export const name = "a session ended elsewhere leads back to sign-in";

/** Ways to notice that the session is over. */
const NOTICES = {
  "the page is loaded again": (page) => page.reload(),
  "a note is added": (page) => page.locator("form").filter({ has: page.getByLabel("New note") }).evaluate((form) => {
    form.elements.text.value = "Too late";
    form.requestSubmit();
  }),
  "the tab comes back": (page) => page.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))),
};

export async function run({ visitor, addUser, database }) {
  await addUser("cleo@example.com");
  const signedIn = async () => {
    const cleo = await visitor();
    await cleo.signIn("cleo@example.com");
    await cleo.isAt("/dashboard");
    await cleo.field("New note").waitFor();
    await cleo.page.waitForLoadState("networkidle");
    return cleo;
  };
  const elsewhere = await signedIn();
  const devices = await Promise.all(Object.keys(NOTICES).map(signedIn));
  await endOtherSessions(elsewhere);
  await Promise.all(devices.map((cleo, index) => notices(cleo, Object.values(NOTICES)[index])));

  await elsewhere.page.reload();
  assert.deepEqual(await elsewhere.notes(), [], "nothing was written without a session");
  assert.deepEqual(await database.query("select * from notes where text = 'Too late'"), []);
}

async function notices(cleo, act) {
  await act(cleo.page);
  await cleo.isAt("/sign-in");
  await cleo.sees("Your session has ended. Sign in again.");

  // The cookie of the dead session is still there; it must neither let in nor go round in circles.
  await cleo.open("/dashboard");
  await cleo.isAt("/sign-in");
  await cleo.fill("Sign in", { Email: "cleo@example.com", Password: "correct horse battery" });
  await cleo.isAt("/dashboard");
}

/** As the account page of another device would. */
async function endOtherSessions({ page, authUrl }) {
  const status = await page.evaluate(async (url) => {
    const answer = await fetch(url, { method: "POST", credentials: "include", headers: { "content-type": "application/json" }, body: "{}" });
    return answer.status;
  }, `${authUrl}/api/auth/revoke-other-sessions`);
  assert.equal(status, 200);
}
