import { VALUES } from "../lib/inputs.mjs";

export const name = "update-user with wrong types";

export async function run(t) {
  for (const field of ["name", "image"]) {
    for (const value of VALUES) {
      // The reference accepts some of these, so that the row afterwards is nobody's model: each value gets a user of its own.
      const alice = t.actor();
      await alice.signUp(t.email(t.fresh("types")));
      await alice.post("/update-user", { [field]: value }, { label: `${field} ${JSON.stringify(value)}` });
    }
  }
}
