//! 对该单位先行发出: deliveries that went out although the directory lacked something for them.

use diesel::prelude::*;

use super::engine::on_engine;
use super::schema::{accounts, deliveries, gap_issues};
use super::{Conn, ROWS_PER_INSERT_MAX, StoreError, Tx};
use crate::domain::ids::{AccountId, DeliveryId, EventId, NoticeId};
use crate::domain::time::Timestamp;

/// One such delivery as it is written.
#[derive(Debug, Clone)]
pub struct NewGapIssue {
    /// Which delivery.
    pub delivery_id: DeliveryId,
    /// The event that tells of it.
    pub event_id: EventId,
    /// What was missing, in the words of pages.
    pub gaps: String,
    /// Why it went out all the same.
    pub reason: String,
    /// Who decided.
    pub account_id: AccountId,
    /// When.
    pub decided_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = gap_issues, treat_none_as_default_value = false)]
struct Row<'g> {
    delivery_id: String,
    event_id: String,
    gaps: &'g str,
    reason: &'g str,
    account_id: String,
    decided_at: i64,
}

/// Keeps them, in chunks.
///
/// # Errors
/// [`StoreError::Unique`] if one was kept before.
pub fn gap_issue_insert_all(tx: &mut Tx, new: &[NewGapIssue]) -> Result<(), StoreError> {
    let rows: Vec<Row<'_>> = new
        .iter()
        .map(|one| Row {
            delivery_id: one.delivery_id.to_string(),
            event_id: one.event_id.to_string(),
            gaps: &one.gaps,
            reason: &one.reason,
            account_id: one.account_id.to_string(),
            decided_at: one.decided_at.as_micros(),
        })
        .collect();
    for chunk in rows.chunks(ROWS_PER_INSERT_MAX) {
        on_engine!(tx.db(), conn =>
            diesel::insert_into(gap_issues::table).values(chunk).execute(conn))?;
    }
    Ok(())
}

/// One such delivery as pages show it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct GapIssueLine {
    /// Which delivery.
    pub delivery_id: DeliveryId,
    /// What was missing.
    pub gaps: String,
    /// Why it went out all the same.
    pub reason: String,
    /// Name of who decided.
    pub account_name: String,
    /// When.
    pub decided_at: Timestamp,
}

/// Those of a notice.
///
/// # Errors
/// The store's own.
pub fn gap_issue_list(conn: &mut Conn, notice: NoticeId) -> Result<Vec<GapIssueLine>, StoreError> {
    Ok(gap_issues::table
        .inner_join(deliveries::table.on(deliveries::id.eq(gap_issues::delivery_id)))
        .inner_join(accounts::table.on(accounts::id.eq(gap_issues::account_id)))
        .filter(deliveries::notice_id.eq(notice.to_string()))
        .select((
            gap_issues::delivery_id,
            gap_issues::gaps,
            gap_issues::reason,
            accounts::display_name,
            gap_issues::decided_at,
        ))
        .load(conn.db())?)
}
