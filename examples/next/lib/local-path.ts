/** The page to go to after sign-in, if it is one of ours: an address from the query may lead anywhere. */
export function localPath(wanted: string | string[] | undefined): string {
  const base = "http://this.invalid"
  const url = typeof wanted === "string" && URL.canParse(wanted, base) ? new URL(wanted, base) : undefined
  return url?.origin === base ? url.pathname + url.search : "/dashboard"
}
