import { getSessionCookie } from "better-auth/cookies";
import { type NextRequest, NextResponse } from "next/server";

/**
 * Spares guests the way to the dashboard. It looks for a cookie and does not ask whether the session
 * is good: the page does that, so nobody is ever let in here. For the same reason it never sends
 * anyone *to* the dashboard, or a dead cookie would go back and forth between the two for ever.
 */
export function proxy(request: NextRequest) {
  if (getSessionCookie(request)) return NextResponse.next();
  return NextResponse.redirect(new URL("/sign-in", request.url));
}

export const config = { matcher: ["/dashboard/:path*"] };
