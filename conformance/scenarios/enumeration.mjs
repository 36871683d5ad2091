const verification = (more) => ({ hook }) => ({
  emailAndPassword: { requireEmailVerification: true, ...more.emailAndPassword },
  emailVerification: { sendVerificationEmail: hook, ...more.emailVerification },
  user: more.user,
});

const FIELDS = {
  additionalFields: {
    plan: { type: "string", required: false, defaultValue: "free" },
    nickname: { type: "string", required: false },
    secretNote: { type: "string", required: false, returned: false },
    level: { type: "number", required: false, input: false, defaultValue: 1 },
  },
};

export const name = "known and unknown addresses look the same";

export const variants = [
  { name: "autoSignIn off", config: { emailAndPassword: { autoSignIn: false } } },
  { name: "autoSignIn off with additional fields", config: { emailAndPassword: { autoSignIn: false }, user: FIELDS } },
  { name: "verification required", config: verification({}) },
  { name: "verification required with additional fields", config: verification({ user: FIELDS }) },
  { name: "verification required, nobody sends", config: { emailAndPassword: { requireEmailVerification: true } } },
  { name: "verification required, mail at sign-in", config: verification({ emailVerification: { sendOnSignIn: true, expiresIn: 60 } }) },
  { name: "verification required, no mail at sign-up", config: verification({ emailVerification: { sendOnSignUp: false } }) },
  { name: "mail at sign-up only", config: verification({ emailAndPassword: { requireEmailVerification: false }, emailVerification: { sendOnSignUp: true } }) },
  {
    name: "the owner is told",
    config: ({ hook }) => ({
      emailAndPassword: { requireEmailVerification: true, onExistingUserSignUp: hook },
      emailVerification: { sendVerificationEmail: hook },
    }),
  },
];

export async function run(t) {
  for (const label of ["new", "again", "in capitals"]) {
    const email = label === "in capitals" ? t.email().toUpperCase() : t.email();
    await t.actor().signUp(email, { name: `Alice ${label}`, image: "https://example.com/a.png", callbackURL: "/after?x=1&y=ä", nickname: "al", plan: "paid", secretNote: "s" });
    t.calls();
  }
  await t.rowsOfUser(t.email());
  await t.actor().signIn(t.email());
  t.calls();
  await t.actor().signIn(t.email(), { callbackURL: "/dashboard" });
  t.calls();
  await t.actor().signIn(t.email(), { password: "wrong horse" });
  t.calls();
  await t.actor().signUp(t.email(), { password: "short" });
  await t.actor().signUp(t.email("plain"), {});
  t.calls();
  await t.rowsOfUser(t.email("plain"));

  t.hooks.answers.set("emailVerification.sendVerificationEmail", { status: 500, body: { error: { message: "The mail server is away" } } });
  await t.actor().signUp(t.email("unlucky"), { label: "the mail cannot be sent" });
  t.calls();
  await t.rowsOfUser(t.email("unlucky"));
}
