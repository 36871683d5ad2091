//! What a server without an outbox does not do.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use insta::assert_snapshot;
use serde_json::json;
use vestibule_core::schema::Model;
use vestibule_core::store::memory::MemoryStore;
use vestibule_core::store::{
    Filter, Find, Increment, Join, Row, Store, StoreError, Transaction, Update,
};
use vestibule_testkit::{PASSWORD, TestAuth};

/// Writes down what is asked of a store outside of transactions.
struct Watched {
    store: MemoryStore,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Watched {
    fn note(&self, operation: &str, model: &Model) {
        self.say(format!("{operation} {}", model.name));
    }

    fn say(&self, line: String) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

#[async_trait]
impl Store for Watched {
    async fn create(&self, row: Row) -> Result<Row, StoreError> {
        self.note("create", &row.model);
        self.store.create(row).await
    }

    async fn find_one(&self, find: Find) -> Result<Option<Row>, StoreError> {
        self.note("find one", &find.model);
        self.store.find_one(find).await
    }

    async fn find_one_with(
        &self,
        find: Find,
        join: Join,
    ) -> Result<Option<(Row, Option<Row>)>, StoreError> {
        self.note("find one with another", &find.model);
        self.store.find_one_with(find, join).await
    }

    async fn find_many(&self, find: Find) -> Result<Vec<Row>, StoreError> {
        self.note("find many", &find.model);
        self.store.find_many(find).await
    }

    async fn count(&self, model: Arc<Model>, filter: Filter) -> Result<u64, StoreError> {
        self.note("count", &model);
        self.store.count(model, filter).await
    }

    async fn update(&self, update: Update) -> Result<Option<Row>, StoreError> {
        self.note("update", &update.model);
        self.store.update(update).await
    }

    async fn update_many(&self, update: Update) -> Result<u64, StoreError> {
        self.note("update many", &update.model);
        self.store.update_many(update).await
    }

    async fn delete_many(&self, model: Arc<Model>, filter: Filter) -> Result<u64, StoreError> {
        self.note("delete many", &model);
        self.store.delete_many(model, filter).await
    }

    async fn consume_one(
        &self,
        model: Arc<Model>,
        filter: Filter,
    ) -> Result<Option<Row>, StoreError> {
        self.note("consume one", &model);
        self.store.consume_one(model, filter).await
    }

    async fn increment_one(&self, increment: Increment) -> Result<Option<Row>, StoreError> {
        self.note("increment one", &increment.model);
        self.store.increment_one(increment).await
    }

    async fn begin(&self) -> Result<Arc<dyn Transaction>, StoreError> {
        self.say("begin".to_owned());
        self.store.begin().await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }
}

#[tokio::test]
async fn without_an_outbox_there_are_no_tables_and_no_further_statements() {
    let schema = TestAuth::new().await.auth.schema().clone();
    assert!(schema.models().iter().all(|model| !model.name.contains("outbox")));
    let asked = Arc::default();
    let store = Watched { store: MemoryStore::new(&schema), asked: Arc::clone(&asked) };
    let app = TestAuth::builder().store(Arc::new(store)).start().await;
    assert!(app.auth.outbox().is_none());
    app.sign_up("ada@example.com").await;
    let mut ada = app.sign_in("ada@example.com").await;
    ada.post("/update-user", json!({ "name": "Ada" })).await.expect_ok();
    ada.post("/revoke-sessions", json!({})).await.expect_ok();
    let mut ada = app.sign_in("ada@example.com").await;
    let change = json!({ "currentPassword": PASSWORD, "newPassword": "another one" });
    ada.post("/change-password", change).await.expect_ok();
    ada.post("/sign-out", json!({})).await.expect_ok();
    // A sign-up and a change of password have transactions of their own, as before.
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    let writes: Vec<_> = asked.iter().filter(|line| !line.starts_with("find")).cloned().collect();
    assert_snapshot!(writes.join("\n"), @r"
    begin
    create session
    update user
    delete many session
    create session
    begin
    delete many session
    ");
}
