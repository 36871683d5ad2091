// Cookies as a browser keeps them, reduced to what the scenarios need: name, value, and removal by Max-Age=0.
import { createHmac } from "node:crypto";

/** @returns {{name: string, value: string, attributes: string}} */
export function parseSetCookie(line) {
  const semicolon = line.indexOf(";");
  const pair = semicolon === -1 ? line : line.slice(0, semicolon);
  const equals = pair.indexOf("=");
  return {
    name: pair.slice(0, equals),
    value: pair.slice(equals + 1),
    attributes: semicolon === -1 ? "" : line.slice(semicolon + 1).trim(),
  };
}

export class Jar {
  #cookies = new Map();

  store(lines) {
    for (const line of lines) {
      const { name, value, attributes } = parseSetCookie(line);
      if (/(^|; )Max-Age=0(;|$)/i.test(attributes)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }

  set(name, value) {
    this.#cookies.set(name, value);
  }

  get(name) {
    return this.#cookies.get(name);
  }

  delete(name) {
    this.#cookies.delete(name);
  }

  copy() {
    const copy = new Jar();
    for (const [name, value] of this.#cookies) copy.set(name, value);
    return copy;
  }

  header() {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }
}

/** A cookie value signed as Better Auth signs it. */
export function signed(value, secret) {
  return encodeURIComponent(`${value}.${signature(value, secret)}`);
}

export const signature = (value, secret) => createHmac("sha256", secret).update(value).digest("base64");
