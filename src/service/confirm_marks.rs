//! 确认误判: what looks like a marking is let in when a second person, a releaser of the same
//! office, stands by the form, proves who it is, and says why it is none.
//!
//! The server keeps nothing of what it refused, so the confirmation comes with the content, in one
//! post. It holds for the very lines that were looked at, in that notice, and for a file by what it
//! is; a marking at the head of a page is never let in.

use std::collections::BTreeSet;

use super::compose::ComposeRefused;
use super::refuse_classified::{Writer, note_classified};
use super::sessions::{self, Proof};
use super::{Service, ServiceError};
use crate::domain::account::{Account, Role};
use crate::domain::classification::{Screening, screen_text};
use crate::domain::digest::Sha256Digest;
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{EventId, NoticeId};
use crate::domain::time::Timestamp;
use crate::store::accounts::account_find;
use crate::store::corrections::notice_list_before;
use crate::store::events::event_append;
use crate::store::marks::{NewConfirmation, mark_confirm, mark_list};
use crate::store::{Conn, StoreError, Tx};

/// What a releaser types beside the clerk's form.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// The releaser's login.
    pub login: String,
    /// The releaser's password, as typed.
    pub password: String,
    /// Why it is no marking.
    pub reason: String,
}

/// A releaser who has proved who it is, and the reason; good for one post.
#[derive(Debug, Clone)]
pub struct Confirmer {
    releaser: Account,
    reason: String,
}

/// Why nobody has confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotConfirmed {
    /// No such account, or not its password.
    #[error("login or password is wrong")]
    Wrong,
    /// Too many wrong passwords.
    #[error("too many wrong passwords")]
    Resting,
    /// Not of this office, or without the role.
    #[error("not a releaser of this office")]
    NotReleaser,
    /// Nobody confirms what he writes himself.
    #[error("the writer cannot confirm")]
    SamePerson,
    /// No reason, or one that is itself a marking.
    #[error("no reason that can be kept")]
    NoReason,
}

impl NotConfirmed {
    /// What to do, in the words of a page.
    #[must_use]
    pub const fn message_zh(self) -> &'static str {
        match self {
            Self::Wrong => "核发人的账号或口令不对，没有确认，内容没有保存",
            Self::Resting => "核发人的口令连续输错次数太多，请稍后再试；内容没有保存",
            Self::NotReleaser => "这个账号不是本单位的核发人，不能确认；内容没有保存",
            Self::SamePerson => "误判须由另一位核发人确认，不能由经办人本人确认；内容没有保存",
            Self::NoReason => "请写明为什么不是密级标志（不要抄写标志本身）；内容没有保存",
        }
    }
}

/// Looks whether the typed account may confirm what `clerk` writes.
///
/// # Errors
/// The store's own, or too many passwords are being checked.
pub fn prove(
    service: &Service,
    clerk: &Account,
    typed: &Typed,
) -> Result<Result<Confirmer, NotConfirmed>, ServiceError> {
    let reason = typed.reason.trim();
    if reason.is_empty() || screen_text(reason).refuses() {
        return Ok(Err(NotConfirmed::NoReason));
    }
    let id = match sessions::prove(service, &typed.login, &typed.password)? {
        Proof::Good { id, .. } => id,
        Proof::Bad => return Ok(Err(NotConfirmed::Wrong)),
        Proof::Resting(_) => return Ok(Err(NotConfirmed::Resting)),
    };
    if id == clerk.id {
        return Ok(Err(NotConfirmed::SamePerson));
    }
    let releaser = service.store.read(|conn| account_find(conn, id))?;
    let ours = |one: &Account| {
        one.organization_id == clerk.organization_id && one.roles.contains(&Role::Releaser)
    };
    let reason = reason.to_owned();
    Ok(match releaser.filter(ours) {
        Some(releaser) => Ok(Confirmer { releaser, reason }),
        None => Err(NotConfirmed::NotReleaser),
    })
}

/// A confirmation to be written beside what it lets in.
pub(super) struct Confirmed {
    row: NewConfirmation,
    event: Event,
}

impl Confirmed {
    pub(super) fn write(&self, tx: &mut Tx) -> Result<(), StoreError> {
        mark_confirm(tx, &self.row)?;
        event_append(tx, std::slice::from_ref(&self.event))
    }
}

/// What is to be let in, and where.
pub(super) struct Asked<'a> {
    pub(super) clerk: &'a Account,
    /// The notice, if it exists already.
    pub(super) notice: Option<NoticeId>,
    pub(super) place: &'static str,
    pub(super) confirmer: Option<&'a Confirmer>,
}

/// What was confirmed in a notice, or in what it corrects: the very same lines and files are in
/// the hands of the recipients already.
fn known_in(conn: &mut Conn, notice: NoticeId) -> Result<BTreeSet<Sha256Digest>, StoreError> {
    let mut known = mark_list(conn, notice)?;
    for older in notice_list_before(conn, notice)? {
        known.extend(mark_list(conn, older)?);
    }
    Ok(known)
}

/// What the guard says to `found`: clear, confirmed before or now, or refused and put on record.
/// A confirmation of now is for the notice `id`, and counts once it is written.
pub(super) fn admit(
    service: &Service,
    asked: &Asked<'_>,
    found: Screening,
    id: NoticeId,
    now: Timestamp,
) -> Result<Option<Confirmed>, ComposeRefused> {
    if !found.refuses() {
        return Ok(None);
    }
    let known: BTreeSet<Sha256Digest> = match asked.notice {
        Some(notice) => service.store.read(|conn| known_in(conn, notice))?,
        None => BTreeSet::new(),
    };
    let left = found.accepting(&known);
    if !left.refuses() {
        return Ok(None);
    }
    let Some(confirmer) = asked.confirmer.filter(|_| left.is_confirmable()) else {
        let actor = Actor::Account(asked.clerk.id);
        let writer = Writer { actor, notice: asked.notice, delivery: None };
        note_classified(service, writer, &left, asked.place)?;
        return Err(ComposeRefused::Classified(left));
    };
    let kinds: Vec<&str> = left.markings().map(|marking| marking.as_str()).collect();
    let event_id = EventId::new(now, service.entropy()?);
    let releaser = confirmer.releaser.id;
    let event = Event::new(event_id, EventKind::MarkConfirmed, now, Actor::Account(releaser))
        .notice(id, 1)
        .fact("markings", kinds.join(","))
        .fact("place", asked.place)
        .fact("written_by", asked.clerk.id.to_string());
    let event = service.with_personal(event, &[("reason", &confirmer.reason)])?;
    let row = NewConfirmation {
        event_id,
        notice_id: id,
        findings: left.findings().collect(),
        account_id: releaser,
        reason: confirmer.reason.clone(),
        confirmed_at: now,
    };
    Ok(Some(Confirmed { row, event }))
}
