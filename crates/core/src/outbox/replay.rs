//! Telling of users once more, for a copy that is begun or has gone wrong.

use super::{EventType, Outbox};
use crate::Timestamp;
use crate::error::Result;
use crate::models::User;
use crate::store::{Filter, Find, Operator, Order, Row, Update};

/// Users told of in one transaction.
const BATCH: u32 = 100;

impl Outbox {
    /// Writes a `user.updated` with the present state of every user, or of those changed since a
    /// moment, and returns how many. `progress` is told after each batch.
    pub async fn replay(
        &self,
        since: Option<Timestamp>,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<u64> {
        let mut count = 0;
        let mut last: Option<Row> = None;
        loop {
            let mut filter = since.map_or(Filter::EVERYTHING, |since| User::UPDATED_AT.gte(since));
            if let Some(last) = &last {
                let id = last.values[0].as_text().unwrap_or_default();
                filter = filter.and(User::ID.gt(id));
            }
            let find = Find {
                order: vec![(User::ID.position, Order::Ascending)],
                limit: Some(BATCH),
                ..self.find::<User>(filter)
            };
            let users = self.store().find_many(find).await?;
            last = users.last().cloned();
            if last.is_none() {
                return Ok(count);
            }
            count += self.replay_users(users).await?;
            progress(count);
        }
    }

    async fn replay_users(&self, users: Vec<Row>) -> Result<u64> {
        let mut exchange = self.auth.unrequested()?;
        let mut count = 0;
        exchange.begin().await?;
        for user in users {
            // A change to what it is already: from here on nobody else tells of this user, so what
            // is told now cannot overtake what they tell.
            let update = Update {
                filter: Filter::is(0, Operator::Equal, user.values[0].clone()),
                changes: vec![(0, user.values[0].clone())],
                model: user.model,
            };
            let Some(user) = exchange.store().update(update).await? else { continue };
            exchange.record(EventType::UserUpdated, &user).await?;
            count += 1;
        }
        exchange.commit().await?;
        Ok(count)
    }
}
