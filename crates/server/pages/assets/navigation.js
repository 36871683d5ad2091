// Where to go next.

export const DASHBOARD = "/dashboard";

/** The page asked for by `?callbackURL=`, if it is a path on this very server; else null. */
export function callbackPath() {
  const asked = new URLSearchParams(location.search).get("callbackURL");
  if (!asked || !/^\/(?!\/)/.test(asked) || /[\\\p{Cc}]/u.test(asked)) return null;
  if (/%2f|%5c/i.test(asked.split(/[?#]/, 1)[0])) return null;
  return new URL(asked, location.origin).origin === location.origin ? asked : null;
}

/** Links between the pages keep the query, so that the way there is not lost. */
export function keepQuery() {
  for (const link of document.querySelectorAll("a[data-keep-query]")) link.search = location.search;
}

export function signInAgain() {
  location.replace(`/sign-in?callbackURL=${encodeURIComponent(DASHBOARD)}`);
}
