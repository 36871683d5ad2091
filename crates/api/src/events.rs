//! `GET /events`
//!
//! Ours, not the reference's: the outbox, read by a service of one's own.

use std::sync::Arc;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use vestibule_core::error::ErrorCode;
use vestibule_core::outbox::{Event, EventType, Read};
use vestibule_core::prelude::*;

use crate::Core;

/// Events of one answer at most.
const LIMIT: u32 = 1_000;

const DEFAULT_LIMIT: u32 = 100;

/// The outbox is off.
const OUTBOX_OFF: ErrorCode = ErrorCode {
    code: "OUTBOX_OFF",
    message: "There are no events: the outbox is off. `[outbox]` with `enabled = true` in the \
              configuration switches it on, and `vestibule migrate` makes its tables",
};

/// Nobody has said which service asks.
const SERVICE_KEY_REQUIRED: ErrorCode = ErrorCode {
    code: "SERVICE_KEY_REQUIRED",
    message: "Events are for services: send the header `x-vestibule-service-key` with the key that \
              `vestibule secret derive --service NAME` prints for `[services.NAME]`",
};

/// The reader was away for longer than events are kept.
const EVENTS_GONE: ErrorCode = ErrorCode {
    code: "EVENTS_GONE",
    message: "Events after this cursor have been cleaned away: begin again without `after`, and run \
              `vestibule outbox replay --all-users` to be told of every user",
};

/// The reader knows more than the database.
const CURSOR_AHEAD: ErrorCode = ErrorCode {
    code: "CURSOR_AHEAD",
    message: "No event has come as far as this cursor, so the database is an older copy: begin again \
              without `after`, and run `vestibule outbox replay --all-users` to be told of every user",
};

pub(crate) fn endpoint(core: &Arc<Core>) -> Endpoint {
    Endpoint::get("/events", core, events).id("listEvents").no_store()
}

#[derive(Deserialize, Shape)]
struct Wanted {
    /// The `next` of the answer before; without it, events begin at the oldest that is kept
    after: Option<String>,
    /// How many events at most, from 1 to 1000. Default is 100
    limit: Option<String>,
    /// The types to answer, with commas between them. Eg: "user.created,user.updated"
    types: Option<String>,
}

#[derive(Serialize, Shape)]
struct Events {
    /// What happened, in order
    events: Vec<Json>,
    /// The `after` of the next request
    next: String,
}

async fn events(_: &Core, call: &mut Call, wanted: Wanted) -> Result<Events> {
    let Some(outbox) = call.auth().outbox() else { return Err(Error::not_found(OUTBOX_OFF)) };
    if call.service().is_none() {
        return Err(Error::unauthorized(SERVICE_KEY_REQUIRED));
    }
    let after = wanted.after.as_deref().map_or(Ok(0), |text| whole(text, "after", 0, i64::MAX))?;
    let limit = wanted
        .limit
        .as_deref()
        .map_or(Ok(i64::from(DEFAULT_LIMIT)), |text| whole(text, "limit", 1, i64::from(LIMIT)))?;
    let kinds = wanted.types.as_deref().map_or(Ok(Vec::new()), types)?;
    let limit = u32::try_from(limit).unwrap_or(DEFAULT_LIMIT);
    match outbox.page(after, &kinds, limit).await? {
        Read::Page(page) => {
            let events = page.events.iter().map(event_json).collect::<Result<_>>()?;
            Ok(Events { events, next: page.next.to_string() })
        }
        Read::TooOld => Err(Error::refusal(StatusCode::GONE, EVENTS_GONE)),
        Read::NotYet => Err(Error::refusal(StatusCode::GONE, CURSOR_AHEAD)),
    }
}

fn event_json(event: &Event) -> Result<Json> {
    serde_json::to_value(event)
        .map_err(|error| Error::internal("write an event").with_source(error))
}

fn whole(text: &str, name: &str, minimum: i64, maximum: i64) -> Result<i64> {
    let number = text.parse().ok().filter(|number| (minimum..=maximum).contains(number));
    number.ok_or_else(|| match name {
        "after" => invalid("[query.after] expected the `next` of an answer".to_owned()),
        _ => invalid(format!("[query.{name}] expected a number from {minimum} to {maximum}")),
    })
}

fn types(text: &str) -> Result<Vec<EventType>> {
    text.split(',')
        .map(|name| name.trim().parse().map_err(|error| invalid(format!("[query.types] {error}"))))
        .collect()
}

fn invalid(message: String) -> Error {
    Error::bad_request(message).with_code("VALIDATION_ERROR")
}
