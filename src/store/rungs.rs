//! The ladder of each delivery: one row for each step, found by when it is due.
//!
//! Never here: which steps there are and when; `domain/ladder/plan.rs` computes them.

use diesel::prelude::*;

use super::engine::on_engine;
use super::schema::rungs;
use super::{Conn, ROWS_PER_INSERT_MAX, StoreError, Tx};
use crate::domain::ids::{DeliveryId, RungId};
use crate::domain::ladder::RungAct;
use crate::domain::time::Timestamp;

/// Why a rung is closed that the issue itself has done: its messages are in the outbox.
pub const DONE_BY_ISSUE: &str = "done_by_issue";

/// A rung as it is written at issue.
#[derive(Debug, Clone, Copy)]
pub struct NewRung {
    /// Its id.
    pub id: RungId,
    /// Of which delivery.
    pub delivery_id: DeliveryId,
    /// Its place in the ladder, from 1.
    pub step: u16,
    /// What is done.
    pub act: RungAct,
    /// When, by the plan.
    pub planned_at: Timestamp,
    /// Set if the issue itself does it.
    pub done_at: Option<Timestamp>,
}

#[derive(Insertable)]
#[diesel(table_name = rungs, treat_none_as_default_value = false)]
struct NewRow {
    id: String,
    delivery_id: String,
    step: i32,
    action: &'static str,
    planned_at: i64,
    due_at: Option<i64>,
    closed_at: Option<i64>,
    closed_why: Option<&'static str>,
}

/// Writes the rungs of an issue, in chunks.
///
/// # Errors
/// [`StoreError::Unique`] if a delivery has a step twice.
pub fn rung_insert_all(tx: &mut Tx, new: &[NewRung]) -> Result<(), StoreError> {
    for chunk in new.chunks(ROWS_PER_INSERT_MAX) {
        let rows: Vec<NewRow> = chunk
            .iter()
            .map(|rung| NewRow {
                id: rung.id.to_string(),
                delivery_id: rung.delivery_id.to_string(),
                step: i32::from(rung.step),
                action: rung.act.as_str(),
                planned_at: rung.planned_at.as_micros(),
                due_at: rung.done_at.is_none().then_some(rung.planned_at.as_micros()),
                closed_at: rung.done_at.map(Timestamp::as_micros),
                closed_why: rung.done_at.map(|_| DONE_BY_ISSUE),
            })
            .collect();
        on_engine!(tx.db(), conn =>
            diesel::insert_into(rungs::table).values(&rows).execute(conn))?;
    }
    Ok(())
}

/// How many rungs a delivery has that are still to come.
///
/// # Errors
/// The store's own.
pub fn rung_count_open(conn: &mut Conn, delivery: DeliveryId) -> Result<i64, StoreError> {
    Ok(rungs::table
        .filter(rungs::delivery_id.eq(delivery.to_string()))
        .filter(rungs::due_at.is_not_null())
        .count()
        .get_result(conn.db())?)
}

/// Closes what is still due for deliveries, so that nobody is chased after the answer. Says how
/// many rungs were closed.
///
/// # Errors
/// The store's own.
pub fn rung_close_open(
    tx: &mut Tx,
    deliveries: &[DeliveryId],
    why: &'static str,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let texts: Vec<String> = deliveries.iter().map(ToString::to_string).collect();
    let never: Option<i64> = None;
    Ok(diesel::update(
        rungs::table.filter(rungs::delivery_id.eq_any(&texts)).filter(rungs::due_at.is_not_null()),
    )
    .set((
        rungs::due_at.eq(never),
        rungs::closed_at.eq(Some(now.as_micros())),
        rungs::closed_why.eq(Some(why)),
    ))
    .execute(tx.db())?)
}
