export const name = "lists have a limit";

export const variants = [
  { name: "given", config: { advanced: { database: { defaultFindManyLimit: 2 } } }, sessions: 4 },
  { name: "default", config: {}, sessions: 3 },
];

export async function run(t, { sessions }) {
  const alice = t.actor();
  await alice.signUp(t.email());
  for (let i = 0; i < sessions; i++) await t.actor().signIn(t.email());
  await alice.get("/list-sessions", { digest: (body) => JSON.parse(body).length });
}
