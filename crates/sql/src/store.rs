//! [`SqlStore`], the [`Store`] over both databases: it takes operations apart and puts rows together.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use vestibule_core::Value;
use vestibule_core::schema::{IdPolicy, Model};
use vestibule_core::store::{
    Filter, Find, Increment, Join, Row, Store, StoreError, Transaction, Update,
};

use crate::dialect::Dialect;
use crate::shape::{Argument, Operation, Query, Shaper};
use crate::statement::{Statement, Statements};

/// Something that runs statements: a pool, or a connection in a transaction.
pub(crate) trait Executor: Sized + Send + Sync + 'static {
    /// The rows that come back.
    fn rows(
        &self,
        statement: Arc<Statement>,
        arguments: Vec<Argument>,
    ) -> impl Future<Output = Result<Vec<Vec<Value>>, StoreError>> + Send;

    /// The number of rows that were changed, or counted.
    fn number(
        &self,
        statement: Arc<Statement>,
        arguments: Vec<Argument>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Opens a transaction that speaks as `language` says; a transaction cannot.
    fn begin(
        &self,
        language: &Language,
    ) -> impl Future<Output = Result<Arc<dyn Transaction>, StoreError>> + Send;

    fn ping(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// An executor that is a transaction; dropped, it undoes its changes.
pub(crate) trait OpenTransaction: Executor {
    fn commit(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
    fn roll_back(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// How operations become statements; shared by a store and its transactions.
#[derive(Debug, Clone)]
pub(crate) struct Language {
    shaper: Shaper,
    statements: Arc<Statements>,
}

impl Language {
    pub(crate) fn new(dialect: Dialect, id_policy: IdPolicy, schema_name: Option<String>) -> Self {
        let statements = Arc::new(Statements::new(dialect, id_policy, schema_name));
        Self { shaper: Shaper { dialect, id_policy }, statements }
    }
}

/// A store that speaks SQL to an executor.
pub(crate) struct SqlStore<E> {
    executor: E,
    language: Language,
}

impl<E: Executor> SqlStore<E> {
    pub(crate) fn new(executor: E, language: Language) -> Self {
        Self { executor, language }
    }

    async fn rows(&self, query: Query) -> Result<Vec<Vec<Value>>, StoreError> {
        let statement = self.language.statements.of(&query);
        self.executor.rows(statement, query.arguments).await
    }

    async fn first(&self, query: Query) -> Result<Option<Row>, StoreError> {
        let model = query.model.clone();
        let values = self.rows(query).await?.into_iter().next();
        Ok(values.map(|values| Row { model, values }))
    }

    async fn number(&self, query: Query) -> Result<u64, StoreError> {
        let statement = self.language.statements.of(&query);
        self.executor.number(statement, query.arguments).await
    }
}

#[async_trait]
impl<E: Executor> Store for SqlStore<E> {
    async fn create(&self, row: Row) -> Result<Row, StoreError> {
        let query = self.language.shaper.create(row)?;
        let table = query.model.table.clone();
        self.first(query).await?.ok_or_else(|| StoreError::Failed {
            attempt: format!("insert into `{table}`"),
            source: "the database gave no row back; does a rule or a trigger swallow inserts?"
                .into(),
        })
    }

    async fn find_one(&self, find: Find) -> Result<Option<Row>, StoreError> {
        self.first(self.language.shaper.find_one(find)).await
    }

    async fn find_one_with(
        &self,
        find: Find,
        join: Join,
    ) -> Result<Option<(Row, Option<Row>)>, StoreError> {
        let (model, other) = (find.model.clone(), join.model.clone());
        let query = self.language.shaper.find_one_with(find, join);
        let Some(mut values) = self.rows(query).await?.into_iter().next() else { return Ok(None) };
        let others = values.split_off(model.fields.len());
        let is_found = others.first().is_some_and(|id| !id.is_null());
        let found = is_found.then_some(Row { model: other, values: others });
        Ok(Some((Row { model, values }, found)))
    }

    async fn find_many(&self, find: Find) -> Result<Vec<Row>, StoreError> {
        let query = self.language.shaper.find_many(find);
        let model = query.model.clone();
        let rows = self.rows(query).await?;
        Ok(rows.into_iter().map(|values| Row { model: model.clone(), values }).collect())
    }

    async fn count(&self, model: Arc<Model>, filter: Filter) -> Result<u64, StoreError> {
        self.number(self.language.shaper.filtered(Operation::Count, model, filter)).await
    }

    async fn update(&self, update: Update) -> Result<Option<Row>, StoreError> {
        if update.changes.is_empty() {
            let Update { model, filter, .. } = update;
            let find = Find { model, filter, order: Vec::new(), limit: None, offset: 0 };
            return self.find_one(find).await;
        }
        self.first(self.language.shaper.update(Operation::Update, update)?).await
    }

    async fn update_many(&self, update: Update) -> Result<u64, StoreError> {
        if update.changes.is_empty() {
            return self.count(update.model, update.filter).await;
        }
        self.number(self.language.shaper.update(Operation::UpdateMany, update)?).await
    }

    async fn delete_many(&self, model: Arc<Model>, filter: Filter) -> Result<u64, StoreError> {
        self.number(self.language.shaper.filtered(Operation::DeleteMany, model, filter)).await
    }

    async fn consume_one(
        &self,
        model: Arc<Model>,
        filter: Filter,
    ) -> Result<Option<Row>, StoreError> {
        self.first(self.language.shaper.filtered(Operation::ConsumeOne, model, filter)).await
    }

    async fn increment_one(&self, increment: Increment) -> Result<Option<Row>, StoreError> {
        self.first(self.language.shaper.increment(increment)?).await
    }

    async fn begin(&self) -> Result<Arc<dyn Transaction>, StoreError> {
        self.executor.begin(&self.language).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.executor.ping().await
    }
}

#[async_trait]
impl<E: OpenTransaction> Transaction for SqlStore<E> {
    async fn commit(&self) -> Result<(), StoreError> {
        self.executor.commit().await
    }

    async fn roll_back(&self) -> Result<(), StoreError> {
        self.executor.roll_back().await
    }
}

impl<E> fmt::Debug for SqlStore<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore").field("language", &self.language.shaper).finish_non_exhaustive()
    }
}

/// `begin` inside a transaction.
pub(crate) fn nested() -> StoreError {
    StoreError::Failed {
        attempt: "begin a transaction inside a transaction".to_owned(),
        source: "neither the trait nor the stores know nested transactions".into(),
    }
}

/// A statement for a transaction that was committed or rolled back.
pub(crate) fn ended() -> StoreError {
    StoreError::Failed {
        attempt: "use a transaction".to_owned(),
        source: "it has been committed or rolled back".into(),
    }
}
