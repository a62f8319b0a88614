//! What looks classified is refused at every door; that it happened is kept, and nothing of it.

use super::{Service, ServiceError};
use crate::domain::classification::{Screening, screen_text};
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{DeliveryId, EventId, NoticeId};
use crate::store::events::event_append;

/// Who wrote it, and about what.
#[derive(Debug, Clone, Copy)]
pub struct Writer {
    /// Who.
    pub actor: Actor,
    /// The notice, where there is one.
    pub notice: Option<NoticeId>,
    /// The delivery, where a recipient wrote.
    pub delivery: Option<DeliveryId>,
}

/// What the guard finds in the texts of a form; ordinary letters and digits hold no marking.
pub fn screen_all<'t>(texts: impl Iterator<Item = &'t str>) -> Screening {
    texts
        .filter(|text| !text.is_ascii())
        .map(screen_text)
        .fold(Screening::default(), Screening::and)
}

/// Keeps that something looked classified: who, when, where and which marking, nothing of it.
///
/// # Errors
/// The store's own.
pub fn note_classified(
    service: &Service,
    writer: Writer,
    found: &Screening,
    place: &'static str,
) -> Result<(), ServiceError> {
    let now = service.now();
    let kinds: Vec<&str> = found.markings().map(|marking| marking.as_str()).collect();
    let id = EventId::new(now, service.entropy()?);
    let mut event = Event::new(id, EventKind::ClassifiedRefused, now, writer.actor)
        .fact("markings", kinds.join(","))
        .fact("place", place);
    if let Some(id) = writer.notice {
        event = event.notice(id, 1);
    }
    if let Some(id) = writer.delivery {
        event = event.delivery(id);
    }
    service.store.write("refuse_classified", move |tx| {
        event_append(tx, std::slice::from_ref(&event))?;
        Ok::<_, ServiceError>(())
    })
}
