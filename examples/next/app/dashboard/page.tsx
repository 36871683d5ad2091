import type { Metadata } from "next"
import { headers } from "next/headers"
import { redirect } from "next/navigation"
import { auth } from "@/lib/auth"
import { listNotes } from "@/lib/notes-server"
import { Notes } from "./notes"
import { SessionWatch } from "./session-watch"
import { SignOut } from "./sign-out"

export const metadata: Metadata = { title: "Dashboard" }

export default async function Dashboard() {
  const session = await auth.api.getSession({ headers: await headers() })
  if (!session) redirect("/sign-in?ended")
  const notes = await listNotes(await headers())
  return (
    <>
      <header>
        <strong>Notes</strong>
        <span className="who">{session.user.email}</span>
        <SignOut />
      </header>
      <main className="wide">
        <h1>Hello, {session.user.name}</h1>
        {notes.ok ? (
          <Notes initial={notes.value} />
        ) : (
          // The session is good, so it is no matter of signing in: the backend should say what it needs.
          <p className="notice problem" role="alert">
            The backend did not give your notes. It says: {notes.message}
          </p>
        )}
      </main>
      <SessionWatch />
    </>
  )
}
