/** What the client gives for an answer that is not 2xx. */
export type Failure = { code?: string; message?: string; status: number }

/** A sentence per field; `form` is for what concerns none of them. */
export type Problems<Name extends string> = Partial<Record<Name | "form", string>>

/** Which field an error code of Better Auth is about. */
const FIELD_OF: Record<string, "email" | "password"> = {
  INVALID_EMAIL: "email",
  USER_ALREADY_EXISTS: "email",
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: "email",
  EMAIL_NOT_VERIFIED: "email",
  INVALID_PASSWORD: "password",
  // It does not say which of the two is wrong, so that nobody learns who has an account.
  INVALID_EMAIL_OR_PASSWORD: "password",
  PASSWORD_TOO_SHORT: "password",
  PASSWORD_TOO_LONG: "password",
}

export function problemsOf({ code = "", message = "", status }: Failure): Problems<"name" | "email" | "password"> {
  if (status === 429) return { form: "Too many attempts. Wait a moment, then try again." }
  if (status >= 500) return { form: "The server is not available. Try again in a moment." }
  if (code === "VALIDATION_ERROR") return problemsOfInput(message)
  return { [FIELD_OF[code] ?? "form"]: message || `The server answered ${status}.` }
}

/** "[body.email] Invalid email address; [body.password] …" */
const problemsOfInput = (message: string) =>
  Object.fromEntries(
    message.split("; ").map((issue) => {
      const [, field = "form", text = issue] = /^\[body\.(name|email|password)\] (.+)$/.exec(issue) ?? []
      return [field, text]
    }),
  )
