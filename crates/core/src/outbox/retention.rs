//! Forgetting events that are old and that nobody waits for.

use super::Outbox;
use super::delivery::position_name;
use super::models::{Lane, OutboxEvent};
use crate::Timestamp;
use crate::Value;
use crate::error::Result;
use crate::store::{Filter, Find, Operator, Order, Row};

/// Numbers that are cleaned away by one statement.
const BATCH: i64 = 5_000;

impl Outbox {
    /// Deletes events from before a moment, as far as none of these endpoints has still to be told of
    /// them, and returns how many. What is left has no gaps.
    pub async fn clean(&self, before: Timestamp, endpoints: &[String]) -> Result<u64> {
        self.number().await?;
        let oldest = self.first(Filter::EVERYTHING).await?;
        let Some(oldest) = oldest.and_then(|row| sequence(&row)) else { return Ok(0) };
        let kept = match self.first(OutboxEvent::TIME.gte(before)).await? {
            Some(row) => sequence(&row).unwrap_or(oldest),
            None => self.last_number().await? + 1,
        };
        let bound = kept.min(self.first_wanted(endpoints).await?);
        let mut deleted = 0;
        let mut end = oldest;
        while end < bound {
            end = (end + BATCH).min(bound);
            let old = OutboxEvent::SEQUENCE.lt(end);
            deleted += self.table::<OutboxEvent>().delete_many(old).await?;
        }
        Ok(deleted)
    }

    /// The first number that an endpoint has still to be told of.
    async fn first_wanted(&self, endpoints: &[String]) -> Result<i64> {
        let mut first = i64::MAX;
        for endpoint in endpoints {
            first = first.min(self.position(&position_name(endpoint)).await? + 1);
            let lanes = Find {
                order: vec![(Lane::AFTER.position, Order::Ascending)],
                ..self.find::<Lane>(Lane::ENDPOINT.eq(endpoint.as_str()))
            };
            if let Some(lane) = self.store().find_one(lanes).await? {
                let after = lane.values[Lane::AFTER.position].as_integer();
                first = first.min(after.unwrap_or(0) + 1);
            }
        }
        Ok(first)
    }

    /// The first numbered event that matches.
    async fn first(&self, filter: Filter) -> Result<Option<Row>> {
        let numbered = Filter::is(OutboxEvent::SEQUENCE.position, Operator::NotEqual, Value::Null);
        let find = Find {
            order: vec![(OutboxEvent::SEQUENCE.position, Order::Ascending)],
            ..self.find::<OutboxEvent>(numbered.and(filter))
        };
        Ok(self.store().find_one(find).await?)
    }
}

fn sequence(row: &Row) -> Option<i64> {
    row.values[OutboxEvent::SEQUENCE.position].as_integer()
}
