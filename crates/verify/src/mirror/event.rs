//! [`Event`], what the auth server's outbox tells.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Timestamp;

/// Something that happened to a user, with the whole state it led to.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// The same in every delivery.
    pub id: String,
    /// `user.created`, `user.updated`, `user.deleted`, `user.email_verified`, `session.created`,
    /// `session.revoked`, `account.linked`, `account.unlinked`; or one that a newer server has.
    pub kind: String,
    /// Grows from event to event.
    pub sequence: i64,
    pub time: Timestamp,
    pub user_id: String,
    /// `{"user": ..}`, `{"session": ..}` or `{"account": ..}`.
    pub data: Map<String, Value>,
}

/// JSON that is no event.
#[derive(Debug, thiserror::Error)]
#[error("this is no event of the outbox: {0}")]
pub struct InvalidEvent(&'static str);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    /// Text, since JavaScript's numbers end at 2^53.
    sequence: String,
    time: String,
    user_id: String,
    #[serde(default)]
    data: Map<String, Value>,
}

impl Event {
    pub fn from_json(json: &[u8]) -> Result<Self, InvalidEvent> {
        let value = serde_json::from_slice(json).map_err(|_| InvalidEvent("it is no JSON"))?;
        Self::from_value(value)
    }

    pub(super) fn from_value(value: Value) -> Result<Self, InvalidEvent> {
        let wire: Wire = serde_json::from_value(value)
            .map_err(|_| InvalidEvent("a member is absent, or of another type"))?;
        if wire.user_id.is_empty() {
            return Err(InvalidEvent("`userId` is empty"));
        }
        let sequence = wire.sequence.parse();
        Ok(Self {
            id: wire.id,
            kind: wire.kind,
            sequence: sequence.map_err(|_| InvalidEvent("`sequence` is no whole number"))?,
            time: Timestamp::parse(&wire.time).ok_or(InvalidEvent("`time` is no date"))?,
            user_id: wire.user_id,
            data: wire.data,
        })
    }

    /// The user's fields, if the event is about the user.
    pub fn user(&self) -> Option<&Map<String, Value>> {
        self.data.get("user")?.as_object()
    }
}
