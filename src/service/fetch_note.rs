//! 已取回: some program loaded the page behind a link. It says nothing about a person; mail
//! gateways load every link. This is all that a GET may leave behind.

use super::note::Note;
use super::visit::Arrival;
use super::{Service, ServiceError};
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::EventId;
use crate::store::Answer;
use crate::store::deliveries::OnceFact;

/// Notes the first arrival at a delivery; `None` if there was one before.
///
/// # Errors
/// There is no randomness for the event's id.
pub fn note_fetched(
    service: &Service,
    arrival: &Arrival,
) -> Result<Option<Answer<bool>>, ServiceError> {
    if arrival.was_fetched {
        return Ok(None);
    }
    let now = service.now();
    let id = EventId::new(now, service.entropy()?);
    let version = u32::try_from(arrival.version).unwrap_or(0);
    let event = Event::new(id, EventKind::LinkFetched, now, Actor::Link(arrival.link))
        .notice(arrival.notice, version)
        .delivery(arrival.delivery)
        .link(arrival.link);
    let note = Note { delivery: arrival.delivery, facts: vec![(OnceFact::Fetched, event)] };
    Ok(Some(service.lanes.note.submit(note)))
}
