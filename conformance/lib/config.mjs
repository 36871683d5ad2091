// The configuration both servers get. A scenario gives only what it needs changed.

export const SECRET = "conformance-secret-7Qm2xV9pLr4TzWk8NbYd";
export const ORIGIN = "http://localhost:3000";

/** The address the harness claims to come from. Vestibule believes it because loopback is a trusted peer. */
export const CLIENT_ADDRESS = "203.0.113.7";

const BASE = {
  production: true,
  secret: SECRET,
  baseURL: ORIGIN,
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  trustedPeers: ["loopback"],
  testing: { clock: true },
};

/**
 * Objects are merged key by key; `undefined` takes a key of the base away.
 * @param {object} changes
 */
export const withBase = (changes = {}) => merge(BASE, changes);

function merge(base, changes) {
  const merged = { ...base };
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) delete merged[key];
    else if (isObject(value) && isObject(merged[key])) merged[key] = merge(merged[key], value);
    else merged[key] = value;
  }
  return merged;
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** The path in front of every endpoint: that of the base URL if it has one, else `basePath`. */
export function basePathOf(config) {
  if (typeof config.baseURL === "string") {
    const { pathname } = new URL(config.baseURL);
    if (pathname !== "/") return pathname.replace(/\/+$/, "");
  }
  const path = config.basePath ?? "/api/auth";
  return path === "/" ? "" : path;
}

/** The origin that a browser on the application's own page would send. */
export const originOf = (config) =>
  typeof config.baseURL === "string" ? new URL(config.baseURL).origin : ORIGIN;
