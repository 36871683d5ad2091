//! What inputs and outputs look like: one value from which validation and OpenAPI come.
//!
//! A handler's input is a struct with `#[derive(Deserialize, Shape)]`. The derive turns it into a
//! [`Type`]; [`check`](check::check) compares a body or query with it and collects every issue in
//! the reference's wording; [`openapi`] writes the same value as JSON Schema.
//! After a successful check the struct is read by serde, which then has nothing left to refuse.

mod check;
pub mod openapi;

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value as Json};

pub use check::{Issue, Source, check, is_email};
/// Describes a struct as input or output; see [`shape`](self).
pub use vestibule_macros::Shape;

use crate::error::Error;

/// A type that can describe itself.
pub trait Shape {
    fn shape() -> Type;
}

/// The types of Better Auth's inputs and outputs.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    Any,
    /// The length is in UTF-16 code units, as JavaScript counts.
    String {
        min_length: usize,
    },
    Email,
    Number,
    Boolean,
    /// Anything, taken as JavaScript's `Boolean(..)` takes it.
    Truthy,
    Array(Box<Type>),
    /// An object with any keys.
    Record,
    Object(Object),
    Nullable(Box<Type>),
    /// A body that may be missing.
    Optional(Box<Type>),
    Enum(&'static [&'static str]),
    /// A row of a model, as answers show it.
    Model(&'static str),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    pub properties: Vec<Property>,
    /// Unknown keys are passed on; the reference says so with a second type, a record.
    pub keeps_unknown: bool,
    /// The model whose additional fields are properties too, as far as clients may set them.
    pub extended_by: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Property {
    pub name: Cow<'static, str>,
    pub ty: Type,
    pub optional: bool,
    pub description: Cow<'static, str>,
}

macro_rules! shapes {
    ($($rust:ty => $ty:expr;)*) => {$(
        impl Shape for $rust {
            fn shape() -> Type {
                $ty
            }
        }
    )*};
}

shapes! {
    String => Type::String { min_length: 0 };
    bool => Type::Boolean;
    i64 => Type::Number;
    f64 => Type::Number;
    Json => Type::Any;
    Map<String, Json> => Type::Record;
    Truthy => Type::Truthy;
    crate::Timestamp => Type::String { min_length: 0 };
}

impl<T: Shape> Shape for Vec<T> {
    fn shape() -> Type {
        Type::Array(Box::new(T::shape()))
    }
}

impl<T: Shape> Shape for Option<T> {
    fn shape() -> Type {
        Type::Optional(Box::new(T::shape()))
    }
}

/// A flag in a query: true for every text but the empty one, `"false"` included.
///
/// Reference quirk: it is coerced by JavaScript's `Boolean(..)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Truthy(pub bool);

impl Truthy {
    pub fn of(value: &Json) -> bool {
        match value {
            Json::Null => false,
            Json::Bool(boolean) => *boolean,
            Json::Number(number) => number.as_f64() != Some(0.0),
            Json::String(text) => !text.is_empty(),
            Json::Array(_) | Json::Object(_) => true,
        }
    }
}

impl<'de> Deserialize<'de> for Truthy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Self::of(&Json::deserialize(deserializer)?)))
    }
}

/// What a request brings: its body, `None` where there was none, and its query.
#[derive(Debug, Clone)]
pub struct Received {
    pub body: Option<Json>,
    /// An object.
    pub query: Json,
}

impl Default for Received {
    fn default() -> Self {
        Self { body: None, query: Json::Object(Map::new()) }
    }
}

/// What an endpoint takes, as data.
#[derive(Debug, Clone, Default)]
pub struct InputTypes {
    pub body: Option<Type>,
    pub query: Option<Type>,
}

impl InputTypes {
    /// Checks the body, then the query; the first of the two that has issues is answered.
    pub fn check(&self, received: &Received) -> Result<(), Error> {
        if let Some(ty) = &self.body {
            let issues = check(ty, received.body.as_ref(), Source::Body);
            if !issues.is_empty() {
                return Err(Error::validation(&issues));
            }
        }
        if let Some(ty) = &self.query {
            let issues = check(ty, Some(&received.query), Source::Query);
            if !issues.is_empty() {
                return Err(Error::validation(&issues));
            }
        }
        Ok(())
    }
}

/// The input of a handler: `()`, a struct (the query of a GET, else the body), or a pair of body and [`Query`].
pub trait Input: Sized + Send {
    fn types(method: &http::Method) -> InputTypes;

    /// Reads what was checked.
    fn take(received: &Received, method: &http::Method) -> Result<Self, Error>;
}

impl Input for () {
    fn types(_: &http::Method) -> InputTypes {
        InputTypes::default()
    }

    fn take(_: &Received, _: &http::Method) -> Result<Self, Error> {
        Ok(())
    }
}

impl<T: Shape + DeserializeOwned + Send> Input for T {
    fn types(method: &http::Method) -> InputTypes {
        if method == http::Method::GET {
            InputTypes { query: Some(T::shape()), body: None }
        } else {
            InputTypes { body: Some(T::shape()), query: None }
        }
    }

    fn take(received: &Received, method: &http::Method) -> Result<Self, Error> {
        if method == http::Method::GET {
            read(&received.query)
        } else {
            read(received.body.as_ref().unwrap_or(&Json::Null))
        }
    }
}

/// The query, whatever the method.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<Q: Shape + DeserializeOwned + Send> Input for Query<Q> {
    fn types(_: &http::Method) -> InputTypes {
        InputTypes { body: None, query: Some(Q::shape()) }
    }

    fn take(received: &Received, _: &http::Method) -> Result<Self, Error> {
        read(&received.query).map(Query)
    }
}

impl<B, Q> Input for (B, Query<Q>)
where
    B: Shape + DeserializeOwned + Send,
    Q: Shape + DeserializeOwned + Send,
{
    fn types(_: &http::Method) -> InputTypes {
        InputTypes { body: Some(B::shape()), query: Some(Q::shape()) }
    }

    fn take(received: &Received, _: &http::Method) -> Result<Self, Error> {
        let body = read(received.body.as_ref().unwrap_or(&Json::Null))?;
        Ok((body, Query(read(&received.query)?)))
    }
}

fn read<T: DeserializeOwned>(value: &Json) -> Result<T, Error> {
    // What the check let pass and serde does not take is a number out of range at most.
    T::deserialize(value).map_err(|error| {
        Error::bad_request(format!("Invalid input: {error}")).with_code("VALIDATION_ERROR")
    })
}
