import { signed } from "../lib/cookies.mjs";
import { SECRET } from "../lib/config.mjs";

export const name = "bearer";

export const variants = [
  { name: "plain", config: { plugins: { bearer: {} } } },
  { name: "signature required", config: { plugins: { bearer: { requireSignature: true } } } },
  { name: "https", config: { baseURL: "https://app.example.com", plugins: { bearer: {} } } },
  { name: "refreshed at every use", config: { session: { updateAge: 0 }, plugins: { bearer: {} } } },
  { name: "deferred refresh", config: { session: { deferSessionRefresh: true }, plugins: { bearer: {} } } },
];

export async function run(t, { config }) {
  await byClient(t);
  await byHeader(t);
  await besideCookies(t, config.baseURL?.startsWith("https") ? "__Secure-" : "");
  await byPage(t);
}

/** The official client, as its documentation configures it. */
async function byClient(t) {
  const said = async (label, promise) => t.note(label, await promise);
  const phone = t.phone();
  const credentials = { email: t.email(), password: "correct horse" };
  await said("signUp", phone.client.signUp.email({ ...credentials, name: "Alice" }));
  await said("getSession", phone.client.getSession());
  await said("updateUser", phone.client.updateUser({ name: "Alicia" }));
  await said("listSessions", phone.client.listSessions());
  await said("wrong password", t.phone().client.signIn.email({ ...credentials, password: "wrong horse" }));
  t.advance(2 * 86_400);
  await said("getSession when a refresh is due", phone.client.getSession());
  await said("changePassword", phone.client.changePassword({ currentPassword: "correct horse", newPassword: "battery staple", revokeOtherSessions: true }));
  await said("getSession with the new token", phone.client.getSession());
  await said("signOut", phone.client.signOut());
  await said("getSession when signed out", phone.client.getSession());
  const forgetful = t.phone();
  await said("signIn", forgetful.client.signIn.email({ email: t.email(), password: "battery staple", rememberMe: false }));
  await said("getSession", forgetful.client.getSession());
}

/** Every spelling of the header. */
async function byHeader(t) {
  const phone = t.phone();
  await phone.signUp(t.email("bob"));
  const both = phone.token;
  const [token, signature] = both.split(".");
  const spellings = {
    signed: `Bearer ${both}`,
    bare: `Bearer ${token}`,
    "lower case": `bearer ${both}`,
    "upper case": `BEARER ${token}`,
    spaces: `Bearer    ${both}   `,
    encoded: `Bearer ${encodeURIComponent(both)}`,
    "encoded badly": `Bearer ${both}%zz`,
    "a tab": `Bearer\t${both}`,
    "no space": `Bearer${both}`,
    "another scheme": "Basic dXNlcjpwYXNz",
    nothing: "Bearer",
    "a space": "Bearer ",
    "a dot": "Bearer .",
    "dots": "Bearer ...",
    "no signature": `Bearer ${token}.`,
    "no token": `Bearer .${signature}`,
    "unpadded": `Bearer ${both.replace(/=$/, "")}`,
    "three parts": `Bearer ${both}.x`,
    "altered": `Bearer x${both}`,
    "another secret": `Bearer ${decodeURIComponent(signed(token, "another secret"))}`,
    "our secret, no session": `Bearer ${decodeURIComponent(signed("nobody", SECRET))}`,
    "unknown": "Bearer unknown",
    "a semicolon": "Bearer a;b=c",
    "a quote": 'Bearer a"b',
    "a percent sign": "Bearer a%",
    "not ASCII": "Bearer é",
    "null": "Bearer null",
    "long": `Bearer ${"a".repeat(2000)}`,
  };
  for (const [label, authorization] of Object.entries(spellings)) await t.raw("GET", "/get-session", { headers: { authorization }, label });
  for (const label of ["signed", "bare", "another secret"]) {
    const headers = { authorization: spellings[label] };
    await t.raw("GET", "/list-sessions", { headers, label });
    await t.raw("POST", "/update-user", { headers, json: { name: label }, label });
    await t.raw("POST", "/update-user", { headers: { ...headers, origin: "https://evil.example" }, json: { name: label }, label: `${label}, from elsewhere` });
  }
  await t.raw("GET", "/ok", { headers: { authorization: spellings.signed } });
  await t.raw("GET", "/nowhere", { headers: { authorization: spellings.signed } });
}

/** A browser that has cookies and sends the header too. */
async function besideCookies(t, prefix) {
  const carol = t.phone();
  await carol.signUp(t.email("carol"));
  const dave = t.actor();
  await dave.signUp(t.email("dave"));
  const cookie = dave.jar.header();
  for (const [label, authorization] of Object.entries({
    "a token and another's cookie": `Bearer ${carol.token}`,
    "a bare token and another's cookie": `Bearer ${carol.token.split(".")[0]}`,
    "a forged token and a cookie": `Bearer ${decodeURIComponent(signed("x", "another secret"))}`,
    "another scheme and a cookie": "Basic dXNlcjpwYXNz",
  })) {
    await t.raw("GET", "/get-session", { headers: { authorization, cookie }, label });
    await dave.copy().post("/update-user", { name: "Dave" }, { headers: { authorization }, label });
    await t.raw("POST", "/update-user", { headers: { authorization, cookie, origin: "https://evil.example" }, json: { name: "Eve" }, label: `${label}, from elsewhere` });
  }
  await t.raw("GET", "/get-session", {
    headers: { authorization: `Bearer ${carol.token}`, cookie: `theme=dark; bad name=1; ${prefix}better-auth.session_token=x; q="a b"` },
    label: "a token and odd cookies",
  });
}

/** Sign-ins judge where they come from, with a token or without. */
async function byPage(t) {
  const json = { email: t.email("bob"), password: "correct horse" };
  for (const [label, headers] of Object.entries({
    "an old token": {},
    "an old token, from elsewhere": { origin: "https://evil.example" },
    "an old token, by navigation": { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
    "an old token and cookies": { cookie: "a=b" },
  })) {
    await t.raw("POST", "/sign-in/email", { json, headers: { authorization: "Bearer old", ...headers }, label });
  }
}
