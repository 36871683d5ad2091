import { signed } from "../lib/cookies.mjs";

const [OLD, NEW] = ["an older secret that was long enough too, 4Hq8", "the current secret, and it is long enough, Zx91"];

export const name = "secrets";

export const variants = [
  { name: "versions", config: { secret: undefined, secrets: [{ version: 2, value: NEW }, { version: 1, value: OLD }] } },
  { name: "versions beside a single secret", config: { secret: OLD, secrets: [{ version: 7, value: NEW }] } },
  { name: "from the environment", config: { secret: undefined, secrets: [{ version: 2, value: NEW }] }, env: { BETTER_AUTH_SECRETS: `9:${OLD}`, BETTER_AUTH_SECRET: OLD } },
];

export async function run(t) {
  const alice = t.actor();
  const { token } = (await alice.signUp(t.email())).json();
  await alice.get("/get-session");
  for (const [label, secret] of Object.entries({ "the current secret": NEW, "an older secret": OLD, "the built-in secret": "better-auth-secret-12345678901234567890" })) {
    await t.raw("GET", "/get-session", { headers: { cookie: `better-auth.session_token=${signed(token, secret)}` }, label });
  }
}
