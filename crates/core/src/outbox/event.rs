//! [`Event`], what others are told, and [`EventType`], what it is about.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value as Json;

use super::models::{DeadLetter, OutboxEvent};
use crate::Timestamp;

macro_rules! event_types {
    ($($(#[$doc:meta])* $variant:ident $name:literal,)*) => {
        /// What an event is about.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema,
        )]
        pub enum EventType {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl EventType {
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

event_types! {
    /// A user is there.
    UserCreated "user.created",
    /// A user is as told, whatever was known before.
    UserUpdated "user.updated",
    /// A user is gone, and with them their sessions and accounts.
    UserDeleted "user.deleted",
    /// The user's address is proven; comes after the `user.updated` of the same change.
    UserEmailVerified "user.email_verified",
    /// Somebody signed in.
    SessionCreated "session.created",
    /// A session was ended before its time.
    SessionRevoked "session.revoked",
    /// The user has a further way to sign in.
    AccountLinked "account.linked",
    /// The user has lost a way to sign in.
    AccountUnlinked "account.unlinked",
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Not the name of an event.
#[derive(Debug, thiserror::Error)]
#[error("there is no event {0:?}; there are {known}", known = known())]
pub struct UnknownEventType(String);

fn known() -> String {
    EventType::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

impl FromStr for EventType {
    type Err = UnknownEventType;

    fn from_str(text: &str) -> Result<Self, UnknownEventType> {
        let found = Self::ALL.iter().find(|kind| kind.name() == text);
        found.copied().ok_or_else(|| UnknownEventType(text.to_owned()))
    }
}

/// Something that happened, with the state it led to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The same in every delivery: `evt_` and an id.
    pub id: String,
    /// The name of an [`EventType`], or of one that a newer version knows.
    #[serde(rename = "type")]
    pub kind: String,
    /// Text in JSON, where numbers end at 2^53.
    #[serde(serialize_with = "as_text")]
    pub sequence: i64,
    pub time: Timestamp,
    pub user_id: String,
    /// `{"user": ..}`, `{"session": ..}` or `{"account": ..}`, as answers of the API show them.
    pub data: Json,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn as_text<S: Serializer>(number: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

impl From<OutboxEvent> for Event {
    fn from(row: OutboxEvent) -> Self {
        Self {
            id: public_id(&row.id),
            kind: row.kind,
            // Only numbered events are read.
            sequence: row.sequence.unwrap_or_default(),
            time: row.time,
            user_id: row.user_id,
            data: row.data,
        }
    }
}

impl From<DeadLetter> for Event {
    fn from(row: DeadLetter) -> Self {
        Self {
            id: public_id(&row.event_id),
            kind: row.kind,
            sequence: row.sequence,
            time: row.time,
            user_id: row.user_id,
            data: row.data,
        }
    }
}

fn public_id(id: &str) -> String {
    format!("evt_{id}")
}
