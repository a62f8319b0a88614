//! Notes on a delivery that are made once: fetched, opened, downloaded. The verbs beside this
//! file say when; here a burst of them is written as one slice.
//!
//! The first note of a kind stands and is told by one event; later ones change nothing.

use std::collections::BTreeMap;

use super::visit::Visiting;
use super::{Service, ServiceError};
use crate::domain::delivery::DeliveryFacts;
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{DeliveryId, EventId};
use crate::domain::time::Timestamp;
use crate::store::deliveries::{Delivery, OnceFact, delivery_lock, delivery_set_from_events};
use crate::store::events::event_append;
use crate::store::tallies::TallyChanges;
use crate::store::{SliceAct, StoreError, Tx};

/// Facts that one request would note on a delivery, each with the event that tells of it.
pub struct Note {
    pub(super) delivery: DeliveryId,
    pub(super) facts: Vec<(OnceFact, Event)>,
}

/// Writes notes.
pub struct NoteAct;

/// The kinds of facts that are noted here, in the order they are written.
const NOTED: [OnceFact; 3] = [OnceFact::Fetched, OnceFact::Opened, OnceFact::Downloaded];

fn place(facts: &mut DeliveryFacts, fact: OnceFact) -> &mut Option<Timestamp> {
    match fact {
        OnceFact::HandedOver => &mut facts.handed_over_at,
        OnceFact::Fetched => &mut facts.fetched_at,
        OnceFact::Opened => &mut facts.opened_at,
        OnceFact::Downloaded => &mut facts.downloaded_at,
        OnceFact::Returned => &mut facts.returned_at,
    }
}

impl SliceAct for NoteAct {
    type Item = Note;
    /// Whether anything was new.
    type Answer = bool;
    const NAME: &'static str = "note";

    fn run(&self, tx: &mut Tx, items: &[Note]) -> Result<Vec<bool>, StoreError> {
        let ids: Vec<DeliveryId> = items.iter().map(|note| note.delivery).collect();
        let mut known: BTreeMap<DeliveryId, Delivery> =
            delivery_lock(tx, &ids)?.into_iter().map(|one| (one.id, one)).collect();
        let mut events = Vec::new();
        let mut moved: [Vec<DeliveryId>; NOTED.len()] = Default::default();
        let mut tallies = TallyChanges::default();
        let mut answers = Vec::with_capacity(items.len());
        for note in items {
            let delivery = known.get_mut(&note.delivery).ok_or(StoreError::NotFound)?;
            let before = delivery.facts;
            for (fact, event) in &note.facts {
                let at = place(&mut delivery.facts, *fact);
                if at.is_none() {
                    *at = Some(event.at);
                    events.push(event.clone());
                    for (kind, ids) in NOTED.iter().zip(moved.iter_mut()) {
                        if kind == fact {
                            ids.push(note.delivery);
                        }
                    }
                }
            }
            let is_new = delivery.facts != before;
            if is_new {
                tallies.note(delivery.notice_id, &before, &delivery.facts, Timestamp::default());
            }
            answers.push(is_new);
        }
        event_append(tx, &events)?;
        for (fact, ids) in NOTED.iter().zip(&moved) {
            let rows = delivery_set_from_events(tx, ids, *fact)?;
            if rows != ids.len() {
                return Err(StoreError::Inconsistent {
                    table: "deliveries",
                    id: format!("{} deliveries", ids.len()),
                    what: format!("{fact:?} was set on {rows} of them"),
                });
            }
        }
        tallies.write(tx)?;
        Ok(answers)
    }
}

/// An event of a visit, about its delivery.
pub(super) fn event_of_visit(
    service: &Service,
    visiting: &Visiting,
    kind: EventKind,
    now: Timestamp,
) -> Result<Event, ServiceError> {
    let id = EventId::new(now, service.entropy()?);
    let version = u32::try_from(visiting.version).unwrap_or(0);
    Ok(Event::new(id, kind, now, Actor::Link(visiting.link))
        .notice(visiting.notice, version)
        .delivery(visiting.delivery)
        .link(visiting.link))
}
