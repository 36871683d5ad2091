//! The suite of all stores, on the one in memory.

use std::sync::Arc;

use vestibule_core::schema::Schema;
use vestibule_core::store::Store;
use vestibule_core::store::memory::MemoryStore;
use vestibule_testkit::store_suite;
use vestibule_testkit::store_suite::Backend;

struct Memory(Arc<MemoryStore>);

impl Backend for Memory {
    async fn open(schema: &Schema) -> Self {
        Self(Arc::new(MemoryStore::new(schema)))
    }

    fn store(&self) -> Arc<dyn Store> {
        self.0.clone()
    }
}

store_suite!(Memory);

mod outbox {
    use super::Memory;

    vestibule_testkit::outbox_suite!(Memory);
}
