/** What a server answered, or what to tell people instead. */
export type Answer<T> = { ok: true; value: T } | { ok: false; status: number; message: string }

/** `fetch` that does not throw; failures carry the sentence that the server gave. */
export async function ask<T>(url: string, init: RequestInit): Promise<Answer<T>> {
  let response: Response
  try {
    response = await fetch(url, init)
  } catch {
    return { ok: false, status: 0, message: "The server cannot be reached. Try again in a moment." }
  }
  const body = response.status === 204 ? null : await response.json().catch(() => null)
  if (response.ok) return { ok: true, value: body }
  return { ok: false, status: response.status, message: body?.message ?? `The server answered ${response.status}.` }
}
