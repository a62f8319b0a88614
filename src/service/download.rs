//! 打开 and 下载 of a file: both are acts of a person on the page, so both count as 已查看; only
//! 下载 counts as 已下载. The bytes leave once the note is durable.

use super::note::{Note, event_of_visit};
use super::offer::offer_in_force;
use super::visit::Visiting;
use super::{Service, ServiceError};
use crate::adapters::files::Opened;
use crate::domain::evidence::EventKind;
use crate::domain::ids::FileId;
use crate::domain::notice::NoticeState;
use crate::store::Answer;
use crate::store::deliveries::OnceFact;
use crate::store::drafts::NoticeFile;

/// What the person pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taking {
    /// 打开: look at it in the browser.
    Look,
    /// 下载: keep it.
    Keep,
}

/// A file that was asked for, checked against its digest.
pub struct Taken {
    /// What it is.
    pub file: NoticeFile,
    /// Its bytes.
    pub content: Opened,
    /// When the note is durable, the bytes may go.
    pub noted: Answer<bool>,
}

/// Hands out a file of the version in force.
///
/// # Errors
/// [`ServiceError::NotFound`] for a file of another notice or version, or of a notice that was
/// recalled or revoked; the file store's own.
pub fn take_file(
    service: &Service,
    visiting: &Visiting,
    file: FileId,
    taking: Taking,
) -> Result<Taken, ServiceError> {
    if matches!(visiting.notice_state, NoticeState::Recalled | NoticeState::Revoked) {
        return Err(ServiceError::NotFound);
    }
    let offer = offer_in_force(service, visiting.notice, visiting.version)?;
    let file = offer.file(file).ok_or(ServiceError::NotFound)?.clone();
    // Every byte is checked first: what cannot be handed out is not noted as taken.
    let content = service.files.open(&file.sha256)?;
    let now = service.now();
    let event = |kind| {
        let event = event_of_visit(service, visiting, kind, now)?;
        Ok::<_, ServiceError>(event.fact("what", "file").digest("file", file.sha256))
    };
    let mut facts = vec![(OnceFact::Opened, event(EventKind::Opened)?)];
    if taking == Taking::Keep {
        facts.push((OnceFact::Downloaded, event(EventKind::Downloaded)?));
    }
    let noted = service.lanes.note.submit(Note { delivery: visiting.delivery, facts });
    Ok(Taken { file, content, noted })
}
