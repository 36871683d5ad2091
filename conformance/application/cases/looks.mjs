import { strict as assert } from "node:assert";
import { screenshots } from "../../lib/paths.mjs";

export const name = "pages fit a phone and a desktop, light and dark";

const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 375, height: 720 } };

export async function run({ visitor }) {
  const guest = await visitor();
  await look(guest, "/sign-up", async () => {
    await guest.fill("Sign up", { Name: "Gil", Email: "gil@example.com" });
    await guest.seesProblemBeside("Password", /enter your password/i);
  });
  await look(guest, "/sign-in", async () => {
    await guest.fill("Sign in", { Email: "gil@example.com" });
    await guest.seesProblemBeside("Password", /enter your password/i);
  });
  await look(guest, "/sign-in?ended");

  const gil = await visitor();
  await gil.signUp("gil.with.a.rather.long.address@mail.example.com", { name: "Gil" });
  await gil.isAt("/dashboard");
  await look(gil, "/dashboard");
  for (const text of ["Buy milk", "A".repeat(200), "A note of more than one line, because people write what they think and do not look at the width of it"]) {
    await gil.addNote(text);
    await gil.sees(text);
  }
  const write = async () => {
    await gil.addNote(" ");
    await gil.seesProblemBeside("New note", /write something/i);
  };
  await look(gil, "/dashboard", write, "notes");
}

/** Pictures to look at, and one thing that a machine can see. */
async function look({ page, open }, path, act = async () => {}, name = path.slice(1).replace("?", "-")) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of ["light", "dark"]) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      await open(path);
      await act();
      await page.screenshot({ path: `${screenshots()}/next-${name}-${size}-${colorScheme}.png`, fullPage: true });
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wider <= 0, `${path} is ${wider} px wider than a screen of ${viewport.width} px`);
    }
  }
}
