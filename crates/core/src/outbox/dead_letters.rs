//! Events that an endpoint did not take: listed, and tried once more when somebody asks for it.

use std::time::Duration;

use super::delivery::{position_name, shortened};
use super::models::{DeadLetter, Lane, Position};
use super::{Event, Outbox};
use crate::Value;
use crate::error::Result;
use crate::store::{Filter, Find, ModelRow as _, Operator, Order, Update};

/// Which dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Letters {
    All,
    /// Those of one endpoint.
    Of(String),
    /// Those of these events, as readers know them: with `evt_`.
    Events(Vec<String>),
}

impl Letters {
    fn filter(&self) -> Filter {
        match self {
            Self::All => Filter::EVERYTHING,
            Self::Of(endpoint) => DeadLetter::ENDPOINT.eq(endpoint.as_str()),
            Self::Events(ids) => {
                let ids = ids.iter().map(|id| id.trim_start_matches("evt_").into()).collect();
                Filter::is_one_of(DeadLetter::EVENT_ID.position, ids)
            }
        }
    }
}

/// A dead letter that this worker tries once more.
#[derive(Debug, Clone)]
pub struct DeadClaim {
    letter: DeadLetter,
    holder: String,
}

impl DeadClaim {
    pub fn event(&self) -> Event {
        self.letter.clone().into()
    }
}

impl Outbox {
    /// Dead letters, the oldest first.
    pub async fn dead_letters(&self, letters: &Letters, limit: u32) -> Result<Vec<DeadLetter>> {
        let find = Find {
            order: vec![(DeadLetter::DIED_AT.position, Order::Ascending)],
            limit: Some(limit),
            ..self.find::<DeadLetter>(letters.filter())
        };
        let rows = self.store().find_many(find).await?;
        Ok(rows.into_iter().map(DeadLetter::from_row).collect::<Result<_, _>>()?)
    }

    /// Has the workers try these once more, and returns how many that are.
    pub async fn retry(&self, letters: &Letters) -> Result<u64> {
        let update = Update {
            model: self.auth.model(DeadLetter::MODEL).clone(),
            filter: letters.filter(),
            changes: vec![DeadLetter::DUE_AT.set(Some(self.auth.clock().now()))],
        };
        Ok(self.store().update_many(update).await?)
    }

    /// Deletes these, and returns how many that were.
    pub async fn forget_letters(&self, letters: &Letters) -> Result<u64> {
        Ok(self.table::<DeadLetter>().delete_many(letters.filter()).await?)
    }

    /// Deletes everything about an endpoint: should it come back, it is told from the beginning.
    pub async fn forget_endpoint(&self, endpoint: &str) -> Result<()> {
        self.forget_letters(&Letters::Of(endpoint.to_owned())).await?;
        self.table::<Lane>().delete_many(Lane::ENDPOINT.eq(endpoint)).await?;
        let name = position_name(endpoint);
        self.table::<Position>().delete_many(Position::NAME.eq(name)).await?;
        Ok(())
    }

    /// Takes dead letters of an endpoint that are to be tried, for the time of a lease.
    pub async fn claim_dead(
        &self,
        endpoint: &str,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<DeadClaim>> {
        let now = self.auth.clock().now();
        let due = DeadLetter::ENDPOINT.eq(endpoint).and(DeadLetter::DUE_AT.lte(Some(now)));
        let find = Find {
            order: vec![(DeadLetter::SEQUENCE.position, Order::Ascending)],
            limit: Some(limit),
            ..self.find::<DeadLetter>(due)
        };
        let mut claims = Vec::new();
        for row in self.store().find_many(find).await? {
            let letter = DeadLetter::from_row(row)?;
            let holder = self.auth.random().id();
            let as_found = DeadLetter::ID.eq(letter.id).and(DeadLetter::DUE_AT.eq(letter.due_at));
            let changes = vec![
                DeadLetter::DUE_AT.set(Some(now + lease)),
                DeadLetter::HOLDER.set(Some(holder.clone())),
            ];
            if let Some(letter) = self.table::<DeadLetter>().update(as_found, changes).await? {
                claims.push(DeadClaim { letter, holder });
            }
        }
        Ok(claims)
    }

    /// The letter has arrived after all.
    pub async fn revived(&self, claim: DeadClaim) -> Result<()> {
        self.table::<DeadLetter>().delete_many(mine(&claim)).await?;
        Ok(())
    }

    /// It failed again, and waits until somebody asks once more.
    pub async fn still_dead(&self, claim: DeadClaim, error: &str) -> Result<()> {
        let changes = vec![
            DeadLetter::ATTEMPTS.set(claim.letter.attempts + 1),
            DeadLetter::ERROR.set(shortened(error)),
            DeadLetter::DIED_AT.set(self.auth.clock().now()),
            DeadLetter::DUE_AT.set(None),
            DeadLetter::HOLDER.set(None),
        ];
        self.table::<DeadLetter>().update(mine(&claim), changes).await?;
        Ok(())
    }
}

fn mine(claim: &DeadClaim) -> Filter {
    let holder = Value::from(claim.holder.as_str());
    DeadLetter::ID.eq(claim.letter.id.as_str()).and(Filter::is(
        DeadLetter::HOLDER.position,
        Operator::Equal,
        holder,
    ))
}
