import { accessToken } from "./access-token"
import { type Answer, ask } from "./answer"

const BACKEND = process.env.NEXT_PUBLIC_BACKEND_API_URL || "/api/backend"
const AUDIENCE = process.env.NEXT_PUBLIC_BACKEND_AUDIENCE

export type Note = { id: number; text: string; createdAt: string }

export const addNote = (text: string) => send<Note>("/notes", { method: "POST", body: JSON.stringify({ text }) })

export const deleteNote = (id: number) => send<null>(`/notes/${id}`, { method: "DELETE" })

/** From the browser. */
async function send<T>(path: string, init: RequestInit): Promise<Answer<T>> {
  const headers = new Headers({ "content-type": "application/json" })
  if (AUDIENCE) {
    const token = await accessToken(AUDIENCE)
    if (!token.ok) return token
    headers.set("authorization", `Bearer ${token.value}`)
  }
  // Without `include` a backend at another address would not see the cookie.
  return ask<T>(`${BACKEND}${path}`, { ...init, headers, credentials: "include" })
}
