export type FieldProps = {
  name: string;
  label: string;
  type: "text" | "email" | "password";
  autoComplete: string;
  hint?: string;
  defaultValue?: string;
  problem?: string;
};

/** A labelled input. What is wrong with it stands below, and screen readers read it with the label. */
export function Field({ name, label, type, autoComplete, hint, defaultValue, problem }: FieldProps) {
  const below = problem ?? hint;
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
        aria-describedby={below && `${name}-below`}
      />
      {below && (
        <p id={`${name}-below`} className={problem ? "problem" : "hint"}>
          {below}
        </p>
      )}
    </div>
  );
}
