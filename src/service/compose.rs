//! Writing a draft: begun with its first save, saved against the revision it started from, and
//! open for editing until it is issued.
//!
//! A draft keeps any text but classified matter, of which nothing is stored. An edit of a notice
//! that waits for its release takes it back: what was shown for release is no longer what is there.

use std::collections::BTreeMap;

use super::confirm_marks::{Asked, Confirmer, admit};
use super::pick::{self, Ticks};
use super::send_back::take_back;
use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::classification::{Screening, screen_text};
use crate::domain::digest::Sha256Digest;
use crate::domain::ids::NoticeId;
use crate::domain::notice::{
    DraftFile, Field, NoticeAct, NoticeDraft, NoticeState, WrongState, draft_digest,
};
use crate::store::corrections::{Corrects, corrects_find};
use crate::store::drafts::{
    Decision, NoticeFile, Pick, decision_list, file_list, form_post_claim, form_post_find,
    pick_list, pick_replace,
};
use crate::store::notices::{
    NewNotice, Notice, notice_find_of_issuer, notice_insert, notice_set_header, notice_touch_draft,
};
use crate::store::vouchers::{Unread, unread_list};
use crate::store::{StoreError, WriteError};

/// Why a draft was not saved. Nothing of the save remains.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ComposeRefused {
    /// It looks classified; nothing of it was stored.
    #[error("refused by the guard against classified matter")]
    Classified(Screening),
    /// Another saved in between.
    #[error("the draft was changed by another save")]
    ChangedMeanwhile,
    /// It is no draft any more.
    #[error(transparent)]
    State(#[from] WrongState),
    /// The use-case's own.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<StoreError> for ComposeRefused {
    fn from(error: StoreError) -> Self {
        Self::Service(error.into())
    }
}

impl WriteError for ComposeRefused {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Service(error) => error.store_error(),
            _ => None,
        }
    }
}

impl ComposeRefused {
    /// What to do, in the words of a page.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Classified(screening) => screening.message_zh().unwrap_or_default(),
            Self::ChangedMeanwhile => "这份草稿刚被另一处保存过。您写的还在本页；请另开一页核对\
                 那一份，再决定以哪一份为准：再按一次“保存草稿”即以本页为准。"
                .to_owned(),
            Self::State(wrong) => wrong.message_zh(),
            Self::Service(_) => "没有保存，请稍后再试。".to_owned(),
        }
    }
}

/// What a form holds: header and recipients.
#[derive(Debug, Clone, Default)]
pub struct Content {
    /// The header as typed.
    pub draft: NoticeDraft,
    /// The recipients as ticked.
    pub ticks: Ticks,
}

/// Where a draft stands after a save.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// The notice.
    pub id: NoticeId,
    /// What the next save must start from.
    pub revision: i32,
}

/// A notice before its issue, with all that hangs on it.
#[derive(Debug, Clone)]
pub struct OpenDraft {
    /// The notice.
    pub notice: Notice,
    /// Its recipients.
    pub picks: Vec<Pick>,
    /// Its files.
    pub files: Vec<NoticeFile>,
    /// What was decided about it.
    pub decisions: Vec<Decision>,
    /// 更正: the older notice whose place it is to take.
    pub corrects: Option<Corrects>,
    /// Which of its files no program could read to the end.
    pub unread: BTreeMap<Sha256Digest, Unread>,
}

impl OpenDraft {
    /// The digest of all that would be sent, and to whom.
    #[must_use]
    pub fn digest(&self) -> Sha256Digest {
        let file = |file: &NoticeFile| DraftFile {
            name: file.name.clone(),
            role: file.role,
            sha256: *file.sha256.as_bytes(),
        };
        let files: Vec<DraftFile> = self.files.iter().map(file).collect();
        let recipients: Vec<_> =
            self.picks.iter().map(|pick| (pick.organization_id, pick.addressee)).collect();
        Sha256Digest::from_bytes(draft_digest(&self.notice.draft, &files, &recipients))
    }

    /// The names of files that somebody still has to look through.
    #[must_use]
    pub fn unlooked(&self) -> Vec<&str> {
        let open = |file: &&NoticeFile| {
            self.unread.get(&file.sha256).is_some_and(|unread| unread.vouched.is_none())
        };
        self.files.iter().filter(open).map(|file| file.name.as_str()).collect()
    }
}

/// A notice of the account's own office that has not been issued.
///
/// # Errors
/// [`ServiceError::NotFound`] for absent and foreign ones alike, [`ComposeRefused::State`] for
/// one that is out.
pub fn load(
    service: &Service,
    account: &Account,
    id: NoticeId,
) -> Result<OpenDraft, ComposeRefused> {
    let open = load_whatever_state(service, account, id)?;
    let state = open.notice.state;
    if !matches!(state, NoticeState::Draft | NoticeState::AwaitingRelease) {
        return Err(WrongState { state, act: NoticeAct::AskForRelease }.into());
    }
    Ok(open)
}

/// A notice of the account's own office, issued or not.
///
/// # Errors
/// [`ServiceError::NotFound`] for absent and foreign ones alike.
pub fn load_whatever_state(
    service: &Service,
    account: &Account,
    id: NoticeId,
) -> Result<OpenDraft, ServiceError> {
    service.store.read(|conn| {
        let notice = notice_find_of_issuer(conn, id, account.organization_id)?
            .ok_or(ServiceError::NotFound)?;
        let picks = pick_list(conn, id)?;
        let files = file_list(conn, id, notice.version)?;
        let decisions = decision_list(conn, id)?;
        let corrects = corrects_find(conn, id)?;
        let digests: Vec<Sha256Digest> = files.iter().map(|file| file.sha256).collect();
        let unread = unread_list(conn, id, &digests)?;
        Ok(OpenDraft { notice, picks, files, decisions, corrects, unread })
    })
}

/// Begins a draft. The same form posted again goes on with the draft it began.
///
/// # Errors
/// [`ComposeRefused`] says what to do.
pub fn start(
    service: &Service,
    account: &Account,
    form_key: &str,
    content: Content,
) -> Result<Saved, ComposeRefused> {
    start_confirmed(service, account, form_key, content, None)
}

/// The same, with a releaser who confirms what looks like a marking.
///
/// # Errors
/// [`ComposeRefused`] says what to do.
pub fn start_confirmed(
    service: &Service,
    account: &Account,
    form_key: &str,
    content: Content,
    confirmer: Option<&Confirmer>,
) -> Result<Saved, ComposeRefused> {
    if let Some(begun) = begun_by(service, account, form_key)? {
        let revision = load(service, account, begun)?.notice.revision;
        return save_confirmed(service, account, (begun, revision), content, confirmer);
    }
    let now = service.now();
    let id = NoticeId::new(now, service.entropy()?);
    let asked = Asked { clerk: account, notice: None, place: "header", confirmer };
    let confirmed = admit(service, &asked, screen(&content.draft), id, now)?;
    let picks = pick::tree(service)?.resolve(&content.ticks);
    let new = NewNotice {
        id,
        issuer_id: account.organization_id,
        author_id: account.id,
        draft: content.draft,
        created_at: now,
    };
    let key = form_key.to_owned();
    service.store.write("start_draft", move |tx| {
        if let Some(subject) = form_post_claim(tx, &key, new.author_id, &id.to_string(), now)? {
            // The same press twice at once: the first one's draft is the one.
            let id = subject.parse().map_err(|_| ServiceError::NotFound)?;
            return Ok(Saved { id, revision: FIRST_REVISION });
        }
        notice_insert(tx, &new)?;
        pick_replace(tx, id, &picks)?;
        if let Some(confirmed) = &confirmed {
            confirmed.write(tx)?;
        }
        Ok::<_, ComposeRefused>(Saved { id, revision: FIRST_REVISION })
    })
}

const FIRST_REVISION: i32 = 1;

/// The draft that an earlier press of the same form began, if one did.
///
/// # Errors
/// The store's own.
pub fn begun_by(
    service: &Service,
    account: &Account,
    form_key: &str,
) -> Result<Option<NoticeId>, ServiceError> {
    let subject = service.store.read(|conn| form_post_find(conn, form_key, account.id))?;
    Ok(subject.and_then(|subject| subject.parse().ok()))
}

/// Saves header and recipients, if nobody saved since `revision`. What changes nothing is no
/// save: it succeeds at any revision.
///
/// # Errors
/// [`ComposeRefused`] says what to do.
pub fn save(
    service: &Service,
    account: &Account,
    id: NoticeId,
    revision: i32,
    content: Content,
) -> Result<Saved, ComposeRefused> {
    save_confirmed(service, account, (id, revision), content, None)
}

/// The same, with a releaser who confirms what looks like a marking.
///
/// # Errors
/// [`ComposeRefused`] says what to do.
pub fn save_confirmed(
    service: &Service,
    account: &Account,
    (id, revision): (NoticeId, i32),
    content: Content,
    confirmer: Option<&Confirmer>,
) -> Result<Saved, ComposeRefused> {
    let open = load(service, account, id)?;
    let now = service.now();
    let asked = Asked { clerk: account, notice: Some(id), place: "header", confirmer };
    let confirmed = admit(service, &asked, screen(&content.draft), id, now)?;
    let mut picks = pick::tree(service)?.resolve(&content.ticks);
    picks.sort_by_key(|pick| pick.organization_id);
    if content.draft == open.notice.draft && picks == open.picks {
        return Ok(Saved { id, revision: open.notice.revision });
    }
    let taken_back = match open.notice.state {
        NoticeState::AwaitingRelease => Some(take_back(service, account, &open, now)?),
        _ => None,
    };
    let (version, draft) = (open.notice.version, content.draft);
    service.store.write("save_draft", move |tx| {
        if let Some(taken_back) = &taken_back {
            taken_back.write(tx)?;
        }
        if !notice_touch_draft(tx, id, revision, now)? {
            return Err(ComposeRefused::ChangedMeanwhile);
        }
        notice_set_header(tx, id, version, &draft)?;
        pick_replace(tx, id, &picks)?;
        if let Some(confirmed) = &confirmed {
            confirmed.write(tx)?;
        }
        Ok(Saved { id, revision: revision.saturating_add(1) })
    })
}

/// What the guard finds in a header.
pub(super) fn screen(draft: &NoticeDraft) -> Screening {
    let signatories = draft.signatories.iter().map(|signatory| signatory.name.as_str());
    let texts = Field::ALL.iter().map(|field| draft.text(*field)).chain(signatories);
    texts.map(screen_text).fold(Screening::default(), Screening::and)
}
