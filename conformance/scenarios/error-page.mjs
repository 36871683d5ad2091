const CODES = [undefined, "", "abc", "ACCESS_DENIED", "state-mismatch", "it's", "<script>", "a b", "a&b", 'a"b', "ä", "a%0d%0ab", "a".repeat(300), "a/b", "${x}"];

export const name = "error page";

// The database plays no part here.
export const databases = ["sqlite"];

export const variants = [
  { name: "production", config: {} },
  { name: "its own URL", config: { onAPIError: { errorURL: "https://app.example.com/failed?x=1#there" } } },
  { name: "its own relative URL", config: { onAPIError: { errorURL: "/failed" } } },
  { name: "development", config: { production: false } },
];

/** The page is ours to design; what counts is that the code is on it and that nothing of the query is markup. */
const digest = (page) =>
  page === "" ? "" : { shows: page.match(/ACCESS_DENIED|UNKNOWN|state-mismatch/)?.[0] ?? "something else", script: /<script>alert|<img src=x/.test(page) };

export async function run(t) {
  for (const error of CODES) await t.raw("GET", "/error", { query: error === undefined ? undefined : { error }, digest });
  for (const description of ["", "plain words", "<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "a&b=c", "ä\r\nb"]) {
    await t.raw("GET", "/error", { query: { error: "ACCESS_DENIED", error_description: description }, digest });
  }
  await t.raw("GET", "/error", { query: "error=ACCESS_DENIED&error=%3Cscript%3Ealert(1)%3C/script%3E", digest });
  await t.raw("GET", "/error", { query: "error=%zz&error_description=%zz", digest });
  await t.raw("GET", "/error", { query: "error_description=alone", digest });
  await t.raw("POST", "/error", { json: {} });
}
