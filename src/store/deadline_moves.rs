//! What a corrected holiday table moves: from what each delivery was reckoned, which are still
//! open, and the moves themselves, with the old time beside the new one.
//!
//! Never here: how times are reckoned; `domain/ladder/replan.rs` does that.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::engine::{RowLock, on_engine};
use super::schema::{
    deadline_changes, deliveries, delivery_clocks, engine_marks, messages, notices, rungs,
};
use super::{Conn, ROWS_PER_INSERT_MAX, StoreError, Tx};
use crate::domain::ids::{DeliveryId, EventId, NoticeId, RungId};
use crate::domain::ladder::replan::Standing;
use crate::domain::ladder::{RungAct, Ways};
use crate::domain::message::{MessagePurpose, MessageState};
use crate::domain::time::Timestamp;
use crate::domain::working_time::WorkingHours;

/// The mark that says how far the newest table was carried.
const PROGRESS: &str = "deadline_moves";

/// From what the times of a delivery were reckoned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryClock {
    /// Of which delivery.
    pub delivery_id: DeliveryId,
    /// The instant of its issue.
    pub counted_from: Timestamp,
    /// The deadline that the notice states.
    pub explicit_at: Option<Timestamp>,
    /// The hours of a working day.
    pub hours: WorkingHours,
    /// A desk was manned day and night.
    pub manned: bool,
}

#[derive(Insertable)]
#[diesel(table_name = delivery_clocks, treat_none_as_default_value = false)]
struct NewClock {
    delivery_id: String,
    counted_from: i64,
    explicit_at: Option<i64>,
    hours: String,
    manned: bool,
}

/// Writes clocks, in chunks.
///
/// # Errors
/// [`StoreError::Unique`] if a delivery has one already.
pub fn clock_insert_all(tx: &mut Tx, new: &[DeliveryClock]) -> Result<(), StoreError> {
    for chunk in new.chunks(ROWS_PER_INSERT_MAX) {
        let rows: Vec<NewClock> = chunk
            .iter()
            .map(|clock| NewClock {
                delivery_id: clock.delivery_id.to_string(),
                counted_from: clock.counted_from.as_micros(),
                explicit_at: clock.explicit_at.map(Timestamp::as_micros),
                hours: clock.hours.to_string(),
                manned: clock.manned,
            })
            .collect();
        on_engine!(tx.db(), conn =>
            diesel::insert_into(delivery_clocks::table).values(&rows).execute(conn))?;
    }
    Ok(())
}

type ClockRow = (DeliveryId, Timestamp, Option<Timestamp>, String, bool);

/// The clocks of deliveries; who has none is not moved by any table.
///
/// # Errors
/// [`StoreError::Inconsistent`] if hours cannot be read back, else the store's own.
pub fn clock_list(
    conn: &mut Conn,
    ids: &[DeliveryId],
) -> Result<BTreeMap<DeliveryId, DeliveryClock>, StoreError> {
    let rows: Vec<ClockRow> = delivery_clocks::table
        .filter(delivery_clocks::delivery_id.eq_any(texts(ids)))
        .select((
            delivery_clocks::delivery_id,
            delivery_clocks::counted_from,
            delivery_clocks::explicit_at,
            delivery_clocks::hours,
            delivery_clocks::manned,
        ))
        .load(conn.db())?;
    let read = |(delivery_id, counted_from, explicit_at, hours, manned): ClockRow| {
        let hours = hours.parse().map_err(|_| StoreError::Inconsistent {
            table: "delivery_clocks",
            id: delivery_id.to_string(),
            what: format!("{hours:?} are no hours"),
        })?;
        Ok((delivery_id, DeliveryClock { delivery_id, counted_from, explicit_at, hours, manned }))
    };
    rows.into_iter().map(read).collect()
}

/// Deliveries with a clock and an open ladder, in the order of their ids, from after one on.
///
/// # Errors
/// The store's own.
pub fn move_list_open(
    conn: &mut Conn,
    after: Option<DeliveryId>,
    limit: usize,
) -> Result<Vec<(DeliveryId, NoticeId)>, StoreError> {
    let after = after.map_or_else(String::new, |id| id.to_string());
    Ok(delivery_clocks::table
        .inner_join(deliveries::table.on(deliveries::id.eq(delivery_clocks::delivery_id)))
        .filter(deliveries::next_due_at.is_not_null())
        .filter(delivery_clocks::delivery_id.gt(after))
        .order(delivery_clocks::delivery_id)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select((deliveries::id, deliveries::notice_id))
        .load(conn.db())?)
}

/// Holds notices, then deliveries, so that no answer and no other server comes in between.
///
/// # Errors
/// The store's own.
pub fn move_hold(
    tx: &mut Tx,
    notices: &[NoticeId],
    deliveries: &[DeliveryId],
) -> Result<(), StoreError> {
    let mut held: Vec<String> = notices.iter().map(ToString::to_string).collect();
    held.sort_unstable();
    held.dedup();
    tx.db().lock_rows("notices", &held, RowLock::Exclusive)?;
    tx.db().lock_rows("deliveries", &texts(deliveries), RowLock::Exclusive)
}

type StepRow = (DeliveryId, RungId, RungAct, Option<Ways>, Timestamp);

/// What is left of the ladders of deliveries that are held, in order of the steps.
///
/// # Errors
/// The store's own.
pub fn move_steps(
    tx: &mut Tx,
    ids: &[DeliveryId],
) -> Result<BTreeMap<DeliveryId, Vec<Standing>>, StoreError> {
    let rows: Vec<StepRow> = rungs::table
        .filter(rungs::delivery_id.eq_any(texts(ids)))
        .filter(rungs::fired_at.is_null())
        .filter(rungs::closed_at.is_null())
        .order((rungs::delivery_id, rungs::step))
        .select((rungs::delivery_id, rungs::id, rungs::action, rungs::ways, rungs::planned_at))
        .load(tx.db())?;
    let mut steps: BTreeMap<DeliveryId, Vec<Standing>> = BTreeMap::new();
    for (delivery, id, act, ways, at) in rows {
        steps.entry(delivery).or_default().push(Standing { id, act, ways, at });
    }
    Ok(steps)
}

/// The deadlines of deliveries and where they come from.
///
/// # Errors
/// The store's own.
pub fn move_origins(
    tx: &mut Tx,
    ids: &[DeliveryId],
) -> Result<BTreeMap<DeliveryId, Option<String>>, StoreError> {
    let rows: Vec<(DeliveryId, Option<String>)> = deliveries::table
        .filter(deliveries::id.eq_any(texts(ids)))
        .select((deliveries::id, deliveries::deadline_origin))
        .load(tx.db())?;
    Ok(rows.into_iter().collect())
}

/// Gives open steps what they do now and when.
///
/// # Errors
/// [`StoreError::Inconsistent`] if a step is not open any more, else the store's own.
pub fn move_write_steps(tx: &mut Tx, moved: &[Standing]) -> Result<(), StoreError> {
    let mut alike: BTreeMap<(RungAct, Option<&'static str>, Timestamp), Vec<RungId>> =
        BTreeMap::new();
    for step in moved {
        let ways = step.ways.map(Ways::as_str);
        alike.entry((step.act, ways, step.at)).or_default().push(step.id);
    }
    for ((act, ways, at), ids) in alike {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let changed = diesel::update(
            rungs::table
                .filter(rungs::id.eq_any(&ids))
                .filter(rungs::fired_at.is_null())
                .filter(rungs::closed_at.is_null()),
        )
        .set((
            rungs::action.eq(act.as_str()),
            rungs::ways.eq(ways),
            rungs::planned_at.eq(at.as_micros()),
        ))
        .execute(tx.db())?;
        if changed != ids.len() {
            return Err(StoreError::Inconsistent {
                table: "rungs",
                id: "a chunk of steps".into(),
                what: format!("{changed} rows moved instead of {}", ids.len()),
            });
        }
    }
    Ok(())
}

/// A deadline that moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadlineMove {
    /// The event that tells of it.
    pub event_id: EventId,
    /// Of which delivery.
    pub delivery_id: DeliveryId,
    /// Until when it was.
    pub old_at: Timestamp,
    /// Until when it is.
    pub new_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = deadline_changes)]
struct NewChange {
    event_id: String,
    delivery_id: String,
    old_at: i64,
    new_at: i64,
    why: &'static str,
    changed_at: i64,
}

/// Puts moves on record; the deadlines themselves are set by [`move_set_deadlines`].
///
/// # Errors
/// The store's own.
pub fn move_record(
    tx: &mut Tx,
    moves: &[DeadlineMove],
    why: &'static str,
    now: Timestamp,
) -> Result<(), StoreError> {
    for chunk in moves.chunks(ROWS_PER_INSERT_MAX) {
        let rows: Vec<NewChange> = chunk
            .iter()
            .map(|one| NewChange {
                event_id: one.event_id.to_string(),
                delivery_id: one.delivery_id.to_string(),
                old_at: one.old_at.as_micros(),
                new_at: one.new_at.as_micros(),
                why,
                changed_at: now.as_micros(),
            })
            .collect();
        on_engine!(tx.db(), conn =>
            diesel::insert_into(deadline_changes::table).values(&rows).execute(conn))?;
    }
    Ok(())
}

/// Sets deadlines and where they come from; those that are alike in one statement.
///
/// # Errors
/// The store's own.
pub fn move_set_deadlines(
    tx: &mut Tx,
    alike: &BTreeMap<(Timestamp, String), Vec<DeliveryId>>,
) -> Result<(), StoreError> {
    for ((at, origin), ids) in alike {
        diesel::update(deliveries::table.filter(deliveries::id.eq_any(texts(ids))))
            .set((
                deliveries::deadline_at.eq(Some(at.as_micros())),
                deliveries::deadline_origin.eq(Some(origin)),
            ))
            .execute(tx.db())?;
    }
    Ok(())
}

/// Moves first notifications that nobody has begun to send.
///
/// # Errors
/// The store's own.
pub fn move_first_messages(
    tx: &mut Tx,
    alike: &BTreeMap<Timestamp, Vec<DeliveryId>>,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let mut moved = 0;
    for (at, ids) in alike {
        let at = (*at).max(now).as_micros();
        moved += diesel::update(
            messages::table
                .filter(messages::delivery_id.eq_any(texts(ids)))
                .filter(messages::purpose.eq(MessagePurpose::Invitation.as_str()))
                .filter(messages::state.eq(MessageState::Waiting.as_str()))
                .filter(messages::attempts.eq(0))
                .filter(messages::due_at.gt(now.as_micros()))
                .filter(messages::due_at.ne(at)),
        )
        .set(messages::due_at.eq(Some(at)))
        .execute(tx.db())?;
    }
    Ok(moved)
}

/// Makes the deadline shown with a notice the earliest of its deliveries again.
///
/// # Errors
/// The store's own.
pub fn move_notice_deadlines(tx: &mut Tx, ids: &[NoticeId]) -> Result<(), StoreError> {
    for id in ids {
        let earliest: Option<i64> = deliveries::table
            .filter(deliveries::notice_id.eq(id.to_string()))
            .select(diesel::dsl::min(deliveries::deadline_at))
            .first(tx.db())?;
        diesel::update(notices::table.filter(notices::id.eq(id.to_string())))
            .set(notices::deadline_at.eq(earliest))
            .execute(tx.db())?;
    }
    Ok(())
}

/// When deadlines of a notice's deliveries were before they were moved first.
///
/// # Errors
/// The store's own.
pub fn move_list_of_notice(
    conn: &mut Conn,
    notice: NoticeId,
) -> Result<BTreeMap<DeliveryId, Timestamp>, StoreError> {
    let rows: Vec<(DeliveryId, Timestamp)> = deadline_changes::table
        .inner_join(deliveries::table.on(deliveries::id.eq(deadline_changes::delivery_id)))
        .filter(deliveries::notice_id.eq(notice.to_string()))
        // The first move of each is read last and stays.
        .order(deadline_changes::changed_at.desc())
        .select((deadline_changes::delivery_id, deadline_changes::old_at))
        .load(conn.db())?;
    Ok(rows.into_iter().collect())
}

/// How far the tables were carried: what [`move_note_progress`] said last.
///
/// # Errors
/// The store's own.
pub fn move_progress(conn: &mut Conn) -> Result<Option<String>, StoreError> {
    let detail: Option<Option<String>> = engine_marks::table
        .filter(engine_marks::name.eq(PROGRESS))
        .select(engine_marks::detail)
        .first(conn.db())
        .optional()?;
    Ok(detail.flatten())
}

/// Notes how far the tables were carried.
///
/// # Errors
/// The store's own.
pub fn move_note_progress(tx: &mut Tx, progress: &str, now: Timestamp) -> Result<(), StoreError> {
    let new = (
        engine_marks::name.eq(PROGRESS),
        engine_marks::marked_at.eq(now.as_micros()),
        engine_marks::detail.eq(Some(progress)),
    );
    let made = on_engine!(tx.db(), conn => diesel::insert_into(engine_marks::table)
        .values(new)
        .on_conflict_do_nothing()
        .execute(conn))?;
    if made == 0 {
        diesel::update(engine_marks::table.filter(engine_marks::name.eq(PROGRESS)))
            .set((
                engine_marks::marked_at.eq(now.as_micros()),
                engine_marks::detail.eq(Some(progress)),
            ))
            .execute(tx.db())?;
    }
    Ok(())
}

fn texts(ids: &[DeliveryId]) -> Vec<String> {
    let mut texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    texts.sort_unstable();
    texts
}
