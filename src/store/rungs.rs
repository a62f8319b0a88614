//! The ladder of each delivery: one row for each step, found by when it is due.
//!
//! Never here: which steps there are and when; `domain/ladder/plan.rs` computes them.

use diesel::prelude::*;

use super::engine::on_engine;
use super::schema::rungs;
use super::{ROWS_PER_INSERT_MAX, StoreError, Tx};
use crate::domain::ids::{DeliveryId, RungId};
use crate::domain::ladder::{RungAct, Ways};
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
    /// For reminders: by how many ways.
    pub ways: Option<Ways>,
    /// When, by the plan.
    pub planned_at: Timestamp,
    /// The issue itself does it.
    pub done: bool,
}

#[derive(Insertable)]
#[diesel(table_name = rungs, treat_none_as_default_value = false)]
struct NewRow {
    id: String,
    delivery_id: String,
    step: i32,
    action: &'static str,
    ways: Option<&'static str>,
    planned_at: i64,
    due_at: Option<i64>,
    closed_at: Option<i64>,
    closed_why: Option<&'static str>,
}

/// Writes ladders, in chunks: the rungs of each delivery stand together and in their order. The
/// first that is not done yet is the delivery's next and only due one.
///
/// # Errors
/// [`StoreError::Unique`] if a delivery has a step twice.
pub fn rung_insert_all(tx: &mut Tx, new: &[NewRung], now: Timestamp) -> Result<(), StoreError> {
    let mut has_next: Option<DeliveryId> = None;
    let mut rows: Vec<NewRow> = Vec::with_capacity(new.len());
    for rung in new {
        let next = !rung.done && has_next != Some(rung.delivery_id);
        if next {
            has_next = Some(rung.delivery_id);
        }
        rows.push(NewRow {
            id: rung.id.to_string(),
            delivery_id: rung.delivery_id.to_string(),
            step: i32::from(rung.step),
            action: rung.act.as_str(),
            ways: rung.ways.map(Ways::as_str),
            planned_at: rung.planned_at.as_micros(),
            due_at: next.then_some(rung.planned_at.as_micros()),
            closed_at: rung.done.then_some(now.as_micros()),
            closed_why: rung.done.then_some(DONE_BY_ISSUE),
        });
    }
    for chunk in rows.chunks(ROWS_PER_INSERT_MAX) {
        on_engine!(tx.db(), conn =>
            diesel::insert_into(rungs::table).values(chunk).execute(conn))?;
    }
    Ok(())
}

/// Closes the next step of deliveries and with it their ladders, so that nobody is chased after
/// the answer: no later step can become due any more. Says how many ladders were still open.
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
