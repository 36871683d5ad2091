//! [`SharedDatabase`], the mode that looks a session up.

use std::sync::Arc;

use vestibule_tokens::signature::SigningKey;

use super::{Database, Tables};
use crate::authenticated::joined;
use crate::credential::Credential;
use crate::refusal::Unavailable;
use crate::{Authenticated, Mode, Refusal, Timestamp};

/// Looks sessions up in the auth server's `session` and `user` tables, whoever writes them: Better Auth
/// in TypeScript, or Vestibule. It reads, and never writes.
///
/// - Cost: one indexed read for each request.
/// - Needs: the tables in a database that this service reaches, and the **root secret**, to check the
///   cookie's signature. Whoever holds it can forge cookies, so give it to services that you trust
///   as the auth server itself; the others take [`Remote`](crate::Remote) or [`Jwt`](crate::Jwt).
/// - A revoked session works no longer: not for one request.
///
/// Sessions that are kept in secondary storage alone are not in the tables; with
/// `session.storeSessionInDatabase` they are.
#[derive(Clone)]
pub struct SharedDatabase {
    database: Database,
    key: SigningKey,
    tables: Arc<Tables>,
    sql: Arc<str>,
    requires_signature: bool,
}

impl SharedDatabase {
    /// With the auth server's secret; of several, the first of `BETTER_AUTH_SECRETS`.
    pub fn new(database: Database, secret: &str) -> Self {
        let tables = Tables::default();
        let sql = tables.statement(database.dialect(), database.schema()).into();
        Self {
            database,
            key: SigningKey::new(secret),
            tables: Arc::new(tables),
            sql,
            requires_signature: false,
        }
    }

    /// Refuses session tokens without a signature, as `requireSignature` of the plugin `bearer`: then
    /// whoever has read the database has no token yet.
    #[must_use]
    pub fn require_signature(self) -> Self {
        Self { requires_signature: true, ..self }
    }

    /// For tables and columns with other names than Better Auth's own.
    #[must_use]
    pub fn tables(mut self, tables: Tables) -> Self {
        self.sql = tables.statement(self.database.dialect(), self.database.schema()).into();
        self.tables = Arc::new(tables);
        self
    }

    /// Looks up a session that nobody has. A start may wait for this; it says what is wrong with the
    /// address, the password, or the names of tables and columns.
    pub async fn check(&self) -> Result<(), Unavailable> {
        self.database.find(&self.sql, "a session that nobody has").await.map(drop)
    }

    pub(crate) async fn find(
        &self,
        credential: &Credential<'_>,
        now: Timestamp,
    ) -> Result<Authenticated, Refusal> {
        if self.requires_signature && matches!(credential, Credential::SessionToken(_)) {
            return Err(Refusal::invalid("bearer token", "it has no signature"));
        }
        let token = credential.session_token(&self.key)?;
        let Some((session, user)) = self.database.find(&self.sql, &token).await? else {
            return Err(Refusal::Ended);
        };
        let (session, user) = self.tables.with_field_names(session, user);
        let Some(found) = joined(session, user, Mode::SharedDatabase) else {
            let source =
                "it lacks one of `id`, `expiresAt`, `userId`; are the columns named in `Tables`?";
            return Err(Unavailable::new("understand a row of the session table", source).into());
        };
        if found.session.expires_at <= now {
            return Err(Refusal::Expired { what: "session" });
        }
        Ok(found)
    }
}

impl std::fmt::Debug for SharedDatabase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedDatabase").field("database", &self.database).finish_non_exhaustive()
    }
}
