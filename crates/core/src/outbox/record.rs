//! What is written beside a change: the writes of users, sessions and accounts while the outbox is on.
//!
//! Each of them happens in a transaction, which is opened where none is. Hooks that run before a
//! write run before that: a webhook among them must not keep a transaction open.

use serde_json::{Map, Value as Json};

use super::models::OutboxEvent;
use super::{EventType, new_row};
use crate::Value;
use crate::call::Exchange;
use crate::error::{Error, Result};
use crate::hook::Written;
use crate::models::{Account, Session, User};
use crate::store::{Filter, Find, ModelRow as _, Operator, Row, Update};

/// Whether a transaction was opened for one write alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Own,
    Outer,
}

/// A model whose changes are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    User,
    Session,
    Account,
}

impl Subject {
    fn of(row: &Row) -> Option<Self> {
        Self::of_model(&row.model.name)
    }

    fn of_model(model: &str) -> Option<Self> {
        match model {
            User::MODEL => Some(Self::User),
            Session::MODEL => Some(Self::Session),
            Account::MODEL => Some(Self::Account),
            _ => None,
        }
    }

    fn user_id_position(self) -> usize {
        match self {
            Self::User => User::ID.position,
            Self::Session => Session::USER_ID.position,
            Self::Account => Account::USER_ID.position,
        }
    }

    /// The subject as answers show it, without what signs its owner in.
    fn describe(self, row: &Row) -> Json {
        let mut described = row.to_output();
        let name = match self {
            Self::User => "user",
            Self::Session => {
                described.remove(Session::TOKEN.name);
                "session"
            }
            Self::Account => "account",
        };
        Json::Object(Map::from_iter([(name.to_owned(), Json::Object(described))]))
    }
}

impl Exchange {
    /// Whether changes of this model are told.
    pub(crate) fn records(&self, model: &str) -> bool {
        self.auth().wake().is_some() && Subject::of_model(model).is_some()
    }

    /// Whether updates of this model are told: a session that is prolonged is no news, and an account
    /// changes in its tokens alone.
    pub(crate) fn records_updates(&self, model: &str) -> bool {
        self.auth().wake().is_some() && Subject::of_model(model) == Some(Subject::User)
    }

    pub(crate) async fn create_recorded(&mut self, row: Row) -> Result<Row> {
        let scope = self.open_scope().await?;
        let created = self.create_in_transaction(row).await;
        self.close_scope(scope, created).await
    }

    /// Changes a user.
    pub(crate) async fn update_recorded(&mut self, update: Update) -> Result<Option<Row>> {
        let scope = self.open_scope().await?;
        let updated = self.update_in_transaction(update).await;
        self.close_scope(scope, updated).await
    }

    /// Deletes these rows, as far as they are still there, and returns how many were.
    pub(crate) async fn delete_recorded(&mut self, rows: Vec<Row>) -> Result<u64> {
        let scope = self.open_scope().await?;
        let deleted = self.delete_in_transaction(rows).await;
        self.close_scope(scope, deleted).await
    }

    async fn create_in_transaction(&mut self, row: Row) -> Result<Row> {
        let row = self.store().create(row).await?;
        match Subject::of(&row) {
            Some(Subject::User) => self.record(EventType::UserCreated, &row).await?,
            Some(Subject::Session) => self.record(EventType::SessionCreated, &row).await?,
            Some(Subject::Account) => self.record(EventType::AccountLinked, &row).await?,
            None => {}
        }
        self.written(Written::Created(row.clone())).await?;
        Ok(row)
    }

    async fn update_in_transaction(&mut self, update: Update) -> Result<Option<Row>> {
        let proven = (User::EMAIL_VERIFIED.position, Value::Boolean(true));
        let mut verified = None;
        if update.changes.contains(&proven) {
            // First as if it were not proven yet: of two that prove it at once one finds it so.
            let unproven = update.filter.clone().and(User::EMAIL_VERIFIED.eq(false));
            verified = self.store().update(Update { filter: unproven, ..update.clone() }).await?;
        }
        let is_verified = verified.is_some();
        let row = match verified {
            Some(row) => row,
            None => match self.store().update(update).await? {
                Some(row) => row,
                None => return Ok(None),
            },
        };
        self.record(EventType::UserUpdated, &row).await?;
        if is_verified {
            self.record(EventType::UserEmailVerified, &row).await?;
        }
        self.written(Written::Updated(row.clone())).await?;
        Ok(Some(row))
    }

    async fn delete_in_transaction(&mut self, rows: Vec<Row>) -> Result<u64> {
        let mut deleted = 0;
        for row in rows {
            if row.model.name == User::MODEL {
                self.delete_dependents(&row.values[0]).await?;
            }
            let Some(row) = self.take(row).await? else { continue };
            deleted += 1;
            self.written(Written::Deleted(row)).await?;
        }
        Ok(deleted)
    }

    /// The database would delete them with their user, and tell nobody.
    async fn delete_dependents(&mut self, user_id: &Value) -> Result<()> {
        for (model, subject) in
            [(Session::MODEL, Subject::Session), (Account::MODEL, Subject::Account)]
        {
            let model = self.model(model).clone();
            let filter = Filter::is(subject.user_id_position(), Operator::Equal, user_id.clone());
            let find = Find { model, filter, order: Vec::new(), limit: None, offset: 0 };
            for row in self.store().find_many(find).await? {
                self.take(row).await?;
            }
        }
        Ok(())
    }

    /// Deletes a row and tells of it, unless somebody else was first.
    async fn take(&mut self, row: Row) -> Result<Option<Row>> {
        let by_id = Filter::is(0, Operator::Equal, row.values[0].clone());
        let Some(row) = self.store().consume_one(row.model.clone(), by_id).await? else {
            return Ok(None);
        };
        match Subject::of(&row) {
            Some(Subject::User) => self.record(EventType::UserDeleted, &row).await?,
            Some(Subject::Account) => self.record(EventType::AccountUnlinked, &row).await?,
            Some(Subject::Session) if self.is_live(&row) => {
                self.record(EventType::SessionRevoked, &row).await?;
            }
            // A session that has ended by itself is cleared away, which is no news.
            Some(Subject::Session) | None => {}
        }
        Ok(Some(row))
    }

    fn is_live(&self, session: &Row) -> bool {
        let expires_at = session.values[Session::EXPIRES_AT.position].as_time();
        expires_at.is_some_and(|expires_at| expires_at > self.now())
    }

    /// Writes an event into the open transaction. The row is the state to tell, and must be one that
    /// this transaction has just written: so nobody else tells of it meanwhile.
    pub(super) async fn record(&mut self, kind: EventType, row: &Row) -> Result<()> {
        let Some(subject) = Subject::of(row) else { return Ok(()) };
        let user_id = row.values[subject.user_id_position()].as_text().unwrap_or_default();
        let mut event = new_row(self.auth(), OutboxEvent::MODEL);
        event.values[OutboxEvent::KIND.position] = kind.name().into();
        event.values[OutboxEvent::USER_ID.position] = user_id.into();
        event.values[OutboxEvent::TIME.position] = self.now().into();
        event.values[OutboxEvent::DATA.position] = subject.describe(row).into();
        self.store().create(event).await.map_err(|error| match Error::from(error) {
            error if error.status().is_server_error() => error,
            // It is not the client's input that was refused.
            error => Error::internal("write an event into the outbox").with_source(error),
        })?;
        self.has_events = true;
        Ok(())
    }

    async fn open_scope(&mut self) -> Result<Scope> {
        if self.in_transaction() {
            return Ok(Scope::Outer);
        }
        self.begin().await?;
        Ok(Scope::Own)
    }

    async fn close_scope<T>(&mut self, scope: Scope, done: Result<T>) -> Result<T> {
        match (scope, done) {
            (Scope::Outer, done) => done,
            (Scope::Own, Ok(done)) => {
                self.commit().await?;
                Ok(done)
            }
            (Scope::Own, Err(error)) => {
                // The first error is the one to tell; the transaction is over either way.
                if let Err(failure) = self.roll_back().await {
                    tracing::warn!(error = ?failure, "A transaction was not rolled back properly");
                }
                Err(error)
            }
        }
    }
}
