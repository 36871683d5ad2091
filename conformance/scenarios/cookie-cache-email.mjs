export const name = "a cookie cache and changes of the address";

const config = (more) => ({ hook }) => ({
  session: { cookieCache: { enabled: true } },
  emailVerification: { sendVerificationEmail: hook, sendOnSignUp: true, ...more },
  user: { changeEmail: { enabled: true } },
});

export const variants = [
  { name: "signed in", config: config({}) },
  { name: "signed in by it", config: config({ autoSignInAfterVerification: true }) },
];

export async function run(t) {
  const alice = t.actor();
  await alice.signUp(t.email());
  const token = () => t.calls({ withRequest: false }).at(-1).data.token;
  const first = token();
  const elsewhere = t.actor();
  await alice.get("/verify-email", { query: { token: first } });
  await alice.get("/get-session", { label: "verified" });
  await elsewhere.get("/verify-email", { query: { token: first }, label: "elsewhere" });
  await elsewhere.get("/get-session", { label: "elsewhere" });

  await alice.post("/change-email", { newEmail: t.email("alicia") });
  const second = token();
  await alice.get("/verify-email", { query: { token: second }, label: "the new address" });
  await alice.get("/get-session", { label: "with the new address" });
  await t.cookiesOf(alice);
}
