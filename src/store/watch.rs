//! What the self-check asks the rows: ladders without a next step, steps and messages left lying.
//! Counts and one example each, so that a fault that concerns thousands stays one line.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use super::{Conn, StoreError};
use crate::domain::ids::{DeliveryId, NoticeId};
use crate::domain::message::MessageState;
use crate::domain::time::Timestamp;

/// Notices told of at once.
const NOTICES_MAX: i64 = 50;

/// Deliveries of one notice that the same is wrong with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// Of which notice.
    pub notice_id: NoticeId,
    /// One of them.
    pub example: DeliveryId,
    /// How many.
    pub count: i64,
    /// The oldest instant concerned, where there is one.
    pub since: Option<Timestamp>,
}

#[derive(QueryableByName)]
struct StrayRow {
    #[diesel(sql_type = Text)]
    notice_id: String,
    #[diesel(sql_type = Text)]
    example: String,
    #[diesel(sql_type = BigInt)]
    stray_count: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    since: Option<i64>,
}

impl StrayRow {
    fn read(self) -> Result<Stray, StoreError> {
        let broken = |id: &str| StoreError::Inconsistent {
            table: "deliveries",
            id: id.to_owned(),
            what: "is no id".to_owned(),
        };
        Ok(Stray {
            notice_id: self.notice_id.parse().map_err(|_| broken(&self.notice_id))?,
            example: self.example.parse().map_err(|_| broken(&self.example))?,
            count: self.stray_count,
            since: self.since.map(Timestamp::from_micros),
        })
    }
}

fn strays(rows: Vec<StrayRow>) -> Result<Vec<Stray>, StoreError> {
    rows.into_iter().map(StrayRow::read).collect()
}

/// What is still chased: issued, unanswered, not stopped, no return of it accepted.
const OPEN: &str = "n.state = 'issued' AND d.acknowledged_at IS NULL AND d.recalled_at IS NULL \
    AND d.chase_stopped_at IS NULL AND NOT EXISTS (SELECT 1 FROM returns t \
    WHERE t.delivery_id = d.id AND t.decision = 'accepted')";

/// Open deliveries whose ladder has no next step: one that has steps left, or one of a level that
/// never ends by itself.
///
/// # Errors
/// The store's own.
pub fn ladder_list_headless(
    conn: &mut Conn,
    endless_levels: &[&'static str],
) -> Result<Vec<Stray>, StoreError> {
    let levels: Vec<String> = endless_levels.iter().map(|level| format!("'{level}'")).collect();
    let endless = if levels.is_empty() {
        "1 = 0".to_owned()
    } else {
        format!("(d.addressee = 'primary' AND n.urgency IN ({}))", levels.join(", "))
    };
    let rows = sql_query(format!(
        "SELECT n.id AS notice_id, MIN(d.id) AS example, COUNT(*) AS stray_count, \
         MIN(n.issued_at) AS since FROM notices n JOIN deliveries d ON d.notice_id = n.id \
         WHERE {OPEN} AND d.next_due_at IS NULL AND ({endless} OR EXISTS (SELECT 1 FROM rungs r \
         WHERE r.delivery_id = d.id AND r.fired_at IS NULL AND r.closed_at IS NULL)) \
         GROUP BY n.id ORDER BY n.id LIMIT {NOTICES_MAX}"
    ))
    .load(conn.db())?;
    strays(rows)
}

/// What stands about the heads of ladders that are due before an instant: read first and by the
/// index, because the grouping alone would have every delivery read.
const HEADS_BEFORE: &str = "WITH heads AS MATERIALIZED (SELECT id, notice_id, next_step, \
    next_due_at FROM deliveries WHERE next_due_at < $1) \
    SELECT notice_id, MIN(id) AS example, COUNT(*) AS stray_count, MIN(next_due_at) AS since \
    FROM heads";

/// Steps that were due before `limit` and are still not taken.
///
/// # Errors
/// The store's own.
pub fn ladder_list_overdue(conn: &mut Conn, limit: Timestamp) -> Result<Vec<Stray>, StoreError> {
    list_heads(conn, limit, "1 = 1")
}

/// Deliveries whose next step is due before `limit` and is not there, or is planned for another
/// time.
///
/// # Errors
/// The store's own.
pub fn ladder_list_astray(conn: &mut Conn, limit: Timestamp) -> Result<Vec<Stray>, StoreError> {
    list_heads(
        conn,
        limit,
        "NOT EXISTS (SELECT 1 FROM rungs r WHERE r.delivery_id = heads.id \
         AND r.step = heads.next_step AND r.planned_at = heads.next_due_at \
         AND r.fired_at IS NULL AND r.closed_at IS NULL)",
    )
}

fn list_heads(conn: &mut Conn, limit: Timestamp, which: &str) -> Result<Vec<Stray>, StoreError> {
    let rows = sql_query(format!(
        "{HEADS_BEFORE} WHERE {which} GROUP BY notice_id ORDER BY notice_id LIMIT {NOTICES_MAX}"
    ))
    .bind::<BigInt, _>(limit.as_micros())
    .load(conn.db())?;
    strays(rows)
}

/// Steps taken since `since` that claim to have acted, and of which neither a message nor a call
/// is left to see.
///
/// # Errors
/// The store's own.
pub fn rung_list_without_effect(
    conn: &mut Conn,
    since: Timestamp,
) -> Result<Vec<Stray>, StoreError> {
    let rows = sql_query(format!(
        "SELECT d.notice_id AS notice_id, MIN(d.id) AS example, COUNT(*) AS stray_count, \
         MIN(r.fired_at) AS since FROM rungs r JOIN deliveries d ON d.id = r.delivery_id \
         WHERE r.fired_at >= $1 AND r.outcome = 'acted' \
         AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.delivery_id = r.delivery_id \
         AND m.step = r.step) \
         AND NOT EXISTS (SELECT 1 FROM call_tasks c WHERE c.delivery_id = r.delivery_id) \
         AND NOT (r.action = 'alert_issuer' AND EXISTS (SELECT 1 FROM messages m \
         WHERE m.delivery_id IS NULL AND m.notice_id = d.notice_id \
         AND m.purpose = 'issuer_alert')) \
         GROUP BY d.notice_id ORDER BY d.notice_id LIMIT {NOTICES_MAX}"
    ))
    .bind::<BigInt, _>(since.as_micros())
    .load(conn.db())?;
    strays(rows)
}

/// Messages of one lane in one state that have been due since some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lying {
    /// The lane; 0 is 特提.
    pub lane: i32,
    /// Held by a sender, though the lease is over.
    pub leased: bool,
    /// How many.
    pub count: i64,
    /// The oldest was due then.
    pub since: Timestamp,
}

#[derive(QueryableByName)]
struct LyingRow {
    #[diesel(sql_type = Integer)]
    lane: i32,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    lying: i64,
    #[diesel(sql_type = BigInt)]
    since: i64,
}

/// Messages that were due before `limit` and lie untaken.
///
/// # Errors
/// The store's own.
pub fn message_list_lying(conn: &mut Conn, limit: Timestamp) -> Result<Vec<Lying>, StoreError> {
    let rows: Vec<LyingRow> = sql_query(
        "SELECT lane, state, COUNT(*) AS lying, MIN(due_at) AS since FROM messages \
         WHERE due_at < $1 GROUP BY lane, state ORDER BY lane, state",
    )
    .bind::<BigInt, _>(limit.as_micros())
    .load(conn.db())?;
    let read = |row: LyingRow| Lying {
        lane: row.lane,
        leased: row.state == MessageState::Leased.as_str(),
        count: row.lying,
        since: Timestamp::from_micros(row.since),
    };
    Ok(rows.into_iter().map(read).collect())
}
