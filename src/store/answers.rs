//! What an organisation's answer ends, all at once: the delivery is signed for, its ladder has no
//! next step any more, and what was still owed to it (messages, calls) is owed no more.
//!
//! A room of its own because it comes in bursts: on PostgreSQL, where each statement is a round
//! trip, one statement does it all.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use super::engine::{Prepared, bind, per_engine};
use super::{StoreError, Tx};
use crate::domain::call_task::TaskKind;
use crate::domain::ids::DeliveryId;
use crate::domain::message::MessageState;
use crate::domain::time::Timestamp;

/// On PostgreSQL: all of it in one round trip. Its count is that of the deliveries.
const SETTLE: &str = "WITH asked (id, at) AS MATERIALIZED (SELECT * FROM unnest(?, ?)), \
     said (at, why) AS (VALUES (?, ?)), \
     spared AS (UPDATE messages SET state = ?, due_at = NULL, lease_token = NULL, \
     finished_at = said.at, finished_why = said.why FROM said \
     WHERE delivery_id IN (SELECT id FROM asked) AND due_at IS NOT NULL), \
     done AS (UPDATE call_tasks SET closed_at = said.at, closed_why = said.why FROM said \
     WHERE delivery_id IN (SELECT id FROM asked) AND kind = ANY (?) AND closed_at IS NULL) \
     UPDATE deliveries SET acknowledged_at = asked.at, next_step = NULL, next_due_at = NULL \
     FROM asked \
     WHERE deliveries.id = asked.id AND acknowledged_at IS NULL";

/// On SQLite: the same, one after the other. Each takes the ids as a JSON list, so that it is the
/// same statement for bursts of any size.
const SETTLE_SIGNED: &str = "UPDATE deliveries SET acknowledged_at = (SELECT acknowledged_at \
     FROM receipts WHERE delivery_id = deliveries.id AND NOT beside), \
     next_step = NULL, next_due_at = NULL \
     WHERE id IN (SELECT value FROM json_each(?)) AND acknowledged_at IS NULL";
const SETTLE_SPARED: &str = "UPDATE messages SET state = ?, due_at = NULL, lease_token = NULL, \
     finished_at = ?, finished_why = ? \
     WHERE delivery_id IN (SELECT value FROM json_each(?)) AND due_at IS NOT NULL";
const SETTLE_DONE: &str = "UPDATE call_tasks SET closed_at = ?, closed_why = ? \
     WHERE delivery_id IN (SELECT value FROM json_each(?)) \
     AND kind IN (SELECT value FROM json_each(?)) AND closed_at IS NULL";

/// Marks deliveries as signed at the instants of their receipts, which the same write has just
/// inserted, and ends what was owed to them because of `why`. The caller holds the deliveries.
/// Says how many were signed.
///
/// # Errors
/// The store's own.
pub fn answer_settle(
    tx: &mut Tx,
    signed: &[(DeliveryId, Timestamp)],
    why: &'static str,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let ids: Vec<String> = signed.iter().map(|(id, _)| id.to_string()).collect();
    let kinds: Vec<&str> = TaskKind::ENDED_BY_ANSWER.iter().map(|kind| kind.as_str()).collect();
    let cancelled = bind::<Text, _>(MessageState::Cancelled.as_str());
    let (why, now) = (bind::<Text, _>(why), bind::<BigInt, _>(now.as_micros()));
    Ok(per_engine!(tx.db(), conn,
        postgres => {
            let at: Vec<i64> = signed.iter().map(|(_, at)| at.as_micros()).collect();
            let (ids, at) = (bind::<Array<Text>, _>(ids), bind::<Array<BigInt>, _>(at));
            let kinds = bind::<Array<Text>, _>(kinds);
            Prepared::new(SETTLE, &[&ids, &at, &now, &why, &cancelled, &kinds]).execute(conn)?
        },
        sqlite => {
            let ids = bind::<Text, _>(serde_json::json!(ids).to_string());
            let kinds = bind::<Text, _>(serde_json::json!(kinds).to_string());
            let moved = Prepared::new(SETTLE_SIGNED, &[&ids]).execute(conn)?;
            Prepared::new(SETTLE_SPARED, &[&cancelled, &now, &why, &ids]).execute(conn)?;
            Prepared::new(SETTLE_DONE, &[&now, &why, &ids, &kinds]).execute(conn)?;
            moved
        },
    ))
}
