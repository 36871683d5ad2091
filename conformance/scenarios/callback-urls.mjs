export const name = "callback URLs";

// The database plays no part here.
export const databases = ["sqlite"];
export const config = { trustedOrigins: ["https://*.example.com", "myapp://"] };

const URLS = [
  "/", "/x", "/x?y=z#w", "/x y", "/ü", "/x%20y", "x", "", ".", "./x", "../x", "?x", "#x",
  "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\/evil.example", "\\\\evil.example", "/x\\y", "/x?\\", "/x#\\",
  "/%2fevil.example", "/%2Fevil.example", "/%5cevil.example", "/%5Cevil.example", "/x/%2f", "/x?u=%2f", "/%252fevil.example", "/x%00", "/x%0d%0aset-cookie:a=b",
  "/\tevil", "/\t/evil.example", "/\n/evil.example", "/\r\nx", "/x\u0000", "/\u0085x", "/\u00a0x", "/@evil.example", "/.evil.example", "/:80", "/x:y", "/..//evil.example", "/.//evil.example", "/x/..//evil.example",
  "http://localhost:3000", "http://localhost:3000/x", "http://localhost:3000.evil.example", "http://localhost:3000@evil.example", "http://evil.example@localhost:3000/x", "http://localhost:30000", "http://LOCALHOST:3000/x",
  "http://localhost:3000\\.evil.example", "http://localhost:3000%2f@evil.example", "http:/localhost:3000", "http:localhost:3000/x", "http:///localhost:3000", "https://localhost:3000/x", "ftp://localhost:3000",
  "https://a.example.com/x", "https://example.com", "https://aexample.com", "https://a.example.com.evil.example", "https://a.example.com:8443/x", "https://evil.example/a.example.com", "https://evil.example?a.example.com", "https://evil.example#.example.com",
  "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x", "blob:http://localhost:3000/x", "about:blank", "mailto:a@b.co",
  "myapp://", "myapp://x/y", "myapp:x", "myapps://x", " http://localhost:3000", "http://localhost:3000 ", "\u0001http://localhost:3000", "http://localhost:3000/\u0000", "http://[::1]/", "http://%6cocalhost:3000/x", "http://localhost:3000/x".toUpperCase(),
];

const FIELDS = ["callbackURL", "redirectTo", "errorCallbackURL", "newUserCallbackURL"];

export async function run(t) {
  const json = { email: "nobody@example.com", password: "p".repeat(129) };
  for (const callbackURL of URLS) await t.raw("POST", "/sign-in/email", { json: { ...json, callbackURL }, label: JSON.stringify(callbackURL) });
  for (const field of FIELDS) {
    for (const url of ["/x", "https://evil.example", "//evil.example", 1, {}, ["/x"], ["https://evil.example"], false, null]) {
      await t.raw("POST", "/sign-in/email", { json: { ...json, [field]: url }, label: `${field} ${JSON.stringify(url)}` });
      await t.raw("POST", "/sign-out", { json: { [field]: url }, label: `${field} ${JSON.stringify(url)}` });
    }
    for (const query of [`${field}=/x`, `${field}=https://evil.example`, `${field}=/x&${field}=https://evil.example`]) {
      await t.raw("POST", "/sign-out", { json: {}, query });
      await t.raw("GET", "/ok", { query });
    }
  }
  await t.raw("POST", "/sign-in/email", { json: { ...json, callbackURL: "https://evil.example", redirectTo: "https://evil.example" }, query: "callbackURL=/x" });
  await t.raw("POST", "/sign-in/email", { form: { ...json, callbackURL: "https://evil.example" } });
}
