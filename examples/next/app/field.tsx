export type FieldProps = {
  name: string
  label: string
  type: "text" | "email" | "password"
  autoComplete: string
  hint?: string
  defaultValue?: string
  problem?: string
}

/** A labelled input. What is wrong with it stands below, and screen readers read it with the label. */
export function Field({ name, label, type, autoComplete, hint, defaultValue, problem }: FieldProps) {
  const described = [hint && `${name}-hint`, problem && `${name}-problem`].filter(Boolean).join(" ")
  return (
    <div className="field">
      <label htmlFor={name}>{label}</label>
      <input
        id={name}
        name={name}
        type={type}
        autoComplete={autoComplete}
        defaultValue={defaultValue}
        required
        aria-invalid={problem !== undefined}
        aria-describedby={described || undefined}
      />
      {hint && (
        <p id={`${name}-hint`} className="hint">
          {hint}
        </p>
      )}
      {problem && (
        <p id={`${name}-problem`} className="problem">
          {problem}
        </p>
      )}
    </div>
  )
}
