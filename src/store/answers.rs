//! What an organisation's answer ends, all at once: the delivery is signed for, and what was still
//! owed to it (messages, the next step of its ladder, calls) is owed no more.
//!
//! A room of its own because it comes in bursts: on PostgreSQL, where each statement is a round
//! trip, one statement does it all.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text};

use super::call_tasks::task_close_of;
use super::deliveries::delivery_set_acknowledged;
use super::engine::per_engine;
use super::messages::message_cancel_open;
use super::rungs::rung_close_open;
use super::{StoreError, Tx};
use crate::domain::call_task::TaskKind;
use crate::domain::ids::DeliveryId;
use crate::domain::message::MessageState;
use crate::domain::time::Timestamp;

/// On PostgreSQL: all of it in one round trip.
const SETTLE: &str = "WITH asked (id, at) AS (SELECT * FROM unnest($1, $2)), \
     signed AS (UPDATE deliveries SET acknowledged_at = asked.at FROM asked \
     WHERE deliveries.id = asked.id AND acknowledged_at IS NULL RETURNING 1), \
     spared AS (UPDATE messages SET state = $6, due_at = NULL, lease_token = NULL, \
     finished_at = $4, finished_why = $3 WHERE delivery_id = ANY ($1) AND due_at IS NOT NULL), \
     ended AS (UPDATE rungs SET due_at = NULL, closed_at = $4, closed_why = $3 \
     WHERE delivery_id = ANY ($1) AND due_at IS NOT NULL), \
     done AS (UPDATE call_tasks SET closed_at = $4, closed_why = $3 \
     WHERE delivery_id = ANY ($1) AND kind = ANY ($5) AND closed_at IS NULL) \
     SELECT count(*) AS deliveries FROM signed";

#[derive(QueryableByName)]
struct Moved {
    #[diesel(sql_type = BigInt)]
    deliveries: i64,
}

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
    let ids: Vec<DeliveryId> = signed.iter().map(|(id, _)| *id).collect();
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let at: Vec<i64> = signed.iter().map(|(_, at)| at.as_micros()).collect();
    let kinds: Vec<&str> = TaskKind::ENDED_BY_ANSWER.iter().map(|kind| kind.as_str()).collect();
    let at_once = sql_query(SETTLE)
        .bind::<Array<Text>, _>(&texts)
        .bind::<Array<BigInt>, _>(&at)
        .bind::<Text, _>(why)
        .bind::<BigInt, _>(now.as_micros())
        .bind::<Array<Text>, _>(kinds)
        .bind::<Text, _>(MessageState::Cancelled.as_str());
    let settled: Option<Moved> = per_engine!(tx.db(), conn,
        postgres => Some(at_once.get_result(conn)?),
        sqlite => {
            let _ = conn;
            None
        },
    );
    if let Some(moved) = settled {
        return Ok(usize::try_from(moved.deliveries).unwrap_or(0));
    }
    let moved = delivery_set_acknowledged(tx, &ids)?;
    message_cancel_open(tx, &ids, why, now)?;
    rung_close_open(tx, &ids, why, now)?;
    task_close_of(tx, &ids, TaskKind::ENDED_BY_ANSWER, why, None, now)?;
    Ok(moved)
}
