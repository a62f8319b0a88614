//! 更正: which notice stands in the place of which, and the way from the old one to the new.

use diesel::prelude::*;

use super::ends::{EndLine, end_find};
use super::schema::{contact_addresses, deliveries, links, notices};
use super::{Conn, StoreError, Tx};
use crate::domain::ids::{AddressId, DeliveryId, LinkId, NoticeId, OrganizationId};
use crate::domain::notice::NoticeState;

/// A notice is replaced this often at most before its readers are led no further.
const STEPS_MAX: usize = 50;

/// The notice that stands in the place of another, as one organisation finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successor {
    /// The notice.
    pub notice: NoticeId,
    /// 发文字号.
    pub document_number: String,
    /// Which version of the matter it is.
    pub version: i32,
    /// The organisation's delivery of it; none if it is not among its recipients.
    pub delivery: Option<DeliveryId>,
    /// How it was taken back itself, if it was.
    pub ended: Option<EndLine>,
}

/// The last of the notices that stand in the place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latest {
    /// The notice.
    pub notice: NoticeId,
    /// 发文字号.
    pub document_number: String,
    /// Which version of the matter it is.
    pub version: i32,
    /// How it was taken back itself, if it was.
    pub ended: Option<EndLine>,
}

/// The notice in force in the place of this one, however often it was replaced.
///
/// # Errors
/// The store's own.
pub fn successor_find(
    conn: &mut Conn,
    notice: NoticeId,
    organization: OrganizationId,
) -> Result<Option<Successor>, StoreError> {
    let Some(latest) = successor_notice_find(conn, notice)? else { return Ok(None) };
    let Latest { notice: last, document_number, version, ended } = latest;
    let delivery: Option<DeliveryId> = deliveries::table
        .filter(deliveries::notice_id.eq(last.to_string()))
        .filter(deliveries::organization_id.eq(organization.to_string()))
        .select(deliveries::id)
        .first(conn.db())
        .optional()?;
    Ok(Some(Successor { notice: last, document_number, version, delivery, ended }))
}

/// The same without asking for an organisation.
///
/// # Errors
/// The store's own.
pub fn successor_notice_find(
    conn: &mut Conn,
    notice: NoticeId,
) -> Result<Option<Latest>, StoreError> {
    let mut found: Option<NoticeId> = None;
    let mut at = notice;
    for _ in 0..STEPS_MAX {
        let next: Option<Option<NoticeId>> = notices::table
            .filter(notices::id.eq(at.to_string()))
            .select(notices::superseded_by_id)
            .first(conn.db())
            .optional()?;
        let Some(Some(next)) = next else { break };
        found = Some(next);
        at = next;
    }
    let Some(notice) = found else { return Ok(None) };
    let (document_number, version, state): (String, i32, NoticeState) = notices::table
        .filter(notices::id.eq(notice.to_string()))
        .select((notices::document_number, notices::version, notices::state))
        .first(conn.db())?;
    let ended = if state.is_taken_back() { end_find(conn, notice)? } else { None };
    Ok(Some(Latest { notice, document_number, version, ended }))
}

/// What a notice stands in the place of, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrects {
    /// The older notice.
    pub notice: NoticeId,
    /// Which version that was.
    pub version: i32,
    /// Its 发文字号.
    pub document_number: String,
    /// Where it stands.
    pub state: NoticeState,
    /// Why it was replaced.
    pub reason: String,
}

/// What this notice replaces or is to replace.
///
/// # Errors
/// The store's own.
pub fn corrects_find(conn: &mut Conn, notice: NoticeId) -> Result<Option<Corrects>, StoreError> {
    let named: Option<(Option<NoticeId>, Option<String>)> = notices::table
        .filter(notices::id.eq(notice.to_string()))
        .select((notices::corrects_id, notices::correction_reason))
        .first(conn.db())
        .optional()?;
    let Some((Some(older), reason)) = named else { return Ok(None) };
    let (version, document_number, state) = notices::table
        .filter(notices::id.eq(older.to_string()))
        .select((notices::version, notices::document_number, notices::state))
        .first(conn.db())?;
    let reason = reason.unwrap_or_default();
    Ok(Some(Corrects { notice: older, version, document_number, state, reason }))
}

/// The drafts that are to replace a notice: one is enough at a time.
///
/// # Errors
/// The store's own.
pub fn correction_draft_find(
    conn: &mut Conn,
    notice: NoticeId,
) -> Result<Option<NoticeId>, StoreError> {
    let unissued = [NoticeState::Draft.as_str(), NoticeState::AwaitingRelease.as_str()];
    Ok(notices::table
        .filter(notices::corrects_id.eq(notice.to_string()))
        .filter(notices::state.eq_any(unissued))
        .select(notices::id)
        .first(conn.db())
        .optional()?)
}

/// Makes a new draft the correction of an older notice, as its next version.
///
/// # Errors
/// The store's own.
pub fn notice_set_corrects(
    tx: &mut Tx,
    draft: NoticeId,
    corrects: NoticeId,
    reason: &str,
) -> Result<(), StoreError> {
    diesel::update(notices::table.filter(notices::id.eq(draft.to_string())))
        .set((
            notices::corrects_id.eq(Some(corrects.to_string())),
            notices::correction_reason.eq(Some(reason)),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// Names what stands in the place of a notice, and gives its number free for it.
///
/// # Errors
/// The store's own.
pub fn notice_set_superseded(
    tx: &mut Tx,
    older: NoticeId,
    newer: NoticeId,
) -> Result<(), StoreError> {
    let (nothing, never): (Option<&str>, Option<i32>) = (None, None);
    diesel::update(notices::table.filter(notices::id.eq(older.to_string())))
        .set((
            notices::superseded_by_id.eq(Some(newer.to_string())),
            notices::number_code.eq(nothing),
            notices::number_year.eq(never),
            notices::number_serial.eq(never),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// The notices that this one replaced, directly or through others, the newest first.
///
/// # Errors
/// The store's own.
pub fn notice_list_before(conn: &mut Conn, notice: NoticeId) -> Result<Vec<NoticeId>, StoreError> {
    let (mut older, mut at) = (Vec::new(), notice);
    while let Some(one) = corrects_find(conn, at)?.filter(|_| older.len() < STEPS_MAX) {
        older.push(one.notice);
        at = one.notice;
    }
    Ok(older)
}

/// The addresses at which organisations hold links, of a notice or of what it replaced itself,
/// that still open something.
///
/// # Errors
/// The store's own.
pub fn link_holders_of_notice(
    conn: &mut Conn,
    notice: NoticeId,
) -> Result<Vec<(OrganizationId, AddressId)>, StoreError> {
    let older = notice_list_before(conn, notice)?;
    let versions: Vec<String> = older.iter().chain([&notice]).map(ToString::to_string).collect();
    Ok(links::table
        .inner_join(deliveries::table.on(deliveries::id.eq(links::delivery_id)))
        .inner_join(contact_addresses::table.on(contact_addresses::id.eq(links::address_id)))
        .filter(deliveries::notice_id.eq_any(&versions))
        .filter(links::revoked_at.is_null())
        .filter(contact_addresses::status.ne("retired"))
        .order(links::id)
        .select((deliveries::organization_id, links::address_id))
        .load(conn.db())?)
}

/// The link of a delivery to an address, and its generation.
///
/// # Errors
/// The store's own.
pub fn link_of_address(
    conn: &mut Conn,
    delivery: DeliveryId,
    address: AddressId,
) -> Result<Option<(LinkId, i32)>, StoreError> {
    Ok(links::table
        .filter(links::delivery_id.eq(delivery.to_string()))
        .filter(links::address_id.eq(address.to_string()))
        .filter(links::revoked_at.is_null())
        .select((links::id, links::generation))
        .first(conn.db())
        .optional()?)
}
