"use client"

import { useRouter } from "next/navigation"
import { useEffect } from "react"
import { authClient } from "@/lib/auth-client"

/** Leaves the page when the session turns out to be over: the client looks again when the tab comes back. */
export function SessionWatch() {
  const router = useRouter()
  const { data, error, isPending } = authClient.useSession()
  // A server that cannot be reached says nothing about the session.
  const isOver = !isPending && !error && data === null
  useEffect(() => {
    if (isOver) router.replace("/sign-in?ended")
  }, [isOver, router])
  return null
}
