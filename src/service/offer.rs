//! What a version of a notice offers to its recipients. An issued version never changes, so it
//! is read once and kept in memory; whether it is still in force is asked every time elsewhere.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Service, ServiceError};
use crate::domain::digest::Sha256Digest;
use crate::domain::ids::{FileId, NoticeId, OrganizationId};
use crate::domain::notice::{FileRole, NoticeDraft, NoticeState};
use crate::domain::receipt::OfferedFile;
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;
use crate::store::drafts::{NoticeFile, file_list};
use crate::store::notices::notice_find;

/// One issued version: header, text and files.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The notice.
    pub notice: NoticeId,
    /// Which version.
    pub version: i32,
    /// The issuing office.
    pub issuer: OrganizationId,
    /// Its name.
    pub issuer_name: String,
    /// The header, as typed and checked at issue.
    pub header: NoticeDraft,
    /// The level.
    pub urgency: Urgency,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// What was released and issued.
    pub digest: Option<Sha256Digest>,
    /// Its files in the order of the notice.
    pub files: Vec<NoticeFile>,
}

impl Offer {
    /// The file of that id.
    #[must_use]
    pub fn file(&self, id: FileId) -> Option<&NoticeFile> {
        self.files.iter().find(|file| file.id == id)
    }

    /// One digest over those of its files, in their order.
    #[must_use]
    pub fn files_digest(&self) -> Sha256Digest {
        let files: Vec<u8> =
            self.files.iter().flat_map(|file| file.sha256.as_bytes().to_vec()).collect();
        Sha256Digest::of(&files)
    }

    /// How many 附件 it has.
    #[must_use]
    pub fn attachments(&self) -> usize {
        self.files.iter().filter(|file| file.role == FileRole::Attachment).count()
    }

    /// Its files as a receipt binds them.
    #[must_use]
    pub fn offered_files(&self) -> Vec<OfferedFile> {
        let offered = |file: &NoticeFile| OfferedFile {
            name: file.name.clone(),
            size: u64::try_from(file.size_bytes).unwrap_or(0),
            sha256: file.sha256,
        };
        self.files.iter().map(offered).collect()
    }

    /// The digest of the text on the page, if there is text.
    #[must_use]
    pub fn text_sha256(&self) -> Option<Sha256Digest> {
        let body = &self.header.body;
        (!body.trim().is_empty()).then(|| Sha256Digest::of(body.as_bytes()))
    }

    /// The version as evidence writes it.
    #[must_use]
    pub fn version_number(&self) -> u32 {
        u32::try_from(self.version).unwrap_or(0)
    }
}

/// Versions kept, at most; beyond it all are read afresh.
const OFFERS_MAX: usize = 64;

type Kept = HashMap<(NoticeId, i32), Arc<Offer>>;

/// Issued versions in memory. Cheap to clone; clones show the same.
#[derive(Clone, Default)]
pub struct Offers(Arc<Mutex<Kept>>);

impl Offers {
    /// The version of that number, if it is in memory.
    pub(super) fn get(&self, notice: NoticeId, version: i32) -> Option<Arc<Offer>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&(notice, version)).cloned()
    }

    fn keep(&self, offer: &Arc<Offer>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= OFFERS_MAX {
            kept.clear();
        }
        kept.insert((offer.notice, offer.version), Arc::clone(offer));
    }
}

/// What the notice offers in the version just seen in force, or in a newer one that came since.
///
/// # Errors
/// [`ServiceError::NotFound`] for a notice that was never issued, else the store's own.
pub fn offer_in_force(
    service: &Service,
    notice: NoticeId,
    version: i32,
) -> Result<Arc<Offer>, ServiceError> {
    if let Some(known) = service.offers.get(notice, version) {
        return Ok(known);
    }
    let found = service.store.read(|conn| {
        let Some(notice) = notice_find(conn, notice)? else { return Ok(None) };
        let files = file_list(conn, notice.id, notice.version)?;
        Ok::<_, ServiceError>(Some((notice, files)))
    })?;
    let (notice, files) = found.ok_or(ServiceError::NotFound)?;
    let issued_at = notice.issued_at.ok_or(ServiceError::NotFound)?;
    if matches!(notice.state, NoticeState::Draft | NoticeState::AwaitingRelease) {
        return Err(ServiceError::NotFound);
    }
    let urgency =
        notice.draft.urgency.parse().map_err(|_| {
            ServiceError::Internal(format!("{} was issued without a level", notice.id))
        })?;
    let offer = Arc::new(Offer {
        notice: notice.id,
        version: notice.version,
        issuer: notice.issuer_id,
        issuer_name: notice.issuer_name,
        header: notice.draft,
        urgency,
        issued_at,
        digest: notice.digest,
        files,
    });
    service.offers.keep(&offer);
    Ok(offer)
}
