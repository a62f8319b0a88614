//! The story of one delivery (流转记录): everything that is known of it, oldest first.

use std::collections::BTreeSet;

use super::board::{Bounds, next_of};
use super::scope::Scope;
use super::{Service, ServiceError};
use crate::domain::evidence::EventKind;
use crate::domain::ids::{AccountId, DeliveryId};
use crate::domain::time::Timestamp;
use crate::store::board::{
    Owed, ReceiptLine, ReturnLine, owed_list_of_notice, return_list_of_notice, signature_find,
};
use crate::store::deadline_moves::move_list_of_notice;
use crate::store::deliveries::Delivery;
use crate::store::events::{StoredEvent, event_list_of_delivery};
use crate::store::notices::Notice;
use crate::store::story::{AttemptLine, Names, attempt_list_of_delivery, names_of_delivery};

mod sentences;

pub(super) use sentences::staff_of;
pub use sentences::{Sentence, Tone, story_sentences};

/// Everything that is known of one delivery.
#[derive(Debug, Clone)]
pub struct Story {
    /// Its notice.
    pub notice: Notice,
    /// The delivery.
    pub delivery: Delivery,
    /// Its events and those of its notice, oldest first.
    pub events: Vec<StoredEvent>,
    /// Its attempts, oldest first.
    pub attempts: Vec<AttemptLine>,
    /// Names behind ids.
    pub names: Names,
    /// Who signed.
    pub signature: Option<ReceiptLine>,
    /// What came back or was asked for.
    pub returns: Vec<ReturnLine>,
    /// The deadline before a corrected holiday table moved it first.
    pub deadline_before: Option<Timestamp>,
    /// What comes next, and when.
    pub next: Option<(Timestamp, Owed)>,
    /// How the notice ended, and what stands before and after it.
    pub bounds: Bounds,
    /// When it was read.
    pub read_at: Timestamp,
}

/// An act of staff as the log tells it.
#[derive(Debug, Clone)]
pub struct Act {
    /// Name of who did it.
    pub who: String,
    /// When.
    pub at: Timestamp,
    /// Why, while it has not been deleted.
    pub reason: Option<String>,
}

impl Story {
    /// The last act of a kind, if staff did one.
    #[must_use]
    pub fn last(&self, kind: EventKind) -> Option<Act> {
        let event = self.events.iter().rfind(|event| event.kind == kind.as_str())?;
        let who = self.names.accounts.get(&staff_of(&event.actor)?)?.clone();
        Some(Act { who, at: event.at, reason: event.personal.get("reason").cloned() })
    }
}

/// Reads a story.
///
/// # Errors
/// [`ServiceError::NotFound`], whether the delivery is absent or out of reach.
pub fn read(service: &Service, scope: Scope, id: DeliveryId) -> Result<Story, ServiceError> {
    let read_at = service.now();
    service.store.read(|conn| {
        let delivery = scope.delivery(conn, id)?;
        let notice = scope.notice(conn, delivery.notice_id)?;
        let events = event_list_of_delivery(conn, notice.id, id)?;
        let staff: BTreeSet<AccountId> =
            events.iter().filter_map(|event| sentences::staff_of(&event.actor)).collect();
        let staff: Vec<AccountId> = staff.into_iter().collect();
        let returns = return_list_of_notice(conn, notice.id)?;
        let mut owed = owed_list_of_notice(conn, notice.id)?;
        Ok(Story {
            attempts: attempt_list_of_delivery(conn, id)?,
            names: names_of_delivery(conn, id, &staff)?,
            signature: signature_find(conn, id)?,
            returns: returns.into_iter().filter(|one| one.delivery_id == id).collect(),
            next: next_of(owed.remove(&id).unwrap_or_default(), read_at),
            deadline_before: move_list_of_notice(conn, notice.id)?.remove(&id),
            bounds: Bounds::read(conn, notice.id)?,
            notice,
            delivery,
            events,
            read_at,
        })
    })
}
