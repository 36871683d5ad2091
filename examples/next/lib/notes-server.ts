import { type Answer, ask } from "./answer"
import type { Note } from "./notes"

const AUTH = process.env.AUTH_SERVER_URL ?? "http://127.0.0.1:4000"
const BACKEND = process.env.BACKEND_SERVER_URL ?? "http://127.0.0.1:8000"
const AUDIENCE = process.env.NEXT_PUBLIC_BACKEND_AUDIENCE

/** From a server component, on behalf of whoever sent these headers. */
export async function listNotes(headers: Headers): Promise<Answer<Note[]>> {
  const cookie = headers.get("cookie") ?? ""
  if (!AUDIENCE) return ask(`${BACKEND}/notes`, { headers: { cookie }, cache: "no-store" })
  const token = await ask<{ access_token: string }>(`${AUTH}/auth/token`, {
    method: "POST",
    body: new URLSearchParams({ audience: AUDIENCE }),
    headers: { cookie, origin: process.env.BETTER_AUTH_URL ?? "http://localhost:3000" },
    cache: "no-store",
  })
  if (!token.ok) return token
  const authorization = `Bearer ${token.value.access_token}`
  return ask(`${BACKEND}/notes`, { headers: { authorization }, cache: "no-store" })
}
