// Where the parts of the application live. The names are different hosts, because cookies do not see ports:
// on `localhost:3000` and `localhost:8000` everything works, and proves nothing.

/** What Chromium takes for the internet. */
export const RESOLVER_RULES = "MAP *.example.test 127.0.0.1, MAP *.elsewhere.test 127.0.0.1";
export const HOSTS = ["app.example.test", "auth.example.test", "api.example.test", "notes.elsewhere.test"];

/**
 * @typedef {{app: string, hosts: Record<string, string>, frontend: object, auth: object, backend: object}} Topology
 * `hosts`: host name to service; `frontend` and `backend`: environment; `auth`: the auth server's configuration.
 */

/** @returns {{name: string, at: (port: number) => Topology}} the port is that of the edge */
const named = (name, at) => ({ name, at });

/** Browsers see the frontend alone, which passes on what is not its own. The default. */
export const sameOrigin = named("same origin", (port) => {
  const app = `http://app.example.test:${port}`;
  return {
    app,
    hosts: { "app.example.test": "frontend" },
    frontend: { NEXT_PUBLIC_BACKEND_API_URL: "/api/backend" },
    auth: { baseURL: app },
    backend: { AUTH_MODE: "shared-database" },
  };
});

/** Three hosts of one domain, which share the cookie. */
export const siblings = named("sibling subdomains", (port) => {
  const [app, auth, api] = ["app", "auth", "api"].map((name) => `https://${name}.example.test:${port}`);
  return {
    app,
    hosts: { "app.example.test": "frontend", "auth.example.test": "auth", "api.example.test": "backend" },
    frontend: { NEXT_PUBLIC_BETTER_AUTH_URL: auth, NEXT_PUBLIC_BACKEND_API_URL: api },
    auth: {
      baseURL: auth,
      trustedOrigins: [app],
      advanced: { crossSubDomainCookies: { enabled: true, domain: "example.test" } },
    },
    backend: { AUTH_MODE: "shared-database" },
  };
});

/** The backend belongs to another site, which no cookie reaches: it gets access tokens. */
export const otherSite = named("other site", (port) => {
  const [app, api] = [`https://app.example.test:${port}`, `https://notes.elsewhere.test:${port}`];
  return {
    app,
    hosts: { "app.example.test": "frontend", "notes.elsewhere.test": "backend" },
    frontend: { NEXT_PUBLIC_BACKEND_API_URL: api, NEXT_PUBLIC_BACKEND_AUDIENCE: "notes" },
    auth: { baseURL: app, plugins: { jwt: {} }, tokens: { notes: { algorithm: "ES256", expiresIn: "5m" } } },
    backend: { AUTH_MODE: "key-set", AUTH_URL: app, AUTH_AUDIENCE: "notes" },
  };
});
