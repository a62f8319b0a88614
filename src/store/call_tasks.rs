//! Tasks that persons of an issuing office owe: opened or raised, and closed. At most one is open
//! for each delivery and kind. Writers hold the delivery; the index decides where one does not.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::engine::on_engine;
use super::schema::call_tasks;
use super::{ROWS_PER_INSERT_MAX, StoreError, Tx};
use crate::domain::call_task::TaskKind;
use crate::domain::ids::{AccountId, DeliveryId, NoticeId, OrganizationId, TaskId};
use crate::domain::time::Timestamp;

/// A task as it is raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// Its id, if none is open yet.
    pub id: TaskId,
    /// Whose people owe it.
    pub issuer_id: OrganizationId,
    /// For which notice.
    pub notice_id: NoticeId,
    /// For which delivery.
    pub delivery_id: DeliveryId,
    /// What is to be done.
    pub kind: TaskKind,
    /// Why: the code of a rung's act, of a gap, or of what the recipient did.
    pub reason: String,
    /// Rank of the notice's level, 0 for 特提.
    pub lane: i32,
    /// When it is owed.
    pub due_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = call_tasks, treat_none_as_default_value = false)]
struct NewRow<'t> {
    id: String,
    issuer_id: String,
    notice_id: String,
    delivery_id: String,
    kind: &'static str,
    reason: &'t str,
    lane: i32,
    opened_at: i64,
    due_at: i64,
    raised: i32,
}

/// Opens tasks; where one of the kind is open for the delivery, that one is raised instead:
/// counted, owed again at the new time, for the new reason. Says how many tasks were opened or
/// raised; of several for one delivery and kind the last counts.
///
/// # Errors
/// The store's own.
pub fn task_raise_all(tx: &mut Tx, new: &[NewTask], now: Timestamp) -> Result<usize, StoreError> {
    let once: BTreeMap<(DeliveryId, TaskKind), &NewTask> =
        new.iter().map(|task| ((task.delivery_id, task.kind), task)).collect();
    let rows: Vec<NewRow<'_>> = once
        .into_values()
        .map(|task| NewRow {
            id: task.id.to_string(),
            issuer_id: task.issuer_id.to_string(),
            notice_id: task.notice_id.to_string(),
            delivery_id: task.delivery_id.to_string(),
            kind: task.kind.as_str(),
            reason: &task.reason,
            lane: task.lane,
            opened_at: now.as_micros(),
            due_at: task.due_at.as_micros(),
            raised: 1,
        })
        .collect();
    let mut moved = 0;
    let mut again: BTreeMap<(&str, &str, i64), Vec<&str>> = BTreeMap::new();
    for row in &rows {
        again.entry((row.kind, row.reason, row.due_at)).or_default().push(&row.delivery_id);
    }
    for ((kind, reason, due_at), deliveries) in again {
        moved += diesel::update(
            call_tasks::table
                .filter(call_tasks::delivery_id.eq_any(deliveries))
                .filter(call_tasks::kind.eq(kind))
                .filter(call_tasks::closed_at.is_null()),
        )
        .set((
            call_tasks::raised.eq(call_tasks::raised + 1),
            call_tasks::due_at.eq(due_at),
            call_tasks::reason.eq(reason),
        ))
        .execute(tx.db())?;
    }
    // What was just raised is in the way of its own insert, and stays as it is.
    for chunk in rows.chunks(ROWS_PER_INSERT_MAX) {
        moved += on_engine!(tx.db(), conn => diesel::insert_into(call_tasks::table)
            .values(chunk)
            .on_conflict_do_nothing()
            .execute(conn))?;
    }
    Ok(moved)
}

/// Closes the open tasks of these kinds that deliveries have; `by` is who did it, nobody where
/// the answer itself leaves nothing to do. Says how many were closed.
///
/// # Errors
/// The store's own.
pub fn task_close_of(
    tx: &mut Tx,
    deliveries: &[DeliveryId],
    kinds: &[TaskKind],
    why: &'static str,
    by: Option<AccountId>,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let texts: Vec<String> = deliveries.iter().map(ToString::to_string).collect();
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    Ok(diesel::update(
        call_tasks::table
            .filter(call_tasks::delivery_id.eq_any(&texts))
            .filter(call_tasks::kind.eq_any(kinds))
            .filter(call_tasks::closed_at.is_null()),
    )
    .set((
        call_tasks::closed_at.eq(Some(now.as_micros())),
        call_tasks::closed_why.eq(Some(why)),
        call_tasks::closed_by.eq(by.map(|id| id.to_string())),
    ))
    .execute(tx.db())?)
}
