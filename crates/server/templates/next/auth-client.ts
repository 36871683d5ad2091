/**
 * Better Auth in the browser: `authClient.signIn.email(..)`, `useSession()`.
 *
 * Written by `vestibule init next`. Without a base URL requests go to the page's own origin, which
 * hands them to the auth server; see the rewrite in `.env.example`.
 */
import { createAuthClient } from "better-auth/react"
{{imports}}
export const authClient = createAuthClient({
  baseURL: process.env.NEXT_PUBLIC_BETTER_AUTH_URL || undefined,
{{options}}})

export const { signIn, signUp, signOut, useSession } = authClient
