//! The head of each ladder: which step of a delivery is next, and when it is due. It stands in the
//! delivery's own row; a ladder without a head is at its end.
//!
//! Never here: the steps themselves; [`super::rungs`] keeps them.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Text};

use super::engine::{Prepared, bind, per_engine};
use super::rungs::NewRung;
use super::schema::{deliveries, rungs};
use super::{Conn, StoreError, Tx};
use crate::domain::ids::DeliveryId;
use crate::domain::time::Timestamp;

/// The next step of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its place in the ladder.
    pub step: i32,
    /// When it is due.
    pub due_at: Timestamp,
}

impl Head {
    /// The head of a new ladder: the first of its rungs that the issue does not do itself.
    #[must_use]
    pub fn first_of(rungs: &[NewRung]) -> Option<Self> {
        let first = rungs.iter().find(|rung| !rung.done)?;
        Some(Self { step: i32::from(first.step), due_at: first.planned_at })
    }
}

/// When the next step of all is due.
///
/// # Errors
/// The store's own.
pub fn ladder_next_due(conn: &mut Conn) -> Result<Option<Timestamp>, StoreError> {
    let due: Option<Option<Timestamp>> = deliveries::table
        .filter(deliveries::next_due_at.is_not_null())
        .order(deliveries::next_due_at)
        .select(deliveries::next_due_at)
        .first(conn.db())
        .optional()?;
    Ok(due.flatten())
}

/// Deliveries with a due step, the longest due first; a glance that holds nothing.
///
/// # Errors
/// The store's own.
pub fn ladder_list_due(
    conn: &mut Conn,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<DeliveryId>, StoreError> {
    Ok(deliveries::table
        .filter(deliveries::next_due_at.le(now.as_micros()))
        .order(deliveries::next_due_at)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(deliveries::id)
        .load(conn.db())?)
}

/// A ladder that goes on: from which step to which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandOn {
    /// Of which delivery.
    pub delivery_id: DeliveryId,
    /// The step that was next until now.
    pub from: i32,
    /// What is next.
    pub to: Head,
}

const HAND_ON_PG: &str = "UPDATE deliveries SET next_step = n.step, next_due_at = n.due_at \
     FROM unnest(?, ?, ?, ?) AS n (id, was, step, due_at) \
     WHERE deliveries.id = n.id AND next_step = n.was";
const HAND_ON_SQLITE: &str = "UPDATE deliveries SET next_step = ?, next_due_at = ? \
     WHERE id = ? AND next_step = ?";

/// Makes steps the next of deliveries that the caller holds. Says how many: a ladder that ended,
/// or went on otherwise, stays as it is.
///
/// # Errors
/// The store's own.
pub fn ladder_hand_on(tx: &mut Tx, heads: &[HandOn]) -> Result<usize, StoreError> {
    if heads.is_empty() {
        return Ok(0);
    }
    Ok(per_engine!(tx.db(), conn,
        postgres => {
            let ids: Vec<String> = heads.iter().map(|one| one.delivery_id.to_string()).collect();
            let was: Vec<i32> = heads.iter().map(|one| one.from).collect();
            let steps: Vec<i32> = heads.iter().map(|one| one.to.step).collect();
            let due: Vec<i64> = heads.iter().map(|one| one.to.due_at.as_micros()).collect();
            let (ids, was) = (bind::<Array<Text>, _>(ids), bind::<Array<Integer>, _>(was));
            let (steps, due) = (bind::<Array<Integer>, _>(steps), bind::<Array<BigInt>, _>(due));
            Prepared::new(HAND_ON_PG, &[&ids, &was, &steps, &due]).execute(conn)?
        },
        sqlite => {
            let mut moved = 0usize;
            for one in heads {
                let step = bind::<Integer, _>(one.to.step);
                let due = bind::<BigInt, _>(one.to.due_at.as_micros());
                let id = bind::<Text, _>(one.delivery_id.to_string());
                let was = bind::<Integer, _>(one.from);
                moved += Prepared::new(HAND_ON_SQLITE, &[&step, &due, &id, &was]).execute(conn)?;
            }
            moved
        },
    ))
}

/// Ends the ladders of deliveries, so that nobody is chased any more. Says how many went on until
/// now.
///
/// # Errors
/// The store's own.
pub fn ladder_end(tx: &mut Tx, ids: &[DeliveryId]) -> Result<usize, StoreError> {
    if ids.is_empty() {
        return Ok(0);
    }
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let (step, due): (Option<i32>, Option<i64>) = (None, None);
    Ok(diesel::update(
        deliveries::table
            .filter(deliveries::id.eq_any(&texts))
            .filter(deliveries::next_due_at.is_not_null()),
    )
    .set((deliveries::next_step.eq(step), deliveries::next_due_at.eq(due)))
    .execute(tx.db())?)
}

/// Makes the next steps of deliveries due when they are planned now. Says of how many: a head that
/// points at no open step stays as it is.
///
/// # Errors
/// The store's own.
pub fn ladder_follow_plan(tx: &mut Tx, ids: &[DeliveryId]) -> Result<usize, StoreError> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let next = rungs::table
        .filter(rungs::delivery_id.eq(deliveries::id))
        .filter(rungs::step.nullable().eq(deliveries::next_step))
        .filter(rungs::fired_at.is_null())
        .filter(rungs::closed_at.is_null())
        .select(rungs::planned_at);
    Ok(diesel::update(deliveries::table.filter(deliveries::id.eq_any(&texts)).filter(exists(next)))
        .set(deliveries::next_due_at.eq(next.single_value()))
        .execute(tx.db())?)
}
