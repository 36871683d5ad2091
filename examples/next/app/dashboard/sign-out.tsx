"use client"

import { useState, useTransition } from "react"
import { authClient } from "@/lib/auth-client"

export function SignOut() {
  const [isPending, start] = useTransition()
  const [problem, setProblem] = useState<string>()

  const signOut = () =>
    start(async () => {
      const failed = await authClient.signOut().then(
        ({ error }) => error !== null,
        () => true,
      )
      if (failed) return setProblem("You are still signed in: the server cannot be reached.")
      // A whole new page, so that nothing of this user stays in memory.
      window.location.assign("/sign-in")
    })

  return (
    <>
      {problem && (
        <span className="problem" role="alert">
          {problem}
        </span>
      )}
      <button className="quiet" onClick={signOut} disabled={isPending}>
        Sign out
      </button>
    </>
  )
}
