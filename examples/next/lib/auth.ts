/**
 * `auth`, as if Better Auth ran in this process; every call goes to the Vestibule server.
 *
 * Written by `vestibule init next`. Run it again with `--force` when plugins or fields change there.
 * Names, arguments, answers and errors are Better Auth's: `await auth.api.getSession({ headers: await headers() })`.
 * For server code alone: browsers use `auth-client.ts`.
 */
import type { Auth } from "better-auth"
import { APIError } from "better-auth/api"
import { parseSetCookieHeader, toCookieOptions } from "better-auth/cookies"

/** Where the server listens for this process; browsers may know it by another name. */
const SERVER_URL = (process.env.AUTH_SERVER_URL || "http://127.0.0.1:4000").replace(/\/+$/, "")

/** What browsers see, as the server's `baseURL` has it. Calls of server code come from that origin. */
const ORIGIN = new URL(process.env.BETTER_AUTH_URL || SERVER_URL).origin

/** Proves to the server who asks, so that the client's address is believed. `vestibule secret` makes it. */
const SERVICE_KEY = process.env.VESTIBULE_SERVICE_KEY

const BASE_PATH = "/api/auth"

const TIMEOUT_MS = 10_000

/** What is passed on of the request that is being served. */
const FORWARDED = ["authorization", "cookie", "user-agent", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"]

/** The server's endpoints, by their names in `auth.api`. */
const ENDPOINTS = {
  signUpEmail: ["POST", "/sign-up/email"],
  signInEmail: ["POST", "/sign-in/email"],
  signOut: ["POST", "/sign-out"],
  listSessions: ["GET", "/list-sessions"],
  revokeSession: ["POST", "/revoke-session"],
  revokeSessions: ["POST", "/revoke-sessions"],
  revokeOtherSessions: ["POST", "/revoke-other-sessions"],
  updateSession: ["POST", "/update-session"],
  updateUser: ["POST", "/update-user"],
  changeEmail: ["POST", "/change-email"],
  sendVerificationEmail: ["POST", "/send-verification-email"],
  verifyEmail: ["GET", "/verify-email"],
  changePassword: ["POST", "/change-password"],
  verifyPassword: ["POST", "/verify-password"],
  ok: ["GET", "/ok"],
  error: ["GET", "/error"],
  getSession: ["GET", "/get-session"],
} as const

/** Fields that are times; JSON has them as text. */
const DATES = new Set(["accessTokenExpiresAt", "createdAt", "expiresAt", "refreshTokenExpiresAt", "updatedAt"])

/** The fields that this server has beside Better Auth's own. */
type Options = Record<never, never>

type Server = Auth<Options>
type Name = keyof typeof ENDPOINTS

/** Better Auth's own types for what they know, and anything for the endpoints of plugins. */
type Api = Pick<Server["api"], Extract<keyof Server["api"], Name>> & {
  // biome-ignore lint/suspicious/noExplicitAny: what a plugin answers is known to the plugin.
  [Other in Exclude<Name, keyof Server["api"]>]: (input?: Input) => Promise<any>
}

type Input = {
  headers?: HeadersInit
  request?: Request
  body?: unknown
  query?: Record<string, unknown>
  params?: Record<string, string>
  asResponse?: boolean
  returnHeaders?: boolean
  returnStatus?: boolean
}

export const auth = {
  api: api(),
  handler,
  fetch: handler,
  options: {} as Options,
  /** `typeof auth.$Infer.Session` */
  $Infer: {} as Server["$Infer"],
}

export type Session = typeof auth.$Infer.Session

function api(): Api {
  const calls = Object.keys(ENDPOINTS).map((name) => [name, (input?: Input) => call(name as Name, input)])
  return new Proxy(Object.fromEntries(calls), {
    get(known, name) {
      // A promise would have a `then`, and whoever awaits or prints this asks for such things.
      if (name in known || typeof name === "symbol" || name === "then" || name === "toJSON") return Reflect.get(known, name)
      return () => {
        const message = `The auth server has no endpoint for auth.api.${name}; if a plugin brings it, switch that on there and run \`vestibule init next --force\``
        throw new APIError("NOT_IMPLEMENTED", { message, code: "UNKNOWN_ENDPOINT" })
      }
    },
  }) as Api
}

async function call(name: Name, input: Input = {}): Promise<unknown> {
  const response = await send(name, input)
  await keepCookies(response.headers)
  if (input.asResponse ?? input.request !== undefined) return response
  const { status, headers } = response
  const data = read(await response.text(), status)
  if (!response.ok) throw refusal(status, data, headers)
  if (!input.returnHeaders && !input.returnStatus) return data
  return { response: data, ...(input.returnHeaders && { headers }), ...(input.returnStatus && { status }) }
}

async function send(name: Name, input: Input): Promise<Response> {
  const [method, path] = ENDPOINTS[name]
  const given = new Headers(input.headers ?? input.request?.headers)
  const headers = new Headers({ origin: ORIGIN, accept: "application/json" })
  for (const name of FORWARDED) {
    const value = given.get(name)
    if (value !== null) headers.set(name, value)
  }
  identify(headers)
  const url = new URL(SERVER_URL + BASE_PATH + path.replace(/:(\w+)/g, (_, key) => encodeURIComponent(input.params?.[key] ?? "")))
  const query = { ...input.query }
  // A server component cannot set the cookie of a session that was renewed, so renewing is left to
  // server actions, to callers that take the headers, and to browsers.
  if (name === "getSession" && !given.has("next-action") && !input.returnHeaders && !input.asResponse) query.disableRefresh ??= true
  for (const [key, value] of Object.entries(query)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined && item !== null) url.searchParams.append(key, text(item))
    }
  }
  let body: string | undefined
  if (method !== "GET") {
    headers.set("content-type", "application/json")
    body = JSON.stringify(input.body ?? {})
  }
  return ask(url, { method, headers, body })
}

/** Never an empty answer: a server that is away is an error, and not "nobody is signed in". */
async function ask(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) })
  } catch (cause) {
    const message = `The auth server does not answer at ${SERVER_URL}; \`AUTH_SERVER_URL\` says where it is`
    const error = new APIError("SERVICE_UNAVAILABLE", { message, code: "AUTH_SERVER_UNREACHABLE" })
    throw Object.assign(error, { cause })
  }
}

/** The nearest proxy wrote the last address; those before it are what somebody claims. */
function identify(headers: Headers) {
  if (!SERVICE_KEY) return
  headers.set("x-vestibule-service-key", SERVICE_KEY)
  const address = headers.get("x-forwarded-for")?.split(",").at(-1)?.trim()
  if (address) headers.set("x-vestibule-client-address", address)
}

function read(text: string, status: number): unknown {
  if (text === "") return null
  try {
    return JSON.parse(text, (key, value) => (DATES.has(key) && typeof value === "string" ? new Date(value) : value))
  } catch {
    const message = `${SERVER_URL} answered ${status} with something else than JSON; does \`AUTH_SERVER_URL\` lead to the auth server?`
    throw new APIError("BAD_GATEWAY", { message, code: "NOT_THE_AUTH_SERVER" })
  }
}

const STATUS_NAMES = {
  302: "FOUND",
  400: "BAD_REQUEST",
  401: "UNAUTHORIZED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  409: "CONFLICT",
  422: "UNPROCESSABLE_ENTITY",
  429: "TOO_MANY_REQUESTS",
  503: "SERVICE_UNAVAILABLE",
} as const

function refusal(status: number, body: unknown, headers: Headers) {
  const name = STATUS_NAMES[status as keyof typeof STATUS_NAMES] ?? "INTERNAL_SERVER_ERROR"
  return new APIError(name, (body ?? {}) as { message?: string; code?: string }, headers, status)
}

function text(value: unknown): string {
  if (value instanceof Date) return value.toISOString()
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}

/** Gives cookies that the server sets to the browser, where Next.js lets us: in actions and route handlers. */
async function keepCookies(headers: Headers) {
  const header = headers.get("set-cookie")
  if (!header) return
  try {
    const { cookies } = await import("next/headers")
    const store = await cookies()
    for (const [name, cookie] of parseSetCookieHeader(header)) store.set(name, cookie.value, toCookieOptions(cookie))
  } catch {
    // A server component, or no request at all: there is nobody to set a cookie for.
  }
}

/** For `app/api/auth/[...all]/route.ts`: `export const { GET, POST } = toNextJsHandler(auth)`. Not needed with a rewrite. */
async function handler(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url)
  const headers = new Headers(request.headers)
  for (const name of ["host", "connection", "content-length", "transfer-encoding", "x-vestibule-service-key", "x-vestibule-client-address"]) headers.delete(name)
  identify(headers)
  const body = request.method === "GET" || request.method === "HEAD" ? undefined : await request.arrayBuffer()
  try {
    const answer = await ask(new URL(SERVER_URL + pathname + search), { method: request.method, headers, body })
    const passed = new Headers(answer.headers)
    // What `fetch` gives is neither compressed nor of that length any more.
    for (const name of ["connection", "content-encoding", "content-length", "transfer-encoding"]) passed.delete(name)
    return new Response(answer.body, { status: answer.status, headers: passed })
  } catch (error) {
    if (!(error instanceof APIError)) throw error
    return Response.json(error.body, { status: error.statusCode, headers: { "retry-after": "1" } })
  }
}
