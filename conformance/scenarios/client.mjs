export const name = "the official client";

export const variants = [
  { name: "plain", config: {} },
  { name: "https", config: { baseURL: "https://app.example.com" } },
  { name: "another path", config: { basePath: "/auth" } },
  { name: "deferred refresh", config: { session: { deferSessionRefresh: true } } },
];

export async function run(t) {
  const alice = t.actor();
  const said = async (label, promise) => t.note(label, await promise);
  const credentials = { email: t.email(), password: "correct horse" };
  await said("signUp", alice.client.signUp.email({ ...credentials, name: "Alice" }));
  await said("signUp again", t.actor().client.signUp.email({ ...credentials, name: "Alice" }));
  await said("getSession", alice.client.getSession());
  await said("getSession without cache", alice.client.getSession({ query: { disableCookieCache: true } }));
  await said("updateUser", alice.client.updateUser({ name: "Alicia" }));
  await said("verify", alice.client.$fetch("/verify-password", { method: "POST", body: { password: credentials.password } }));
  const phone = t.actor();
  const { data } = await phone.client.signIn.email({ ...credentials, rememberMe: false });
  t.note("signIn", data);
  await said("wrong password", t.actor().client.signIn.email({ ...credentials, password: "wrong horse" }));
  await said("not signed in", t.actor().client.listSessions());
  await said("getSession of nobody", t.actor().client.getSession());
  const { data: sessions } = await alice.client.listSessions();
  t.note("listSessions", sessions.map(({ token }) => token === data.token).sort());
  await said("revokeSession", alice.client.revokeSession({ token: data.token }));
  await said("revoked", phone.client.getSession());
  await said("changePassword", alice.client.changePassword({ currentPassword: credentials.password, newPassword: "battery staple", revokeOtherSessions: true }));
  await said("revokeOtherSessions", alice.client.revokeOtherSessions());
  await said("revokeSessions", alice.client.revokeSessions());
  await said("getSession after it", alice.client.getSession());
  await alice.client.signIn.email({ ...credentials, password: "battery staple" });
  t.advance(2 * 86_400);
  await said("getSession when a refresh is due", alice.client.getSession());
  await said("signOut", alice.client.signOut());
  await said("getSession when signed out", alice.client.getSession());
}
