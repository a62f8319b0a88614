//! Files of a draft: streamed in, looked at, and kept only if they are what they say and carry no
//! marking of classified papers. What is refused leaves nothing behind.

use std::io;

use sha2::{Digest as _, Sha256};

use super::compose::{ComposeRefused, OpenDraft, Saved, load};
use super::confirm_marks::{Asked, Confirmed, Confirmer, admit};
use super::send_back::take_back;
use super::{Service, ServiceError};
use crate::adapters::files::sniff::{FileKind, FileRefusal, sniff};
use crate::adapters::files::{FilesFault, Opened, ReadSeek, Upload};
use crate::domain::account::Account;
use crate::domain::classification::{Screening, screen_file_name, screen_text};
use crate::domain::digest::Sha256Digest;
use crate::domain::file_name::FileName;
use crate::domain::ids::{FileId, NoticeId};
use crate::domain::legibility::Legibility;
use crate::domain::notice::{FileRole, NoticeState};
use crate::store::drafts::{NoticeFile, file_delete, file_insert};
use crate::store::notices::notice_touch_draft;
use crate::store::vouchers::unread_note;
use crate::store::{StoreError, Tx, WriteError};

/// Files of one notice, at most.
pub const FILES_MAX: usize = 30;

/// A file that has come in and is not kept yet. Dropping it discards it.
pub struct Incoming {
    /// Its name, as the browser said.
    pub name: String,
    /// Its bytes.
    pub upload: Box<dyn Upload>,
}

/// Why a file was not kept.
#[derive(Debug, thiserror::Error)]
pub enum UploadRefused {
    /// It looks classified; nothing of it was kept.
    #[error("refused by the guard against classified matter")]
    Classified(Screening),
    /// It is not a file that a notice may carry.
    #[error(transparent)]
    File(#[from] FileRefusal),
    /// It is larger than allowed.
    #[error("larger than {0} bytes")]
    TooLarge(u64),
    /// The notice has enough files.
    #[error("a notice carries {FILES_MAX} files at most")]
    TooMany,
    /// The draft cannot be changed.
    #[error(transparent)]
    Draft(#[from] ComposeRefused),
}

impl From<ServiceError> for UploadRefused {
    fn from(error: ServiceError) -> Self {
        Self::Draft(error.into())
    }
}

impl From<StoreError> for UploadRefused {
    fn from(error: StoreError) -> Self {
        Self::Draft(error.into())
    }
}

impl From<FilesFault> for UploadRefused {
    fn from(fault: FilesFault) -> Self {
        match fault {
            FilesFault::TooLarge { bytes_max } => Self::TooLarge(bytes_max),
            other => ServiceError::Internal(other.to_string()).into(),
        }
    }
}

impl WriteError for UploadRefused {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Draft(error) => error.store_error(),
            _ => None,
        }
    }
}

impl UploadRefused {
    /// What to do, in the words of a page.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Classified(found) => found.message_zh().unwrap_or_default(),
            Self::File(refusal) => refusal.to_string(),
            Self::TooLarge(bytes_max) => {
                format!("文件超过 {} MB，没有保存。请压缩或分成几个文件。", bytes_max >> 20)
            }
            Self::TooMany => format!("一份公文最多 {FILES_MAX} 个文件，请合并后再上传。"),
            Self::Draft(refused) => refused.message_zh(),
        }
    }
}

/// Begins an upload, bounded by the installation's limit.
///
/// # Errors
/// The file store cannot be written.
pub fn begin(service: &Service) -> Result<Box<dyn Upload>, UploadRefused> {
    Ok(service.files.begin(service.settings.upload_bytes_max)?)
}

/// A file that may be taken at all, as far as its kind tells. What its name gives away is for
/// [`attach`] to find, and to put on record.
///
/// # Errors
/// [`UploadRefused`] says what to do; the file is gone then.
pub fn of_a_known_kind(mut incoming: Incoming) -> Result<Incoming, UploadRefused> {
    let name = FileName::clean(&incoming.name);
    if !screen_file_name(name.as_str()).refuses() {
        sniff(&name, incoming.upload.look()?.reader.as_mut())?;
    }
    Ok(incoming)
}

/// Keeps a file and hangs it on a draft. The same bytes under the same name are one file.
///
/// # Errors
/// [`UploadRefused`] says what to do; the file is gone then.
pub fn attach(
    service: &Service,
    account: &Account,
    draft: Saved,
    incoming: Incoming,
) -> Result<Saved, UploadRefused> {
    attach_confirmed(service, account, draft, incoming, None)
}

/// The same, with a releaser who confirms what looks like a marking.
///
/// # Errors
/// [`UploadRefused`] says what to do; the file is gone then.
pub fn attach_confirmed(
    service: &Service,
    account: &Account,
    draft: Saved,
    incoming: Incoming,
    confirmer: Option<&Confirmer>,
) -> Result<Saved, UploadRefused> {
    let Incoming { name, mut upload } = incoming;
    let name = FileName::clean(&name);
    let open = load(service, account, draft.id)?;
    if open.files.len() >= FILES_MAX {
        return Err(UploadRefused::TooMany);
    }
    let desk = Desk { service, account, notice: draft.id, into: draft.id, confirmer };
    let (kind, legibility, confirmed) = desk.look(&name, upload.look()?)?;
    let stored = upload.finish()?;
    let same = |file: &NoticeFile| file.sha256 == stored.digest && file.name == name.as_str();
    if open.files.iter().any(same) {
        return Ok(draft);
    }
    let file = NoticeFile {
        id: FileId::new(service.now(), service.entropy()?),
        role: role_of(&name, &open),
        name: name.as_str().to_owned(),
        media_type: kind.media_type().to_owned(),
        size_bytes: i64::try_from(stored.size).unwrap_or(i64::MAX),
        sha256: stored.digest,
    };
    let (version, now) = (open.notice.version, service.now());
    change_files(service, account, &open, draft.revision, move |tx| {
        for confirmed in &confirmed {
            confirmed.write(tx)?;
        }
        if legibility != Legibility::Whole {
            unread_note(tx, file.sha256, legibility, now)?;
        }
        file_insert(tx, draft.id, version, &file)
    })
}

/// Takes a file off a draft; its bytes stay in the store until nothing names them.
///
/// # Errors
/// [`UploadRefused`] says what to do.
pub fn remove(
    service: &Service,
    account: &Account,
    draft: Saved,
    file: FileId,
) -> Result<Saved, UploadRefused> {
    let open = load(service, account, draft.id)?;
    if !open.files.iter().any(|known| known.id == file) {
        return Ok(draft);
    }
    let version = open.notice.version;
    change_files(service, account, &open, draft.revision, move |tx| {
        file_delete(tx, draft.id, version, file)?;
        Ok(())
    })
}

/// Where a file is looked at, and who is there.
pub(super) struct Desk<'d> {
    pub(super) service: &'d Service,
    pub(super) account: &'d Account,
    /// The notice whose confirmations count.
    pub(super) notice: NoticeId,
    /// The notice that a confirmation of now is for.
    pub(super) into: NoticeId,
    pub(super) confirmer: Option<&'d Confirmer>,
}

impl Desk<'_> {
    pub(super) fn look(
        &self,
        name: &FileName,
        mut opened: Opened,
    ) -> Result<(FileKind, Legibility, Vec<Confirmed>), UploadRefused> {
        // The name alone may give it away, whatever the file turns out to be.
        let named = screen_file_name(name.as_str());
        let file = if named.refuses() { digest_of(opened.reader.as_mut())? } else { NO_FILE };
        let mut confirmed = Vec::new();
        confirmed.extend(self.admit(named.of_file(file), "file_name")?);
        let kind = sniff(name, opened.reader.as_mut())?;
        let words = self.service.texts.words_of(kind, opened.reader.as_mut());
        let found = screen_text(&words.text);
        if found.refuses() {
            let file = digest_of(opened.reader.as_mut())?;
            confirmed.extend(self.admit(found.of_file(file), "file_text")?);
        }
        Ok((kind, words.legibility, confirmed))
    }

    fn admit(
        &self,
        found: Screening,
        place: &'static str,
    ) -> Result<Option<Confirmed>, UploadRefused> {
        let (clerk, confirmer) = (self.account, self.confirmer);
        let asked = Asked { clerk, notice: Some(self.notice), place, confirmer };
        match admit(self.service, &asked, found, self.into, self.service.now()) {
            Err(ComposeRefused::Classified(found)) => Err(UploadRefused::Classified(found)),
            other => Ok(other?),
        }
    }
}

/// Bytes read at a time.
const PIECE_BYTES: usize = 64 * 1024;
/// Where nothing was found, nothing is bound to the file.
const NO_FILE: Sha256Digest = Sha256Digest::from_bytes([0; 32]);

fn digest_of(file: &mut dyn ReadSeek) -> Result<Sha256Digest, UploadRefused> {
    let failed = |error: io::Error| ServiceError::Internal(error.to_string());
    file.seek(io::SeekFrom::Start(0)).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0u8; PIECE_BYTES];
    loop {
        let n = file.read(&mut piece).map_err(failed)?;
        match piece.get(..n) {
            Some(bytes) if n > 0 => hash.update(bytes),
            _ => return Ok(Sha256Digest::from_bytes(hash.finalize().into())),
        }
    }
}

/// The first file is 正文, unless it calls itself an attachment.
fn role_of(name: &FileName, open: &OpenDraft) -> FileRole {
    let has_main = open.files.iter().any(|file| file.role == FileRole::Main);
    if has_main || name.as_str().starts_with("附件") {
        FileRole::Attachment
    } else {
        FileRole::Main
    }
}

fn change_files(
    service: &Service,
    account: &Account,
    open: &OpenDraft,
    revision: i32,
    mut change: impl FnMut(&mut Tx) -> Result<(), StoreError> + Send + 'static,
) -> Result<Saved, UploadRefused> {
    let now = service.now();
    let id = open.notice.id;
    let taken_back = match open.notice.state {
        NoticeState::AwaitingRelease => Some(take_back(service, account, open, now)?),
        _ => None,
    };
    service.store.write("change_files", move |tx| {
        if let Some(taken_back) = &taken_back {
            taken_back.write(tx)?;
        }
        if !notice_touch_draft(tx, id, revision, now)? {
            return Err(ComposeRefused::ChangedMeanwhile.into());
        }
        change(tx)?;
        Ok(Saved { id, revision: revision.saturating_add(1) })
    })
}
