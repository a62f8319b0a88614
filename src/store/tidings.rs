//! What messages tell beside the notice itself: who has not signed, how a notice ended, what the
//! issuer decided on a return. Reads only.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::schema::{call_tasks, deliveries, notice_ends, notices, returns, rungs};
use super::{Conn, StoreError};
use crate::domain::ids::{DeliveryId, NoticeId, OrganizationId};
use crate::domain::time::Timestamp;

/// An organisation that has not signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outstanding {
    /// Which organisation.
    pub organization_id: OrganizationId,
    /// Its name.
    pub organization_name: String,
    /// Until when to sign.
    pub deadline_at: Option<Timestamp>,
    /// The next server took a mail for it.
    pub handed_over: bool,
    /// Somebody acted on its page.
    pub opened: bool,
    /// It sent the notice back, and nobody has answered yet.
    pub returned: bool,
    /// No address leads to it.
    pub unreachable: bool,
    /// When it is to be called next.
    pub next_call_at: Option<Timestamp>,
}

type OutstandingRow = (
    (DeliveryId, OrganizationId, String, Option<Timestamp>),
    (Option<Timestamp>, Option<Timestamp>, Option<Timestamp>, bool),
);

/// Who has not signed for a notice and is still chased, in the order of the directory. 抄送 is
/// not among them.
///
/// # Errors
/// The store's own.
pub fn delivery_list_outstanding(
    conn: &mut Conn,
    notice: NoticeId,
) -> Result<Vec<Outstanding>, StoreError> {
    let rows: Vec<OutstandingRow> = deliveries::table
        .filter(deliveries::notice_id.eq(notice.to_string()))
        .filter(deliveries::addressee.eq("primary"))
        .filter(deliveries::acknowledged_at.is_null())
        .filter(deliveries::recalled_at.is_null())
        .filter(deliveries::chase_stopped_at.is_null())
        .filter(diesel::dsl::not(diesel::dsl::exists(
            returns::table
                .filter(returns::delivery_id.eq(deliveries::id))
                .filter(returns::decision.eq("accepted")),
        )))
        .order(deliveries::tree_path)
        .select((
            (
                deliveries::id,
                deliveries::organization_id,
                deliveries::organization_name,
                deliveries::deadline_at,
            ),
            (
                deliveries::handed_over_at,
                deliveries::opened_at,
                deliveries::returned_at,
                deliveries::unreachable,
            ),
        ))
        .load(conn.db())?;
    let calls = next_calls(conn, notice)?;
    Ok(rows
        .into_iter()
        .map(|(who, facts)| Outstanding {
            organization_id: who.1,
            organization_name: who.2,
            deadline_at: who.3,
            handed_over: facts.0.is_some(),
            opened: facts.1.is_some(),
            returned: facts.2.is_some(),
            unreachable: facts.3,
            next_call_at: calls.get(&who.0).copied(),
        })
        .collect())
}

/// Calls that are owed, and where none is, the next one on the ladder.
fn next_calls(
    conn: &mut Conn,
    notice: NoticeId,
) -> Result<BTreeMap<DeliveryId, Timestamp>, StoreError> {
    let planned: Vec<(DeliveryId, Timestamp)> = rungs::table
        .inner_join(deliveries::table.on(deliveries::id.eq(rungs::delivery_id)))
        .filter(deliveries::notice_id.eq(notice.to_string()))
        .filter(rungs::action.eq("call"))
        .filter(rungs::fired_at.is_null())
        .filter(rungs::closed_at.is_null())
        .order(rungs::planned_at.desc())
        .select((rungs::delivery_id, rungs::planned_at))
        .load(conn.db())?;
    let owed: Vec<(DeliveryId, Timestamp)> = call_tasks::table
        .filter(call_tasks::notice_id.eq(notice.to_string()))
        .filter(call_tasks::closed_at.is_null())
        .order(call_tasks::due_at.desc())
        .select((call_tasks::delivery_id, call_tasks::due_at))
        .load(conn.db())?;
    // Later entries of one delivery stand over earlier ones: tasks over steps, soon over late.
    Ok(planned.into_iter().chain(owed).collect())
}

/// How a notice ended.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct NoticeEnd {
    /// `recall`, `revoke`, `abolish`, `supersede` or `close`.
    pub act: String,
    /// The reason that was written.
    pub reason: String,
    /// When.
    pub ended_at: Timestamp,
    /// Which version of the matter it ended.
    pub version: i32,
}

/// The end that this event recorded.
///
/// # Errors
/// The store's own.
pub fn notice_end_find(conn: &mut Conn, event_id: &str) -> Result<Option<NoticeEnd>, StoreError> {
    Ok(notice_ends::table
        .inner_join(notices::table.on(notices::id.eq(notice_ends::notice_id)))
        .filter(notice_ends::event_id.eq(event_id))
        .select((notice_ends::act, notice_ends::reason, notice_ends::ended_at, notices::version))
        .first(conn.db())
        .optional()?)
}

/// What the issuer decided on a 退文 or 请求重发.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct ReturnAnswer {
    /// `accepted`, `refused` or `answered`.
    pub decision: String,
    /// The reason that was written.
    pub why: Option<String>,
}

/// The latest decision on what this delivery sent back.
///
/// # Errors
/// The store's own.
pub fn return_answer_find(
    conn: &mut Conn,
    delivery: DeliveryId,
) -> Result<Option<ReturnAnswer>, StoreError> {
    Ok(returns::table
        .filter(returns::delivery_id.eq(delivery.to_string()))
        .filter(returns::decided_at.is_not_null())
        .order(returns::decided_at.desc())
        .select((returns::decision.assume_not_null(), returns::decided_why))
        .first(conn.db())
        .optional()?)
}
