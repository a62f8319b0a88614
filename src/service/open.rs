//! 已查看: a person pressed 打开 on the page. The first press stands.

use super::note::{Note, event_of_visit};
use super::visit::Visiting;
use super::{Service, ServiceError};
use crate::domain::evidence::EventKind;
use crate::store::Answer;
use crate::store::deliveries::OnceFact;

/// Notes that the text of the page was opened.
///
/// # Errors
/// There is no randomness for the event's id.
pub fn open_text(service: &Service, visiting: &Visiting) -> Result<Answer<bool>, ServiceError> {
    let event =
        event_of_visit(service, visiting, EventKind::Opened, service.now())?.fact("what", "text");
    let note = Note { delivery: visiting.delivery, facts: vec![(OnceFact::Opened, event)] };
    Ok(service.lanes.note.submit(note))
}
