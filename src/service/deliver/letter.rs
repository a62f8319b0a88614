//! The words of one message, written when it is sent: a link token is never stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::adapters::mail::Mailbox;
use crate::channel::email::Envelope;
use crate::channel::webhook::WebhookMessage;
use crate::domain::address::WebhookUrl;
use crate::domain::ids::{MessageId, NoticeId};
use crate::domain::message::{Channel, message_id_header};
use crate::domain::notice::NoticeDraft;
use crate::domain::time::Timestamp;
use crate::service::{Service, short_code};
use crate::store::StoreError;
use crate::store::letters::{
    Basis, Letter, message_letter, message_letters, notice_header_of_version,
};
use crate::store::outbox::Taken;

use super::ways::Written;

mod words;

/// Headers kept at hand; a worker rarely has mails of more notices at once.
const HEADERS_KEPT: usize = 8;

/// What letters are written from, read ahead: headers of issued versions, which never change, and
/// the letters of one taking.
#[derive(Debug, Default)]
pub(super) struct Headers {
    versions: BTreeMap<(NoticeId, i32), Arc<NoticeDraft>>,
    letters: BTreeMap<MessageId, Letter>,
}

impl Headers {
    /// Reads all letters of a taking at once. What cannot be read so is read when its turn comes;
    /// the last look before each leaves is as late as ever.
    pub(super) fn read_ahead(&mut self, service: &Service, taken: &[Taken]) {
        let ids: Vec<MessageId> = taken.iter().map(|one| one.id).collect();
        let read = service.store.read(|conn| message_letters(conn, &ids));
        self.letters = read.unwrap_or_default();
    }

    fn letter(&mut self, service: &Service, id: MessageId) -> Result<Letter, StoreError> {
        match self.letters.remove(&id) {
            Some(letter) => Ok(letter),
            None => service.store.read(|conn| message_letter(conn, id)),
        }
    }

    fn of(
        &mut self,
        service: &Service,
        notice: NoticeId,
        version: i32,
    ) -> Result<Arc<NoticeDraft>, StoreError> {
        let key = (notice, version);
        if let Some(known) = self.versions.get(&key) {
            return Ok(Arc::clone(known));
        }
        let read = service.store.read(|conn| notice_header_of_version(conn, notice, version))?;
        if self.versions.len() >= HEADERS_KEPT {
            self.versions.clear();
        }
        let header = Arc::new(read);
        self.versions.insert(key, Arc::clone(&header));
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
    /// There is nothing to tell any more, for this reason.
    #[error("{0}")]
    Moot(&'static str),
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

/// Writes a message in the form of its way, and says on what it rests.
pub(super) fn write(
    service: &Service,
    headers: &mut Headers,
    taken: &Taken,
    now: Timestamp,
) -> Result<(Written, Basis), NoLetter> {
    if !service.outlets.has(taken.channel) {
        return Err(NoLetter::Unwritable(format!("there is no way {} here", taken.channel)));
    }
    let letter = headers.letter(service, taken.id)?;
    let header = match taken.notice_id {
        Some(notice) => Some(headers.of(service, notice, taken.version)?),
        None => None,
    };
    let told = words::Told {
        service,
        letter: &letter,
        header: header.as_deref(),
        address: taken.address_id,
        now,
    };
    let message_id = message_id_header(taken.id, &service.settings.message_id_domain);
    let basis = letter.basis();
    let written = match taken.channel {
        Channel::Email => {
            let rendered = told.mail()?;
            let to = Mailbox { name: letter.contact_name, address: letter.address };
            let return_path = service.return_path(taken.id);
            let envelope = Envelope { to, return_path, message_id, date: now };
            Written::Mail(Box::new((envelope, rendered)))
        }
        Channel::Webhook => {
            let url = WebhookUrl::parse(&letter.address)
                .map_err(|fault| NoLetter::Unwritable(fault.to_string()))?;
            // Without brackets and domain: telling as little as the header of a mail does.
            let id = message_id.split('@').next().unwrap_or_default().replace('<', "");
            let body = told.webhook_body(id.clone())?;
            let secret = service.keys.webhook_secret(taken.address_id);
            Written::Call(Box::new(WebhookMessage { url, id, secret, at: now, body }))
        }
        Channel::Sms => {
            let attempt = u32::try_from(taken.number).unwrap_or(1);
            let text = told.sms(attempt)?.text();
            if taken.purpose.carries_link() {
                let (link, generation) = told.link()?;
                short_code::keep(service, link, generation, now)
                    .map_err(|error| NoLetter::Store(short_code::store_error(error)))?;
            }
            Written::Text { mobile: letter.address, text }
        }
    };
    Ok((written, basis))
}
