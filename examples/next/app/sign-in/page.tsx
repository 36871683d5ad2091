import type { Metadata } from "next"
import { headers } from "next/headers"
import Link from "next/link"
import { redirect } from "next/navigation"
import { auth } from "@/lib/auth"
import { localPath } from "@/lib/local-path"
import { SignInForm } from "./form"

export const metadata: Metadata = { title: "Sign in" }

export default async function SignIn({
  searchParams,
}: {
  searchParams: Promise<{ ended?: string; redirectTo?: string }>
}) {
  if (await auth.api.getSession({ headers: await headers() })) redirect("/dashboard")
  const { ended, redirectTo } = await searchParams
  return (
    <main className="card">
      <h1>Sign in</h1>
      {ended !== undefined && (
        <p className="notice" role="status">
          Your session has ended. Sign in again.
        </p>
      )}
      <SignInForm then={localPath(redirectTo)} />
      <p className="aside">
        No account yet? <Link href="/sign-up">Sign up</Link>
      </p>
    </main>
  )
}
