"use client"

import { CredentialsForm } from "@/app/credentials-form"
import { authClient } from "@/lib/auth-client"

export function SignUpForm() {
  return (
    <CredentialsForm
      fields={[
        { name: "name", label: "Name", type: "text", autoComplete: "name" },
        { name: "email", label: "Email", type: "email", autoComplete: "username" },
        {
          name: "password",
          label: "Password",
          type: "password",
          autoComplete: "new-password",
          hint: "8 characters or more",
        },
      ]}
      submit={({ name, email, password }) => authClient.signUp.email({ name, email, password })}
      then="/dashboard"
      action={{ label: "Sign up", pending: "Signing up…" }}
    />
  )
}
