//! The user of the journey: made for it, and deleted at its end.

use anyhow::{Context as _, Result};
use http::Method;
use serde_json::json;
// tidy-allow(random): a throw-away password is made where there is no server that gives randomness.
use vestibule_core::models::{Account, User};
// tidy-allow(random): a throw-away password is made where there is no server that gives randomness.
use vestibule_core::random::{Random, SystemRandom};
use vestibule_core::store::ModelRow as _;
use vestibule_sql::Database;

use super::super::exchange::send;
use super::super::finding::Finding;
use super::{CHECK, Journey, Subject};

pub(super) struct ThrowAway {
    pub(super) email: String,
    pub(super) password: String,
    /// Once it is made.
    pub(super) id: Option<String>,
}

impl ThrowAway {
    pub(super) fn new() -> Self {
        let random: &dyn Random = &SystemRandom; // tidy-allow(random): as above.
        let name = random.id().to_lowercase();
        // A name that is reserved for examples: no mail to it reaches anybody.
        let email = format!("vestibule-doctor-{}@example.com", &name[..16]);
        Self { email, password: random.id(), id: None }
    }
}

/// Deletes the user by the database of the configuration, else by the API.
pub(super) async fn delete(journey: &Journey<'_>) -> Finding {
    let email = &journey.user.email;
    if is_deleted_by_database(journey).await {
        return Finding::fine(CHECK, format!("the user {email} is deleted again"));
    }
    let path = format!("{}/delete-user", journey.auth.path);
    let body = json!({ "password": journey.user.password });
    let outgoing = journey.as_page(Method::POST, &journey.auth, &path).json(body);
    let said = match send(outgoing).await {
        Ok(answer) if answer.status.is_success() => {
            return Finding::fine(CHECK, format!("the user {email} is deleted again"));
        }
        Ok(answer) => answer.summary(),
        Err(error) => error,
    };
    Finding::notice(
        CHECK,
        "user-stays",
        format!(
            "the user {email} could not be deleted: POST {}: {said}",
            journey.url("/delete-user")
        ),
        "the database of the auth server is not the one of this configuration, and its API deletes nobody",
        "delete the user by hand, or run the command where the auth server's `DATABASE_URL` is set",
    )
}

/// Whether the user was in the database of the configuration, and is no longer.
pub(super) async fn is_deleted_by_database(journey: &Journey<'_>) -> bool {
    let Some(subject) = journey.subject else { return false };
    // Where it cannot be done, the API is asked, and says why.
    delete_row(subject, &journey.user.email).await.unwrap_or(false)
}

async fn delete_row(subject: &Subject<'_>, email: &str) -> Result<bool> {
    let settings = subject.settings;
    if settings.database.missing_file().is_some() {
        return Ok(false);
    }
    let schema = settings.builder().schema()?;
    let database = Database::connect(&settings.database.url, &schema)?;
    let secrets = settings.secret.existing()?.context("there is no secret")?;
    let one = std::num::NonZero::<usize>::MIN;
    let auth = settings.builder().store(database.store()).secrets(secrets).hash_threads(one);
    let auth = auth.build()?;
    let mut exchange = auth.unrequested()?;
    // Nobody else has the address: it was drawn for this journey.
    let Some(user) = exchange.users().find_by_email(email).await? else { return Ok(false) };
    let id = user.id.as_str();
    exchange.begin().await?;
    exchange.sessions().revoke_all(id).await?;
    exchange.delete(Account::MODEL, Account::USER_ID.eq(id)).await?;
    exchange.delete(User::MODEL, User::ID.eq(id)).await?;
    exchange.commit().await?;
    Ok(true)
}
