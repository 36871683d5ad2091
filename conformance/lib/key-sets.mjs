// What a service makes of tokens and key sets: npm `jose`, which knows neither of the two servers.
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";

/** A key set for the transcript: what is random is told by its length. */
export function shapeOfSet(body) {
  const parsed = parse(body);
  if (!Array.isArray(parsed?.keys)) return body;
  const plain = ["alg", "crv", "kty", "e", "use", "key_ops"];
  return parsed.keys.map((key) =>
    Object.fromEntries(Object.keys(key).sort().map((name) => [name, plain.includes(name) ? key[name] : `${typeof key[name]} of ${String(key[name]).length}`])),
  );
}

/** A token for the transcript, without the order in which a server writes claims. */
export async function judge(token, set, { now, issuer = "http://localhost:3000", audience = issuer }) {
  const header = decodeProtectedHeader(token);
  const key = set.keys.findIndex(({ kid }) => kid === header.kid);
  const verdict = await jwtVerify(token, createLocalJWKSet(set), { currentDate: new Date(now), issuer, audience }).then(
    () => "genuine",
    ({ code }) => code,
  );
  return { header: { ...header, kid: `that of key ${key + 1}` }, claims: decodeJwt(token), verdict };
}

/** A row of the table `jwks` for the transcript. */
export function shapeOfRow({ id, publicKey, privateKey, ...rest }) {
  const secret = parse(privateKey);
  const kind = typeof secret === "string" ? secret.replace(/[0-9a-f]{100,}/, "<hex>") : Object.keys(secret);
  return { id: typeof id, publicKey: Object.keys(parse(publicKey)), privateKey: kind, ...rest };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
