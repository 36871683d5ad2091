export const name = "routing";

// The database plays no part here.
export const databases = ["sqlite"];

export const variants = [
  { name: "defaults", config: {} },
  { name: "slashes at the end are skipped", config: { advanced: { skipTrailingSlashes: true } } },
  { name: "disabled paths", config: { disabledPaths: ["/sign-up/email", "/ok/", "/list-sessions"] } },
];

const TARGETS = [
  "/ok", "/ok/", "/ok//", "//ok", "/OK", "/ok?x=1", "/ok/?x=1", "/ok/x", "/unknown", "", "/", "/sign-up", "/sign-up/email", "/sign-up/email/", "/%6fk", "/ok%2f", "/ok%20", "/./ok", "/../auth/ok",
  "/x/../ok", "/ok;x", "/error", "/list-sessions", "/list-sessions/", "/set-password", "/%zz", "/%00",
];

export async function run(t) {
  for (const target of TARGETS) {
    await t.raw("GET", target);
    await t.raw("POST", target, { json: {} });
  }
  for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"]) {
    for (const path of ["/ok", "/get-session", "/sign-in/email", "/sign-out", "/error", "/unknown"]) await t.raw(method, path, { label: "method" });
  }
  await t.raw("POST", "/ok", { body: "{", type: "application/json" });
  await t.raw("GET", "/api/authentic/ok", { absolute: true });
  await t.raw("GET", "/api/auth", { absolute: true });
  await t.raw("GET", "/API/auth/ok", { absolute: true });
  await t.raw("GET", "/api//auth/ok", { absolute: true });
  await t.raw("GET", "/api/auth/ok", { headers: { "content-type": "text/plain" } });
}
