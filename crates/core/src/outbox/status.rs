//! How things stand, for people.

use super::Outbox;
use super::delivery::subscriber_of;
use super::models::{DeadLetter, Lane, OutboxEvent, Position};
use crate::Timestamp;
use crate::error::Result;
use crate::store::{Filter, Find, ModelRow as _, Order};

/// Endpoints that are listed; more have no place in one configuration.
const ENDPOINTS_LIMIT: u32 = 1_000;

/// The outbox at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Events that are kept.
    pub events: u64,
    /// The number of the newest one; zero where there was none yet.
    pub last: i64,
    /// Every endpoint that events were ever handed out to.
    pub endpoints: Vec<EndpointStatus>,
}

/// What one endpoint has still to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointStatus {
    pub name: String,
    /// The last event that was handed out.
    pub position: i64,
    /// Users with events on their way.
    pub users: u64,
    /// Of these, those whose last attempt failed.
    pub failing: u64,
    /// Since when the longest of them waits: the time of the oldest event on its way.
    pub oldest: Option<Timestamp>,
    pub last_error: Option<String>,
    pub dead_letters: u64,
}

impl Outbox {
    pub async fn status(&self) -> Result<Status> {
        self.number().await?;
        let model = |name| self.auth.model(name).clone();
        let events = self.store().count(model(OutboxEvent::MODEL), Filter::EVERYTHING).await?;
        let last = self.last_number().await?;
        let mut endpoints = Vec::new();
        for position in
            self.table::<Position>().find_many(Filter::EVERYTHING, ENDPOINTS_LIMIT).await?
        {
            if let Some(name) = subscriber_of(&position) {
                endpoints.push(self.endpoint_status(name, position.value).await?);
            }
        }
        endpoints.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(Status { events, last, endpoints })
    }

    async fn endpoint_status(&self, name: &str, position: i64) -> Result<EndpointStatus> {
        let store = self.store();
        let lanes = Lane::ENDPOINT.eq(name);
        let failing = lanes.clone().and(Lane::ATTEMPTS.gt(0));
        let first = Find {
            order: vec![(Lane::AFTER.position, Order::Ascending)],
            ..self.find::<Lane>(lanes.clone())
        };
        let first = store.find_one(first).await?.map(Lane::from_row).transpose()?;
        let oldest = match first {
            Some(lane) => self.events(OutboxEvent::SEQUENCE.gt(lane.after), 1).await?,
            None => Vec::new(),
        };
        let failed = self.table::<Lane>().find_one(failing.clone()).await?;
        let model = |name| self.auth.model(name).clone();
        Ok(EndpointStatus {
            name: name.to_owned(),
            position,
            users: store.count(model(Lane::MODEL), lanes).await?,
            failing: store.count(model(Lane::MODEL), failing).await?,
            oldest: oldest.first().map(|event| event.time),
            last_error: failed.and_then(|lane| lane.error),
            dead_letters: store
                .count(model(DeadLetter::MODEL), DeadLetter::ENDPOINT.eq(name))
                .await?,
        })
    }
}
