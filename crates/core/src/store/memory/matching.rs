//! Which rows match a filter, and in which order they come.

use std::cmp::Ordering;

use crate::Value;
use crate::store::{Condition, Filter, Operand, Operator};

impl Filter {
    pub(super) fn matches(&self, row: &[Value]) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.matches(row)),
            Self::Any(filters) => filters.iter().any(|filter| filter.matches(row)),
            Self::Is(condition) => condition.matches(&row[condition.field]),
        }
    }
}

impl Condition {
    fn matches(&self, found: &Value) -> bool {
        match &self.operand {
            Operand::List(values) => match self.operator {
                Operator::In => !found.is_null() && values.contains(found),
                Operator::NotIn => {
                    let is_empty = values.iter().all(Value::is_null);
                    is_empty || (!found.is_null() && !values.contains(found))
                }
                _ => false,
            },
            Operand::One(Value::Null) => match self.operator {
                Operator::Equal => found.is_null(),
                Operator::NotEqual => !found.is_null(),
                _ => false,
            },
            Operand::One(_) if found.is_null() => false,
            Operand::One(value) => {
                let order = compare(found, value);
                match self.operator {
                    Operator::Equal => found == value,
                    Operator::NotEqual => found != value,
                    Operator::Less => order == Some(Ordering::Less),
                    Operator::LessOrEqual => order.is_some_and(Ordering::is_le),
                    Operator::Greater => order == Some(Ordering::Greater),
                    Operator::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
                    Operator::Contains => {
                        on_texts(found, value, |found, text| found.contains(text))
                    }
                    Operator::StartsWith => {
                        on_texts(found, value, |found, text| found.starts_with(text))
                    }
                    Operator::EndsWith => {
                        on_texts(found, value, |found, text| found.ends_with(text))
                    }
                    Operator::In | Operator::NotIn => false,
                }
            }
        }
    }
}

fn on_texts(found: &Value, value: &Value, test: impl Fn(&str, &str) -> bool) -> bool {
    found.as_text().zip(value.as_text()).is_some_and(|(found, text)| test(found, text))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of both kinds are compared as JavaScript does"
)]
fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Boolean(left), Value::Boolean(right)) => Some(left.cmp(right)),
        (Value::Integer(left), Value::Integer(right)) => Some(left.cmp(right)),
        (Value::Real(left), Value::Real(right)) => left.partial_cmp(right),
        (Value::Integer(left), Value::Real(right)) => (*left as f64).partial_cmp(right),
        (Value::Real(left), Value::Integer(right)) => left.partial_cmp(&(*right as f64)),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Time(left), Value::Time(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

/// Nulls come first, as in SQLite; serial ids count as numbers.
pub(super) fn compare_for_order(left: &Value, right: &Value, numeric: bool) -> Ordering {
    let number = |value: &Value| value.as_text().and_then(|text| text.parse::<i64>().ok());
    match (left.is_null(), right.is_null()) {
        (false, false) if numeric => number(left).cmp(&number(right)),
        (false, false) => compare(left, right).unwrap_or(Ordering::Equal),
        (left, right) => right.cmp(&left),
    }
}
