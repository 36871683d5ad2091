export const name = "a cookie cache in chunks";

export const variants = ["compact", "jwt", "jwe"].map((strategy) => ({ name: strategy, config: { session: { cookieCache: { enabled: true, strategy } } } }));

export async function run(t) {
  const alice = t.actor();
  await alice.signUp(t.email());
  for (const [label, image] of Object.entries({
    "two chunks": "x".repeat(3000),
    "three chunks": "y".repeat(6000),
    "as many": "z".repeat(6000),
    "one cookie": null,
    "several chunks": `é"\n🦀`.repeat(1000),
    "too long": "w".repeat(400_000),
    "one cookie again": "short",
  })) {
    await alice.post("/update-user", { image }, { label });
    await alice.get("/get-session", { label });
    if (label !== "too long") await t.cookiesOf(alice);
    const { jar } = alice;
    await alice.copy().get("/get-session", { query: "disableCookieCache=1", label: `${label}, asking` });
    alice.jar = jar;
  }
  await alice.post("/update-user", { image: "x".repeat(6000) });
  await alice.post("/sign-out", {});
}
