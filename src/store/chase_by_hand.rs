//! Reminders that a person sent: when each delivery had its last.

use std::collections::BTreeMap;

use diesel::dsl::max;
use diesel::prelude::*;

use super::messages::of_deliveries;
use super::schema::messages;
use super::{Conn, StoreError};
use crate::domain::ids::{DeliveryId, NoticeId};
use crate::domain::message::MessagePurpose;
use crate::domain::time::Timestamp;

/// Steps of reminders by hand begin here, beyond those of any ladder.
pub const HAND_STEP_MIN: i32 = 1_000;

/// When each delivery of a notice was last reminded by a person.
///
/// # Errors
/// The store's own.
pub fn hand_reminded_at(
    conn: &mut Conn,
    notice: NoticeId,
) -> Result<BTreeMap<DeliveryId, Timestamp>, StoreError> {
    let rows: Vec<(Option<DeliveryId>, Option<Timestamp>)> = messages::table
        .filter(of_deliveries!(notice))
        .filter(messages::purpose.eq(MessagePurpose::Reminder.as_str()))
        .filter(messages::step.ge(HAND_STEP_MIN))
        .group_by(messages::delivery_id)
        .select((messages::delivery_id, max(messages::created_at)))
        .load(conn.db())?;
    Ok(rows.into_iter().filter_map(|(id, at)| Some((id?, at?))).collect())
}

/// The step of the next reminder by hand of a notice.
///
/// # Errors
/// The store's own.
pub fn hand_next_step(conn: &mut Conn, notice: NoticeId) -> Result<i32, StoreError> {
    let last: Option<i32> = messages::table
        .filter(of_deliveries!(notice))
        .filter(messages::step.ge(HAND_STEP_MIN))
        .select(max(messages::step))
        .first(conn.db())?;
    Ok(last.map_or(HAND_STEP_MIN, |last| last.saturating_add(1)))
}
