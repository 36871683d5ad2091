"use client"

import { useActionState, useEffect, useState, useTransition } from "react"
import type { Answer } from "@/lib/answer"
import { authClient } from "@/lib/auth-client"
import { addNote, deleteNote, type Note } from "@/lib/notes"

export function Notes({ initial }: { initial: Note[] }) {
  const [notes, setNotes] = useState(initial)
  const refusal = useRefusal()

  const [{ text, problem }, add, isAdding] = useActionState(
    async (_: { text: string; problem?: string }, data: FormData) => {
      const text = String(data.get("text"))
      if (text.trim() === "") return { text, problem: "Write something first." }
      const added = await addNote(text)
      if (!added.ok) return { text, problem: refusal(added) }
      setNotes((notes) => [added.value, ...notes])
      return { text: "" }
    },
    { text: "" },
  )

  return (
    <>
      <form action={add} className="row" noValidate>
        <div className="field">
          <label htmlFor="text">New note</label>
          <input
            id="text"
            name="text"
            defaultValue={text}
            maxLength={2000}
            autoComplete="off"
            aria-invalid={problem !== undefined}
            aria-describedby={problem && "text-problem"}
          />
          {problem && (
            <p id="text-problem" className="problem" role="alert">
              {problem}
            </p>
          )}
        </div>
        <button type="submit" disabled={isAdding}>
          {isAdding ? "Adding…" : "Add"}
        </button>
      </form>
      {notes.length === 0 ? (
        <p className="empty">No notes yet.</p>
      ) : (
        <ul className="notes">
          {notes.map((note) => (
            <NoteItem
              key={note.id}
              note={note}
              onGone={() => setNotes((notes) => notes.filter(({ id }) => id !== note.id))}
            />
          ))}
        </ul>
      )}
    </>
  )
}

function NoteItem({ note, onGone }: { note: Note; onGone: () => void }) {
  const [isPending, start] = useTransition()
  const [problem, setProblem] = useState<string>()
  const refusal = useRefusal()

  const remove = () =>
    start(async () => {
      const removed = await deleteNote(note.id)
      // Deleted in another tab: gone is gone.
      if (removed.ok || removed.status === 404) onGone()
      else setProblem(refusal(removed))
    })

  return (
    <li>
      <p>{note.text}</p>
      <LocalTime at={note.createdAt} />
      <button className="quiet" onClick={remove} disabled={isPending} aria-label={`Delete “${note.text}”`}>
        Delete
      </button>
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </li>
  )
}

/** The date, until the browser says in which zone its time is. */
function LocalTime({ at }: { at: string }) {
  const [text, setText] = useState(at.slice(0, 10))
  useEffect(() => setText(new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })), [at])
  return <time dateTime={at}>{text}</time>
}

/** The sentence for a refusal. After a 401 it is asked again who this is: if nobody, `SessionWatch` leaves the page. */
function useRefusal() {
  const { refetch } = authClient.useSession()
  return ({ status, message }: Extract<Answer<unknown>, { ok: false }>) => {
    if (status === 401) void refetch()
    return message
  }
}
