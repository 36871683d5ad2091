import { strict as assert } from "node:assert";

export const name = "sign-up, dashboard, a note";

export async function run({ visitor, database }) {
  const ada = await visitor();
  await ada.open("/sign-up");
  await ada.fill("Sign up", { Name: "Ada" });
  await ada.seesProblemBeside("Email", /enter your email/i);
  await ada.seesProblemBeside("Password", /enter your password/i);
  await ada.fill("Sign up", { Email: "ada@", Password: "short" });
  await ada.seesProblemBeside("Email", /invalid email/i);
  await ada.fill("Sign up", { Email: "ada@example.com", Password: "short" });
  await ada.seesProblemBeside("Password", /too short/i);
  assert.equal(await ada.field("Email").inputValue(), "ada@example.com", "what was typed is kept");
  assert.deepEqual(await ada.sessionCookies(), []);

  await ada.fill("Sign up", { Password: "correct horse battery" });
  await ada.isAt("/dashboard");
  await ada.sees("Hello, Ada");
  await ada.sees("No notes yet.");

  await ada.addNote("   ");
  await ada.seesProblemBeside("New note", /write something/i);
  await ada.addNote("First <b>note</b>, 'quoted' & ünï");
  await ada.sees("First <b>note</b>, 'quoted' & ünï");
  await ada.addNote("Second note");
  await ada.sees("Second note");
  await ada.page.reload();
  assert.deepEqual(await ada.notes(), ["Second note", "First <b>note</b>, 'quoted' & ünï"], "newest first, also after a reload");

  await ada.button("Delete “Second note”").click();
  await ada.button("Delete “Second note”").waitFor({ state: "detached" });
  await ada.page.reload();
  assert.deepEqual(await ada.notes(), ["First <b>note</b>, 'quoted' & ünï"]);

  const rows = await database.query(`select auth_user_id from app_users join "user" on "user".id = auth_user_id where email = 'ada@example.com'`);
  assert.equal(rows.length, 1, "the backend has one row for her, under the id that the auth server gave");

  const twin = await visitor();
  await twin.signUp("ada@example.com");
  await twin.seesProblemBeside("Email", /already exists/i);
}
