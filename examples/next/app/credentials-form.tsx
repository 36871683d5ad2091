"use client"

import { useRouter } from "next/navigation"
import { useActionState, useEffect, useRef } from "react"
import { Field, type FieldProps } from "./field"
import { type Failure, problemsOf, type Problems } from "./problems"

type Name = "name" | "email" | "password"
type Values = Record<Name, string>
type State = { values: Partial<Values>; problems: Problems<Name> }

type Props = {
  fields: (Omit<FieldProps, "problem" | "defaultValue"> & { name: Name })[]
  submit: (values: Values) => Promise<{ error: Failure | null }>
  /** The page for whoever got in. */
  then: string
  action: { label: string; pending: string }
}

/** Sign-in and sign-up are this form with other fields. */
export function CredentialsForm({ fields, submit, then, action }: Props) {
  const router = useRouter()
  const form = useRef<HTMLFormElement>(null)

  async function send(_: State, data: FormData): Promise<State> {
    const values = Object.fromEntries(data) as Values
    const problems = missing(fields, values) ?? (await refused(submit, values))
    if (problems) return { values, problems }
    router.replace(then)
    // What was rendered for the guest must not be shown again.
    router.refresh()
    return { values, problems: {} }
  }

  // A form with a function for its action also keeps what is submitted before the page is hydrated.
  const [{ values, problems }, submitted, isPending] = useActionState(send, { values: {}, problems: {} })

  useEffect(() => {
    form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus()
  }, [problems])

  return (
    <form ref={form} action={submitted} noValidate>
      {problems.form && (
        <p className="notice problem" role="alert">
          {problems.form}
        </p>
      )}
      {fields.map((field) => (
        <Field key={field.name} {...field} defaultValue={values[field.name]} problem={problems[field.name]} />
      ))}
      <button type="submit" disabled={isPending}>
        {isPending ? action.pending : action.label}
      </button>
    </form>
  )
}

function missing(fields: Props["fields"], values: Values): Problems<Name> | null {
  const empty = fields.filter(({ name }) => values[name].trim() === "")
  if (empty.length === 0) return null
  return Object.fromEntries(empty.map(({ name, label }) => [name, `Enter your ${label.toLowerCase()}.`]))
}

async function refused(submit: Props["submit"], values: Values): Promise<Problems<Name> | null> {
  try {
    const { error } = await submit(values)
    return error && problemsOf(error)
  } catch {
    return { form: "The server cannot be reached. Try again in a moment." }
  }
}
