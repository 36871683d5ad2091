import type { Metadata } from "next"
import { headers } from "next/headers"
import Link from "next/link"
import { redirect } from "next/navigation"
import { auth } from "@/lib/auth"
import { SignUpForm } from "./form"

export const metadata: Metadata = { title: "Sign up" }

export default async function SignUp() {
  if (await auth.api.getSession({ headers: await headers() })) redirect("/dashboard")
  return (
    <main className="card">
      <h1>Sign up</h1>
      <SignUpForm />
      <p className="aside">
        Have an account? <Link href="/sign-in">Sign in</Link>
      </p>
    </main>
  )
}
