//! The ladder of each delivery: one row for each step, found by when it is due.
//!
//! Never here: which steps there are and when; `domain/ladder/plan.rs` computes them.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use super::engine::insert_burst;
use super::schema::rungs;
use super::{Conn, ROWS_PER_INSERT_MAX, StoreError, Tx};
use crate::domain::escalation::OpenRung;
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
    insert_rows(tx, &rows)
}

/// Writes steps that nothing comes of, with the reason: so that none is passed over in silence.
///
/// # Errors
/// [`StoreError::Unique`] if a delivery has a step twice.
pub fn rung_insert_closed(
    tx: &mut Tx,
    new: &[NewRung],
    why: &'static str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = |rung: &NewRung| NewRow {
        id: rung.id.to_string(),
        delivery_id: rung.delivery_id.to_string(),
        step: i32::from(rung.step),
        action: rung.act.as_str(),
        ways: rung.ways.map(Ways::as_str),
        planned_at: rung.planned_at.as_micros(),
        due_at: None,
        closed_at: Some(now.as_micros()),
        closed_why: Some(why),
    };
    let rows: Vec<NewRow> = new.iter().map(row).collect();
    insert_rows(tx, &rows)
}

fn insert_rows(tx: &mut Tx, rows: &[NewRow]) -> Result<(), StoreError> {
    insert_burst!(tx.db(), rungs, rows, {
        id: Text, delivery_id: Text, step: Integer, action: Text, ways: Nullable<Text>,
        planned_at: BigInt, due_at: Nullable<BigInt>, closed_at: Nullable<BigInt>,
        closed_why: Nullable<Text>,
    })?;
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

/// When the next rung of all is due.
///
/// # Errors
/// The store's own.
pub fn rung_next_due(conn: &mut Conn) -> Result<Option<Timestamp>, StoreError> {
    let due: Option<Option<Timestamp>> = rungs::table
        .filter(rungs::due_at.is_not_null())
        .order(rungs::due_at)
        .select(rungs::due_at)
        .first(conn.db())
        .optional()?;
    Ok(due.flatten())
}

/// Deliveries with a due rung, the longest due first; a glance that holds nothing.
///
/// # Errors
/// The store's own.
pub fn rung_list_due(
    conn: &mut Conn,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<DeliveryId>, StoreError> {
    Ok(rungs::table
        .filter(rungs::due_at.le(now.as_micros()))
        .order(rungs::due_at)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(rungs::delivery_id)
        .load(conn.db())?)
}

type OpenRow = (DeliveryId, RungId, i32, RungAct, Option<Ways>, Timestamp, Option<Timestamp>);

/// What is left of the ladders of deliveries that are held, in order of their steps. Those
/// whose next rung is not due any more, because another server fired it, are left out.
///
/// # Errors
/// The store's own.
pub fn rung_list_open(
    tx: &mut Tx,
    deliveries: &[DeliveryId],
    now: Timestamp,
) -> Result<BTreeMap<DeliveryId, Vec<OpenRung>>, StoreError> {
    let texts: Vec<String> = deliveries.iter().map(ToString::to_string).collect();
    let rows: Vec<OpenRow> = rungs::table
        .filter(rungs::delivery_id.eq_any(&texts))
        .filter(rungs::fired_at.is_null())
        .filter(rungs::closed_at.is_null())
        .order((rungs::delivery_id, rungs::step))
        .select((
            rungs::delivery_id,
            rungs::id,
            rungs::step,
            rungs::action,
            rungs::ways,
            rungs::planned_at,
            rungs::due_at,
        ))
        .load(tx.db())?;
    let mut ladders: BTreeMap<DeliveryId, Vec<OpenRung>> = BTreeMap::new();
    for (delivery, id, step, act, ways, planned_at, due_at) in rows {
        let rung = OpenRung { id, step, act, ways, planned_at, due_at };
        ladders.entry(delivery).or_default().push(rung);
    }
    let is_due = |rung: &OpenRung| rung.due_at.is_some_and(|at| at <= now);
    ladders.retain(|_, rungs| rungs.first().is_some_and(is_due));
    Ok(ladders)
}

/// Notes that rungs fired, and to what that came. Says how many rows moved: each moves once.
///
/// # Errors
/// The store's own.
pub fn rung_set_fired(
    tx: &mut Tx,
    ids: &[RungId],
    outcome: &'static str,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let never: Option<i64> = None;
    let mut moved = 0;
    for chunk in texts(ids).chunks(ROWS_PER_INSERT_MAX) {
        moved += diesel::update(
            rungs::table
                .filter(rungs::id.eq_any(chunk))
                .filter(rungs::fired_at.is_null())
                .filter(rungs::closed_at.is_null()),
        )
        .set((
            rungs::due_at.eq(never),
            rungs::fired_at.eq(Some(now.as_micros())),
            rungs::outcome.eq(Some(outcome)),
        ))
        .execute(tx.db())?;
    }
    Ok(moved)
}

/// Makes rungs the next of their deliveries: due when they were planned.
///
/// # Errors
/// The store's own.
pub fn rung_hand_on(tx: &mut Tx, ids: &[RungId]) -> Result<usize, StoreError> {
    let mut moved = 0;
    for chunk in texts(ids).chunks(ROWS_PER_INSERT_MAX) {
        moved += diesel::update(
            rungs::table
                .filter(rungs::id.eq_any(chunk))
                .filter(rungs::fired_at.is_null())
                .filter(rungs::closed_at.is_null()),
        )
        .set(rungs::due_at.eq(rungs::planned_at.nullable()))
        .execute(tx.db())?;
    }
    Ok(moved)
}

/// Plans a rung anew, as the next of its delivery.
///
/// # Errors
/// The store's own.
pub fn rung_set_planned(tx: &mut Tx, id: RungId, at: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::update(
        rungs::table
            .filter(rungs::id.eq(id.to_string()))
            .filter(rungs::fired_at.is_null())
            .filter(rungs::closed_at.is_null()),
    )
    .set((rungs::planned_at.eq(at.as_micros()), rungs::due_at.eq(Some(at.as_micros()))))
    .execute(tx.db())?)
}

fn texts(ids: &[RungId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}
