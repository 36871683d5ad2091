import { strict as assert } from "node:assert";

export const name = "a user that only Better Auth knows opens the dashboard, and the backend has the row";

export async function run({ visitor, addUser, database }) {
  await addUser("dora@example.com");
  const [{ id }] = await database.query(`select id from "user" where email = 'dora@example.com'`);
  const mirrored = () => database.query(`select auth_user_id from app_users where auth_user_id = '${id}'`);
  assert.deepEqual(await mirrored(), [], "the backend has not heard of her");

  const dora = await visitor();
  await dora.signIn("dora@example.com");
  await dora.isAt("/dashboard");
  assert.deepEqual(await dora.notes(), []);
  assert.equal((await mirrored()).length, 1, "first sight made the row");

  await dora.addNote("Known now");
  await dora.sees("Known now");
  await dora.page.reload();
  assert.deepEqual(await dora.notes(), ["Known now"]);
  assert.equal((await mirrored()).length, 1, "and only one");
}
