//! What a statement looks like without its values.
//!
//! An operation is taken apart into a [`Shape`], a short list of tokens, and its arguments. Statements
//! are kept by shape, so that SQL is written once for each kind of query and not for each query.
//! What never reaches the database is decided here: values that a field cannot hold.

use std::hash::Hash;
use std::sync::Arc;

use vestibule_core::Value;
use vestibule_core::schema::{DefaultValue, Field, FieldKind, IdPolicy, Model};
use vestibule_core::store::{
    Changes, Condition, Filter, Find, Increment, Join, Operand, Operator, Order, Row, StoreError,
    Update,
};

use crate::dialect::Dialect;

/// A value on its way to the database.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Argument {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
}

/// The key of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    /// Models by address; the statement keeps them alive, so that an address means one model.
    model: usize,
    joined: usize,
    pub(crate) operation: Operation,
    pub(crate) tokens: Vec<Token>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    Create(NewId),
    FindOne,
    /// The fields that are equal: the row's own, and that of the joined model.
    FindOneWith {
        on: u32,
        field: u32,
    },
    FindMany {
        limit: bool,
        offset: bool,
    },
    Count,
    Update,
    UpdateMany,
    DeleteMany,
    ConsumeOne,
    IncrementOne,
}

/// Where the id of a new row comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum NewId {
    Given,
    Made,
}

/// A filter in prefix notation, with assignments before it and the order after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Token {
    Set(u32),
    Add(u32),
    /// The next filters, that many.
    All(u32),
    Any(u32),
    Everything,
    Nothing,
    Compare(u32, Comparison, Kind),
    Order(u32, Order),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Comparison {
    IsNull,
    IsNotNull,
    Operator(Operator),
}

/// The type of the argument, which PostgreSQL is told for numbers: it would infer the column's, and
/// refuse a number that is too large for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Text,
    Integer,
    Real,
}

/// A shape in the making, with the arguments in the order of their placeholders.
pub(crate) struct Query {
    pub(crate) shape: Shape,
    pub(crate) model: Arc<Model>,
    pub(crate) joined: Option<Arc<Model>>,
    pub(crate) arguments: Vec<Argument>,
}

/// Takes operations apart for one database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shaper {
    pub(crate) dialect: Dialect,
    pub(crate) id_policy: IdPolicy,
}

impl Shaper {
    pub(crate) fn create(self, row: Row) -> Result<Query, StoreError> {
        let Row { model, values } = row;
        let new_id = if values[0].is_null() { NewId::Made } else { NewId::Given };
        let mut query = Query::new(Operation::Create(new_id), model, None);
        let skipped = usize::from(new_id == NewId::Made);
        for (position, value) in values.into_iter().enumerate().skip(skipped) {
            if query.model.fields[position].default == DefaultValue::Counted {
                continue;
            }
            let argument = self.written(&query.model, position, value)?;
            query.arguments.push(argument);
        }
        Ok(query)
    }

    pub(crate) fn find_one(self, find: Find) -> Query {
        self.find(Operation::FindOne, find, None)
    }

    pub(crate) fn find_one_with(self, find: Find, join: Join) -> Query {
        let operation = Operation::FindOneWith { on: index(join.on), field: index(join.field) };
        self.find(operation, find, Some(join.model))
    }

    pub(crate) fn find_many(self, find: Find) -> Query {
        let operation =
            Operation::FindMany { limit: find.limit.is_some(), offset: find.offset > 0 };
        self.find(operation, find, None)
    }

    fn find(self, operation: Operation, find: Find, joined: Option<Arc<Model>>) -> Query {
        let Find { model, filter, order, limit, offset } = find;
        let mut query = Query::new(operation, model, joined);
        self.filter(&mut query, filter);
        for (field, order) in order {
            query.shape.tokens.push(Token::Order(index(field), order));
        }
        if let Operation::FindMany { .. } = operation {
            query.arguments.extend(limit.map(|limit| Argument::Integer(limit.into())));
            query.arguments.extend((offset > 0).then_some(Argument::Integer(offset.into())));
        }
        query
    }

    /// Count, delete many, consume one.
    pub(crate) fn filtered(self, operation: Operation, model: Arc<Model>, filter: Filter) -> Query {
        let mut query = Query::new(operation, model, None);
        self.filter(&mut query, filter);
        query
    }

    /// Update, update many.
    pub(crate) fn update(self, operation: Operation, update: Update) -> Result<Query, StoreError> {
        let mut query = Query::new(operation, update.model, None);
        self.changes(&mut query, update.changes)?;
        self.filter(&mut query, update.filter);
        Ok(query)
    }

    pub(crate) fn increment(self, increment: Increment) -> Result<Query, StoreError> {
        let mut query = Query::new(Operation::IncrementOne, increment.model, None);
        query.shape.tokens.push(Token::Add(index(increment.field)));
        query.arguments.push(Argument::Integer(increment.by));
        self.changes(&mut query, increment.changes)?;
        self.filter(&mut query, increment.filter);
        Ok(query)
    }

    fn changes(self, query: &mut Query, changes: Changes) -> Result<(), StoreError> {
        for (position, value) in changes {
            query.shape.tokens.push(Token::Set(index(position)));
            let argument = self.written(&query.model, position, value)?;
            query.arguments.push(argument);
        }
        Ok(())
    }

    fn written(self, model: &Model, position: usize, value: Value) -> Result<Argument, StoreError> {
        let field = &model.fields[position];
        if value.is_null() {
            return Ok(Argument::Null);
        }
        let found = value.type_name();
        self.argument(field, value).ok_or_else(|| StoreError::Refused {
            model: model.name.clone(),
            source: Unfit { field: field.name.clone(), found }.into(),
        })
    }

    fn filter(self, query: &mut Query, filter: Filter) {
        match filter {
            Filter::Is(condition) => self.condition(query, condition),
            Filter::All(filters) if filters.is_empty() => query.push(Token::Everything),
            Filter::Any(filters) if filters.is_empty() => query.push(Token::Nothing),
            Filter::All(filters) => {
                query.push(Token::All(index(filters.len())));
                filters.into_iter().for_each(|filter| self.filter(query, filter));
            }
            Filter::Any(filters) => {
                query.push(Token::Any(index(filters.len())));
                filters.into_iter().for_each(|filter| self.filter(query, filter));
            }
        }
    }

    fn condition(self, query: &mut Query, condition: Condition) {
        let Condition { field: position, operator, operand } = condition;
        let field = &query.model.fields[position];
        let compare = |comparison| Token::Compare(index(position), comparison, Kind::Text);
        let (token, argument) = match operand {
            Operand::List(values) => match self.list(field, operator, values) {
                List::Everything => (Token::Everything, None),
                List::Nothing => (Token::Nothing, None),
                List::NotNull => (compare(Comparison::IsNotNull), None),
                List::Of(kind, list) => {
                    let comparison = Comparison::Operator(operator);
                    (Token::Compare(index(position), comparison, kind), Some(Argument::Text(list)))
                }
            },
            Operand::One(Value::Null) => match operator {
                Operator::Equal => (compare(Comparison::IsNull), None),
                Operator::NotEqual => (compare(Comparison::IsNotNull), None),
                _ => (Token::Nothing, None),
            },
            Operand::One(value) => match self.compared(field, operator, value) {
                Some((kind, argument)) => {
                    let comparison = Comparison::Operator(operator);
                    (Token::Compare(index(position), comparison, kind), Some(argument))
                }
                None if operator == Operator::NotEqual => (compare(Comparison::IsNotNull), None),
                None => (Token::Nothing, None),
            },
        };
        query.push(token);
        query.arguments.extend(argument);
    }

    fn compared(self, field: &Field, operator: Operator, value: Value) -> Option<(Kind, Argument)> {
        let argument = match (operator, value) {
            (Operator::In | Operator::NotIn, _) => return None,
            // Part of an id is text, whatever ids are.
            (Operator::Contains | Operator::StartsWith | Operator::EndsWith, value) => {
                match value {
                    Value::Text(text) if field.kind.holds(&Value::Text(String::new())) => {
                        Argument::Text(text)
                    }
                    _ => return None,
                }
            }
            (_, value) => self.argument(field, value)?,
        };
        if matches!(&argument, Argument::Text(text) if text.contains('\0')) {
            return None;
        }
        Some((argument.kind(), argument))
    }

    fn list(self, field: &Field, operator: Operator, values: Vec<Value>) -> List {
        let mut values = values.into_iter().filter(|value| !value.is_null()).peekable();
        let is_in = operator == Operator::In;
        if values.peek().is_none() {
            return if is_in { List::Nothing } else { List::Everything };
        }
        let arguments: Vec<_> = values.filter_map(|value| self.argument(field, value)).collect();
        match arguments.first() {
            None if is_in => List::Nothing,
            None => List::NotNull,
            Some(first) => List::Of(first.kind(), self.list_text(&arguments)),
        }
    }

    /// A list as one argument, so that its length does not change the statement.
    fn list_text(self, arguments: &[Argument]) -> String {
        match self.dialect {
            Dialect::Sqlite => {
                let items = arguments.iter().map(|argument| match argument {
                    Argument::Null => serde_json::Value::Null,
                    Argument::Integer(integer) => (*integer).into(),
                    Argument::Real(real) => (*real).into(),
                    Argument::Text(text) => text.as_str().into(),
                });
                serde_json::Value::Array(items.collect()).to_string()
            }
            Dialect::Postgres => {
                let items: Vec<_> = arguments.iter().map(array_item).collect();
                format!("{{{}}}", items.join(","))
            }
        }
    }

    /// The value as the field's column takes it; `None` where the field cannot hold it.
    fn argument(self, field: &Field, value: Value) -> Option<Argument> {
        if !field.kind.holds(&value) || value.contains_nul() {
            return None;
        }
        if field.is_id() {
            return self.id(value);
        }
        Some(match value {
            Value::Null => Argument::Null,
            Value::Boolean(boolean) => match self.dialect {
                Dialect::Sqlite => Argument::Integer(boolean.into()),
                Dialect::Postgres => Argument::Text(boolean.to_string()),
            },
            Value::Integer(integer) => Argument::Integer(integer),
            Value::Real(real) => Argument::Real(real),
            Value::Text(text) => Argument::Text(text),
            Value::Time(time) => Argument::Text(time.to_string()),
            Value::Json(json) => Argument::Text(json.to_string()),
        })
    }

    fn id(self, value: Value) -> Option<Argument> {
        let Value::Text(text) = value else { return None };
        match self.id_policy {
            IdPolicy::Serial => {
                // Only the spelling that answers have: "007" is nobody's id.
                let integer = text.parse::<i64>().ok()?;
                (integer.to_string() == text).then_some(Argument::Integer(integer))
            }
            IdPolicy::Uuid if self.dialect == Dialect::Postgres => {
                is_uuid(&text).then_some(Argument::Text(text))
            }
            IdPolicy::Random | IdPolicy::Uuid | IdPolicy::Database => Some(Argument::Text(text)),
        }
    }
}

/// What a comparison with a list comes to.
enum List {
    Everything,
    Nothing,
    NotNull,
    Of(Kind, String),
}

/// A value that its field cannot hold.
#[derive(Debug, thiserror::Error)]
#[error("`{field}` cannot hold this value, {found}")]
struct Unfit {
    field: String,
    found: &'static str,
}

impl Query {
    fn new(operation: Operation, model: Arc<Model>, joined: Option<Arc<Model>>) -> Self {
        let shape = Shape {
            model: Arc::as_ptr(&model).addr(),
            joined: joined.as_ref().map_or(0, |joined| Arc::as_ptr(joined).addr()),
            operation,
            tokens: Vec::with_capacity(8),
        };
        Self { shape, model, joined, arguments: Vec::new() }
    }

    fn push(&mut self, token: Token) {
        self.shape.tokens.push(token);
    }
}

impl Argument {
    fn kind(&self) -> Kind {
        match self {
            Self::Null | Self::Text(_) => Kind::Text,
            Self::Integer(_) => Kind::Integer,
            Self::Real(_) => Kind::Real,
        }
    }
}

impl Operation {
    /// Whether it changes rows.
    pub(crate) fn writes(self) -> bool {
        !matches!(
            self,
            Self::FindOne | Self::FindOneWith { .. } | Self::FindMany { .. } | Self::Count
        )
    }
}

/// Kinds of fields that come back as text, whatever their column is.
pub(crate) fn is_text(field: &Field) -> bool {
    field.is_id() || matches!(field.kind, FieldKind::String | FieldKind::Enum(_))
}

/// A position in a list; models and filters are far from this many.
fn index(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

fn array_item(argument: &Argument) -> String {
    match argument {
        Argument::Null => "null".to_owned(),
        Argument::Integer(integer) => integer.to_string(),
        Argument::Real(real) => real.to_string(),
        Argument::Text(text) => {
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
        }
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
