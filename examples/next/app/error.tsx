"use client"

/** The auth server or a part of the page failed; nobody is taken for a guest because of that. */
export default function Failed() {
  return (
    <main className="card">
      <h1>Not available</h1>
      <p className="notice problem" role="alert">
        The server cannot be reached. You are still signed in.
      </p>
      <button onClick={() => window.location.reload()}>Try again</button>
    </main>
  )
}
