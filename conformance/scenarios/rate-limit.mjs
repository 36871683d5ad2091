const on = (more) => ({ rateLimit: { enabled: true, ...more } });

export const name = "rate limits";

const LIMITS = [
  ["defaults", {}],
  ["small window", { window: 5, max: 2 }],
  ["custom rules", { window: 60, max: 5, customRules: { "/ok": { window: 10, max: 1 }, "/sign-in/*": { window: 100, max: 2 }, "/get-session": false, "/e*": { window: 10, max: 1 } } }],
  ["max 0", { window: 10, max: 0 }],
];

export const variants = LIMITS.flatMap(([label, limits]) => [
  { name: `${label}, in memory`, config: on(limits) },
  { name: `${label}, in the database`, config: on({ ...limits, storage: "database" }) },
]).concat([
  { name: "on in production by default", config: { rateLimit: undefined } },
  { name: "off in development by default", config: { rateLimit: undefined, production: false } },
  { name: "renamed table", config: on({ max: 2, storage: "database", modelName: "limits", fields: { lastRequest: "last_request", key: "bucket" } }) },
]);

const TRIES = [
  ["GET", "/ok", 6],
  ["GET", "/get-session", 6],
  ["GET", "/elsewhere", 3],
  ["POST", "/sign-in/email", 5],
  ["POST", "/sign-up/email", 5],
  ["POST", "/sign-in/unknown", 5],
  ["POST", "/change-password", 5],
  ["GET", "/unknown", 6],
  ["OPTIONS", "/ok", 3],
];

export async function run(t) {
  for (const [method, path, times] of TRIES) {
    for (let i = 0; i < times; i++) await t.raw(method, path, method === "POST" ? { json: {} } : {});
  }
  await t.raw("GET", "/ok", { headers: { "x-forwarded-for": "198.51.100.9" }, label: "another client" });
  await t.raw("GET", "/ok/", { label: "another spelling" });
  // The window slides: it is counted from the last request that was let through.
  for (const seconds of [4, 4, 4, 9, 11, 60, 100]) {
    t.advance(seconds - 1.009);
    for (const [method, path] of [["GET", "/ok"], ["POST", "/sign-in/email"], ["GET", "/unknown"]]) {
      await t.raw(method, path, { ...(method === "POST" && { json: {} }), label: `${seconds} s later` });
    }
  }
  if (t.config.rateLimit?.storage === "database") {
    const { modelName = "rateLimit", fields = {} } = t.config.rateLimit;
    // When old counters are thrown away is nobody's business.
    const recent = (row) => Number(row[fields.lastRequest ?? "lastRequest"]) > t.now - 60_000;
    await t.rows(modelName, recent, { orderBy: fields.key ?? "key" });
  }
}
