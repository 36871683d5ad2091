//! Options of the reference that are not honoured yet: named, so that nobody thinks they work.

/// Dotted paths of options that Better Auth 1.7.7 has and Vestibule does not honour yet.
pub const UNSUPPORTED: &[&str] = &[
    "account.accountLinking",
    "account.encryptOAuthTokens",
    "account.skipStateCookieCheck",
    "account.storeAccountCookie",
    "account.storeStateStrategy",
    "account.updateAccountOnSignIn",
    "advanced.backgroundTasks",
    "advanced.crossSubDomainCookies.additionalCookies",
    "advanced.database.joins",
    "advanced.database.validateSchema",
    "databaseHooks",
    "emailAndPassword.onPasswordReset",
    "emailAndPassword.resetPasswordTokenExpiresIn",
    "emailAndPassword.revokeSessionsOnPasswordReset",
    "emailAndPassword.sendResetPassword",
    "experimental",
    "hooks",
    "logger",
    "onAPIError.customizeDefaultErrorPage",
    "onAPIError.onError",
    "onAPIError.throw",
    "rateLimit.customStorage",
    "session.preserveSessionInDatabase",
    "session.storeSessionInDatabase",
    "socialProviders",
    "telemetry",
    "user.deleteUser",
    "verification.disableCleanup",
    "verification.storeIdentifier",
    "verification.storeInDatabase",
];

/// The entry that a dotted path of a configuration falls under, if any.
pub fn find(path: &str) -> Option<&'static str> {
    UNSUPPORTED.iter().copied().find(|entry| {
        path.strip_prefix(entry).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}
