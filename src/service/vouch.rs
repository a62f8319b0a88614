//! 已逐页看过: a person has looked through a file that no program could read to the end, and says
//! that it carries no marking. Without it the notice does not go out.

use super::compose::{ComposeRefused, load};
use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{EventId, FileId, NoticeId};
use crate::store::events::event_append;
use crate::store::vouchers::{NewVoucher, voucher_insert};

/// Keeps that this person looked through the file. Said already, or readable, it stays so.
///
/// # Errors
/// As [`load`]; [`ServiceError::NotFound`] for a file that is not there.
pub fn vouch(
    service: &Service,
    account: &Account,
    notice: NoticeId,
    file: FileId,
) -> Result<(), ComposeRefused> {
    let open = load(service, account, notice)?;
    let known = open.files.iter().find(|known| known.id == file).ok_or(ServiceError::NotFound)?;
    let Some(unread) = open.unread.get(&known.sha256).filter(|one| one.vouched.is_none()) else {
        return Ok(());
    };
    let now = service.now();
    let event_id = EventId::new(now, service.entropy()?);
    let version = u32::try_from(open.notice.version).unwrap_or(1);
    let event = Event::new(event_id, EventKind::FileVouched, now, Actor::Account(account.id))
        .notice(notice, version)
        .digest("file", known.sha256)
        .fact("legibility", unread.legibility.as_str());
    let voucher = NewVoucher {
        event_id,
        notice_id: notice,
        sha256: known.sha256,
        account_id: account.id,
        vouched_at: now,
    };
    service.store.write("vouch_for_file", move |tx| {
        if voucher_insert(tx, &voucher)? {
            event_append(tx, std::slice::from_ref(&event))?;
        }
        Ok(())
    })
}
