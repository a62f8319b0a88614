//! 登记查看: somebody who came after the signature leaves a name. The receipt stays as it is.

use super::note::event_of_visit;
use super::return_notice::personal;
use super::visit::Visiting;
use super::{Service, ServiceError};
use crate::domain::evidence::EventKind;
use crate::domain::ids::EventId;
use crate::domain::stated_person::{PersonFaults, StatedPerson};
use crate::store::Tx;
use crate::store::deliveries::delivery_lock;
use crate::store::events::event_append;
use crate::store::viewings::{Viewing, viewing_insert, viewing_list_of_delivery};

/// What became of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// Kept, under this event; the same person twice is one.
    Yes(EventId),
    /// Nobody signed yet: whoever is first should sign instead.
    NotSigned,
    /// The form has mistakes.
    Mistaken(PersonFaults),
}

/// Persons who register at one delivery: more than any office has desks. A link that leaked must
/// not fill the register.
const VIEWINGS_MAX: usize = 100;
const FULL_ZH: &str = "本件登记查看的已满 100 人，不再登记";

/// Registers a person who looked.
///
/// # Errors
/// The store's own.
pub fn register_viewing(
    service: &Service,
    visiting: &Visiting,
    name: &str,
    post: &str,
    phone: &str,
) -> Result<Registered, ServiceError> {
    let now = service.now();
    let person = match StatedPerson::check(name, post, phone) {
        Ok(person) => person,
        Err(faults) => return Ok(Registered::Mistaken(faults)),
    };
    let event = event_of_visit(service, visiting, EventKind::ViewingRegistered, now)?;
    let event = service.with_personal(event, &personal(&person, ""))?;
    let new =
        Viewing { event_id: event.id, delivery_id: visiting.delivery, person, registered_at: now };
    service.store.write("register_viewing", move |tx: &mut Tx| {
        let delivery = delivery_lock(tx, &[new.delivery_id])?.pop();
        let delivery = delivery.ok_or(ServiceError::NotFound)?;
        if delivery.facts.acknowledged_at.is_none() {
            return Ok(Registered::NotSigned);
        }
        let known = viewing_list_of_delivery(tx, new.delivery_id)?;
        if let Some(same) = known.iter().find(|one| one.person == new.person) {
            return Ok(Registered::Yes(same.event_id));
        }
        if known.len() >= VIEWINGS_MAX {
            return Err(ServiceError::Conflict(FULL_ZH.to_owned()));
        }
        event_append(tx, std::slice::from_ref(&event))?;
        viewing_insert(tx, &new)?;
        Ok::<_, ServiceError>(Registered::Yes(new.event_id))
    })
}
