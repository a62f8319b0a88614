//! The outbox from the worker's side: taking what is due under a lease, and keeping the lease.
//! What a message says is read in [`super::letters`], how it ended is written in
//! [`super::outcomes`].
//!
//! A lease is a token and an end. Every change names the token, so a worker that slept through
//! its lease changes nothing. Never here: sending, and deciding what follows.

use std::collections::BTreeSet;
use std::ops::Range;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Integer, Text};

use super::engine::insert_burst;
use super::schema::{attempts, messages};
use super::{Conn, StoreError, Tx};
use crate::domain::ids::{AddressId, AttemptId, DeliveryId, MessageId, NoticeId};
use crate::domain::message::{Channel, MessagePurpose, MessageState};
use crate::domain::time::Timestamp;

/// What a worker asks for.
#[derive(Debug, Clone)]
pub struct TakeOrder {
    /// Whose lease it will be; of its own for every taking.
    pub token: String,
    /// The instant now: what is due by then is taken.
    pub now: Timestamp,
    /// End of the lease.
    pub until: Timestamp,
    /// Which lanes, in this order.
    pub lanes: Range<i32>,
    /// By which ways messages of 特提 may go now.
    pub flash_ways: Vec<Channel>,
    /// By which ways all others may go now.
    pub other_ways: Vec<Channel>,
    /// Ids for the attempts; as many messages are taken at most.
    pub attempts: Vec<AttemptId>,
}

/// A message under lease, its attempt counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its id.
    pub id: MessageId,
    /// About which notice, if about one.
    pub notice_id: Option<NoticeId>,
    /// Which version; 0 without a notice.
    pub version: i32,
    /// Of which delivery, if of one.
    pub delivery_id: Option<DeliveryId>,
    /// To which address.
    pub address_id: AddressId,
    /// By which way.
    pub channel: Channel,
    /// What it is for.
    pub purpose: MessagePurpose,
    /// In which lane.
    pub lane: i32,
    /// This attempt.
    pub attempt_id: AttemptId,
    /// Counts all attempts, this one included.
    pub number: i32,
    /// Of these, how many use up no try.
    pub spared: i32,
    /// When it was written.
    pub created_at: Timestamp,
    /// The lease before this one ended without a report: that attempt may have arrived.
    pub unreported: bool,
}

#[derive(QueryableByName)]
struct Pick {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    state: String,
}

#[derive(Insertable)]
#[diesel(table_name = attempts, treat_none_as_default_value = false)]
struct NewAttempt {
    id: String,
    message_id: String,
    number: i32,
    started_at: i64,
}

type TakenRow = (
    (MessageId, Option<NoticeId>, i32, Option<DeliveryId>, AddressId),
    (Channel, MessagePurpose),
    (i32, i32, i32, Timestamp),
);

/// Leases what is due, lower lanes first, and counts the attempt before it is made.
///
/// # Errors
/// The store's own.
pub fn message_take_due(tx: &mut Tx, order: &TakeOrder) -> Result<Vec<Taken>, StoreError> {
    let picks = pick_due(tx, order)?;
    if picks.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&str> = picks.iter().map(|pick| pick.id.as_str()).collect();
    let unreported: BTreeSet<&str> = picks
        .iter()
        .filter(|pick| pick.state == MessageState::Leased.as_str())
        .map(|pick| pick.id.as_str())
        .collect();
    let now = order.now.as_micros();
    if !unreported.is_empty() {
        diesel::update(
            messages::table
                .filter(messages::id.eq_any(&unreported))
                .filter(messages::due_at.le(now)),
        )
        .set(messages::uncertain.eq(messages::uncertain + 1))
        .execute(tx.db())?;
    }
    diesel::update(
        messages::table.filter(messages::id.eq_any(&ids)).filter(messages::due_at.le(now)),
    )
    .set((
        messages::state.eq(MessageState::Leased.as_str()),
        messages::lease_token.eq(Some(order.token.as_str())),
        messages::due_at.eq(Some(order.until.as_micros())),
        messages::attempts.eq(messages::attempts + 1),
    ))
    .execute(tx.db())?;
    let rows: Vec<TakenRow> = messages::table
        .filter(messages::id.eq_any(&ids))
        .filter(messages::lease_token.eq(Some(order.token.as_str())))
        .order((messages::lane, messages::created_at, messages::id))
        .select((
            (
                messages::id,
                messages::notice_id,
                messages::version,
                messages::delivery_id,
                messages::address_id,
            ),
            (messages::channel, messages::purpose),
            (messages::lane, messages::attempts, messages::spared, messages::created_at),
        ))
        .load(tx.db())?;
    let taken: Vec<Taken> = rows
        .into_iter()
        .zip(&order.attempts)
        .map(|((what, kind, count), attempt_id)| Taken {
            id: what.0,
            notice_id: what.1,
            version: what.2,
            delivery_id: what.3,
            address_id: what.4,
            channel: kind.0,
            purpose: kind.1,
            lane: count.0,
            attempt_id: *attempt_id,
            number: count.1,
            spared: count.2,
            created_at: count.3,
            unreported: unreported.contains(what.0.to_string().as_str()),
        })
        .collect();
    insert_attempts(tx, &taken, order.now)?;
    Ok(taken)
}

/// One look per lane, so that each is a short walk along the index of due rows.
fn pick_due(tx: &mut Tx, order: &TakeOrder) -> Result<Vec<Pick>, StoreError> {
    let mut picks: Vec<Pick> = Vec::new();
    for lane in order.lanes.clone() {
        let room = order.attempts.len().saturating_sub(picks.len());
        if room == 0 {
            break;
        }
        let ways = if lane == 0 { &order.flash_ways } else { &order.other_ways };
        if ways.is_empty() {
            continue;
        }
        let tail = tx.db().passing_over_held();
        let ways = only_by(ways);
        let found: Vec<Pick> = sql_query(format!(
            "SELECT id, state FROM messages WHERE lane = $1 AND due_at <= $2 {ways} \
             ORDER BY due_at LIMIT $3 {tail}"
        ))
        .bind::<Integer, _>(lane)
        .bind::<BigInt, _>(order.now.as_micros())
        .bind::<BigInt, _>(i64::try_from(room).unwrap_or(i64::MAX))
        .load(tx.db())?;
        picks.extend(found);
    }
    Ok(picks)
}

/// Nothing where every way is open, so that the walk along the index stays short.
fn only_by(ways: &[Channel]) -> String {
    if ways.len() == Channel::ALL.len() {
        return String::new();
    }
    let words: Vec<String> = ways.iter().map(|way| format!("'{way}'")).collect();
    format!("AND channel IN ({})", words.join(", "))
}

fn insert_attempts(tx: &mut Tx, taken: &[Taken], now: Timestamp) -> Result<(), StoreError> {
    let rows: Vec<NewAttempt> = taken
        .iter()
        .map(|one| NewAttempt {
            id: one.attempt_id.to_string(),
            message_id: one.id.to_string(),
            number: one.number,
            started_at: now.as_micros(),
        })
        .collect();
    insert_burst!(tx.db(), attempts, &rows, {
        id: Text, message_id: Text, number: Integer, started_at: BigInt,
    })?;
    Ok(())
}

/// Whether anything in these lanes is due. A glance, so that an idle worker writes nothing.
///
/// # Errors
/// The store's own.
pub fn message_any_due(
    conn: &mut Conn,
    lanes: Range<i32>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    for lane in lanes {
        let found: Option<String> = messages::table
            .filter(messages::lane.eq(lane))
            .filter(messages::due_at.le(now.as_micros()))
            .select(messages::id)
            .first(conn.db())
            .optional()?;
        if found.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Moves the end of leases that are still held; says how many were.
///
/// # Errors
/// The store's own.
pub fn message_renew(
    tx: &mut Tx,
    held: &[(MessageId, String)],
    until: Timestamp,
) -> Result<usize, StoreError> {
    let mut renewed = 0;
    for (id, token) in held {
        renewed += diesel::update(
            messages::table
                .filter(messages::id.eq(id.to_string()))
                .filter(messages::lease_token.eq(Some(token.as_str()))),
        )
        .set(messages::due_at.eq(Some(until.as_micros())))
        .execute(tx.db())?;
    }
    Ok(renewed)
}
