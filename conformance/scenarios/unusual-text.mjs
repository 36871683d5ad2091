export const name = "text that databases dislike";

const TEXTS = { NUL: "a\u0000b", "a lone surrogate": "a\ud800b", "a pair": "a🦀b", quotes: "a'b\"c`d;--", percent: "100%_\\", newlines: "a\r\nb\u2028", "right to left": "\u202eabc", "a megabyte less a bit": "x".repeat(900_000) };

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
  const bytes = Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xff, 0xfe, 0x80]), Buffer.from(`","email":"${t.email("bytes")}","password":"correct horse"}`)]);
  await t.raw("POST", "/sign-up/email", { body: bytes, type: "application/json", label: "invalid UTF-8" });
  const headers = { "user-agent": "\u00ff\u00fe" };
  await t.raw("POST", "/sign-in/email", { json: { email: t.email("bytes"), password: "correct horse" }, headers, label: "a user agent above ASCII" });
}
