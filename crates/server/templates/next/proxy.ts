/**
 * Sends people without a session cookie to the sign-in page. Written by `vestibule init next`, as an example.
 *
 * It only looks whether there is a cookie, which costs nothing and proves nothing: pages and route
 * handlers ask `auth.api.getSession`, and backends check for themselves.
 */
import { getSessionCookie } from "better-auth/cookies"
import { type NextRequest, NextResponse } from "next/server"

/** The pages that need a session. */
export const config = { matcher: ["/dashboard/:path*"] }

export function proxy(request: NextRequest) {
  if (getSessionCookie(request{{cookie}})) return NextResponse.next()
  const signIn = new URL("/sign-in", request.url)
  signIn.searchParams.set("redirectTo", request.nextUrl.pathname + request.nextUrl.search)
  return NextResponse.redirect(signIn)
}
