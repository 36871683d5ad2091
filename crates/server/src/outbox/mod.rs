//! The outbox's end in the server: what the configuration says of it, and the worker that delivers.
//!
//! The engine writes events and keeps their order (`vestibule_core::outbox`); here they become signed
//! POSTs to `[[webhooks.endpoints]]`.

mod options;
mod worker;

pub(crate) use options::{Endpoint, EndpointOptions, OutboxOptions, OutboxSettings};
pub(crate) use worker::{Parts, Worker};
