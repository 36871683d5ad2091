export const name = "trusted origins";

// The database plays no part here.
export const databases = ["sqlite"];

export const variants = [
  { name: "exact", config: { trustedOrigins: ["https://app.example.com", "http://other.example:8080", "https://slash.example/"] } },
  { name: "wildcards", config: { trustedOrigins: ["https://*.example.com", "*.example.org", "http://localhost:*", "https://a?.example.net", "https://**.deep.example"] } },
  { name: "custom schemes", config: { trustedOrigins: ["myapp://", "exp://host/path", "chrome-extension://abcdef"] } },
  { name: "environment", config: {}, env: { BETTER_AUTH_TRUSTED_ORIGINS: "https://app.example.com, https://*.example.org" } },
];

const ORIGINS = [
  "http://localhost:3000", "https://app.example.com", "http://app.example.com", "https://app.example.com:443", "https://app.example.com:8443", "https://APP.example.com",
  "https://app.example.com/", "https://app.example.com/path?x", "https://app.example.com.evil.example", "https://evil-app.example.com", "https://evilapp.example.com",
  "https://user@app.example.com", "https://app.example.com@evil.example", "https://a.b.example.com", "https://example.com", "http://a.example.org", "https://a.example.org:9",
  "https://example.org", "http://localhost:8080", "http://localhost", "http://other.example:8080", "http://other.example", "https://slash.example", "https://ab.example.net",
  "https://abc.example.net", "https://x.y.deep.example", "null", "", "undefined", "//app.example.com", "/relative", "app.example.com", "javascript:alert(1)", "file://",
  "myapp://", "myapp://callback", "myapp:", "MYAPP://x", "myapps://x", "exp://host/path", "exp://host/path/more", "exp://host/pathological", "exp://host/path/../x",
  "exp://host/path/%2e%2e/x", "exp://other/path", "chrome-extension://abcdef", "chrome-extension://abcdefg", "data:text/html,x", "http:/localhost:3000", "http:localhost:3000",
  "http://localhost:3000\\@evil.example", "http://localhost:3000#", "http://[::1]:3000", "http://127.0.0.1:3000", "https://app.example.com.", "http://l\u00f6calhost:3000",
];

export async function run(t) {
  const json = { email: "nobody@example.com", password: "p".repeat(129) };
  for (const origin of ORIGINS) {
    await t.raw("POST", "/sign-out", { json: {}, headers: { cookie: "a=b", origin }, label: "origin" });
    await t.raw("POST", "/sign-in/email", { json: { ...json, callbackURL: origin }, label: "callbackURL" });
  }
  for (const referer of ["http://localhost:3000/page", "https://app.example.com/page?x", "https://evil.example/http://localhost:3000", "about:blank"]) {
    await t.raw("POST", "/sign-out", { json: {}, headers: { cookie: "a=b", referer }, label: "referer" });
    await t.raw("POST", "/sign-out", { json: {}, headers: { cookie: "a=b", referer, origin: "https://evil.example" }, label: "referer and origin" });
    await t.raw("POST", "/sign-out", { json: {}, headers: { cookie: "a=b", referer, origin: "" }, label: "referer and an empty origin" });
  }
}
