const HTTPS = "https://app.example.com";

export const name = "cookie settings";

export const variants = [
  { name: "prefix", config: { advanced: { cookiePrefix: "shop" } } },
  { name: "empty prefix", config: { advanced: { cookiePrefix: "" } } },
  { name: "secure without https", config: { advanced: { useSecureCookies: true } } },
  { name: "https", config: { baseURL: HTTPS } },
  { name: "https, not secure", config: { baseURL: HTTPS, advanced: { useSecureCookies: false } } },
  { name: "production without a base URL", config: { baseURL: undefined, trustedOrigins: ["http://localhost:3000"] } },
  { name: "development without a base URL", config: { baseURL: undefined, production: false, trustedOrigins: ["http://localhost:3000"] } },
  { name: "development with a base URL", config: { production: false } },
  { name: "names", config: { advanced: { cookies: { session_token: { name: "custom_tok" }, dont_remember: { name: "forget" } } } } },
  { name: "names under https", config: { baseURL: HTTPS, advanced: { cookies: { session_token: { name: "custom_tok" } }, cookiePrefix: "x" } } },
  {
    name: "attributes",
    config: {
      advanced: {
        defaultCookieAttributes: { sameSite: "strict", httpOnly: false, path: "/app" },
        cookies: { session_token: { attributes: { sameSite: "none", secure: true, maxAge: 5 } } },
      },
    },
  },
  // Without `secure` the reference forgets Secure beside Partitioned, but only the first time it writes each cookie.
  { name: "partitioned", config: { advanced: { defaultCookieAttributes: { partitioned: true, secure: true, sameSite: "none" } } } },
  { name: "domain and path", config: { advanced: { defaultCookieAttributes: { domain: "example.com", path: "/x" } } } },
  { name: "across subdomains", config: { baseURL: HTTPS, advanced: { crossSubDomainCookies: { enabled: true } } } },
  { name: "across subdomains of a domain", config: { baseURL: HTTPS, advanced: { crossSubDomainCookies: { enabled: true, domain: "example.com" } } } },
  { name: "across subdomains, leading dot", config: { baseURL: HTTPS, advanced: { crossSubDomainCookies: { enabled: true, domain: ".example.com" } } } },
  {
    name: "across subdomains, as the request has it",
    config: { baseURL: { allowedHosts: ["localhost:*"], protocol: "https" }, trustedOrigins: ["http://localhost:3000"], advanced: { crossSubDomainCookies: { enabled: true } } },
  },
  {
    name: "across subdomains, as the request has it, without https",
    config: { baseURL: { allowedHosts: ["localhost:*"], protocol: "http" }, advanced: { crossSubDomainCookies: { enabled: true } } },
  },
  { name: "expiry", config: { session: { expiresIn: 3600 } } },
];

export async function run(t) {
  const alice = t.actor();
  await alice.signUp(t.email());
  await alice.get("/get-session");
  await alice.signIn(t.email(), { rememberMe: false });
  await alice.post("/update-user", { name: "x" });
  await alice.post("/sign-out", {});
}
