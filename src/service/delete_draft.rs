//! 删除草稿: a draft of one's own office that was never handed over for 核发 is thrown away, and that
//! it was is on record. Its files lose their name here; the store of files keeps no other.
//!
//! Refuses whatever others have judged or vouched for: their word must keep what it was about.

use super::compose::{ComposeRefused, OpenDraft, load};
use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{EventId, NoticeId};
use crate::domain::notice::NoticeState;
use crate::store::drafts::{draft_delete, form_post_claim, form_post_find};
use crate::store::events::event_append;
use crate::store::notices::notice_touch_draft;

const SEEN_BY_OTHERS: &str = "本稿送过核发或退回过，记录要保留，不能删除";

/// Whether a draft has never left its author.
#[must_use]
pub fn may_be_deleted(open: &OpenDraft) -> bool {
    open.notice.state == NoticeState::Draft && open.decisions.is_empty()
}

/// Throws a draft away. The same form again is the same act.
///
/// # Errors
/// [`ServiceError::NotFound`] for absent and foreign ones alike; [`ServiceError::Conflict`] says
/// in the words of a page why it stays.
pub fn delete_draft(
    service: &Service,
    account: &Account,
    id: NoticeId,
    form_key: &str,
) -> Result<(), ComposeRefused> {
    let now = service.now();
    let subject = format!("delete:{id}");
    let posted = service.store.read(|conn| form_post_find(conn, form_key, account.id))?;
    if posted.as_deref() == Some(subject.as_str()) {
        return Ok(());
    }
    let open = load(service, account, id)?;
    if !may_be_deleted(&open) {
        return Err(ServiceError::Conflict(SEEN_BY_OTHERS.to_owned()).into());
    }
    let version = u32::try_from(open.notice.version).unwrap_or(1);
    let event_id = EventId::new(now, service.entropy()?);
    let event = Event::new(event_id, EventKind::DraftDeleted, now, Actor::Account(account.id))
        .notice(id, version)
        .digest("draft", open.digest());
    let (key, by, revision) = (form_key.to_owned(), account.id, open.notice.revision);
    service.store.write("delete_draft", move |tx| {
        if form_post_claim(tx, &key, by, &subject, now)?.is_some() {
            return Ok(());
        }
        // Whoever saves, hands over or deletes at the same time is first, or this is.
        if !notice_touch_draft(tx, id, revision, now)? {
            return Err(ComposeRefused::ChangedMeanwhile);
        }
        if !draft_delete(tx, id)? {
            return Err(ServiceError::Conflict(VOUCHED.to_owned()).into());
        }
        event_append(tx, std::slice::from_ref(&event))?;
        Ok(())
    })
}

const VOUCHED: &str = "本稿有误判确认或逐页看过的记录，记录要保留，不能删除";
