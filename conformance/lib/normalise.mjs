// Replaces what is random (ids, tokens, signatures, hashes) by placeholders numbered by first appearance, so that two runs can be
// compared while "the same id as before" stays visible. Times are left alone: the scenarios freeze the clock.
import { createHash, createHmac } from "node:crypto";
import { signature } from "./cookies.mjs";
import { describeCache } from "./session-cache.mjs";

/** Longer texts are compared by their hash. */
const LONG = 4000;

const SIGNATURE = /\.[A-Za-z0-9+/%]{43,100}(=|%3D)/g;
const CACHE = /((?:session_data|who)(?:\.\w+)?=)[\w.-]+/g;
const JWT = /eyJ[\w-]+\.[\w-]+\.[\w-]+/g;
const RANDOM = [
  ["hash", /\b[0-9a-f]{32}:[0-9a-f]{128}\b/g],
  ["uuid", /\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b/g],
  ["id", /(?<![A-Za-z0-9])[A-Za-z0-9]{32}(?![A-Za-z0-9])/g],
];

export class Normaliser {
  #secret;
  #secrets;
  #seen = new Map();
  #counts = new Map();

  /** @param {string[]} secrets the current one first */
  constructor(secrets) {
    this.#secrets = secrets;
    this.#secret = secrets[0];
  }

  /** Any JSON value; object keys are sorted, so that numbering does not depend on the order in which a server writes them. */
  value(value) {
    if (typeof value === "string") return this.text(value);
    if (value instanceof Date) return `Date ${value.toISOString()}`;
    if (Array.isArray(value)) return value.map((item) => this.value(item));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.keys(value).sort().map((key) => [this.text(key), this.value(value[key])]));
  }

  text(text) {
    if (text.length > LONG) return `<${text.length} characters, ${createHash("sha256").update(text).digest("hex").slice(0, 16)}>`;
    let result = text.replace(JWT, (token) => this.#jwt(token));
    for (const [kind, pattern] of RANDOM) result = result.replace(pattern, (found) => this.#placeholder(kind, found));
    return result;
  }

  /** A request, for display: the same without signatures and without session caches, parts of which look like ids. */
  request(text) {
    return this.text(text.replace(SIGNATURE, ".<signature>").replace(CACHE, "$1<cache>"));
  }

  /** A signed cookie shows its value and whether the signature is right, a session cache what is in it. */
  cookieValue(raw, name = "") {
    const cache = /(session_data|who)$/.test(name) && describeCache(raw, this.#secrets, (content) => this.value(content));
    if (cache) return cache;
    let value = raw;
    try {
      value = decodeURIComponent(raw);
    } catch {
      // A value that cannot be decoded is compared as it came.
    }
    const dot = value.lastIndexOf(".");
    if (dot < 1 || value.length - dot - 1 !== 44) return this.text(raw);
    const right = signature(value.slice(0, dot), this.#secret) === value.slice(dot + 1);
    const encoding = encodeURIComponent(value) === raw ? "" : " not encoded as encodeURIComponent does";
    return `${this.text(value.slice(0, dot))}.<${right ? "right" : "wrong"} signature${encoding}>`;
  }

  #jwt(token) {
    const [header, payload, given] = token.split(".");
    const right = createHmac("sha256", this.#secret).update(`${header}.${payload}`).digest("base64url") === given;
    const shown = [header, payload].map((part) => Buffer.from(part, "base64url").toString());
    return `<jwt ${shown.join(" ")} ${right ? "right" : "wrong"} signature>`;
  }

  #placeholder(kind, found) {
    if (!this.#seen.has(found)) {
      const count = (this.#counts.get(kind) ?? 0) + 1;
      this.#counts.set(kind, count);
      this.#seen.set(found, `<${kind}:${count}>`);
    }
    return this.#seen.get(found);
  }
}
