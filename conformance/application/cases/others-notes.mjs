import { strict as assert } from "node:assert";

export const name = "one user never sees or deletes another's notes";

export async function run({ visitor, database }) {
  const [eve, fay] = [await visitor(), await visitor()];
  for (const [person, email] of [[eve, "eve@example.com"], [fay, "fay@example.com"]]) {
    await person.signUp(email);
    await person.isAt("/dashboard");
    await person.addNote(`Private to ${email}`);
    await person.sees(`Private to ${email}`);
  }
  for (const [person, email] of [[eve, "eve@example.com"], [fay, "fay@example.com"]]) {
    await person.page.reload();
    assert.deepEqual(await person.notes(), [`Private to ${email}`]);
  }

  const [{ id }] = await database.query("select id from notes where text = 'Private to fay@example.com'");
  assert.equal(await eve.backendStatus("DELETE", `/notes/${id}`), 404, "another's note is not there");
  await fay.page.reload();
  assert.deepEqual(await fay.notes(), ["Private to fay@example.com"]);
}
