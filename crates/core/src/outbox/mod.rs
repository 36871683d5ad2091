//! The outbox: every change of a user, told to whoever keeps a copy.
//!
//! An event is a row, written in the transaction of the change that it tells of ([`record`]): both
//! are there or neither is. From there it goes two ways. Readers [pull](Outbox::page) pages of
//! events, and remember how far they came. Or workers [deliver](delivery) them to endpoints, at
//! least once, each user's in order.
//!
//! **Order.** Events are written by many transactions at once, so the order in which they were
//! written is not that in which they were committed, and a reader that remembers "I have seen 17"
//! would miss a 16 that is committed later. So an event has no place until it is committed: then it
//! is [numbered](Outbox::number), by whoever reads next, in a transaction that no other numbering
//! runs beside. Numbers therefore appear in order and without gaps. Of two events of which one could
//! see the other (they changed the same row) the later one was also written later, and what is
//! numbered together is numbered in the order of writing; so each user's events stay in order.
//! `docs/decisions/0007-numbers-after-the-commit.md` says why transaction ids were not used.
//!
//! **State, not steps.** An event holds the whole user, session or account as it is after the
//! change. Whoever gets one twice, or only the last one, ends up with the same copy.
//!
//! **Off**, which is the default, there are no tables and no transactions that were not there before.
//!
//! Nothing here sends anything: the server's worker does, and an embedder's may.

mod dead_letters;
pub mod delivery;
mod event;
pub mod models;
mod numbering;
mod record;
mod replay;
mod retention;
mod status;

use std::sync::Arc;

pub use self::dead_letters::{DeadClaim, Letters};
pub use self::event::{Event, EventType, UnknownEventType};
use self::models::{DeadLetter, Lane, OutboxEvent, Position};
pub use self::status::{EndpointStatus, Status};
use crate::Value;
use crate::auth::Auth;
use crate::error::Result;
use crate::schema::{self, IdPolicy};
use crate::store::{Filter, Find, ModelRow, Operator, Order, Row, Store, Table};

/// Called after each commit that wrote events, so that a worker need not wait for its next round.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

/// The outbox of a server that has one: see [`Auth::outbox`].
#[derive(Debug, Clone)]
pub struct Outbox {
    auth: Auth,
}

/// Some events in order, and where to go on.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    pub events: Vec<Event>,
    /// What to ask for next: see [`Outbox::page`].
    pub next: i64,
}

/// What came of asking for a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Read {
    Page(Page),
    /// Events after this place have been cleaned away: whoever asks has missed some.
    TooOld,
    /// Nothing has come this far; an older copy of the database must have been put in place.
    NotYet,
}

pub(crate) fn declare(schema: &mut schema::Builder) {
    schema.declare::<OutboxEvent>().declare::<Position>().declare::<Lane>().declare::<DeadLetter>();
}

impl Outbox {
    pub(crate) fn new(auth: Auth) -> Self {
        Self { auth }
    }

    /// The events after a place, at most `limit` of them, of some types or (none named) of all. Zero
    /// is the place before all events that are still there.
    pub async fn page(&self, after: i64, kinds: &[EventType], limit: u32) -> Result<Read> {
        self.number_some().await?;
        let last = self.last_number().await?;
        if after > last {
            return Ok(Read::NotYet);
        }
        let later = OutboxEvent::SEQUENCE.gt(after);
        if after > 0 && after < last {
            let first = self.events(later.clone(), 1).await?;
            // Numbers have no gaps, so a missing one is one that was cleaned away.
            if first.first().is_none_or(|first| first.sequence != after + 1) {
                return Ok(Read::TooOld);
            }
        }
        let events = self.events(later.and(of_kinds(kinds)), limit).await?;
        let next = match events.last() {
            Some(event) if events.len() >= limit as usize => event.sequence,
            // To the end: what was passed over is of other types.
            Some(event) => event.sequence.max(last),
            None => last,
        };
        Ok(Read::Page(Page { events, next }))
    }

    async fn events(&self, filter: Filter, limit: u32) -> Result<Vec<Event>> {
        self.events_in(self.store(), filter, limit).await
    }

    async fn events_in(&self, store: &dyn Store, filter: Filter, limit: u32) -> Result<Vec<Event>> {
        let find = Find {
            order: vec![(OutboxEvent::SEQUENCE.position, Order::Ascending)],
            limit: Some(limit),
            ..self.find::<OutboxEvent>(filter)
        };
        let rows = store.find_many(find).await?;
        Ok(rows
            .into_iter()
            .map(|row| OutboxEvent::from_row(row).map(Event::from))
            .collect::<Result<_, _>>()?)
    }

    fn store(&self) -> &dyn Store {
        self.auth.store()
    }

    fn table<M: ModelRow>(&self) -> Table<'_, M> {
        Table::new(self.store(), self.auth.model(M::MODEL))
    }

    fn find<M: ModelRow>(&self, filter: Filter) -> Find {
        let model = self.auth.model(M::MODEL).clone();
        Find { model, filter, order: Vec::new(), limit: None, offset: 0 }
    }

    /// A row with an id and nothing else.
    fn new_row<M: ModelRow>(&self) -> Row {
        new_row(&self.auth, M::MODEL)
    }
}

/// The tables are ours, so no default of the database's owner makes their ids.
fn new_row(auth: &Auth, model: &str) -> Row {
    let mut row = Row::empty(auth.model(model).clone());
    row.values[0] = match auth.schema().id_policy() {
        IdPolicy::Serial => Value::Null,
        IdPolicy::Uuid => auth.random().uuid().into(),
        IdPolicy::Random | IdPolicy::Database => auth.random().id().into(),
    };
    row
}

fn of_kinds(kinds: &[EventType]) -> Filter {
    if kinds.is_empty() {
        return Filter::EVERYTHING;
    }
    let names = kinds.iter().map(|kind| kind.name().into()).collect();
    Filter::is_one_of(OutboxEvent::KIND.position, names)
}

fn is_null<M, T: Into<Value>>(column: &crate::store::Column<M, T>) -> Filter {
    Filter::is(column.position, Operator::Equal, Value::Null)
}
