import { type Answer, ask } from "./answer"

const AUTH = process.env.NEXT_PUBLIC_BETTER_AUTH_URL || ""
const RENEW_BEFORE_MS = 60_000

type Token = { access_token: string; expires_in: number }

// In memory only: what is in localStorage, any script of the page can carry away.
let current: { value: string; renewAt: number } | undefined
let flight: Promise<Answer<Token>> | undefined

/** A token for the backend, renewed a minute before it expires; callers at the same time share one request. */
export async function accessToken(audience: string): Promise<Answer<string>> {
  if (current && Date.now() < current.renewAt) return { ok: true, value: current.value }
  flight ??= request(audience).finally(() => (flight = undefined))
  const answer = await flight
  if (!answer.ok) return answer
  const { access_token: value, expires_in: seconds } = answer.value
  current = { value, renewAt: Date.now() + seconds * 1000 - RENEW_BEFORE_MS }
  return { ok: true, value }
}

const request = (audience: string) =>
  ask<Token>(`${AUTH}/auth/token`, {
    method: "POST",
    body: new URLSearchParams({ audience }),
    credentials: "include",
  })
