export const name = "password lengths and normalisation";

// Hashing is slow, and the same on every database.
export const databases = ["sqlite"];

export const variants = [
  { name: "default limits", config: {}, limits: [8, 128] },
  { name: "given limits", config: { emailAndPassword: { minPasswordLength: 3, maxPasswordLength: 6 } }, limits: [3, 6] },
];

export async function run(t, { limits: [min, max] }) {
  const signUp = (password, label) => t.actor().signUp(t.email(t.fresh("length")), { password, label });
  for (const length of [1, min - 1, min, max, max + 1]) await signUp("p".repeat(length), `${length} characters`);
  // Length is counted in UTF-16 units, before normalisation.
  await signUp("🦀".repeat(Math.floor(max / 2)), "crabs that just fit");
  await signUp("🦀".repeat(Math.floor(max / 2) + 1), "crabs that do not fit");
  await signUp("ﷺ".repeat(max), "grows under NFKC");
  await signUp(" ".repeat(min), "spaces");

  const alice = t.actor();
  await alice.signUp(t.email(), { password: "\u212Bo\uFB01" + "1".repeat(min) });
  const spellings = ["\u00C5ofi", "A\u030Aofi", "\u212Bo\uFB01", "aofi"];
  for (const start of spellings) {
    await t.actor().signIn(t.email(), { password: start + "1".repeat(min), label: JSON.stringify(start) });
  }

  const current = "correct".slice(0, Math.min(max, 7)).padEnd(min, "x");
  const bob = t.actor();
  await bob.signUp(t.email("bob"), { password: current });
  for (const length of [0, 1, min - 1, max + 1]) {
    await bob.post("/change-password", { currentPassword: current, newPassword: "n".repeat(length) }, { label: `to ${length} characters` });
    await bob.post("/change-password", { currentPassword: "n".repeat(length), newPassword: "n".repeat(min) }, { label: `from ${length} characters` });
    await bob.post("/verify-password", { password: "n".repeat(length) }, { label: `verify ${length} characters` });
    await t.actor().signIn(t.email("bob"), { password: "n".repeat(length), label: `sign in with ${length} characters` });
  }
}
