//! 退回修改: a notice that waits for its release becomes a draft again, by the releaser with a
//! reason, or by an edit of its office.

use super::compose::{ComposeRefused, OpenDraft, load};
use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{EventId, NoticeId};
use crate::domain::notice::{NoticeAct, NoticeState};
use crate::domain::time::Timestamp;
use crate::store::Tx;
use crate::store::drafts::{DecisionKind, NewDecision, decision_insert};
use crate::store::events::event_append;
use crate::store::notices::notice_move;

/// Why it was not sent back.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SendBackRefused {
    /// The author must learn what to change.
    #[error("a reason is needed")]
    NoReason,
    /// It does not wait for a release, is absent, or the store failed.
    #[error(transparent)]
    Compose(#[from] ComposeRefused),
}

impl From<ServiceError> for SendBackRefused {
    fn from(error: ServiceError) -> Self {
        Self::Compose(error.into())
    }
}

/// Sends a notice back to its author.
///
/// # Errors
/// [`SendBackRefused`] says what to do.
pub fn send_back(
    service: &Service,
    account: &Account,
    id: NoticeId,
    reason: &str,
) -> Result<(), SendBackRefused> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(SendBackRefused::NoReason);
    }
    let now = service.now();
    let open = load(service, account, id)?;
    open.notice.state.after(NoticeAct::SendBack).map_err(ComposeRefused::from)?;
    let mut taken_back = take_back(service, account, &open, now)?;
    taken_back.decision.reason = Some(reason.to_owned());
    service.store.write("send_back", move |tx| taken_back.write(tx))?;
    Ok(())
}

/// What is written when a notice becomes a draft again.
pub(super) struct TakenBack {
    decision: NewDecision,
    event: Event,
}

/// Prepares taking a notice back without a reason of its own: an edit is the reason.
pub(super) fn take_back(
    service: &Service,
    account: &Account,
    open: &OpenDraft,
    now: Timestamp,
) -> Result<TakenBack, ServiceError> {
    let (notice, digest) = (&open.notice, open.digest());
    let event_id = EventId::new(now, service.entropy()?);
    let version = u32::try_from(notice.version).unwrap_or(1);
    let event = Event::new(event_id, EventKind::NoticeSentBack, now, Actor::Account(account.id))
        .notice(notice.id, version)
        .digest("draft", digest);
    let decision = NewDecision {
        event_id,
        notice_id: notice.id,
        version: notice.version,
        kind: DecisionKind::SentBack,
        digest,
        account_id: account.id,
        decided_at: now,
        reason: None,
        approver_name: None,
        approver_phone: None,
    };
    Ok(TakenBack { decision, event })
}

impl TakenBack {
    /// Writes it, if the notice still waits.
    pub(super) fn write(&self, tx: &mut Tx) -> Result<(), ComposeRefused> {
        let id = self.decision.notice_id;
        if !notice_move(tx, id, NoticeState::AwaitingRelease, NoticeState::Draft)? {
            return Err(ComposeRefused::ChangedMeanwhile);
        }
        decision_insert(tx, &self.decision)?;
        event_append(tx, std::slice::from_ref(&self.event))?;
        Ok(())
    }
}
