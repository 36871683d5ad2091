import { createHmac } from "node:crypto";
import { SECRET } from "../lib/config.mjs";
import { shapeOfSet } from "../lib/key-sets.mjs";

export const name = "a cookie cache by key set";

const config = (more, base = {}) => ({
  ...base,
  session: { cookieCache: { enabled: true, strategy: "jwt" } },
  plugins: { jwt: { sessionCookieCache: true, ...more } },
});

export const variants = [
  { name: "EdDSA", config: config({}) },
  { name: "ES256", config: config({ jwks: { keyPairConfig: { alg: "ES256" } } }) },
  { name: "a base path", config: config({}, { baseURL: "https://app.example.com/api/v1" }), issuer: "https://app.example.com" },
];

export async function run(t, { issuer = "http://localhost:3000" }) {
  const alice = t.actor();
  await alice.signUp(t.email());
  const jwks = (await t.raw("GET", "/jwks", { digest: shapeOfSet })).json();
  const read = (label, more) => t.cookiesOf(alice, { label, jwt: { jwks, issuer, ...more } });
  await read("read by key set");
  await read("another issuer", { issuer: "https://evil.example" });
  await read("another audience", { audience: "x" });
  await t.sql(`UPDATE "user" SET "name" = 'Behind' WHERE "email" = '${t.email()}'`);
  await alice.get("/get-session", { label: "what the cache does not know" });
  await alice.get("/get-session", { query: "disableCookieCache=true", label: "asking" });
  await alice.post("/update-user", { name: "Alicia" });
  await read("after a change");

  const name = [...alice.jar.header().matchAll(/([^=; ]+)=/g)].map(([, found]) => found).find((found) => found.endsWith("session_data"));
  const [header, payload, signature] = alice.jar.get(name).split(".");
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const parsed = (text) => JSON.parse(Buffer.from(text, "base64url").toString());
  const hs256 = (head, key) => `${part(head)}.${payload}.${createHmac("sha256", key).update(`${part(head)}.${payload}`).digest("base64url")}`;
  const forged = {
    "signed with the secret": hs256({ alg: "HS256" }, SECRET),
    "signed with the secret, dressed up": hs256({ ...parsed(header), alg: "HS256" }, SECRET),
    "signed with the public key": hs256({ ...parsed(header), alg: "HS256" }, JSON.stringify(jwks.keys[0])),
    "not signed": `${part({ ...parsed(header), alg: "none" })}.${payload}.`,
    "of another type": `${part({ ...parsed(header), typ: "JWT" })}.${payload}.${signature}`,
    "of an unknown key": `${part({ ...parsed(header), kid: "x" })}.${payload}.${signature}`,
    "altered": `${header}.${part({ ...parsed(payload), sid: "x" })}.${signature}`,
    "an access token": (await alice.get("/token", { digest: () => "a token" })).json().token,
  };
  for (const [label, value] of Object.entries(forged)) {
    const tampered = alice.copy();
    tampered.jar.set(name, value);
    await tampered.get("/get-session", { label });
  }
  t.advance(301);
  await alice.get("/get-session", { label: "after its end" });
  await alice.post("/sign-out", {});
}
