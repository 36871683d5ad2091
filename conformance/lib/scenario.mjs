// What a scenario's `run` receives: actors, a clock, and a transcript of everything that was said.
import { createAuthClient } from "better-auth/client";
import { CLIENT_ADDRESS, originOf } from "./config.mjs";
import { Jar, parseSetCookie } from "./cookies.mjs";
import { rowsOf } from "./database.mjs";
import { exchange, valuesOf } from "./http.mjs";
import { Normaliser } from "./normalise.mjs";
import { readByReference } from "./session-cache.mjs";

/** The answer's headers that clients depend on. */
const HEADERS = ["content-type", "location", "cache-control", "pragma", "x-retry-after", "allow"];

const START = Date.UTC(2026, 0, 5, 12, 0, 0, 123);

/** Every request is this much later than the one before, so that no two times in a transcript are equal by accident. */
const STEP_MS = 1009;

export class Scenario {
  #normaliser;
  #named = 0;
  transcript = [];
  now = START;

  /** @param {{target: import("./targets.mjs").Target, database: object, hooks: import("./hooks.mjs").Hooks, slug: string}} setting */
  constructor({ target, database, hooks, slug }) {
    this.target = target;
    this.database = database;
    this.hooks = hooks;
    this.slug = slug;
    this.config = target.config;
    this.#normaliser = new Normaliser(target.config.secrets?.map(({ value }) => value) ?? [target.config.secret]);
  }

  /** Moves the clock. */
  advance(seconds) {
    this.now += seconds * 1000;
  }

  /** An address nobody else in this run uses: scenarios with the same configuration share a database. */
  email(name = "alice") {
    return `${name}.${this.slug}@example.com`;
  }

  /** Somebody with a cookie jar, behaving like a page of the application: sends its origin and its cookies. */
  actor() {
    return new Actor(this, { jar: new Jar(), origin: originOf(this.config) });
  }

  /**
   * An application on a phone: no cookies and no origin, but the token of `set-auth-token`, as the documentation of Better Auth
   * has it. `token` is what it starts with.
   */
  phone(token) {
    return new Phone(this, token);
  }

  /** Somebody without a browser: nothing is sent that the call does not name. */
  raw(method, path, sent = {}) {
    return this.exchange(method, path, sent);
  }

  /**
   * One request, recorded.
   * `sent`: `json` or `form` or `body` (+ `type`), `headers`, `query`, `absolute` (path is the whole target), `label`,
   * `anyOrder` (a list whose order is not fixed), `digest` (what of the body is compared).
   */
  async exchange(method, path, sent) {
    this.now += STEP_MS;
    const { body, type } = encode(sent);
    const query = sent.query === undefined ? "" : `?${typeof sent.query === "string" ? sent.query : new URLSearchParams(sent.query)}`;
    const target = (sent.absolute ? path : this.target.base + path) + query;
    const answer = await exchange({
      port: this.target.port,
      method,
      target,
      body,
      headers: dropEmpty({
        host: new URL(originOf(this.config)).host,
        "x-test-now": String(this.now),
        "x-forwarded-for": CLIENT_ADDRESS,
        "content-type": type,
        ...sent.headers,
      }),
    });
    this.#record(method, target, body, sent, answer);
    return { ...answer, json: () => JSON.parse(answer.body), header: (name) => valuesOf(answer.headers, name)[0] };
  }

  #record(method, target, body, sent, answer) {
    const headers = Object.fromEntries(
      HEADERS.map((name) => [name, valuesOf(answer.headers, name)])
        .filter(([, values]) => values.length > 0)
        .map(([name, values]) => [name, this.#normaliser.text(values.join(", "))]),
    );
    const [token] = valuesOf(answer.headers, "set-auth-token");
    if (token !== undefined) headers["set-auth-token"] = this.#normaliser.cookieValue(token);
    const exposed = exposedOf(answer.headers);
    if (exposed) headers["exposed to scripts"] = exposed;
    this.transcript.push({
      step: `${this.transcript.length + 1}${sent.label ? ` ${sent.label}` : ""}`,
      request: this.#normaliser.request(`${method} ${target}${sent.headers ? ` ${JSON.stringify(sent.headers)}` : ""}${body ? ` ${shortened(body)}` : ""}`),
      status: answer.status,
      headers,
      cookies: this.#cookies(valuesOf(answer.headers, "set-cookie").map(parseSetCookie)),
      ...this.#body(answer, sent),
    });
  }

  #cookies(cookies) {
    const lines = cookies.map(({ name, value, attributes }) => {
      const shown = isChunk(name) && value !== "" ? `<${value.length} characters>` : this.#normaliser.cookieValue(value, name);
      return `${this.#normaliser.text(name)}=${shown}; ${attributes}`;
    });
    const chunks = cookies.filter(({ name, value }) => isChunk(name) && value !== "").map(({ value }) => value);
    return chunks.length === 0 ? lines : [...lines, `the chunks joined: ${this.#normaliser.cookieValue(chunks.join(""), "session_data")}`];
  }

  #body(answer, { anyOrder, digest }) {
    if (digest) return { body: digest(answer.body) };
    let parsed;
    try {
      parsed = JSON.parse(answer.body);
    } catch {
      return { body: this.#normaliser.text(answer.body) };
    }
    // Official clients do not depend on the order of keys, but an error's is fixed: message, then code.
    const order = answer.status >= 400 && parsed?.message !== undefined ? { errorKeys: Object.keys(parsed).join() } : {};
    if (anyOrder && Array.isArray(parsed)) parsed.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
    return { body: this.#normaliser.value(parsed), ...order };
  }

  /** Puts something that did not come over the wire into the transcript. */
  note(label, value) {
    this.transcript.push({ step: `${this.transcript.length + 1} ${label}`, note: this.#normaliser.value(value) });
  }

  /** What a server component or a middleware of Better Auth reads in somebody's cookies, recorded. */
  async cookiesOf(actor, { label = "cookies, read by the reference", ...options } = {}) {
    const { strategy, version } = this.config.session?.cookieCache ?? {};
    const secret = this.config.secrets?.[0].value ?? this.config.secret;
    const given = { secret, strategy, isSecure: originOf(this.config).startsWith("https"), ...(typeof version === "string" && { version }), ...options };
    const { cache, token } = await readByReference(actor.jar.header(), this.now, given);
    this.note(label, { cache, token: token && this.#normaliser.cookieValue(token) });
  }

  /** The rows of a table that satisfy `where`, recorded. `orderBy` must give the same order on both sides. */
  async rows(table, where = () => true, { orderBy = "createdAt", label = `rows of ${table}` } = {}) {
    const rows = (await rowsOf(this.database, table, orderBy)).filter(where);
    this.note(label, rows);
    return rows;
  }

  /** Changes the database behind the server's back. Names in double quotes are understood by both databases. */
  async sql(statement) {
    await this.database.query(statement);
  }

  /** The user row with this address, its accounts and its sessions. */
  async rowsOfUser(email) {
    const [user] = await this.rows("user", (row) => row.email === email);
    if (!user) return;
    await this.rows("account", (row) => String(row.userId) === String(user.id));
    await this.rows("session", (row) => String(row.userId) === String(user.id));
  }

  /**
   * The callbacks the server made since the last look, recorded. `withRequest: false` where the reference does not pass the
   * request on, while a webhook always names it.
   */
  calls({ withRequest = true } = {}) {
    const calls = this.hooks.take();
    this.note("callbacks", calls.map(({ type, data, args, request }) => ({
      type,
      data,
      ...(args && { args }),
      ...(withRequest && request && { request: { method: request.method, url: request.url } }),
    })));
    return calls;
  }

  /** A name that is different at every call and the same on both sides. */
  fresh(prefix) {
    return `${prefix}-${++this.#named}`;
  }
}

const isChunk = (name) => /\.session_data\.\d+$/.test(name);

/** Of the answer's own tokens, those that scripts of other origins may read. What CORS adds for everybody is not compared. */
function exposedOf(headers) {
  const listed = valuesOf(headers, "access-control-expose-headers").join(",").split(",");
  const names = new Set(listed.map((name) => name.trim()).filter((name) => name.startsWith("set-") && valuesOf(headers, name).length > 0));
  return [...names].sort().join(", ");
}

class Actor {
  #scenario;

  constructor(scenario, { jar, origin, fetchOptions }) {
    this.#scenario = scenario;
    this.jar = jar;
    this.origin = origin;
    // The client insists on an absolute URL; the transport replaces host and port.
    this.client = createAuthClient({
      baseURL: originOf(scenario.config),
      basePath: scenario.target.base || "/",
      fetchOptions: { ...fetchOptions, customFetchImpl: (input, init) => this.#fetch(input, init) },
    });
  }

  /** The same cookies in a second browser. */
  copy() {
    return new Actor(this.#scenario, { jar: this.jar.copy(), origin: this.origin });
  }

  get(path, sent) {
    return this.request("GET", path, sent);
  }

  post(path, json, sent) {
    return this.request("POST", path, { ...(json !== undefined && { json }), ...sent });
  }

  async request(method, path, sent = {}) {
    const cookie = this.jar.header();
    const answer = await this.#scenario.exchange(method, path, {
      ...sent,
      headers: { ...(this.origin && { origin: this.origin }), ...(cookie && { cookie }), ...sent.headers },
    });
    this.jar.store(valuesOf(answer.headers, "set-cookie"));
    return answer;
  }

  signUp(email, { label, ...more } = {}) {
    return this.post("/sign-up/email", { name: "Alice", email, password: "correct horse", ...more }, { label });
  }

  signIn(email, { label, ...more } = {}) {
    return this.post("/sign-in/email", { email, password: "correct horse", ...more }, { label });
  }

  async #fetch(input, init) {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init.headers);
    const answer = await this.request(init.method ?? "GET", url.pathname + url.search, {
      absolute: true,
      headers: Object.fromEntries(headers),
      ...(init.body && { body: init.body }),
    });
    const empty = answer.status === 204 || answer.status === 304;
    return new Response(empty ? null : answer.body, { status: answer.status, headers: answer.headers.filter(([name]) => name !== "set-cookie") });
  }
}

class Phone extends Actor {
  constructor(scenario, token) {
    super(scenario, {
      jar: new Jar(),
      fetchOptions: {
        auth: { type: "Bearer", token: () => this.token },
        onSuccess: ({ response }) => void (this.token = response.headers.get("set-auth-token") ?? this.token),
      },
    });
    this.token = token;
  }

  async request(method, path, sent = {}) {
    const authorization = this.token && `Bearer ${this.token}`;
    const answer = await super.request(method, path, { ...sent, headers: { ...(authorization && { authorization }), ...sent.headers } });
    for (const name of ["session_token", "session_data", "dont_remember"]) {
      for (const prefix of ["", "__Secure-"]) this.jar.delete(`${prefix}better-auth.${name}`);
    }
    this.token = answer.header("set-auth-token") ?? this.token;
    return answer;
  }
}

function encode({ json, form, body, type }) {
  if (json !== undefined) return { body: JSON.stringify(json), type: type ?? "application/json" };
  if (form !== undefined) return { body: new URLSearchParams(form).toString(), type: type ?? "application/x-www-form-urlencoded" };
  return { body, type };
}

/** A header given as `null` is one the harness would send by itself and must not. */
const dropEmpty = (headers) => Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined && value !== null));

function shortened(body) {
  const text = String(body);
  return text.length > 300 ? `${text.slice(0, 300)}… (${text.length} characters)` : text;
}
