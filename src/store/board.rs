//! What the board of a notice shows beside its deliveries: who signed, what came back, what is
//! owed next, and the entries above in the tree. Reads only.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::schema::{
    call_tasks, contact_addresses, deliveries, messages, organizations, receipts, returns, rungs,
};
use super::{Conn, StoreError};
use crate::domain::call_task::TaskKind;
use crate::domain::delivery::{ReceiptMode, ReturnDecision};
use crate::domain::ids::{DeliveryId, NoticeId, OrganizationId};
use crate::domain::time::Timestamp;

/// What a receipt says of the signature.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct ReceiptLine {
    /// Of which delivery.
    pub delivery_id: DeliveryId,
    /// 回执号.
    pub number: String,
    /// In which way it was signed.
    pub mode: ReceiptMode,
    /// How well the signer was known.
    pub grade: String,
    /// By whose authority, for 代收.
    pub authority: Option<String>,
    /// Stated name.
    pub signer_name: String,
    /// Stated post.
    pub signer_post: String,
    /// Stated phone.
    pub signer_phone: String,
    /// When.
    pub acknowledged_at: Timestamp,
    /// After the deadline.
    pub late: bool,
}

macro_rules! receipt_columns {
    () => {
        (
            receipts::delivery_id,
            receipts::number,
            receipts::mode,
            receipts::grade,
            receipts::authority,
            receipts::signer_name,
            receipts::signer_post,
            receipts::signer_phone,
            receipts::acknowledged_at,
            receipts::late,
        )
    };
}

/// The signatures of a notice.
///
/// # Errors
/// The store's own.
pub fn signature_list_of_notice(
    conn: &mut Conn,
    notice: NoticeId,
) -> Result<BTreeMap<DeliveryId, ReceiptLine>, StoreError> {
    let rows: Vec<ReceiptLine> = deliveries::table
        .inner_join(receipts::table.on(deliveries::receipt_id.eq(receipts::id.nullable())))
        .filter(deliveries::notice_id.eq(notice.to_string()))
        .select(receipt_columns!())
        .load(conn.db())?;
    Ok(rows.into_iter().map(|row| (row.delivery_id, row)).collect())
}

/// The signature of one delivery.
///
/// # Errors
/// The store's own.
pub fn signature_find(
    conn: &mut Conn,
    delivery: DeliveryId,
) -> Result<Option<ReceiptLine>, StoreError> {
    Ok(deliveries::table
        .inner_join(receipts::table.on(deliveries::receipt_id.eq(receipts::id.nullable())))
        .filter(deliveries::id.eq(delivery.to_string()))
        .select(receipt_columns!())
        .first(conn.db())
        .optional()?)
}

/// Something an organisation sent back, or asked a good copy of.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct ReturnLine {
    /// Of which delivery.
    pub delivery_id: DeliveryId,
    /// The reason's word, of a return or of a request.
    pub reason: String,
    /// In the person's own words.
    pub explanation: String,
    /// Stated name.
    pub name: String,
    /// Stated post.
    pub post: String,
    /// Stated phone.
    pub phone: String,
    /// When.
    pub at: Timestamp,
    /// `return` or `ask_again`.
    pub kind: String,
    /// The issuer's answer.
    pub decision: Option<ReturnDecision>,
}

impl ReturnLine {
    /// A 退文 that the issuer has not answered.
    #[must_use]
    pub fn waits_for_decision(&self) -> bool {
        self.decision.is_none() && self.kind == "return"
    }

    /// A 请求重发 that has no good copy yet.
    #[must_use]
    pub fn waits_for_copy(&self) -> bool {
        self.decision.is_none() && self.kind == "ask_again"
    }
}

/// What came back of a notice, oldest first.
///
/// # Errors
/// The store's own.
pub fn return_list_of_notice(
    conn: &mut Conn,
    notice: NoticeId,
) -> Result<Vec<ReturnLine>, StoreError> {
    Ok(returns::table
        .inner_join(deliveries::table.on(deliveries::id.eq(returns::delivery_id)))
        .filter(deliveries::notice_id.eq(notice.to_string()))
        .order(returns::returned_at)
        .select((
            returns::delivery_id,
            returns::reason,
            returns::explanation,
            returns::name,
            returns::post,
            returns::phone,
            returns::returned_at,
            returns::kind,
            returns::decision,
        ))
        .load(conn.db())?)
}

/// Something that is owed to a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owed {
    /// A rung of the ladder, by the word of its act.
    Rung(String),
    /// A call by a person of the issuing office.
    Call,
    /// A message: its channel, and how often it has been tried.
    Message {
        /// `email`, `sms` or `webhook`.
        channel: String,
        /// Attempts begun.
        tries: i32,
        /// It is being sent now; the time is the end of its lease.
        leased: bool,
    },
}

/// Delivery, due time, channel, attempts begun, lease.
type OwedMail = (Option<DeliveryId>, Option<Timestamp>, String, i32, Option<String>);

/// Everything that is owed to each delivery of a notice, earliest first.
///
/// # Errors
/// The store's own.
pub fn owed_list_of_notice(
    conn: &mut Conn,
    notice: NoticeId,
) -> Result<BTreeMap<DeliveryId, Vec<(Timestamp, Owed)>>, StoreError> {
    let next =
        rungs::delivery_id.eq(deliveries::id).and(rungs::step.nullable().eq(deliveries::next_step));
    let steps: Vec<(DeliveryId, Option<Timestamp>, String)> = deliveries::table
        .inner_join(rungs::table.on(next))
        .filter(deliveries::notice_id.eq(notice.to_string()))
        .select((deliveries::id, deliveries::next_due_at, rungs::action))
        .load(conn.db())?;
    let mails: Vec<OwedMail> = messages::table
        .inner_join(contact_addresses::table.on(contact_addresses::id.eq(messages::address_id)))
        .filter(messages::notice_id.eq(notice.to_string()))
        .filter(messages::due_at.is_not_null())
        .select((
            messages::delivery_id,
            messages::due_at,
            messages::channel,
            messages::attempts,
            messages::lease_token,
        ))
        .load(conn.db())?;
    let calls: Vec<(DeliveryId, Timestamp)> = call_tasks::table
        .filter(call_tasks::notice_id.eq(notice.to_string()))
        .filter(call_tasks::kind.eq(TaskKind::Call.as_str()))
        .filter(call_tasks::closed_at.is_null())
        .select((call_tasks::delivery_id, call_tasks::due_at))
        .load(conn.db())?;
    let calls = calls.into_iter().map(|(id, at)| (id, Some(at), Owed::Call));
    let steps = steps.into_iter().map(|(id, at, act)| (id, at, Owed::Rung(act)));
    let mails = mails.into_iter().filter_map(|(id, at, channel, tries, lease)| {
        Some((id?, at, Owed::Message { channel, tries, leased: lease.is_some() }))
    });
    let mut all: BTreeMap<DeliveryId, Vec<(Timestamp, Owed)>> = BTreeMap::new();
    for (id, at, owed) in steps.chain(mails).chain(calls) {
        all.entry(id).or_default().extend(at.map(|at| (at, owed)));
    }
    for owed in all.values_mut() {
        owed.sort_by_key(|(at, _)| *at);
    }
    Ok(all)
}

/// Region code of each organisation a notice went to.
///
/// # Errors
/// The store's own.
pub fn region_list_of_notice(
    conn: &mut Conn,
    notice: NoticeId,
) -> Result<BTreeMap<OrganizationId, String>, StoreError> {
    let rows: Vec<(OrganizationId, String)> = deliveries::table
        .inner_join(organizations::table.on(organizations::id.eq(deliveries::organization_id)))
        .filter(deliveries::notice_id.eq(notice.to_string()))
        .select((organizations::id, organizations::region_code))
        .load(conn.db())?;
    Ok(rows.into_iter().collect())
}

/// Names of the entries at these places of the tree, by place.
///
/// # Errors
/// The store's own.
pub fn place_names(
    conn: &mut Conn,
    paths: &[&str],
) -> Result<BTreeMap<String, (OrganizationId, String)>, StoreError> {
    let mut names = BTreeMap::new();
    for chunk in paths.chunks(super::ROWS_PER_INSERT_MAX) {
        let rows: Vec<(String, OrganizationId, String)> = organizations::table
            .filter(organizations::tree_path.eq_any(chunk))
            .select((organizations::tree_path, organizations::id, organizations::name))
            .load(conn.db())?;
        names.extend(rows.into_iter().map(|(path, id, name)| (path, (id, name))));
    }
    Ok(names)
}
