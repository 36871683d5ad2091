export const name = "origin check and form CSRF";

// The database plays no part here.
export const databases = ["sqlite"];

export const variants = [
  { name: "on", config: {} },
  { name: "origin check off", config: { advanced: { disableOriginCheck: true } } },
  { name: "CSRF check off", config: { advanced: { disableCSRFCheck: true } } },
  { name: "origin check off, CSRF check on", config: { advanced: { disableOriginCheck: true, disableCSRFCheck: false } } },
];

const ORIGINS = [undefined, "http://localhost:3000", "https://evil.example", "null"];
const FETCHES = [
  {},
  { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" },
  { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" },
  { "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" },
  { "sec-fetch-site": "same-site", "sec-fetch-mode": "navigate" },
  { "sec-fetch-site": "none" },
  { "sec-fetch-dest": "document" },
  { "sec-fetch-site": " " },
];

export async function run(t) {
  // Too long a password is refused after every check that concerns us, and before anything is hashed.
  const nobody = { email: "nobody@example.com", password: "p".repeat(129) };
  const requests = [
    ["/sign-in/email", { json: nobody }],
    ["/sign-in/email", { form: nobody }],
    ["/sign-up/email", { json: { ...nobody, name: "x", password: "short" } }],
    ["/sign-out", { json: {} }],
  ];
  for (const [path, sent] of requests) {
    for (const cookie of [undefined, "a=b", ""]) {
      for (const origin of ORIGINS) {
        for (const fetch of FETCHES) {
          await t.raw("POST", path, { ...sent, headers: { cookie, origin, ...fetch } });
        }
      }
    }
    await t.raw("POST", path, { ...sent, headers: { referer: "http://localhost:3000/x" } });
    await t.raw("POST", path, { ...sent, headers: { referer: "https://evil.example/x" } });
  }
  // The check comes before the body is validated, the one for forms after it.
  await t.raw("POST", "/sign-in/email", { json: {}, headers: { cookie: "a=b", origin: "https://evil.example" } });
  await t.raw("POST", "/sign-in/email", { json: {}, headers: { origin: "https://evil.example" } });
  await t.raw("POST", "/sign-in/email", { body: "{", type: "application/json", headers: { cookie: "a=b", origin: "https://evil.example" } });
  await t.raw("POST", "/unknown", { json: {}, headers: { cookie: "a=b", origin: "https://evil.example" } });
  await t.raw("GET", "/list-sessions", { headers: { cookie: "a=b", origin: "https://evil.example" } });
  await t.raw("POST", "/sign-in/email", { json: { ...nobody, callbackURL: "https://evil.example" } });
  await t.raw("POST", "/sign-in/email", { json: { ...nobody, callbackURL: ["x"] } });
}
