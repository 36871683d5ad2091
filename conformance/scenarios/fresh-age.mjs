export const name = "fresh sessions";

export const variants = [
  { name: "default", config: {}, age: 86_400 },
  { name: "a minute", config: { session: { freshAge: 60 } }, age: 60 },
  { name: "off", config: { session: { freshAge: 0 } }, age: 100_000 },
];

export async function run(t, { age }) {
  const alice = t.actor();
  await alice.signUp(t.email());
  await alice.get("/list-sessions");
  t.advance(age - 5);
  await alice.get("/list-sessions", { label: "just fresh" });
  t.advance(4);
  await alice.get("/list-sessions", { label: "no longer fresh" });
  await alice.get("/get-session");
  await alice.post("/revoke-other-sessions", {}, { label: "needs no fresh session" });
}
