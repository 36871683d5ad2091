//! A store in memory whose database goes away when it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use vestibule_core::schema::{Model, Schema};
use vestibule_core::store::memory::MemoryStore;
use vestibule_core::store::{
    Filter, Find, Increment, Join, Row, Store, StoreError, Transaction, Update,
};

/// A [`MemoryStore`] that can be cut off.
pub struct FaultyStore {
    store: MemoryStore,
    is_away: AtomicBool,
}

impl FaultyStore {
    pub fn new(schema: &Schema) -> Self {
        Self { store: MemoryStore::new(schema), is_away: AtomicBool::new(false) }
    }

    /// From here on everything fails as it does when no connection can be made.
    pub fn go_away(&self) {
        self.is_away.store(true, Ordering::SeqCst);
    }

    pub fn come_back(&self) {
        self.is_away.store(false, Ordering::SeqCst);
    }

    fn reach(&self) -> Result<&MemoryStore, StoreError> {
        match self.is_away.load(Ordering::SeqCst) {
            false => Ok(&self.store),
            true => Err(StoreError::Unavailable {
                attempt: "connect".to_owned(),
                source: "the test cut it off".into(),
            }),
        }
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn create(&self, row: Row) -> Result<Row, StoreError> {
        self.reach()?.create(row).await
    }

    async fn find_one(&self, find: Find) -> Result<Option<Row>, StoreError> {
        self.reach()?.find_one(find).await
    }

    async fn find_one_with(
        &self,
        find: Find,
        join: Join,
    ) -> Result<Option<(Row, Option<Row>)>, StoreError> {
        self.reach()?.find_one_with(find, join).await
    }

    async fn find_many(&self, find: Find) -> Result<Vec<Row>, StoreError> {
        self.reach()?.find_many(find).await
    }

    async fn count(&self, model: Arc<Model>, filter: Filter) -> Result<u64, StoreError> {
        self.reach()?.count(model, filter).await
    }

    async fn update(&self, update: Update) -> Result<Option<Row>, StoreError> {
        self.reach()?.update(update).await
    }

    async fn update_many(&self, update: Update) -> Result<u64, StoreError> {
        self.reach()?.update_many(update).await
    }

    async fn delete_many(&self, model: Arc<Model>, filter: Filter) -> Result<u64, StoreError> {
        self.reach()?.delete_many(model, filter).await
    }

    async fn consume_one(
        &self,
        model: Arc<Model>,
        filter: Filter,
    ) -> Result<Option<Row>, StoreError> {
        self.reach()?.consume_one(model, filter).await
    }

    async fn increment_one(&self, increment: Increment) -> Result<Option<Row>, StoreError> {
        self.reach()?.increment_one(increment).await
    }

    async fn begin(&self) -> Result<Arc<dyn Transaction>, StoreError> {
        self.reach()?.begin().await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.reach()?.ping().await
    }
}
