import { createAuthClient } from "better-auth/react";

/** The auth server as browsers see it; without an address, it is at this frontend's own. */
export const authClient = createAuthClient({
  baseURL: process.env.NEXT_PUBLIC_BETTER_AUTH_URL || undefined,
});
