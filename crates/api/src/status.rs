use serde::Serialize;
use vestibule_core::shape::Shape;

/// `{"status":true}`, the answer of endpoints that only do something.
#[derive(Debug, Serialize, Shape)]
pub(crate) struct Status {
    status: bool,
}

impl Status {
    pub(crate) const DONE: Self = Self { status: true };
}
