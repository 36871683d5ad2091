//! Writes with their hooks, defaults and ids.

use std::sync::Arc;

use crate::call::Exchange;
use crate::error::Result;
use crate::hook::{Verdict, Written};
use crate::schema::{DefaultValue, IdPolicy, Model};
use crate::store::{Changes, Filter, Find, Row, Update};
use crate::{Timestamp, Value};

impl Exchange {
    /// A row with an id and the defaults of its model; what a handler sets comes over it.
    pub fn new_row(&self, model: &str) -> Row {
        let mut row = Row::empty(self.model(model).clone());
        row.values[0] = match self.auth().schema().id_policy() {
            IdPolicy::Random => self.random().id().into(),
            IdPolicy::Uuid => self.random().uuid().into(),
            IdPolicy::Serial | IdPolicy::Database => Value::Null,
        };
        for (field, value) in row.model.fields.iter().zip(&mut row.values).skip(1) {
            match &field.default {
                DefaultValue::None if field.touched_on_update => *value = self.now().into(),
                DefaultValue::None | DefaultValue::Counted => {}
                DefaultValue::Value(default) => value.clone_from(default),
                DefaultValue::Now => *value = self.now().into(),
            }
        }
        row
    }

    /// Inserts a row, with its hooks; `None` where a hook cancelled it.
    pub async fn create(&mut self, mut row: Row) -> Result<Option<Row>> {
        let auth = self.auth().clone();
        let model = row.model.clone();
        for hook in auth.database_hooks(&model.name) {
            if hook.before_create(&mut row, self).await? == Verdict::Cancel {
                return Ok(None);
            }
        }
        if self.records(&model.name) {
            return self.create_recorded(row).await.map(Some);
        }
        let row = self.store().create(row).await?;
        self.written(Written::Created(row.clone())).await?;
        Ok(Some(row))
    }

    /// Changes the row that matches, with its hooks; `None` where none matched or a hook cancelled it.
    pub async fn update(
        &mut self,
        model: &str,
        filter: Filter,
        mut changes: Changes,
    ) -> Result<Option<Row>> {
        let auth = self.auth().clone();
        let model = auth.model(model);
        touch(model, &mut changes, self.now());
        for hook in auth.database_hooks(&model.name) {
            if hook.before_update(&mut changes, self).await? == Verdict::Cancel {
                return Ok(None);
            }
        }
        let update = Update { model: model.clone(), filter, changes };
        if self.records_updates(&model.name) {
            return self.update_recorded(update).await;
        }
        let Some(row) = self.store().update(update).await? else { return Ok(None) };
        self.written(Written::Updated(row.clone())).await?;
        Ok(Some(row))
    }

    /// Deletes the rows that match, with their hooks, and returns how many.
    pub async fn delete(&mut self, model: &str, filter: Filter) -> Result<u64> {
        let auth = self.auth().clone();
        let model = auth.model(model);
        let records = self.records(&model.name);
        if auth.database_hooks(&model.name).is_empty() && !records {
            return Ok(self.store().delete_many(model.clone(), filter).await?);
        }
        let find = Find { model: model.clone(), filter, order: Vec::new(), limit: None, offset: 0 };
        let rows = self.store().find_many(find).await?;
        if records {
            let rows = self.not_cancelled(rows).await?;
            return self.delete_recorded(rows).await;
        }
        let mut deleted = 0;
        for row in rows {
            deleted += u64::from(self.delete_row(row).await?);
        }
        Ok(deleted)
    }

    /// The rows that no hook keeps from being deleted.
    async fn not_cancelled(&mut self, rows: Vec<Row>) -> Result<Vec<Row>> {
        let mut kept = Vec::with_capacity(rows.len());
        for row in rows {
            if self.before_delete(&row).await? == Verdict::Continue {
                kept.push(row);
            }
        }
        Ok(kept)
    }

    async fn before_delete(&mut self, row: &Row) -> Result<Verdict> {
        let auth = self.auth().clone();
        for hook in auth.database_hooks(&row.model.name) {
            if hook.before_delete(row, self).await? == Verdict::Cancel {
                return Ok(Verdict::Cancel);
            }
        }
        Ok(Verdict::Continue)
    }

    async fn delete_row(&mut self, row: Row) -> Result<bool> {
        if self.before_delete(&row).await? == Verdict::Cancel {
            return Ok(false);
        }
        let by_id = Filter::is(0, crate::store::Operator::Equal, row.values[0].clone());
        // Of concurrent deletions one takes the row, and its hooks run once.
        let Some(row) = self.store().consume_one(row.model.clone(), by_id).await? else {
            return Ok(false);
        };
        self.written(Written::Deleted(row)).await?;
        Ok(true)
    }
}

fn touch(model: &Arc<Model>, changes: &mut Changes, now: Timestamp) {
    for (position, field) in model.fields.iter().enumerate() {
        if field.touched_on_update && !changes.iter().any(|(changed, _)| *changed == position) {
            changes.push((position, now.into()));
        }
    }
}
