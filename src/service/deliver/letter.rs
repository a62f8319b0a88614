//! The words of one message, written when it is sent: a link token is never stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::adapters::mail::Mailbox;
use crate::channel::email::{AddressedAs, Envelope, InvitationKind, InvitationWords, Rendered};
use crate::domain::delivery::Addressee;
use crate::domain::ids::NoticeId;
use crate::domain::message::message_id_header;
use crate::domain::notice::NoticeDraft;
use crate::domain::time::Timestamp;
use crate::service::Service;
use crate::store::StoreError;
use crate::store::outbox::{Letter, Taken, message_letter, notice_header_of_version};

/// Headers kept at hand; a worker rarely has mails of more notices at once.
const HEADERS_KEPT: usize = 8;

/// Headers of issued versions, which never change.
#[derive(Debug, Default)]
pub(super) struct Headers(BTreeMap<(NoticeId, i32), Arc<NoticeDraft>>);

impl Headers {
    fn of(
        &mut self,
        service: &Service,
        notice: NoticeId,
        version: i32,
    ) -> Result<Arc<NoticeDraft>, StoreError> {
        let key = (notice, version);
        if let Some(known) = self.0.get(&key) {
            return Ok(Arc::clone(known));
        }
        let read = service.store.read(|conn| notice_header_of_version(conn, notice, version))?;
        if self.0.len() >= HEADERS_KEPT {
            self.0.clear();
        }
        let header = Arc::new(read);
        self.0.insert(key, Arc::clone(&header));
        Ok(header)
    }
}

/// Why a message has no words.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoLetter {
    /// It cannot be read now; later perhaps.
    #[error(transparent)]
    Store(StoreError),
    /// It can never be written as it stands.
    #[error("{0}")]
    Unwritable(String),
}

impl From<StoreError> for NoLetter {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Inconsistent { .. } | StoreError::NotFound => {
                Self::Unwritable(error.to_string())
            }
            passing => Self::Store(passing),
        }
    }
}

/// Writes the mail of a message.
pub(super) fn write(
    service: &Service,
    headers: &mut Headers,
    taken: &Taken,
    now: Timestamp,
) -> Result<(Envelope, Rendered), NoLetter> {
    let letter = service.store.read(|conn| message_letter(conn, taken.id))?;
    if letter.channel != "email" {
        return Err(NoLetter::Unwritable(format!("there is no way {:?}", letter.channel)));
    }
    let notice = taken.notice_id.ok_or_else(|| NoLetter::Unwritable("it has no notice".into()))?;
    let header = headers.of(service, notice, taken.version)?;
    let words = words(service, &letter, &header, now)?;
    let rendered = words.render().map_err(|error| NoLetter::Unwritable(error.to_string()))?;
    let envelope = Envelope {
        to: Mailbox { name: letter.contact_name, address: letter.address },
        return_path: service.return_path(taken.id),
        message_id: message_id_header(taken.id, &service.settings.message_id_domain),
        date: now,
    };
    Ok((envelope, rendered))
}

fn words(
    service: &Service,
    letter: &Letter,
    header: &NoticeDraft,
    now: Timestamp,
) -> Result<InvitationWords, NoLetter> {
    let unwritable = |what: &str| NoLetter::Unwritable(what.to_owned());
    let (link, generation) = letter.link.ok_or_else(|| unwritable("it has no link"))?;
    let generation =
        u32::try_from(generation).map_err(|_| unwritable("its link has no generation"))?;
    let token = service.keys.link_token(link, generation);
    let overdue = letter.deadline_at.is_some_and(|deadline| now > deadline);
    let kind = match letter.purpose.as_str() {
        "invitation" => InvitationKind::First,
        "reminder" => {
            let nth = u32::try_from(letter.reminders).unwrap_or(u32::MAX).max(1);
            InvitationKind::Reminder { nth, overdue }
        }
        "resend" => InvitationKind::Resend,
        other => return Err(unwritable(&format!("nobody knows the purpose {other:?}"))),
    };
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    Ok(InvitationWords {
        urgency_word: letter.urgency.word_zh().to_owned(),
        document_number: given(&letter.document_number),
        title: header.title.trim().to_owned(),
        dispatching_organ: header.dispatching_organ.trim().to_owned(),
        organization_name: letter.organization_name.clone(),
        deadline: letter.deadline_at,
        deadline_origin: letter.deadline_origin.clone(),
        link: format!("{}/l/{token}", service.settings.public_url),
        duty_phone: header.duty_phone.trim().to_owned(),
        contact_person: given(&header.contact_person),
        network: service.settings.network,
        kind,
        addressed_as: match letter.addressee {
            Addressee::Primary => AddressedAs::Primary,
            Addressee::Copy => AddressedAs::Copy,
        },
    })
}
