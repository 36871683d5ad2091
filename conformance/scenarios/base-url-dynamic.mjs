export const name = "base URL from a list of hosts";
export const config = {
  baseURL: { allowedHosts: ["localhost:3000", "*.example.com", "app.example.org"], fallback: "http://localhost:3000", protocol: "http" },
};

export async function run(t) {
  const email = t.email();
  await t.actor().signUp(email);
  for (const host of ["localhost:3000", "a.example.com", "a.b.example.com", "APP.example.org", "app.example.org:8080", "other.example"]) {
    for (const origin of [`http://${host}`, `https://${host}`, undefined]) {
      await t.raw("POST", "/sign-in/email", { json: { email, password: "correct horse", callbackURL: `http://${host}/x` }, headers: { host, origin }, label: `${host} ${origin}` });
    }
  }
}
