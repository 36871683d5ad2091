import { createHmac } from "node:crypto";
import { signed } from "../lib/cookies.mjs";

export const name = "cookie cache";

const cache = (options, more) => ({ session: { ...more, cookieCache: { enabled: true, ...options } } });

export const variants = [
  { name: "compact", config: cache() },
  { name: "jwt", config: cache({ strategy: "jwt" }) },
  { name: "jwe", config: cache({ strategy: "jwe" }) },
  { name: "a minute", config: cache({ strategy: "compact", maxAge: 60 }) },
  { name: "no age", config: cache({ strategy: "jwt", maxAge: 0 }) },
  { name: "longer than the session", config: cache({ maxAge: 2000, strategy: "jwe" }, { expiresIn: 1000 }) },
  { name: "a version", config: cache({ version: "2" }) },
  { name: "an empty version", config: cache({ version: "" }) },
  { name: "a function as version", config: ({ hook }) => cache({ version: hook, strategy: "jwt" }), version: "of a function" },
  { name: "refreshed at every use", config: cache({}, { updateAge: 0 }) },
  { name: "deferred refresh", config: cache({ strategy: "jwe" }, { deferSessionRefresh: true }) },
  { name: "refreshCache beside a database", config: cache({ refreshCache: true }) },
  { name: "refreshCache off", config: cache({ refreshCache: false }) },
  { name: "refreshCache at an age", config: cache({ refreshCache: { updateAge: 10 } }) },
  { name: "disabled", config: { session: { cookieCache: { enabled: false, strategy: "jwe" } } } },
  { name: "https", config: { baseURL: "https://app.example.com", ...cache() } },
  { name: "across subdomains", config: { baseURL: "https://app.example.com", advanced: { crossSubDomainCookies: { enabled: true, domain: "example.com" } }, ...cache() } },
  {
    name: "names and attributes",
    config: {
      advanced: {
        cookiePrefix: "shop",
        defaultCookieAttributes: { sameSite: "strict", maxAge: 7 },
        cookies: { session_data: { name: "who", attributes: { maxAge: 30, path: "/app" } } },
      },
      ...cache(),
    },
  },
  {
    name: "additional fields",
    config: {
      user: {
        additionalFields: {
          score: { type: "number", required: false },
          since: { type: "date", required: false },
          on: { type: "boolean", required: false },
          tags: { type: "string[]", required: false },
          hidden: { type: "string", required: false, returned: false },
        },
      },
      ...cache({}, { additionalFields: { theme: { type: "string", required: false }, secret: { type: "string", required: false, returned: false } } }),
    },
    fields: { score: 7, since: "2020-02-03T04:05:06.789Z", on: true, tags: ["a", "b"], hidden: "x" },
  },
  { name: "versioned secrets", config: { secrets: [{ version: 2, value: "a-current-secret-of-more-than-32-chars" }, { version: 1, value: "an-older-secret-of-more-than-32-chars!" }], ...cache({ strategy: "jwe" }) } },
  { name: "jwt by a key set", config: { plugins: { jwt: { sessionCookieCache: true } }, ...cache({ strategy: "jwt" }) } },
  { name: "jwt by a key set that rotates", config: { plugins: { jwt: { sessionCookieCache: true, jwks: { rotationInterval: 100, gracePeriod: 400 } } }, ...cache({ strategy: "jwt" }) } },
  { name: "a bearer token", config: { plugins: { bearer: {} }, ...cache() } },
];

export async function run(t, { version, fields }) {
  t.hooks.answers.set("session.cookieCache.version", { body: { result: version } });
  const { maxAge = 300 } = t.config.session.cookieCache;
  const alice = t.actor();
  await alice.signUp(t.email(), fields);
  await t.cookiesOf(alice);
  await alice.get("/get-session", { label: "at once" });
  if (version) t.calls({ withRequest: false });
  await behind(t, "Behind");
  await alice.get("/get-session", { label: "what the database knows and the cache does not" });
  await alice.get("/get-session", { query: "disableCookieCache=true", label: "asking the database" });
  await alice.get("/get-session", { label: "after it" });
  await alice.get("/list-sessions");
  await behind(t, "Behind again");
  await alice.post("/verify-password", { password: "correct horse" }, { label: "sensitive" });
  await alice.get("/get-session", { label: "after what is sensitive" });
  await alice.post("/update-user", { name: "Alicia" });
  await t.cookiesOf(alice);
  await alice.get("/get-session", { label: "after update-user" });
  await alice.post("/update-session", { theme: "dark", secret: "x" });
  await alice.get("/get-session", { label: "after update-session" });

  t.advance((maxAge || 300) + 1);
  await t.cookiesOf(alice, { label: "expired cookies, read by the reference" });
  await alice.copy().get("/list-sessions", { label: "after the cache's end" });
  await alice.copy().post("/update-user", { name: "Late" }, { label: "after the cache's end" });
  await alice.get("/get-session", { query: "disableRefresh=true", label: "after its end, no refresh" });
  await alice.get("/get-session", { label: "after its end" });
  await alice.get("/get-session", { label: "anew" });

  await tampered(t, alice);
  await revoked(t, alice);
  await forgetful(t);

  t.advance(86_400 - 400);
  await alice.get("/get-session", { label: "when a refresh is due" });
  await alice.post("/get-session", {}, { label: "POST when a refresh is due" });
  await alice.get("/get-session", { label: "after the refresh" });
  await alice.post("/change-password", { currentPassword: "correct horse", newPassword: "battery staple", revokeOtherSessions: true });
  await alice.get("/get-session", { label: "after change-password" });
  const copy = alice.copy();
  await alice.post("/sign-out", {});
  await copy.get("/get-session", { label: "signed out elsewhere" });
  await copy.get("/get-session", { query: "disableCookieCache=1", label: "signed out elsewhere, asking" });
}

const behind = (t, name) => t.sql(`UPDATE "user" SET "name" = '${name}' WHERE "email" = '${t.email()}'`);

/** Values that are no cache, or not this session's. Where one is taken back there is a new one, so everybody stays signed in. */
async function tampered(t, alice) {
  const bob = t.actor();
  await bob.signUp(t.email("bob"));
  const names = [...alice.jar.header().matchAll(/([^=; ]+)=/g)].map(([, name]) => name);
  const tokenName = names.find((name) => name.endsWith("session_token"));
  const dataName = names.find((name) => name.endsWith("session_data") || name.endsWith("who")) ?? "better-auth.session_data";
  const token = `${tokenName}=${alice.jar.get(tokenName)}`;
  const good = alice.jar.get(dataName) ?? "";
  const compact = (outer) => Buffer.from(JSON.stringify(outer)).toString("base64url");
  const secret = t.config.secrets?.[0].value ?? t.config.secret;
  const sign = (payload, expiresAt) => createHmac("sha256", secret).update(JSON.stringify({ ...payload, expiresAt })).digest("base64url");
  const cookies = {
    "as issued": `${token}; ${dataName}=${good}`,
    "no cache": token,
    "an empty cache": `${token}; ${dataName}=`,
    "cut short": `${token}; ${dataName}=${good.slice(0, -7)}`,
    "altered": `${token}; ${dataName}=${good.slice(0, 40)}${good[40] === "A" ? "B" : "A"}${good.slice(41)}`,
    "another's": `${token}; ${dataName}=${bob.jar.get(dataName) ?? ""}`,
    "text": `${token}; ${dataName}=hello`,
    "dots": `${token}; ${dataName}=.. ; ${dataName}.0=....`,
    "JSON of something else": `${token}; ${dataName}=${compact({ session: 1, expiresAt: "x", signature: [] })}`,
    "signed, but no session": `${token}; ${dataName}=${compact({ session: {}, expiresAt: t.now + 9e6, signature: sign({}, t.now + 9e6) })}`,
    "twice, the good one first": `${token}; ${dataName}=${good}; ${dataName}=x`,
    "twice, the bad one first": `${token}; ${dataName}=x; ${dataName}=${good}`,
    "in chunks": `${token}; ${dataName}.1=${good.slice(100)}; ${dataName}.0=${good.slice(0, 100)}`,
    "a chunk is missing": `${token}; ${dataName}.0=${good.slice(0, 100)}; ${dataName}.2=${good.slice(200)}`,
    "chunks that are none": `${token}; ${dataName}.01=${good}; ${dataName}.x=${good}`,
    "chunks beside the whole": `${token}; ${dataName}=${good}; ${dataName}.0=x; ${dataName}.1=x`,
    "a cache without a session": `${dataName}=${good}`,
    "a cache and a token of nobody": `${tokenName}=${signed("nobody", secret)}; ${dataName}=${good}`,
    "a cache and a forged token": `${tokenName}=${signed("nobody", "another secret")}; ${dataName}=${good}`,
  };
  for (const [label, cookie] of Object.entries(cookies)) await t.raw("GET", "/get-session", { headers: { cookie }, label });
}

async function revoked(t, alice) {
  const phone = t.actor();
  await phone.signIn(t.email());
  const { token } = (await phone.get("/get-session")).json().session;
  await alice.post("/revoke-session", { token });
  await phone.get("/get-session", { label: "revoked, with a cache" });
  await phone.get("/list-sessions", { label: "revoked, with a cache" });
  await phone.copy().post("/update-user", { name: "Revoked" }, { label: "revoked, with a cache" });
  await phone.copy().post("/update-session", { theme: "light" }, { label: "revoked, with a cache" });
  await phone.copy().post("/revoke-sessions", {}, { label: "revoked, what is sensitive" });
  await phone.copy().post("/sign-out", {}, { label: "revoked, signs out" });
  await phone.get("/get-session", { query: "disableCookieCache=true", label: "revoked, asking" });
  await phone.get("/get-session", { label: "revoked, after asking" });
}

async function forgetful(t) {
  const forgetful = t.actor();
  await forgetful.signIn(t.email(), { rememberMe: false });
  await forgetful.get("/get-session", { label: "not remembered" });
  await forgetful.post("/update-user", { name: "Forgetful" });
  t.advance(61);
  await forgetful.get("/get-session", { label: "not remembered, a minute later" });
  t.advance(301);
  await forgetful.get("/get-session", { label: "not remembered, later" });
  await forgetful.post("/sign-out", {});
}
