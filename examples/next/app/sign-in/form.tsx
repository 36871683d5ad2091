"use client"

import { CredentialsForm } from "@/app/credentials-form"
import { authClient } from "@/lib/auth-client"

export function SignInForm({ then }: { then: string }) {
  return (
    <CredentialsForm
      fields={[
        { name: "email", label: "Email", type: "email", autoComplete: "username" },
        { name: "password", label: "Password", type: "password", autoComplete: "current-password" },
      ]}
      submit={({ email, password }) => authClient.signIn.email({ email, password })}
      then={then}
      action={{ label: "Sign in", pending: "Signing in…" }}
    />
  )
}
