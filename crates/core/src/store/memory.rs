//! The in-memory reference of [`Store`]: what the databases are tested to be like.
//!
//! It keeps every promise of the trait, with unique constraints, foreign keys and transactions, and
//! is made to be read: every change works on a copy of the tables and puts it in place when it
//! succeeded. It is for tests and trials; it forgets everything, and finds rows by looking at all.

mod matching;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_lock::{Mutex as AsyncMutex, MutexGuardArc};
use async_trait::async_trait;

use self::matching::compare_for_order;
use super::{
    Changes, Filter, Find, Increment, Join, Operator, Order, Row, Store, StoreError, Transaction,
    Update,
};
use crate::Value;
use crate::schema::{DefaultValue, IdPolicy, Model, OnDelete, Schema};

/// A store in memory, and (as what [`Store::begin`] gives) a transaction on one.
pub struct MemoryStore {
    schema: Arc<Schema>,
    committed: Arc<Mutex<Tables>>,
    /// Whoever writes holds it, a transaction from its beginning to its end.
    writer: Arc<AsyncMutex<()>>,
    transaction: Option<Mutex<Option<Open>>>,
}

/// A transaction that has not ended.
struct Open {
    tables: Tables,
    _writer: MutexGuardArc<()>,
}

/// All rows, by model; a copy shares the tables that it does not change.
#[derive(Clone, Default)]
struct Tables {
    rows: HashMap<String, Arc<Vec<Vec<Value>>>>,
    last_id: u64,
}

impl MemoryStore {
    /// An empty database of these models.
    pub fn new(schema: &Schema) -> Self {
        Self {
            schema: Arc::new(schema.clone()),
            committed: Arc::default(),
            writer: Arc::default(),
            transaction: None,
        }
    }

    fn read<T>(
        &self,
        model: &Model,
        run: impl FnOnce(&[Vec<Value>]) -> T,
    ) -> Result<T, StoreError> {
        match &self.transaction {
            None => Ok(run(lock(&self.committed).of(model))),
            Some(transaction) => match &*lock(transaction) {
                Some(open) => Ok(run(open.tables.of(model))),
                None => Err(ended()),
            },
        }
    }

    async fn write<T>(
        &self,
        run: impl FnOnce(&Schema, &mut Tables) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        let attempt = |tables: &mut Tables| {
            let mut copy = tables.clone();
            let done = run(&self.schema, &mut copy)?;
            *tables = copy;
            Ok(done)
        };
        match &self.transaction {
            None => {
                let _writer = self.writer.lock().await;
                attempt(&mut lock(&self.committed))
            }
            Some(transaction) => match &mut *lock(transaction) {
                Some(open) => attempt(&mut open.tables),
                None => Err(ended()),
            },
        }
    }

    fn find(&self, find: &Find) -> Result<Vec<Row>, StoreError> {
        let serial = self.schema.id_policy() == IdPolicy::Serial;
        self.read(&find.model, |rows| {
            let mut found: Vec<_> = rows.iter().filter(|row| find.filter.matches(row)).collect();
            found.sort_by(|left, right| {
                let orders = find.order.iter().map(|&(field, order)| {
                    let numeric = serial && find.model.fields[field].is_id();
                    let ordering = compare_for_order(&left[field], &right[field], numeric);
                    if order == Order::Descending { ordering.reverse() } else { ordering }
                });
                orders.fold(Ordering::Equal, Ordering::then)
            });
            let limit = find.limit.map_or(usize::MAX, |limit| limit as usize);
            let page = found.into_iter().skip(find.offset as usize).take(limit);
            page.map(|values| Row { model: find.model.clone(), values: values.clone() }).collect()
        })
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn create(&self, row: Row) -> Result<Row, StoreError> {
        self.write(|schema, tables| {
            let mut row = row;
            if row.values[0].is_null() {
                row.values[0] = tables.next_id(schema.id_policy());
            }
            for (position, field) in row.model.fields.iter().enumerate() {
                if field.default == DefaultValue::Counted {
                    row.values[position] = tables.next_count(&row.model, position);
                }
            }
            tables.check(schema, &row.model, &row.values, None)?;
            tables.of_mut(&row.model).push(row.values.clone());
            Ok(row)
        })
        .await
    }

    async fn find_one(&self, find: Find) -> Result<Option<Row>, StoreError> {
        Ok(self.find(&find)?.into_iter().next())
    }

    async fn find_one_with(
        &self,
        find: Find,
        join: Join,
    ) -> Result<Option<(Row, Option<Row>)>, StoreError> {
        let Some(row) = self.find(&find)?.into_iter().next() else { return Ok(None) };
        let key = row.values[join.on].clone();
        if key.is_null() {
            return Ok(Some((row, None)));
        }
        let filter = Filter::is(join.field, Operator::Equal, key);
        let find = Find { model: join.model, filter, order: Vec::new(), limit: Some(1), offset: 0 };
        Ok(Some((row, self.find(&find)?.into_iter().next())))
    }

    async fn find_many(&self, find: Find) -> Result<Vec<Row>, StoreError> {
        self.find(&find)
    }

    async fn count(&self, model: Arc<Model>, filter: Filter) -> Result<u64, StoreError> {
        self.read(&model, |rows| rows.iter().filter(|row| filter.matches(row)).count() as u64)
    }

    async fn update(&self, update: Update) -> Result<Option<Row>, StoreError> {
        let model = update.model.clone();
        let changed = self.write(|schema, tables| tables.update(schema, &update)).await?;
        Ok(changed.into_iter().next().map(|values| Row { model, values }))
    }

    async fn update_many(&self, update: Update) -> Result<u64, StoreError> {
        let changed = self.write(|schema, tables| tables.update(schema, &update)).await?;
        Ok(changed.len() as u64)
    }

    async fn delete_many(&self, model: Arc<Model>, filter: Filter) -> Result<u64, StoreError> {
        let deleted = self
            .write(|schema, tables| {
                tables.delete(schema, &model, usize::MAX, |row| filter.matches(row))
            })
            .await?;
        Ok(deleted.len() as u64)
    }

    async fn consume_one(
        &self,
        model: Arc<Model>,
        filter: Filter,
    ) -> Result<Option<Row>, StoreError> {
        let deleted = self
            .write(|schema, tables| tables.delete(schema, &model, 1, |row| filter.matches(row)))
            .await?;
        Ok(deleted.into_iter().next().map(|values| Row { model, values }))
    }

    async fn increment_one(&self, increment: Increment) -> Result<Option<Row>, StoreError> {
        self.write(|schema, tables| {
            let Increment { model, filter, field, by, mut changes } = increment;
            let Some(row) = tables.of(&model).iter().find(|row| filter.matches(row)) else {
                return Ok(None);
            };
            let number = row[field].as_integer().unwrap_or(0).checked_add(by);
            let number = number.ok_or_else(|| refused(&model, "the number is too large"))?;
            changes.push((field, Value::Integer(number)));
            let filter = Filter::is(0, Operator::Equal, row[0].clone());
            let changed =
                tables.update(schema, &Update { model: model.clone(), filter, changes })?;
            Ok(changed.into_iter().next().map(|values| Row { model, values }))
        })
        .await
    }

    async fn begin(&self) -> Result<Arc<dyn Transaction>, StoreError> {
        if self.transaction.is_some() {
            return Err(failed("begin a transaction inside a transaction"));
        }
        let writer = self.writer.lock_arc().await;
        let open = Open { tables: lock(&self.committed).clone(), _writer: writer };
        Ok(Arc::new(Self {
            schema: self.schema.clone(),
            committed: self.committed.clone(),
            writer: self.writer.clone(),
            transaction: Some(Mutex::new(Some(open))),
        }))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl Transaction for MemoryStore {
    async fn commit(&self) -> Result<(), StoreError> {
        let open = self.transaction.as_ref().and_then(|transaction| lock(transaction).take());
        let open = open.ok_or_else(ended)?;
        *lock(&self.committed) = open.tables;
        Ok(())
    }

    async fn roll_back(&self) -> Result<(), StoreError> {
        let open = self.transaction.as_ref().and_then(|transaction| lock(transaction).take());
        open.map(drop).ok_or_else(ended)
    }
}

impl Tables {
    fn of(&self, model: &Model) -> &[Vec<Value>] {
        self.rows.get(&model.name).map_or(&[], |rows| rows)
    }

    fn of_mut(&mut self, model: &Model) -> &mut Vec<Vec<Value>> {
        Arc::make_mut(self.rows.entry(model.name.clone()).or_default())
    }

    /// What the database would make for an id that was left out.
    fn next_id(&mut self, policy: IdPolicy) -> Value {
        self.last_id += 1;
        match policy {
            IdPolicy::Random => Value::Null,
            IdPolicy::Uuid => Value::Text(format!("00000000-0000-4000-8000-{:012x}", self.last_id)),
            IdPolicy::Serial => Value::Text(self.last_id.to_string()),
            IdPolicy::Database => Value::Text(format!("generated-{}", self.last_id)),
        }
    }

    fn next_count(&self, model: &Model, position: usize) -> Value {
        let numbers = self.of(model).iter().filter_map(|row| row[position].as_integer());
        Value::Integer(numbers.max().unwrap_or(0) + 1)
    }

    fn update(&mut self, schema: &Schema, update: &Update) -> Result<Vec<Vec<Value>>, StoreError> {
        let model = &update.model;
        let mut changed = Vec::new();
        for index in 0..self.of(model).len() {
            if !update.filter.matches(&self.of(model)[index]) {
                continue;
            }
            let mut values = self.of(model)[index].clone();
            set(&mut values, &update.changes);
            self.check(schema, model, &values, Some(index))?;
            self.of_mut(model)[index].clone_from(&values);
            changed.push(values);
        }
        Ok(changed)
    }

    /// Deletes rows and what refers to them.
    fn delete(
        &mut self,
        schema: &Schema,
        model: &Model,
        limit: usize,
        matches: impl Fn(&[Value]) -> bool,
    ) -> Result<Vec<Vec<Value>>, StoreError> {
        let mut deleted = Vec::new();
        self.of_mut(model).retain(|row| {
            let keep = deleted.len() == limit || !matches(row);
            if !keep {
                deleted.push(row.clone());
            }
            keep
        });
        for row in &deleted {
            self.let_go(schema, model, row)?;
        }
        Ok(deleted)
    }

    /// Does to the rows that refer to a deleted one what their foreign key says.
    fn let_go(&mut self, schema: &Schema, model: &Model, gone: &[Value]) -> Result<(), StoreError> {
        for other in schema.models() {
            for (position, field) in other.fields.iter().enumerate() {
                let Some(reference) = &field.references else { continue };
                let Some(target) = model.position(&reference.field) else { continue };
                if reference.model != model.name || gone[target].is_null() {
                    continue;
                }
                let refers = |row: &[Value]| row[position] == gone[target];
                match reference.on_delete {
                    OnDelete::Cascade => {
                        self.delete(schema, other, usize::MAX, refers)?;
                    }
                    OnDelete::SetNull | OnDelete::SetDefault => {
                        for row in self.of_mut(other).iter_mut().filter(|row| refers(row)) {
                            row[position] = Value::Null;
                        }
                    }
                    OnDelete::Restrict | OnDelete::NoAction => {
                        if self.of(other).iter().any(|row| refers(row)) {
                            return Err(refused(model, "another row refers to it"));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Refuses what a database would refuse; `place` is the row's own, which does not conflict with it.
    fn check(
        &self,
        schema: &Schema,
        model: &Model,
        values: &[Value],
        place: Option<usize>,
    ) -> Result<(), StoreError> {
        for (position, field) in model.fields.iter().enumerate() {
            let value = &values[position];
            if value.is_null() {
                if field.required {
                    return Err(refused(model, "a required value is missing"));
                }
                continue;
            }
            if !field.kind.holds(value) {
                return Err(refused(model, "a value of another type than the field's"));
            }
            if value.contains_nul() {
                return Err(refused(model, "NUL in text"));
            }
            let Some(reference) = &field.references else { continue };
            let target = schema.model(&reference.model);
            let there =
                target.and_then(|target| Some((target, target.position(&reference.field)?)));
            let exists = there.is_some_and(|(target, column)| {
                self.of(target).iter().any(|row| row[column] == *value)
                    || (target.name == model.name && values[column] == *value)
            });
            if !exists {
                return Err(refused(model, "a reference to no row"));
            }
        }
        let fields = model.fields.iter().enumerate();
        let own = fields.filter(|(position, field)| *position == 0 || field.unique);
        let own = own.map(|(position, _)| vec![position]);
        let shared = model.indexes.iter().filter(|index| index.unique).map(|index| {
            index.fields.iter().filter_map(|field| model.position(field)).collect::<Vec<_>>()
        });
        for columns in own.chain(shared) {
            let is_same = |row: &[Value]| {
                columns
                    .iter()
                    .all(|&column| !row[column].is_null() && row[column] == values[column])
            };
            let rows = self.of(model).iter().enumerate();
            if rows.filter(|(index, _)| Some(*index) != place).any(|(_, row)| is_same(row)) {
                let (model, source) = (model.name.clone(), Reason("not unique").into());
                return Err(StoreError::Conflict { model, source });
            }
        }
        Ok(())
    }
}

fn set(values: &mut [Value], changes: &Changes) {
    for (position, value) in changes {
        values[*position].clone_from(value);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic in a test must not hide behind a second one; the tables are replaced as a whole, so never half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why the store in memory refuses something.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Reason(&'static str);

fn refused(model: &Model, reason: &'static str) -> StoreError {
    StoreError::Refused { model: model.name.clone(), source: Reason(reason).into() }
}

fn failed(attempt: &'static str) -> StoreError {
    StoreError::Failed { attempt: attempt.to_owned(), source: Reason("not possible").into() }
}

fn ended() -> StoreError {
    failed("use a transaction that has ended")
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}
