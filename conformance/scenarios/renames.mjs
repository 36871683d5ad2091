export const name = "renamed tables and columns";

export const config = {
  user: { modelName: "members", fields: { name: "full_name", email: "email_address", emailVerified: "email_verified", createdAt: "created_at", updatedAt: "updated_at" } },
  session: { modelName: "member_sessions", fields: { userId: "member_id", expiresAt: "expires_at", ipAddress: "ip_address", userAgent: "user_agent", createdAt: "created_at" } },
  account: { modelName: "member_accounts", fields: { userId: "member_id", accountId: "account_id", providerId: "provider_id", password: "password_hash", createdAt: "created_at" } },
  verification: { modelName: "member_proofs", fields: { identifier: "subject" } },
};

export async function run(t) {
  const alice = t.actor();
  await alice.signUp(t.email(), { full_name: "ignored" });
  await alice.get("/get-session");
  await alice.get("/list-sessions");
  await alice.post("/update-user", { name: "Alicia" });
  await alice.post("/change-password", { currentPassword: "correct horse", newPassword: "battery staple", revokeOtherSessions: true });
  await t.actor().signUp(t.email());
  await t.actor().signIn(t.email(), { password: "battery staple" });
  for (const table of ["members", "member_sessions", "member_accounts"]) await t.rows(table, () => true, { orderBy: "created_at" });
  await alice.post("/revoke-sessions");
  await t.rows("member_sessions", () => true, { orderBy: "created_at" });
}
