//! 送核发: a draft without faults is shown to the second person, bound to its digest.

use super::Service;
use super::compose::{ComposeRefused, load};
use super::issue::{IssueRefused, judge};
use super::supersede;
use crate::domain::account::Account;
use crate::domain::digest::Sha256Digest;
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{EventId, NoticeId};
use crate::domain::notice::{NoticeAct, NoticeState};
use crate::store::drafts::{DecisionKind, NewDecision, decision_insert};
use crate::store::events::event_append;
use crate::store::notices::{notice_move, notice_touch_draft};

/// Sends a draft for its release. Sent already and unchanged, it stays so.
///
/// # Errors
/// [`IssueRefused`] says what to do.
pub fn submit(
    service: &Service,
    account: &Account,
    id: NoticeId,
    seen: Sha256Digest,
) -> Result<(), IssueRefused> {
    let now = service.now();
    let open = load(service, account, id)?;
    let digest = open.digest();
    if digest != seen {
        return Err(IssueRefused::Changed);
    }
    if open.notice.state == NoticeState::AwaitingRelease {
        return Ok(());
    }
    open.notice.state.after(NoticeAct::AskForRelease).map_err(ComposeRefused::from)?;
    judge(&open, now)?;
    supersede::check(open.corrects.as_ref()).map_err(IssueRefused::OlderEnded)?;
    let event_id = EventId::new(now, service.entropy()?);
    let version = u32::try_from(open.notice.version).unwrap_or(1);
    let event = Event::new(event_id, EventKind::NoticeSubmitted, now, Actor::Account(account.id))
        .notice(id, version)
        .digest("draft", digest);
    let decision = NewDecision {
        event_id,
        notice_id: id,
        version: open.notice.version,
        kind: DecisionKind::Submitted,
        digest,
        account_id: account.id,
        decided_at: now,
        reason: None,
        approver_name: None,
        approver_phone: None,
    };
    let revision = open.notice.revision;
    service.store.write("submit", move |tx| {
        // Claims the revision first: a save in between must not be sent along unseen.
        if !notice_touch_draft(tx, id, revision, now)?
            || !notice_move(tx, id, NoticeState::Draft, NoticeState::AwaitingRelease)?
        {
            return Err(IssueRefused::Changed);
        }
        decision_insert(tx, &decision)?;
        event_append(tx, std::slice::from_ref(&event))?;
        Ok(())
    })
}
