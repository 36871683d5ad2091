//! The typed view of a [`Store`]: row structs and columns instead of positions.

use std::marker::PhantomData;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde_json::{Map, Value as Json};

use super::{Changes, Filter, Find, Operator, Order, Row, Store, StoreError, Update};
use crate::Value;
use crate::schema::{Field, Index, Model};

/// A row struct; derive it with `#[derive(Model)]`.
pub trait ModelRow: Sized + Send {
    /// The logical name.
    const MODEL: &'static str;

    /// The declared fields, `id` first.
    fn fields() -> Vec<Field>;

    /// Indexes over several fields.
    fn indexes() -> Vec<Index> {
        Vec::new()
    }

    fn from_row(row: Row) -> Result<Self, StoreError>;

    /// The row as stored: declared values, then [`Extra`].
    fn to_row(&self) -> Row;
}

/// A declared column of the row struct `M`.
pub struct Column<M, T> {
    pub name: &'static str,
    pub position: usize,
    types: PhantomData<fn() -> (M, T)>,
}

impl<M, T: Into<Value>> Column<M, T> {
    /// Used by `derive(Model)` alone: `position` must be the field's place in the struct.
    pub const fn declared(name: &'static str, position: usize) -> Self {
        Self { name, position, types: PhantomData }
    }

    pub fn eq(&self, value: impl Into<T>) -> Filter {
        self.compare(Operator::Equal, value)
    }

    pub fn ne(&self, value: impl Into<T>) -> Filter {
        self.compare(Operator::NotEqual, value)
    }

    pub fn lt(&self, value: impl Into<T>) -> Filter {
        self.compare(Operator::Less, value)
    }

    pub fn lte(&self, value: impl Into<T>) -> Filter {
        self.compare(Operator::LessOrEqual, value)
    }

    pub fn gt(&self, value: impl Into<T>) -> Filter {
        self.compare(Operator::Greater, value)
    }

    pub fn gte(&self, value: impl Into<T>) -> Filter {
        self.compare(Operator::GreaterOrEqual, value)
    }

    /// A change for [`Table::update`].
    pub fn set(&self, value: impl Into<T>) -> (usize, Value) {
        (self.position, value.into().into())
    }

    fn compare(&self, operator: Operator, value: impl Into<T>) -> Filter {
        Filter::is(self.position, operator, value.into())
    }
}

/// The fields of a row that its struct does not declare: additional fields and plugins' fields.
#[derive(Debug, Clone)]
pub struct Extra {
    model: Arc<Model>,
    values: Vec<Value>,
}

impl Extra {
    pub fn get(&self, field: &str) -> Option<&Value> {
        let position = self.model.position(field)?;
        self.values.get(position.checked_sub(self.model.declared)?)
    }

    /// Whether answers show the field at this position of the model.
    pub fn shows(&self, position: usize) -> bool {
        self.model.fields[position].returned
    }

    /// Writes the fields that answers show.
    pub fn serialize_into<S: SerializeMap>(&self, map: &mut S) -> Result<(), S::Error> {
        for ((_, field), value) in self.model.additional().zip(&self.values) {
            if field.returned {
                map.serialize_entry(&field.name, value)?;
            }
        }
        Ok(())
    }

    /// Sets a field; false where the model has no additional field of that name.
    pub fn set(&mut self, field: &str, value: Value) -> bool {
        let position =
            self.model.position(field).and_then(|at| at.checked_sub(self.model.declared));
        match position.and_then(|at| self.values.get_mut(at)) {
            Some(place) => {
                *place = value;
                true
            }
            None => false,
        }
    }
}

/// What `derive(Model)` expands to; not for others.
pub mod derive {
    use std::sync::Arc;

    use super::{Extra, Model, Row, StoreError};
    use crate::Value;
    use crate::value::{FromValue, WrongType};

    /// Takes a row apart: `next` gives its declared values in order, `extra` the rest.
    pub struct Unpack {
        model: Arc<Model>,
        position: usize,
        values: std::vec::IntoIter<Value>,
    }

    impl Unpack {
        pub fn new(row: Row) -> Self {
            Self { model: row.model, position: 0, values: row.values.into_iter() }
        }

        #[expect(clippy::should_implement_trait, reason = "each call has another type")]
        pub fn next<T: FromValue>(&mut self) -> Result<T, StoreError> {
            let position = self.position;
            self.position += 1;
            let value = self.values.next().unwrap_or_default();
            T::from_value(value).map_err(|error: WrongType| StoreError::Corrupt {
                model: self.model.name.clone(),
                field: self.model.fields[position].name.clone(),
                source: error.into(),
            })
        }

        pub fn extra(self) -> Extra {
            Extra { model: self.model, values: self.values.collect() }
        }
    }

    /// Puts a row together again.
    pub fn pack<const N: usize>(declared: [Value; N], extra: &Extra) -> Row {
        let mut values = Vec::with_capacity(N + extra.values.len());
        values.extend(declared);
        values.extend(extra.values.iter().cloned());
        Row { model: extra.model.clone(), values }
    }
}

impl Row {
    /// The whole row, hidden fields too: for callbacks, never for answers.
    pub fn to_json(&self) -> Map<String, Json> {
        let fields = self.model.fields.iter().zip(&self.values);
        fields.map(|(field, value)| (field.name.clone(), value.to_json())).collect()
    }

    /// What was said about a new row: no id yet, and nothing that was left open.
    pub fn to_input(&self) -> Map<String, Json> {
        let fields = self.model.fields.iter().zip(&self.values).skip(1);
        let said = fields.filter(|(_, value)| !value.is_null());
        said.map(|(field, value)| (field.name.clone(), value.to_json())).collect()
    }

    /// The row as answers show it: fields with `returned: false` left out, `id` last as the reference has it.
    pub fn to_output(&self) -> Map<String, Json> {
        let mut output = Map::with_capacity(self.values.len());
        let (id, rest) = (&self.values[0], self.values.iter().zip(&self.model.fields).skip(1));
        for (value, field) in rest.filter(|(_, field)| field.returned) {
            output.insert(field.name.clone(), value.to_json());
        }
        output.insert("id".to_owned(), id.to_json());
        output
    }
}

/// One model of one store, or of the transaction that is open.
pub struct Table<'a, M> {
    store: &'a dyn Store,
    model: &'a Arc<Model>,
    row: PhantomData<fn() -> M>,
}

impl<'a, M: ModelRow> Table<'a, M> {
    pub fn new(store: &'a dyn Store, model: &'a Arc<Model>) -> Self {
        Self { store, model, row: PhantomData }
    }

    pub async fn create(&self, row: Row) -> Result<M, StoreError> {
        M::from_row(self.store.create(row).await?)
    }

    pub async fn find_one(&self, filter: Filter) -> Result<Option<M>, StoreError> {
        self.store.find_one(self.find(filter)).await?.map(M::from_row).transpose()
    }

    /// The newest or oldest by one column.
    pub async fn find_first<T: Into<Value>>(
        &self,
        filter: Filter,
        by: &Column<M, T>,
        order: Order,
    ) -> Result<Option<M>, StoreError> {
        let find = Find { order: vec![(by.position, order)], ..self.find(filter) };
        self.store.find_one(find).await?.map(M::from_row).transpose()
    }

    pub async fn find_many(&self, filter: Filter, limit: u32) -> Result<Vec<M>, StoreError> {
        let find = Find { limit: Some(limit), ..self.find(filter) };
        self.store.find_many(find).await?.into_iter().map(M::from_row).collect()
    }

    /// Changes the row that matches; fields that note the last update are set to `now`.
    pub async fn update(&self, filter: Filter, changes: Changes) -> Result<Option<M>, StoreError> {
        let update = Update { model: self.model.clone(), filter, changes };
        self.store.update(update).await?.map(M::from_row).transpose()
    }

    pub async fn delete_many(&self, filter: Filter) -> Result<u64, StoreError> {
        self.store.delete_many(self.model.clone(), filter).await
    }

    pub async fn consume_one(&self, filter: Filter) -> Result<Option<M>, StoreError> {
        self.store.consume_one(self.model.clone(), filter).await?.map(M::from_row).transpose()
    }

    fn find(&self, filter: Filter) -> Find {
        Find { model: self.model.clone(), filter, order: Vec::new(), limit: None, offset: 0 }
    }
}
