export const name = "text that databases dislike";

const TEXTS = { "a pair": "a🦀b", quotes: "a'b\"c`d;--", percent: "100%_\\", newlines: "a\r\nb\u2028", "right to left": "\u202eabc", "much of it": "x".repeat(400_000) };

export async function run(t) {
  for (const [label, text] of Object.entries(TEXTS)) {
    const email = t.email(t.fresh("text"));
    const alice = t.actor();
    await alice.signUp(email, { name: text, label });
    await alice.post("/update-user", { name: text, image: text }, { label });
    await alice.get("/get-session", { label });
    await t.actor().signUp(t.email(t.fresh("text")), { password: `password ${text.slice(0, 20)}`, label });
    await t.actor().signIn(email, { password: text.slice(0, 100), label });
  }
  const bob = t.actor();
  await bob.signUp(t.email("bob"));
  await bob.post("/update-user", { name: "a\u0000b" }, { label: "NUL" });
  await bob.post("/update-user", { image: "a\u0000b" }, { label: "NUL" });
  await t.actor().signUp(t.email("surrogate"), { name: "a\ud800b", label: "half of a surrogate pair" });
  const bytes = Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xff, 0xfe, 0x80]), Buffer.from(`","email":"${t.email("bytes")}","password":"correct horse"}`)]);
  await t.raw("POST", "/sign-up/email", { body: bytes, type: "application/json", label: "invalid UTF-8" });
  const headers = { "user-agent": "\u00ff\u00fe" };
  await t.raw("POST", "/sign-in/email", { json: { email: t.email("bytes"), password: "correct horse" }, headers, label: "a user agent above ASCII" });
  await t.actor().signUp(t.email("nul"), { name: "a\u0000b", label: "NUL" });
}
