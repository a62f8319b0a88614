//! The rungs of each ladder: one row for each step, what it does and what came of it.
//!
//! Never here: which steps there are and when, `domain/ladder/plan.rs` computes them; nor which is
//! next, [`super::ladders`] keeps that.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use super::engine::insert_burst;
use super::schema::rungs;
use super::{ROWS_PER_INSERT_MAX, StoreError, Tx};
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
    closed_at: Option<i64>,
    closed_why: Option<&'static str>,
}

/// Writes rungs, in chunks: those of each delivery stand together and in their order. Which of
/// them is next is the caller's to say.
///
/// # Errors
/// [`StoreError::Unique`] if a delivery has a step twice.
pub fn rung_insert_all(tx: &mut Tx, new: &[NewRung], now: Timestamp) -> Result<(), StoreError> {
    let closed = |rung: &NewRung| rung.done.then_some((now, DONE_BY_ISSUE));
    let rows: Vec<NewRow> = new.iter().map(|rung| NewRow::of(rung, closed(rung))).collect();
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
    let rows: Vec<NewRow> = new.iter().map(|rung| NewRow::of(rung, Some((now, why)))).collect();
    insert_rows(tx, &rows)
}

impl NewRow {
    fn of(rung: &NewRung, closed: Option<(Timestamp, &'static str)>) -> Self {
        Self {
            id: rung.id.to_string(),
            delivery_id: rung.delivery_id.to_string(),
            step: i32::from(rung.step),
            action: rung.act.as_str(),
            ways: rung.ways.map(Ways::as_str),
            planned_at: rung.planned_at.as_micros(),
            closed_at: closed.map(|(at, _)| at.as_micros()),
            closed_why: closed.map(|(_, why)| why),
        }
    }
}

fn insert_rows(tx: &mut Tx, rows: &[NewRow]) -> Result<(), StoreError> {
    insert_burst!(tx.db(), rungs, rows, {
        id: Text, delivery_id: Text, step: Integer, action: Text, ways: Nullable<Text>,
        planned_at: BigInt, closed_at: Nullable<BigInt>,
        closed_why: Nullable<Text>,
    })?;
    Ok(())
}

type OpenRow = (DeliveryId, RungId, i32, RungAct, Option<Ways>, Timestamp);

/// What is left of the ladders of deliveries that are held, in order of their steps.
///
/// # Errors
/// The store's own.
pub fn rung_list_open(
    tx: &mut Tx,
    deliveries: &[DeliveryId],
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
        ))
        .load(tx.db())?;
    let mut ladders: BTreeMap<DeliveryId, Vec<OpenRung>> = BTreeMap::new();
    for (delivery, id, step, act, ways, planned_at) in rows {
        let rung = OpenRung { id, step, act, ways, planned_at };
        ladders.entry(delivery).or_default().push(rung);
    }
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
    let mut moved = 0;
    for chunk in texts(ids).chunks(ROWS_PER_INSERT_MAX) {
        moved += diesel::update(
            rungs::table
                .filter(rungs::id.eq_any(chunk))
                .filter(rungs::fired_at.is_null())
                .filter(rungs::closed_at.is_null()),
        )
        .set((rungs::fired_at.eq(Some(now.as_micros())), rungs::outcome.eq(Some(outcome))))
        .execute(tx.db())?;
    }
    Ok(moved)
}

/// Plans a rung anew.
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
    .set(rungs::planned_at.eq(at.as_micros()))
    .execute(tx.db())?)
}

fn texts(ids: &[RungId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}
