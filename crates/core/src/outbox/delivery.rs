//! Telling endpoints: who is told next, by which worker, and what happens when it fails.
//!
//! An endpoint's position says up to which event its work has been [handed out](Outbox::distribute):
//! each user with new events has a [`Lane`] then, a row that says which of the user's events are
//! still to deliver. A worker [claims](Outbox::claim) a lane for the time of a lease, delivers its
//! events one after another, and moves the lane on after each; while it has the lane nobody else
//! delivers events of that user. A worker that dies loses its lease, and whoever claims the lane next
//! delivers the event at which it stopped once more.
//!
//! A failed delivery makes its lane wait, longer each time; other users' events go on. After
//! [`Retry::limit`] attempts the event becomes a [dead letter](super::DeadLetter) and the lane moves
//! on: the next event of that user has their whole state anyway.
//!
//! Everything is an ordinary statement or a short transaction, so it works behind a pooler, and on
//! every store alike.

use std::collections::BTreeMap;
use std::time::Duration;

use super::models::{DeadLetter, Lane, OutboxEvent, Position};
use super::{Event, EventType, Outbox, of_kinds};
use crate::Timestamp;
use crate::Value;
use crate::error::Result;
use crate::random::Random;
use crate::store::{Changes, Filter, Find, ModelRow, Operator, Order, Store, Update};

/// Events that are handed out in one transaction.
const BATCH: u32 = 500;

/// The longest error that is kept, in characters.
const ERROR_LIMIT: usize = 300;

/// Somebody who is told of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// What its position and its lanes go by.
    pub name: String,
    /// None named: all.
    pub kinds: Vec<EventType>,
}

/// When a failed delivery is tried again, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// The pause after the first failure; it doubles with each further one.
    pub first: Duration,
    pub longest: Duration,
    /// Attempts at one event, the first included.
    pub limit: u32,
}

impl Retry {
    /// The pause after this many failures: between half of its length and all of it, so that what
    /// failed together does not come back together.
    pub fn pause(&self, failures: u32, random: &dyn Random) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let longest = self.first.saturating_mul(1 << doublings).min(self.longest);
        let mut byte = [0];
        random.fill(&mut byte);
        longest / 2 + longest * u32::from(byte[0]) / 510
    }
}

/// A lane that this worker has, until its lease is over.
#[derive(Debug, Clone)]
pub struct Claim {
    lane: Lane,
    holder: String,
    lease: Duration,
}

impl Claim {
    pub fn user_id(&self) -> &str {
        &self.lane.user_id
    }

    /// Failed attempts at the next event so far.
    pub fn failures(&self) -> u32 {
        u32::try_from(self.lane.attempts).unwrap_or(0)
    }

    /// When somebody else may take the lane.
    pub fn leased_until(&self) -> Timestamp {
        self.lane.due_at
    }
}

/// What became of a lane.
#[derive(Debug)]
pub enum Next {
    /// It is still this worker's, and may have more to deliver.
    Held(Claim),
    /// It waits for another attempt, after this pause.
    Paused(Duration),
    /// The event was given up; the lane goes on with the next.
    Dead(Claim),
    /// The lease was over, and another worker has it now.
    Lost,
}

impl Outbox {
    /// Hands out what is new to a subscriber: afterwards lanes hold it. Returns how many events that were.
    pub async fn distribute(&self, subscriber: &Subscriber) -> Result<u64> {
        self.number().await?;
        let mut count = 0;
        let name = position_name(&subscriber.name);
        while self.position(&name).await? < self.last_number().await? {
            let transaction = self.store().begin().await?;
            let Some(position) = self.lock(&*transaction, &name).await? else {
                transaction.roll_back().await?;
                self.create_position(&name).await?;
                continue;
            };
            count += self.hand_out(&*transaction, subscriber, position).await?;
            transaction.commit().await?;
        }
        Ok(count)
    }

    async fn hand_out(
        &self,
        store: &dyn Store,
        subscriber: &Subscriber,
        position: i64,
    ) -> Result<u64> {
        let later = OutboxEvent::SEQUENCE.gt(position);
        let events = self.events_in(store, later, BATCH).await?;
        let Some(last) = events.last() else { return Ok(0) };
        let wants = |event: &&Event| {
            let kinds = &subscriber.kinds;
            kinds.is_empty() || kinds.iter().any(|kind| kind.name() == event.kind)
        };
        let mut of_users: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        let mut count = 0;
        for event in events.iter().filter(wants) {
            count += 1;
            let sequence = event.sequence;
            of_users.entry(&event.user_id).or_insert((sequence, sequence)).1 = sequence;
        }
        for (user_id, (first, last)) in of_users {
            self.prolong(store, &subscriber.name, user_id, first - 1, last).await?;
        }
        let name = position_name(&subscriber.name);
        self.set_position(store, &name, last.sequence).await?;
        Ok(count)
    }

    /// Has a lane go on to a later event; makes it where there is none.
    async fn prolong(
        &self,
        store: &dyn Store,
        endpoint: &str,
        user_id: &str,
        after: i64,
        until: i64,
    ) -> Result<()> {
        let name = format!("{user_id} {endpoint}");
        let update = Update {
            model: self.auth.model(Lane::MODEL).clone(),
            filter: Lane::NAME.eq(name.as_str()),
            changes: vec![Lane::UNTIL.set(until)],
        };
        if store.update_many(update).await? > 0 {
            return Ok(());
        }
        let mut row = self.new_row::<Lane>();
        row.values[Lane::NAME.position] = name.into();
        row.values[Lane::ENDPOINT.position] = endpoint.into();
        row.values[Lane::USER_ID.position] = user_id.into();
        row.values[Lane::AFTER.position] = after.into();
        row.values[Lane::UNTIL.position] = until.into();
        row.values[Lane::ATTEMPTS.position] = 0.into();
        row.values[Lane::DUE_AT.position] = self.auth.clock().now().into();
        store.create(row).await?;
        Ok(())
    }

    /// Takes lanes of an endpoint that are due, at most `limit`, for the time of a lease.
    pub async fn claim(&self, endpoint: &str, lease: Duration, limit: u32) -> Result<Vec<Claim>> {
        let now = self.auth.clock().now();
        let find = Find {
            order: vec![(Lane::DUE_AT.position, Order::Ascending)],
            limit: Some(limit),
            ..self.find::<Lane>(Lane::ENDPOINT.eq(endpoint).and(Lane::DUE_AT.lte(now)))
        };
        let mut claims = Vec::new();
        for row in self.store().find_many(find).await? {
            let lane = Lane::from_row(row)?;
            let holder = self.auth.random().id();
            // Of two that found it one changes the row; the other no longer finds it as it was.
            let as_found = Lane::ID.eq(lane.id).and(Lane::DUE_AT.eq(lane.due_at));
            let changes =
                vec![Lane::DUE_AT.set(now + lease), Lane::HOLDER.set(Some(holder.clone()))];
            if let Some(lane) = self.table::<Lane>().update(as_found, changes).await? {
                claims.push(Claim { lane, holder, lease });
            }
        }
        Ok(claims)
    }

    /// The next event of a lane; `None` where it has no more, and then the lane is given back.
    pub async fn next_event(
        &self,
        claim: &mut Claim,
        subscriber: &Subscriber,
    ) -> Result<Option<Event>> {
        loop {
            let Lane { after, until, .. } = claim.lane;
            let filter = OutboxEvent::USER_ID
                .eq(claim.lane.user_id.as_str())
                .and(OutboxEvent::SEQUENCE.gt(after))
                .and(OutboxEvent::SEQUENCE.lte(until))
                .and(of_kinds(&subscriber.kinds));
            if let Some(event) = self.events(filter, 1).await?.into_iter().next() {
                return Ok(Some(event));
            }
            // Not if events have been added since it was read.
            let done = mine(claim).and(Lane::UNTIL.eq(until));
            if self.table::<Lane>().delete_many(done).await? > 0 {
                return Ok(None);
            }
            match self.table::<Lane>().find_one(mine(claim)).await? {
                Some(lane) => claim.lane = lane,
                None => return Ok(None),
            }
        }
    }

    /// The event is delivered: the lane moves on, and its lease starts anew.
    pub async fn delivered(&self, claim: Claim, event: &Event) -> Result<Next> {
        self.move_on(self.store(), claim, event).await
    }

    /// The event was not delivered: the lane waits, or goes on without it.
    pub async fn failed(
        &self,
        claim: Claim,
        event: &Event,
        error: &str,
        retry: &Retry,
    ) -> Result<Next> {
        let failures = claim.failures() + 1;
        if failures >= retry.limit {
            return self.bury(claim, event, error, failures).await;
        }
        let pause = retry.pause(failures, self.auth.random());
        let changes = vec![
            Lane::ATTEMPTS.set(i64::from(failures)),
            Lane::ERROR.set(Some(shortened(error))),
            Lane::DUE_AT.set(self.auth.clock().now() + pause),
            Lane::HOLDER.set(None),
        ];
        match self.table::<Lane>().update(mine(&claim), changes).await? {
            Some(_) => Ok(Next::Paused(pause)),
            None => Ok(Next::Lost),
        }
    }

    /// Gives a lane back before its work is done, so that nobody waits for the end of the lease.
    pub async fn release(&self, claim: Claim) -> Result<()> {
        let now = self.auth.clock().now();
        let changes = vec![Lane::DUE_AT.set(now), Lane::HOLDER.set(None)];
        self.table::<Lane>().update(mine(&claim), changes).await?;
        Ok(())
    }

    async fn bury(&self, claim: Claim, event: &Event, error: &str, failures: u32) -> Result<Next> {
        let endpoint = claim.lane.endpoint.clone();
        let transaction = self.store().begin().await?;
        let Next::Held(claim) = self.move_on(&*transaction, claim, event).await? else {
            transaction.roll_back().await?;
            return Ok(Next::Lost);
        };
        let mut row = self.new_row::<DeadLetter>();
        row.values[DeadLetter::ENDPOINT.position] = endpoint.into();
        row.values[DeadLetter::EVENT_ID.position] = event.id.trim_start_matches("evt_").into();
        row.values[DeadLetter::SEQUENCE.position] = event.sequence.into();
        row.values[DeadLetter::KIND.position] = event.kind.as_str().into();
        row.values[DeadLetter::USER_ID.position] = event.user_id.as_str().into();
        row.values[DeadLetter::TIME.position] = event.time.into();
        row.values[DeadLetter::DATA.position] = event.data.clone().into();
        row.values[DeadLetter::ATTEMPTS.position] = i64::from(failures).into();
        row.values[DeadLetter::ERROR.position] = shortened(error).into();
        row.values[DeadLetter::DIED_AT.position] = self.auth.clock().now().into();
        transaction.create(row).await?;
        transaction.commit().await?;
        Ok(Next::Dead(claim))
    }

    async fn move_on(&self, store: &dyn Store, mut claim: Claim, event: &Event) -> Result<Next> {
        let changes: Changes = vec![
            Lane::AFTER.set(event.sequence),
            Lane::ATTEMPTS.set(0),
            Lane::ERROR.set(None),
            Lane::DUE_AT.set(self.auth.clock().now() + claim.lease),
        ];
        let model = self.auth.model(Lane::MODEL).clone();
        let update = Update { model, filter: mine(&claim), changes };
        match store.update(update).await? {
            Some(row) => {
                claim.lane = Lane::from_row(row)?;
                Ok(Next::Held(claim))
            }
            None => Ok(Next::Lost),
        }
    }
}

/// The lane as long as the claim holds.
fn mine(claim: &Claim) -> Filter {
    Lane::ID.eq(claim.lane.id.as_str()).and(Filter::is(
        Lane::HOLDER.position,
        Operator::Equal,
        Value::from(claim.holder.as_str()),
    ))
}

/// The position that says how far a subscriber's events have been handed out.
pub(super) fn position_name(subscriber: &str) -> String {
    format!("endpoint {subscriber}")
}

/// The name of the subscriber whose position this is.
pub(super) fn subscriber_of(position: &Position) -> Option<&str> {
    position.name.strip_prefix("endpoint ")
}

/// No more of an error than a person reads, and nothing that a database cannot hold.
pub(super) fn shortened(error: &str) -> String {
    error.chars().filter(|character| !character.is_control()).take(ERROR_LIMIT).collect()
}
