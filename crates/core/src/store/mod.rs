//! The seam to the database: generic operations below, typed rows above.
//!
//! A [`Store`] knows models as data ([`Model`]) and rows as lists of values ([`Row`]).
//! Handlers never meet it: they speak to [`Table`](typed::Table), which gives the structs of
//! [`models`](crate::models), through the services.
//!
//! Three operations carry the safety of everything that is single-use or counted, and every store
//! must make each of them one atomic step: [`Store::create`] (refuses a second row of the same
//! unique value), [`Store::consume_one`] (of two callers one gets the row) and
//! [`Store::increment_one`] (tests and counts in one).

pub mod memory;
mod typed;

use std::error::Error as StdError;
use std::sync::Arc;

use async_trait::async_trait;

pub use typed::{Column, Extra, ModelRow, Table, derive};

use crate::Value;
use crate::schema::Model;

/// A database. All methods take logical models; physical names are the store's business.
#[async_trait]
pub trait Store: Send + Sync {
    /// Inserts a row and returns it as stored. Where `id` is null, the database makes it.
    async fn create(&self, row: Row) -> Result<Row, StoreError>;

    async fn find_one(&self, find: Find) -> Result<Option<Row>, StoreError>;

    /// The first row found, and with it the row of another model that it points at, in one round trip.
    async fn find_one_with(
        &self,
        find: Find,
        join: Join,
    ) -> Result<Option<(Row, Option<Row>)>, StoreError>;

    async fn find_many(&self, find: Find) -> Result<Vec<Row>, StoreError>;

    async fn count(&self, model: Arc<Model>, filter: Filter) -> Result<u64, StoreError>;

    /// Changes the rows that match and returns one of them as it is now; `None` where none matched.
    async fn update(&self, update: Update) -> Result<Option<Row>, StoreError>;

    /// Changes all rows that match and returns how many.
    async fn update_many(&self, update: Update) -> Result<u64, StoreError>;

    /// Deletes all rows that match and returns how many.
    async fn delete_many(&self, model: Arc<Model>, filter: Filter) -> Result<u64, StoreError>;

    /// Deletes one matching row and returns it: of concurrent callers exactly one gets a given row.
    async fn consume_one(
        &self,
        model: Arc<Model>,
        filter: Filter,
    ) -> Result<Option<Row>, StoreError>;

    /// Adds to a number in one row that matches, and sets other fields with it, in one atomic step.
    /// A number that is null counts from zero.
    async fn increment_one(&self, increment: Increment) -> Result<Option<Row>, StoreError>;

    /// Opens a transaction. Fails inside one. Outside it nobody sees its changes before the commit,
    /// and in SQLite and in memory other writers wait until it ends: keep it short.
    async fn begin(&self) -> Result<Arc<dyn Transaction>, StoreError>;

    /// Whether the database answers.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// A store whose changes happen together or not at all. Dropping it without a commit undoes them.
/// After an error it is over (PostgreSQL takes no further statement): roll it back, or drop it.
#[async_trait]
pub trait Transaction: Store {
    async fn commit(&self) -> Result<(), StoreError>;
    async fn roll_back(&self) -> Result<(), StoreError>;
}

/// Why a store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is away, asleep or overloaded. Nothing was changed, or nobody knows: the client gets 503.
    #[error("the database is not available: failed to {attempt}")]
    Unavailable {
        attempt: String,
        #[source]
        source: Source,
    },
    /// Another row has this value in a unique column.
    #[error("`{model}` has a row with this value in a unique column already")]
    Conflict {
        model: String,
        #[source]
        source: Source,
    },
    /// The database does not take the values: a missing NOT NULL value, a reference to no row, text it cannot hold.
    #[error("the database refused the values for `{model}`")]
    Refused {
        model: String,
        #[source]
        source: Source,
    },
    /// The row is not what the schema says.
    #[error("unexpected value in `{model}`.`{field}`")]
    Corrupt {
        model: String,
        field: String,
        #[source]
        source: Source,
    },
    /// Anything else; a mistake of ours or a table that is missing.
    #[error("failed to {attempt}")]
    Failed {
        attempt: String,
        #[source]
        source: Source,
    },
}

/// The driver's own error, kept for the log.
pub type Source = Box<dyn StdError + Send + Sync>;

/// One row: the values of [`Model::fields`], in their order.
#[derive(Debug, Clone)]
pub struct Row {
    pub model: Arc<Model>,
    pub values: Vec<Value>,
}

impl Row {
    /// A row of nulls.
    pub fn empty(model: Arc<Model>) -> Self {
        let values = vec![Value::Null; model.fields.len()];
        Self { model, values }
    }

    pub fn get(&self, field: &str) -> Option<&Value> {
        self.model.position(field).map(|position| &self.values[position])
    }

    /// Sets a field by its logical name; false where the model has none of that name.
    pub fn set(&mut self, field: &str, value: Value) -> bool {
        match self.model.position(field) {
            Some(position) => {
                self.values[position] = value;
                true
            }
            None => false,
        }
    }
}

/// Which rows to find, in which order, how many.
#[derive(Debug, Clone)]
pub struct Find {
    pub model: Arc<Model>,
    pub filter: Filter,
    /// Fields by position.
    pub order: Vec<(usize, Order)>,
    pub limit: Option<u32>,
    pub offset: u32,
}

/// The order of nulls and of text beyond ASCII is the database's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    Ascending,
    Descending,
}

/// The row of `model` whose `field` equals the found row's field `on`.
#[derive(Debug, Clone)]
pub struct Join {
    pub on: usize,
    pub model: Arc<Model>,
    pub field: usize,
}

/// Sets fields of all rows that match.
#[derive(Debug, Clone)]
pub struct Update {
    pub model: Arc<Model>,
    pub filter: Filter,
    pub changes: Changes,
}

/// Fields by position and their new values.
pub type Changes = Vec<(usize, Value)>;

/// Adds `by` to field `field` of the row that matches, and sets `changes`.
#[derive(Debug, Clone)]
pub struct Increment {
    pub model: Arc<Model>,
    pub filter: Filter,
    pub field: usize,
    pub by: i64,
    pub changes: Changes,
}

/// Which rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All of these; none at all means every row.
    All(Vec<Filter>),
    /// At least one of these; none at all means no row.
    Any(Vec<Filter>),
    Is(Condition),
}

impl Filter {
    /// Every row.
    pub const EVERYTHING: Self = Self::All(Vec::new());

    pub fn is(field: usize, operator: Operator, value: impl Into<Value>) -> Self {
        Self::Is(Condition { field, operator, operand: Operand::One(value.into()) })
    }

    pub fn is_one_of(field: usize, values: Vec<Value>) -> Self {
        Self::Is(Condition { field, operator: Operator::In, operand: Operand::List(values) })
    }

    pub fn and(self, other: Self) -> Self {
        match self {
            Self::All(mut filters) => {
                filters.push(other);
                Self::All(filters)
            }
            filter => Self::All(vec![filter, other]),
        }
    }

    pub fn or(self, other: Self) -> Self {
        match self {
            Self::Any(mut filters) => {
                filters.push(other);
                Self::Any(filters)
            }
            filter => Self::Any(vec![filter, other]),
        }
    }
}

/// One comparison of a field, by position.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub field: usize,
    pub operator: Operator,
    pub operand: Operand,
}

/// What a field is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    One(Value),
    /// For [`Operator::In`] and [`Operator::NotIn`].
    List(Vec<Value>),
}

/// Better Auth's operators, with the meaning that SQL gives them.
///
/// - `Equal` and `NotEqual` with null ask whether the field is null. In every other comparison a
///   field that is null does not match, not even `NotEqual` or `NotIn`.
/// - Nulls in a list count for nothing. Nothing is in an empty list, and every row is not in it.
/// - `Contains`, `StartsWith` and `EndsWith` know no wildcards, and case matters.
/// - A value that the field cannot hold (an id that is no UUID where ids are, text with NUL) equals nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    Contains,
    StartsWith,
    EndsWith,
}
