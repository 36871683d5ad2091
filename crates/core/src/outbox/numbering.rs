//! Numbers for events, once they are committed.

use super::models::{OutboxEvent, Position};
use super::{Outbox, is_null};
use crate::error::Result;
use crate::store::{
    Filter, Find, Increment, ModelRow, Operator, Order, Row, Store, StoreError, Update,
};

/// Events numbered in one transaction: others that want to number wait for it.
const BATCH: u32 = 500;

/// Batches for which a reader waits.
const READER_BATCHES: usize = 4;

/// The position that is the last number given.
const LAST_NUMBER: &str = "events";

impl Outbox {
    /// Gives every event that is committed and has no number the next ones, in the order of writing.
    pub async fn number(&self) -> Result<()> {
        self.number_at_most(usize::MAX).await
    }

    /// The same for a reader, who does not wait for all when there are very many.
    pub(super) async fn number_some(&self) -> Result<()> {
        self.number_at_most(READER_BATCHES).await
    }

    async fn number_at_most(&self, batches: usize) -> Result<()> {
        for _ in 0..batches {
            if self.table::<OutboxEvent>().find_one(unnumbered()).await?.is_none() {
                return Ok(());
            }
            let transaction = self.store().begin().await?;
            // The lock before the look: what is found after it stays as it is found.
            let Some(last) = self.lock(&*transaction, LAST_NUMBER).await? else {
                transaction.roll_back().await?;
                self.create_position(LAST_NUMBER).await?;
                continue;
            };
            self.number_batch(&*transaction, last).await?;
            transaction.commit().await?;
        }
        Ok(())
    }

    async fn number_batch(&self, store: &dyn Store, mut last: i64) -> Result<()> {
        let find = Find {
            order: vec![(OutboxEvent::DRAFT.position, Order::Ascending)],
            limit: Some(BATCH),
            ..self.find::<OutboxEvent>(unnumbered())
        };
        for row in store.find_many(find).await? {
            last += 1;
            let update = Update {
                filter: Filter::is(0, Operator::Equal, row.values[0].clone()),
                model: row.model,
                changes: vec![OutboxEvent::SEQUENCE.set(last)],
            };
            store.update_many(update).await?;
        }
        self.set_position(store, LAST_NUMBER, last).await
    }

    /// The number of the newest event; zero before the first.
    pub(super) async fn last_number(&self) -> Result<i64> {
        self.position(LAST_NUMBER).await
    }

    /// A position; zero where it has not begun.
    pub(super) async fn position(&self, name: &str) -> Result<i64> {
        let position = self.table::<Position>().find_one(Position::NAME.eq(name)).await?;
        Ok(position.map_or(0, |position| position.value))
    }

    /// Reads a position and keeps everybody else from it until the transaction ends.
    pub(super) async fn lock(&self, store: &dyn Store, name: &str) -> Result<Option<i64>> {
        let nothing = Increment {
            model: self.auth.model(Position::MODEL).clone(),
            filter: Position::NAME.eq(name),
            field: Position::VALUE.position,
            by: 0,
            changes: Vec::new(),
        };
        let row = store.increment_one(nothing).await?;
        Ok(row.map(Position::from_row).transpose()?.map(|position| position.value))
    }

    pub(super) async fn set_position(
        &self,
        store: &dyn Store,
        name: &str,
        value: i64,
    ) -> Result<()> {
        let update = Update {
            model: self.auth.model(Position::MODEL).clone(),
            filter: Position::NAME.eq(name),
            changes: vec![Position::VALUE.set(value)],
        };
        store.update_many(update).await?;
        Ok(())
    }

    pub(super) async fn create_position(&self, name: &str) -> Result<()> {
        let mut row: Row = self.new_row::<Position>();
        row.values[Position::NAME.position] = name.into();
        row.values[Position::VALUE.position] = 0.into();
        match self.store().create(row).await {
            // Another one may have been first.
            Ok(_) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn unnumbered() -> Filter {
    is_null(&OutboxEvent::SEQUENCE)
}
