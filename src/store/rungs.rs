//! Rungs of the ladder: what is due for a delivery, and why it is due no more.

use diesel::prelude::*;

use super::schema::rungs;
use super::{StoreError, Tx};
use crate::domain::ids::DeliveryId;
use crate::domain::time::Timestamp;

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
