//! What the duty desk looks at besides its calls: the steps of the coming hour, the urgent
//! notices that are not fully signed, and what happened in a shift. Reads only.

use diesel::dsl::{count_star, max, min};
use diesel::prelude::*;

use super::schema::{deliveries, notices, receipts, rungs};
use super::{Conn, StoreError};
use crate::domain::delivery::ReceiptMode;
use crate::domain::ids::{DeliveryId, NoticeId, OrganizationId};
use crate::domain::notice::NoticeState;
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;

/// A step that is due soon, of as many deliveries of one notice as it is due for at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComingStep {
    /// When.
    pub due_at: Timestamp,
    /// Of which notice.
    pub notice_id: NoticeId,
    /// Its 发文字号.
    pub document_number: String,
    /// Which version of the matter it is.
    pub version: i32,
    /// 等级.
    pub urgency: Urgency,
    /// The word of its act.
    pub action: String,
    /// For how many organisations.
    pub count: i64,
    /// One of them, by name.
    pub example: Option<String>,
    /// That one's delivery, where it is the only one.
    pub delivery_id: Option<String>,
}

/// The steps of an office's notices that are due before `until`, soonest first.
///
/// # Errors
/// The store's own.
pub fn step_list_coming(
    conn: &mut Conn,
    issuer: OrganizationId,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<ComingStep>, StoreError> {
    type Of = (NoticeId, String, Option<i32>, Urgency);
    type Row = (Option<Timestamp>, Of, String, i64, Option<String>, Option<String>);
    let next =
        rungs::delivery_id.eq(deliveries::id).and(rungs::step.nullable().eq(deliveries::next_step));
    let rows: Vec<Row> = deliveries::table
        .inner_join(rungs::table.on(next))
        .inner_join(notices::table.on(notices::id.eq(deliveries::notice_id)))
        .filter(deliveries::next_due_at.is_not_null())
        .filter(deliveries::next_due_at.le(until.as_micros()))
        .filter(notices::issuer_id.eq(issuer.to_string()))
        .filter(notices::state.eq(NoticeState::Issued.as_str()))
        .group_by((
            deliveries::next_due_at,
            notices::id,
            notices::document_number,
            notices::urgency,
            rungs::action,
        ))
        .order((deliveries::next_due_at, notices::id, rungs::action))
        .select((
            deliveries::next_due_at,
            (notices::id, notices::document_number, min(notices::version), notices::urgency),
            rungs::action,
            count_star(),
            min(deliveries::organization_name),
            max(deliveries::id),
        ))
        .limit(limit)
        .load(conn.db())?;
    Ok(rows
        .into_iter()
        .filter_map(|(due_at, of, action, count, example, delivery)| {
            let (notice_id, document_number, version, urgency) = of;
            Some(ComingStep {
                due_at: due_at?,
                notice_id,
                document_number,
                version: version.unwrap_or(1),
                urgency,
                action,
                count,
                example,
                delivery_id: delivery.filter(|_| count == 1),
            })
        })
        .collect())
}

/// An urgent notice that is not fully signed.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct UrgentNotice {
    /// The notice.
    pub id: NoticeId,
    /// 等级.
    pub urgency: Urgency,
    /// 发文字号.
    pub document_number: String,
    /// Which version of the matter it is.
    pub version: i32,
    /// 标题.
    pub title: String,
    /// When it was issued.
    pub issued_at: Option<Timestamp>,
    /// Its deadline.
    pub deadline_at: Option<Timestamp>,
}

/// The 特提 and 特急 of an office that are in force, most urgent first.
///
/// # Errors
/// The store's own.
pub fn notice_list_urgent(
    conn: &mut Conn,
    issuer: OrganizationId,
    limit: i64,
) -> Result<Vec<UrgentNotice>, StoreError> {
    let unsigned = deliveries::table
        .filter(deliveries::acknowledged_at.is_null())
        .filter(deliveries::returned_at.is_null())
        .filter(deliveries::recalled_at.is_null())
        .filter(deliveries::deadline_at.is_not_null())
        .select(deliveries::notice_id);
    Ok(notices::table
        .filter(notices::issuer_id.eq(issuer.to_string()))
        .filter(notices::state.eq(NoticeState::Issued.as_str()))
        .filter(notices::urgency.eq_any([Urgency::Flash.as_str(), Urgency::Immediate.as_str()]))
        .filter(notices::id.eq_any(unsigned))
        .order((notices::urgency, notices::deadline_at, notices::id))
        .limit(limit)
        .select((
            notices::id,
            notices::urgency,
            notices::document_number,
            notices::version,
            notices::title,
            notices::issued_at,
            notices::deadline_at,
        ))
        .load(conn.db())?)
}

/// Names of the organisations of a notice that have not signed, those that cannot be reached
/// first.
///
/// # Errors
/// The store's own.
pub fn unsigned_names(
    conn: &mut Conn,
    notice: NoticeId,
    limit: i64,
) -> Result<Vec<(DeliveryId, String, bool)>, StoreError> {
    Ok(deliveries::table
        .filter(deliveries::notice_id.eq(notice.to_string()))
        .filter(deliveries::acknowledged_at.is_null())
        .filter(deliveries::returned_at.is_null())
        .filter(deliveries::recalled_at.is_null())
        .order((deliveries::unreachable.desc(), deliveries::tree_path))
        .limit(limit)
        .select((deliveries::id, deliveries::organization_name, deliveries::unreachable))
        .load(conn.db())?)
}

/// A signature, for the list that goes to the mail room in the morning.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct NightSignature {
    /// Of which notice.
    pub notice_id: NoticeId,
    /// 发文字号.
    pub document_number: String,
    /// 标题.
    pub title: String,
    /// 等级.
    pub urgency: Urgency,
    /// Which organisation.
    pub organization_name: String,
    /// When.
    pub acknowledged_at: Timestamp,
    /// In which way.
    pub mode: ReceiptMode,
    /// Stated name.
    pub signer_name: String,
    /// Stated post.
    pub signer_post: String,
    /// Stated phone.
    pub signer_phone: String,
    /// 回执号.
    pub number: String,
}

/// What was signed of an office's notices between two instants, by notice and time.
///
/// # Errors
/// The store's own.
pub fn signature_list_between(
    conn: &mut Conn,
    issuer: OrganizationId,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<NightSignature>, StoreError> {
    Ok(receipts::table
        .inner_join(deliveries::table.on(deliveries::receipt_id.eq(receipts::id.nullable())))
        .inner_join(notices::table.on(notices::id.eq(deliveries::notice_id)))
        .filter(notices::issuer_id.eq(issuer.to_string()))
        .filter(receipts::acknowledged_at.ge(from.as_micros()))
        .filter(receipts::acknowledged_at.lt(until.as_micros()))
        .order((notices::id, receipts::acknowledged_at))
        .select((
            notices::id,
            notices::document_number,
            notices::title,
            notices::urgency,
            deliveries::organization_name,
            receipts::acknowledged_at,
            receipts::mode,
            receipts::signer_name,
            receipts::signer_post,
            receipts::signer_phone,
            receipts::number,
        ))
        .load(conn.db())?)
}

/// How many notices an office issued since `from`, and how many of them as 特提.
///
/// # Errors
/// The store's own.
pub fn issued_counts(
    conn: &mut Conn,
    issuer: OrganizationId,
    from: Timestamp,
) -> Result<(i64, i64), StoreError> {
    let rows: Vec<(Urgency, i64)> = notices::table
        .filter(notices::issuer_id.eq(issuer.to_string()))
        .filter(notices::issued_at.ge(from.as_micros()))
        .group_by(notices::urgency)
        .select((notices::urgency, count_star()))
        .load(conn.db())?;
    let all = rows.iter().map(|(_, n)| n).sum();
    let flash = rows.iter().filter(|(level, _)| *level == Urgency::Flash).map(|(_, n)| n).sum();
    Ok((all, flash))
}
