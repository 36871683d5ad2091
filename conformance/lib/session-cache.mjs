// The cookie of the session cache, opened without the reference's help: what is in it, and whether it is genuine.
// And the reference's own readers of cookies, at the time of the scenario.
import { createDecipheriv, createHash, createHmac, hkdfSync } from "node:crypto";
import { atTime, installClock } from "../reference/clock.mjs";

/** @returns {string | undefined} nothing where the value is no cache */
export function describeCache(value, secrets, show) {
  const [form, open] = { 1: ["compact", compact], 3: ["jwt", jwt], 5: ["jwe", jwe] }[value.split(".").length] ?? [];
  try {
    const { genuine, content } = open(value, secrets);
    return `<${form} ${JSON.stringify(show(content))} ${verdict(genuine)}>`;
  } catch {
    return undefined;
  }
}

/** What a key set signed is for `readByReference` to judge. */
const verdict = (genuine) => (genuine === undefined ? "of a key set" : genuine ? "genuine" : "forged");

function compact(value, [secret]) {
  const { session, expiresAt, signature, ...rest } = JSON.parse(Buffer.from(value, "base64url").toString());
  const right = createHmac("sha256", secret).update(JSON.stringify({ ...session, expiresAt })).digest("base64url");
  return { genuine: right === signature && Object.keys(rest).length === 0, content: { ...session, expiresAt } };
}

function jwt(value, [secret]) {
  const [header, payload, signature] = value.split(".");
  const right = createHmac("sha256", secret).update(`${header}.${payload}`).digest("base64url");
  const { alg } = decoded(header);
  return { genuine: alg === "HS256" ? right === signature : undefined, content: { header: decoded(header), ...decoded(payload) } };
}

function jwe(value, secrets) {
  const [protectedHeader, none, iv, content, tag] = value.split(".");
  const header = decoded(protectedHeader);
  const keys = secrets.map((secret) => Buffer.from(hkdfSync("sha256", secret, "better-auth-session", "BetterAuth.js Generated Encryption Key", 64)));
  const version = keys.findIndex((key) => thumbprint(key) === header.kid);
  const [mac, cipher] = [keys[version].subarray(0, 32), keys[version].subarray(32)];
  const [vector, ciphertext, length] = [Buffer.from(iv, "base64url"), Buffer.from(content, "base64url"), Buffer.alloc(8)];
  length.writeBigUInt64BE(BigInt(protectedHeader.length * 8));
  const right = createHmac("sha512", mac).update(protectedHeader).update(vector).update(ciphertext).update(length).digest().subarray(0, 32);
  const decipher = createDecipheriv("aes-256-cbc", cipher, vector);
  const claims = JSON.parse(Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString());
  const genuine = right.toString("base64url") === tag && none === "" && header.alg === "dir" && header.enc === "A256CBC-HS512";
  // Numbered, these would hide that everything after an answer with one more of them is the same.
  const jti = /^[0-9a-f-]{14}4[0-9a-f]{3}-[89ab][0-9a-f-]{16}$/.test(claims.jti) ? "a UUID" : claims.jti;
  return { genuine, content: { secret: version, ...claims, jti } };
}

const decoded = (part) => JSON.parse(Buffer.from(part, "base64url").toString());

const thumbprint = (key) => createHash("sha256").update(`{"k":"${key.toString("base64url")}","kty":"oct"}`).digest("base64url");

/** What `getCookieCache` and `getSessionCookie` of the reference make of somebody's cookies. */
export async function readByReference(cookie, now, options) {
  installClock();
  const { getCookieCache, getSessionCookie } = await import("better-auth/cookies");
  const headers = new Headers({ cookie });
  return { cache: await atTime(now, () => getCookieCache(headers, options)), token: getSessionCookie(headers) };
}
