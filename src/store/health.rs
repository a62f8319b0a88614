//! What happened on each way lately, and what waits for it. Reads only.

use std::collections::BTreeMap;

use diesel::dsl::{count_star, min};
use diesel::prelude::*;

use super::schema::{attempt_outcomes, attempts, messages};
use super::{Conn, StoreError};
use crate::domain::message::Channel;
use crate::domain::time::Timestamp;

diesel::allow_columns_to_appear_in_same_group_by_clause!(
    messages::channel,
    attempt_outcomes::outcome
);

/// One way in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayTallies {
    /// Which way.
    pub channel: Channel,
    /// Attempts that were taken over.
    pub accepted: i64,
    /// Attempts that were not.
    pub failed: i64,
    /// Messages that are due and waiting.
    pub waiting: i64,
    /// Since when the oldest of those is due.
    pub oldest_due_at: Option<Timestamp>,
    /// What the last failure said.
    pub last_fault: Option<String>,
}

impl WayTallies {
    /// Nothing happened.
    #[must_use]
    pub const fn none(channel: Channel) -> Self {
        Self { channel, accepted: 0, failed: 0, waiting: 0, oldest_due_at: None, last_fault: None }
    }
}

/// What ended on each way since then, and what is due now.
///
/// # Errors
/// The store's own.
pub fn way_tallies(
    conn: &mut Conn,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<WayTallies>, StoreError> {
    let mut ways: BTreeMap<Channel, WayTallies> =
        Channel::ALL.iter().map(|way| (*way, WayTallies::none(*way))).collect();
    let ended: Vec<(Channel, String, i64)> = attempt_outcomes::table
        .inner_join(attempts::table.on(attempts::id.eq(attempt_outcomes::attempt_id)))
        .inner_join(messages::table.on(messages::id.eq(attempts::message_id)))
        .filter(attempt_outcomes::ended_at.ge(since.as_micros()))
        .filter(attempt_outcomes::outcome.ne("not_tried"))
        .group_by((messages::channel, attempt_outcomes::outcome))
        .select((messages::channel, attempt_outcomes::outcome, count_star()))
        .load(conn.db())?;
    for (channel, outcome, count) in ended {
        if let Some(way) = ways.get_mut(&channel) {
            if outcome == "accepted" { way.accepted += count } else { way.failed += count }
        }
    }
    let due: Vec<(Channel, i64, Option<Timestamp>)> = messages::table
        .filter(messages::state.eq("waiting"))
        .filter(messages::due_at.le(now.as_micros()))
        .group_by(messages::channel)
        .select((messages::channel, count_star(), min(messages::due_at)))
        .load(conn.db())?;
    for (channel, count, oldest) in due {
        if let Some(way) = ways.get_mut(&channel) {
            way.waiting = count;
            way.oldest_due_at = oldest;
        }
    }
    for way in ways.values_mut().filter(|way| way.failed > 0) {
        way.last_fault = attempt_outcomes::table
            .inner_join(attempts::table.on(attempts::id.eq(attempt_outcomes::attempt_id)))
            .inner_join(messages::table.on(messages::id.eq(attempts::message_id)))
            .filter(messages::channel.eq(way.channel.as_str()))
            .filter(attempt_outcomes::ended_at.ge(since.as_micros()))
            .filter(attempt_outcomes::outcome.ne_all(["accepted", "not_tried"]))
            .order(attempt_outcomes::ended_at.desc())
            .select(attempt_outcomes::reply)
            .first(conn.db())
            .optional()?;
    }
    Ok(ways.into_values().collect())
}
