//! What an organisation's answer ends, all at once: the delivery is signed for, its ladder has no
//! next step any more, and what was still owed to it (messages, calls) is owed no more.
//!
//! A room of its own because it comes in bursts: on PostgreSQL, where each statement is a round
//! trip, one statement does it all.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use super::engine::{Prepared, bind, per_engine};
use super::receipts::Receipt;
use super::{StoreError, Tx};
use crate::domain::call_task::TaskKind;
use crate::domain::message::MessageState;
use crate::domain::time::Timestamp;

/// On PostgreSQL: all of it in one round trip. Its count is that of the deliveries.
const SETTLE: &str = "WITH asked (id, at, receipt) AS MATERIALIZED \
     (SELECT * FROM unnest(?, ?, ?)), said (at, why) AS (VALUES (?, ?)), \
     spared AS (UPDATE messages SET state = ?, due_at = NULL, lease_token = NULL, \
     finished_at = said.at, finished_why = said.why FROM said \
     WHERE delivery_id IN (SELECT id FROM asked) AND due_at IS NOT NULL), \
     done AS (UPDATE call_tasks SET closed_at = said.at, closed_why = said.why FROM said \
     WHERE delivery_id IN (SELECT id FROM asked) AND kind = ANY (?) AND closed_at IS NULL) \
     UPDATE deliveries SET acknowledged_at = asked.at, receipt_id = asked.receipt, \
     next_step = NULL, next_due_at = NULL FROM asked \
     WHERE deliveries.id = asked.id AND acknowledged_at IS NULL";

/// On SQLite: the same, one after the other; here for one delivery.
const SETTLE_SIGNED: &str = "UPDATE deliveries SET acknowledged_at = ?, receipt_id = ?, \
     next_step = NULL, next_due_at = NULL WHERE id = ? AND acknowledged_at IS NULL";
/// What was owed is mostly nothing any more, so these take all ids at once, as a JSON list: the
/// same statement for bursts of any size.
const SETTLE_SPARED: &str = "UPDATE messages SET state = ?, due_at = NULL, lease_token = NULL, \
     finished_at = ?, finished_why = ? \
     WHERE delivery_id IN (SELECT value FROM json_each(?)) AND due_at IS NOT NULL";
const SETTLE_DONE: &str = "UPDATE call_tasks SET closed_at = ?, closed_why = ? \
     WHERE delivery_id IN (SELECT value FROM json_each(?)) \
     AND kind IN (SELECT value FROM json_each(?)) AND closed_at IS NULL";

/// Marks deliveries as answered by receipts that the same write inserts, and ends what was owed to
/// them because of `why`. The caller holds the deliveries and has seen that nobody answered.
///
/// # Errors
/// [`StoreError::Inconsistent`] if one of them was answered before, else the store's own.
pub fn answer_settle(
    tx: &mut Tx,
    receipts: &[&Receipt],
    why: &'static str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let ids: Vec<String> = receipts.iter().map(|one| one.delivery_id.to_string()).collect();
    let answered: Vec<String> = receipts.iter().map(|one| one.id.to_string()).collect();
    let at: Vec<i64> = receipts.iter().map(|one| one.acknowledged_at.as_micros()).collect();
    let kinds: Vec<&str> = TaskKind::ENDED_BY_ANSWER.iter().map(|kind| kind.as_str()).collect();
    let cancelled = bind::<Text, _>(MessageState::Cancelled.as_str());
    let (why, now) = (bind::<Text, _>(why), bind::<BigInt, _>(now.as_micros()));
    let moved = per_engine!(tx.db(), conn,
        postgres => {
            let (ids, at) = (bind::<Array<Text>, _>(ids), bind::<Array<BigInt>, _>(at));
            let answered = bind::<Array<Text>, _>(answered);
            let kinds = bind::<Array<Text>, _>(kinds);
            Prepared::new(SETTLE, &[&ids, &at, &answered, &now, &why, &cancelled, &kinds])
                .execute(conn)?
        },
        sqlite => {
            let mut moved = 0;
            for ((id, answered), at) in ids.iter().zip(answered).zip(at) {
                let (at, answered) = (bind::<BigInt, _>(at), bind::<Text, _>(answered));
                let id = bind::<Text, _>(id.as_str());
                moved += Prepared::new(SETTLE_SIGNED, &[&at, &answered, &id]).execute(conn)?;
            }
            let ids = bind::<Text, _>(serde_json::json!(ids).to_string());
            let kinds = bind::<Text, _>(serde_json::json!(kinds).to_string());
            Prepared::new(SETTLE_SPARED, &[&cancelled, &now, &why, &ids]).execute(conn)?;
            Prepared::new(SETTLE_DONE, &[&now, &why, &ids, &kinds]).execute(conn)?;
            moved
        },
    );
    // The rows were read and held before, so another count is a mistake in here, not a race.
    if moved == receipts.len() {
        return Ok(());
    }
    Err(StoreError::Inconsistent {
        table: "deliveries",
        id: receipts.first().map(|one| one.delivery_id.to_string()).unwrap_or_default(),
        what: format!("{moved} of {} answers, this one among them, counted", receipts.len()),
    })
}
