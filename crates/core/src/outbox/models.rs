//! The outbox's own tables. They are there only where the outbox is switched on.

use serde_json::Value as Json;

use crate::Timestamp;
use crate::models::Model;
use crate::store::Extra;

/// One event, as it was written beside the change that it tells of.
#[derive(Debug, Clone, Model)]
#[model(name = "vestibule_outbox")]
pub struct OutboxEvent {
    /// Without the `evt_` that readers see before it.
    #[field(id)]
    pub id: String,
    /// In which order events were written, committed or not.
    #[field(unique, default = counted, big)]
    pub draft: i64,
    /// In which order events are read; null until the event is numbered.
    #[field(unique, big)]
    pub sequence: Option<i64>,
    /// Such as `user.created`.
    pub kind: String,
    /// No reference: events outlive their user.
    #[field(index)]
    pub user_id: String,
    #[field(index)]
    pub time: Timestamp,
    pub data: Json,
    pub extra: Extra,
}

/// How far something has come in the order of events.
#[derive(Debug, Clone, Model)]
#[model(name = "vestibule_outbox_position")]
pub struct Position {
    #[field(id)]
    pub id: String,
    #[field(unique)]
    pub name: String,
    #[field(big)]
    pub value: i64,
    pub extra: Extra,
}

/// What one endpoint has still to be told about one user. The row is gone when that is nothing.
#[derive(Debug, Clone, Model)]
#[model(name = "vestibule_outbox_lane")]
pub struct Lane {
    #[field(id)]
    pub id: String,
    /// User and endpoint in one, since there is one lane for both.
    #[field(unique)]
    pub name: String,
    #[field(index)]
    pub endpoint: String,
    pub user_id: String,
    /// The sequence of the last event that is done with.
    #[field(big)]
    pub after: i64,
    /// The sequence of the last event to deliver.
    #[field(big)]
    pub until: i64,
    /// Failed attempts at the next event.
    pub attempts: i64,
    /// Why the last one failed.
    pub error: Option<String>,
    /// When a worker may take it: after a pause, or when the lease of the one that has it is over.
    #[field(index)]
    pub due_at: Timestamp,
    /// The claim of the worker that has it.
    pub holder: Option<String>,
    pub extra: Extra,
}

/// An event that an endpoint did not take, however often it was tried.
#[derive(Debug, Clone, Model)]
#[model(name = "vestibule_outbox_dead_letter")]
pub struct DeadLetter {
    #[field(id)]
    pub id: String,
    #[field(index)]
    pub endpoint: String,
    /// The event's id, without `evt_`. The event itself may be cleaned away before its dead letter.
    pub event_id: String,
    #[field(big)]
    pub sequence: i64,
    pub kind: String,
    pub user_id: String,
    pub time: Timestamp,
    pub data: Json,
    pub attempts: i64,
    pub error: String,
    pub died_at: Timestamp,
    /// When it is to be tried once more; null until somebody asks for it.
    #[field(index)]
    pub due_at: Option<Timestamp>,
    pub holder: Option<String>,
    pub extra: Extra,
}
