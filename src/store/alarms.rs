//! Alarms: one open row per kind and subject. Closed rows stay; they say when what was wrong.

use diesel::prelude::*;

use super::engine::on_engine;
use super::schema::alarms;
use super::{Conn, StoreError, Tx};
use crate::domain::alarm::{AlarmKind, NewAlarm};
use crate::domain::ids::AlarmId;
use crate::domain::time::Timestamp;

/// An alarm that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Its id.
    pub id: AlarmId,
    /// What is wrong.
    pub kind: AlarmKind,
    /// What it concerns.
    pub subject: String,
    /// Figures, reply codes, counts.
    pub detail: String,
    /// Since when.
    pub raised_at: Timestamp,
    /// When it was last found to be so.
    pub seen_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = alarms, treat_none_as_default_value = false)]
struct NewRow<'n> {
    id: String,
    kind: &'static str,
    subject: &'n str,
    detail: &'n str,
    raised_at: i64,
    seen_at: i64,
}

/// Raises an alarm, or says of the open one that it is still so; tells whether it is new, so
/// that its one event is written then and only then.
///
/// # Errors
/// The store's own.
pub fn alarm_raise(tx: &mut Tx, new: &NewAlarm, now: Timestamp) -> Result<bool, StoreError> {
    let row = NewRow {
        id: new.id.to_string(),
        kind: new.kind.as_str(),
        subject: &new.subject,
        detail: &new.detail,
        raised_at: now.as_micros(),
        seen_at: now.as_micros(),
    };
    let raised = on_engine!(tx.db(), conn =>
        diesel::insert_into(alarms::table)
            .values(&row)
            .on_conflict_do_nothing()
            .execute(conn))?;
    if raised > 0 {
        return Ok(true);
    }
    diesel::update(
        alarms::table
            .filter(alarms::kind.eq(new.kind.as_str()))
            .filter(alarms::subject.eq(&new.subject))
            .filter(alarms::cleared_at.is_null()),
    )
    .set((alarms::seen_at.eq(now.as_micros()), alarms::detail.eq(&new.detail)))
    .execute(tx.db())?;
    Ok(false)
}

/// Clears the open alarm of that kind and subject; tells whether there was one.
///
/// # Errors
/// The store's own.
pub fn alarm_clear(
    tx: &mut Tx,
    kind: AlarmKind,
    subject: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let cleared = diesel::update(
        alarms::table
            .filter(alarms::kind.eq(kind.as_str()))
            .filter(alarms::subject.eq(subject))
            .filter(alarms::cleared_at.is_null()),
    )
    .set(alarms::cleared_at.eq(Some(now.as_micros())))
    .execute(tx.db())?;
    Ok(cleared > 0)
}

/// The open alarms, oldest first.
///
/// # Errors
/// The store's own.
pub fn alarm_list_open(conn: &mut Conn) -> Result<Vec<Alarm>, StoreError> {
    type Row = (AlarmId, AlarmKind, String, String, Timestamp, Timestamp);
    let rows: Vec<Row> = alarms::table
        .filter(alarms::cleared_at.is_null())
        .order((alarms::raised_at, alarms::id))
        .select((
            alarms::id,
            alarms::kind,
            alarms::subject,
            alarms::detail,
            alarms::raised_at,
            alarms::seen_at,
        ))
        .load(conn.db())?;
    let alarm = |(id, kind, subject, detail, raised_at, seen_at)| Alarm {
        id,
        kind,
        subject,
        detail,
        raised_at,
        seen_at,
    };
    Ok(rows.into_iter().map(alarm).collect())
}
