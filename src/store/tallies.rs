//! The counts of a notice's deliveries, kept beside it so that a list of notices reads one row
//! each. They follow every change of a delivery in the same write, once per notice and batch.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::engine::{Prepared, bind, per_engine};
use super::schema::notice_tallies;
use super::{Conn, StoreError, Tx};
use crate::domain::delivery::{DeliveryFacts, Tally};
use crate::domain::ids::NoticeId;
use crate::domain::time::Timestamp;

/// Writes the counts of a notice that is being issued.
///
/// # Errors
/// The store's own.
pub fn tally_insert(tx: &mut Tx, notice: NoticeId, tally: &Tally) -> Result<(), StoreError> {
    diesel::insert_into(notice_tallies::table)
        .values((
            notice_tallies::notice_id.eq(notice.to_string()),
            notice_tallies::pending.eq(tally.pending),
            notice_tallies::handed_over.eq(tally.handed_over),
            notice_tallies::opened.eq(tally.opened),
            notice_tallies::acknowledged.eq(tally.acknowledged),
            notice_tallies::returned.eq(tally.returned),
            notice_tallies::recalled.eq(tally.recalled),
            notice_tallies::unreachable.eq(tally.unreachable),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// Adds the counts of recipients that came later.
///
/// # Errors
/// The store's own.
pub fn tally_grow(tx: &mut Tx, notice: NoticeId, more: &Tally) -> Result<(), StoreError> {
    TallyChanges(BTreeMap::from([(notice, *more)])).write(tx)
}

/// Written with every slice of a burst, so it stays prepared.
const GROW: &str = "UPDATE notice_tallies SET pending = pending + ?, \
     handed_over = handed_over + ?, opened = opened + ?, acknowledged = acknowledged + ?, \
     returned = returned + ?, recalled = recalled + ?, unreachable = unreachable + ? \
     WHERE notice_id = ?";

/// Sums what changes of deliveries mean for the counts of their notices.
#[derive(Debug, Default)]
pub struct TallyChanges(BTreeMap<NoticeId, Tally>);

impl TallyChanges {
    /// Notes one delivery's change. `now` is of no consequence for what is stored.
    pub fn note(
        &mut self,
        notice: NoticeId,
        before: &DeliveryFacts,
        after: &DeliveryFacts,
        now: Timestamp,
    ) {
        *self.0.entry(notice).or_default() += Tally::change(before, after, now);
    }

    /// Writes the sums, one row per notice, in one order.
    ///
    /// # Errors
    /// The store's own.
    pub fn write(&self, tx: &mut Tx) -> Result<(), StoreError> {
        for (notice, change) in &self.0 {
            let counts = [
                change.pending,
                change.handed_over,
                change.opened,
                change.acknowledged,
                change.returned,
                change.recalled,
                change.unreachable,
            ];
            let [a, b, c, d, e, f, g] = &counts.map(bind::<BigInt, _>);
            let notice = &bind::<Text, _>(notice.to_string());
            per_engine!(tx.db(), conn,
                postgres => Prepared::new(GROW, &[a, b, c, d, e, f, g, notice]).execute(conn)?,
                sqlite => Prepared::new(GROW, &[a, b, c, d, e, f, g, notice]).execute(conn)?,
            );
        }
        Ok(())
    }
}

/// The kept counts of a notice (`overdue` depends on the hour and is not kept).
///
/// # Errors
/// [`StoreError::NotFound`] for a notice that was not issued.
pub fn tally_find(conn: &mut Conn, notice: NoticeId) -> Result<Tally, StoreError> {
    let counts: Counts = notice_tallies::table
        .filter(notice_tallies::notice_id.eq(notice.to_string()))
        .select((
            notice_tallies::pending,
            notice_tallies::handed_over,
            notice_tallies::opened,
            notice_tallies::acknowledged,
            notice_tallies::returned,
            notice_tallies::recalled,
            notice_tallies::unreachable,
        ))
        .first(conn.db())?;
    Ok(tally_of(counts))
}

/// The kept columns: pending, handed over, opened, acknowledged, returned, recalled, unreachable.
pub(super) type Counts = (i64, i64, i64, i64, i64, i64, i64);

pub(super) fn tally_of(counts: Counts) -> Tally {
    let (pending, handed_over, opened, acknowledged, returned, recalled, unreachable) = counts;
    let total = pending + handed_over + opened + acknowledged + returned + recalled;
    Tally {
        total,
        pending,
        handed_over,
        opened,
        acknowledged,
        returned,
        recalled,
        unreachable,
        overdue: 0,
    }
}
