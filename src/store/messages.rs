//! The outbox: messages that are owed, who holds them, and every attempt at handing them over.
//!
//! A message is found by `due_at`: the retry time while it waits, the end of the lease while a
//! worker holds it, nothing once it is finished. So no sweeper is needed and no lock goes stale.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use super::engine::insert_burst;
use super::schema::{contact_addresses, contacts, deliveries, messages};
use super::{Conn, StoreError, Tx};
use crate::domain::ids::{AddressId, DeliveryId, LinkId, MessageId, NoticeId};
use crate::domain::message::{Channel, MessagePurpose, MessageState};
use crate::domain::time::Timestamp;

/// A message as it is written.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Its id, from which its Message-ID is derived.
    pub id: MessageId,
    /// About which notice, if about one.
    pub notice_id: Option<NoticeId>,
    /// Which version; 0 without a notice.
    pub version: i32,
    /// Of which delivery; none for what concerns a notice as a whole, or an address.
    pub delivery_id: Option<DeliveryId>,
    /// To which address.
    pub address_id: AddressId,
    /// The id of what it tells of, where that is neither notice nor delivery. One without a
    /// delivery needs it, so that the same is not told twice.
    pub about: Option<String>,
    /// The link it carries.
    pub link_id: Option<LinkId>,
    /// By which way.
    pub channel: Channel,
    /// Which rung of the ladder it belongs to; 0 is the first notification.
    pub step: i32,
    /// What it is for.
    pub purpose: MessagePurpose,
    /// Rank of its level, 0 for 特提: a lower lane is taken first.
    pub lane: i32,
    /// When it is owed.
    pub due_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = messages, treat_none_as_default_value = false)]
struct NewRow {
    id: String,
    notice_id: Option<String>,
    version: i32,
    delivery_id: Option<String>,
    address_id: String,
    about: Option<String>,
    link_id: Option<String>,
    channel: &'static str,
    step: i32,
    purpose: &'static str,
    lane: i32,
    state: &'static str,
    due_at: Option<i64>,
    attempts: i32,
    spared: i32,
    uncertain: i32,
    created_at: i64,
}

/// A burst of messages, all of them or those that are `missing`.
macro_rules! insert_messages {
    ($db:expr, $($what:ident)+, $rows:expr) => {
        insert_burst!($db, $($what)+, $rows, {
            id: Text, notice_id: Nullable<Text>, version: Integer, delivery_id: Nullable<Text>,
            address_id: Text, about: Nullable<Text>, link_id: Nullable<Text>, channel: Text,
            step: Integer, purpose: Text, lane: Integer, state: Text, due_at: Nullable<BigInt>,
            attempts: Integer, spared: Integer, uncertain: Integer, created_at: BigInt,
        })
    };
}

/// Writes messages that are owed, in the transaction of why they are owed.
///
/// # Errors
/// [`StoreError::Unique`] if a step already has its message to an address.
pub fn message_insert_all(
    tx: &mut Tx,
    new: &[NewMessage],
    now: Timestamp,
) -> Result<(), StoreError> {
    let rows = rows_of(new, now);
    insert_messages!(tx.db(), messages, &rows)?;
    Ok(())
}

/// The same, but what is owed already is not owed twice: of several deliveries that make the
/// same message about their notice, the first makes it. Says how many are new.
///
/// # Errors
/// The store's own.
pub fn message_insert_missing(
    tx: &mut Tx,
    new: &[NewMessage],
    now: Timestamp,
) -> Result<usize, StoreError> {
    let rows = rows_of(new, now);
    Ok(insert_messages!(tx.db(), missing messages, &rows)?)
}

fn rows_of(new: &[NewMessage], now: Timestamp) -> Vec<NewRow> {
    new.iter()
        .map(|message| NewRow {
            id: message.id.to_string(),
            notice_id: message.notice_id.map(|id| id.to_string()),
            version: message.version,
            delivery_id: message.delivery_id.map(|id| id.to_string()),
            address_id: message.address_id.to_string(),
            about: message.about.clone(),
            link_id: message.link_id.map(|id| id.to_string()),
            channel: message.channel.as_str(),
            step: message.step,
            purpose: message.purpose.as_str(),
            lane: message.lane,
            state: MessageState::Waiting.as_str(),
            due_at: Some(message.due_at.as_micros()),
            attempts: 0,
            spared: 0,
            uncertain: 0,
            created_at: now.as_micros(),
        })
        .collect()
}

/// Which messages are about deliveries of a notice. By these, because a message has no index by its
/// notice, which every message would have to be written into.
macro_rules! of_deliveries {
    ($notice:expr) => {{
        use $crate::store::schema::{deliveries, messages};
        let of_notice = deliveries::table
            .filter(deliveries::notice_id.eq($notice.to_string()))
            .select(deliveries::id.nullable());
        messages::delivery_id.eq_any(of_notice)
    }};
}
pub(super) use of_deliveries;

/// Which messages are about a notice as a whole: these few have an index. Asked for apart, because
/// PostgreSQL uses no index where both are asked for at once.
macro_rules! of_notice_alone {
    ($notice:expr) => {{
        use $crate::store::schema::messages;
        messages::delivery_id.is_null().and(messages::notice_id.eq($notice.to_string()))
    }};
}
pub(super) use of_notice_alone;

/// Cancels for `why` what of certain messages is still owed, also what a worker holds: its outcome
/// is then noted on the attempt alone. Says how many there were.
macro_rules! cancel {
    ($tx:expr, $which:expr, $why:expr, $now:expr) => {{
        use $crate::store::schema::messages;
        let owed = messages::table.filter($which).filter(messages::due_at.is_not_null());
        let cancelled = $crate::store::messages::Cancelled::because($why, $now);
        diesel::update(owed).set(cancelled).execute($tx.db())
    }};
}
pub(super) use cancel;

/// What a message becomes that is owed no more; see [`cancel`].
#[derive(AsChangeset)]
#[diesel(table_name = messages, treat_none_as_null = true)]
pub(super) struct Cancelled {
    state: &'static str,
    due_at: Option<i64>,
    lease_token: Option<String>,
    finished_at: Option<i64>,
    finished_why: Option<&'static str>,
}

impl Cancelled {
    pub(super) fn because(why: &'static str, now: Timestamp) -> Self {
        Self {
            state: MessageState::Cancelled.as_str(),
            due_at: None,
            lease_token: None,
            finished_at: Some(now.as_micros()),
            finished_why: Some(why),
        }
    }
}

/// Cancels what is still owed to deliveries. Says how many messages were cancelled.
///
/// # Errors
/// The store's own.
pub fn message_cancel_open(
    tx: &mut Tx,
    deliveries: &[DeliveryId],
    why: &'static str,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let texts: Vec<String> = deliveries.iter().map(ToString::to_string).collect();
    Ok(cancel!(tx, messages::delivery_id.eq_any(&texts), why, now)?)
}

/// The step that the next message of this purpose to these deliveries has: they count up, so that
/// each time is a message of its own.
///
/// # Errors
/// The store's own.
pub fn message_next_step(
    conn: &mut Conn,
    deliveries: &[DeliveryId],
    purpose: MessagePurpose,
) -> Result<i32, StoreError> {
    let texts: Vec<String> = deliveries.iter().map(ToString::to_string).collect();
    let last: Option<i32> = messages::table
        .filter(messages::delivery_id.eq_any(&texts))
        .filter(messages::purpose.eq(purpose.as_str()))
        .select(diesel::dsl::max(messages::step))
        .first(conn.db())?;
    Ok(last.map_or(0, |last| last.saturating_add(1)))
}

/// When a message of this purpose was last written to a delivery.
///
/// # Errors
/// The store's own.
pub fn message_last_at(
    conn: &mut Conn,
    delivery: DeliveryId,
    purpose: MessagePurpose,
) -> Result<Option<Timestamp>, StoreError> {
    let last: Option<i64> = messages::table
        .filter(messages::delivery_id.eq(delivery.to_string()))
        .filter(messages::purpose.eq(purpose.as_str()))
        .select(diesel::dsl::max(messages::created_at))
        .first(conn.db())?;
    Ok(last.map(Timestamp::from_micros))
}

/// When messages of this purpose were last written to the deliveries of a notice.
///
/// # Errors
/// The store's own.
pub fn message_last_list(
    conn: &mut Conn,
    notice: NoticeId,
    purpose: MessagePurpose,
) -> Result<BTreeMap<DeliveryId, Timestamp>, StoreError> {
    // By deliveries: messages are found by them, not by their notice.
    let own = deliveries::table
        .filter(deliveries::notice_id.eq(notice.to_string()))
        .select(deliveries::id.nullable());
    let rows: Vec<(Option<DeliveryId>, Option<Timestamp>)> = messages::table
        .filter(messages::delivery_id.eq_any(own))
        .filter(messages::purpose.eq(purpose.as_str()))
        .group_by(messages::delivery_id)
        .select((messages::delivery_id, diesel::dsl::max(messages::created_at)))
        .load(conn.db())?;
    Ok(rows.into_iter().filter_map(|(id, at)| Some((id?, at?))).collect())
}

/// Makes what waits for an address or contact out of use due now: a sender's last look then
/// cancels it. Says how many.
///
/// # Errors
/// The store's own.
pub fn message_hasten_to_retired(tx: &mut Tx, now: Timestamp) -> Result<usize, StoreError> {
    let retired = contact_addresses::table
        .inner_join(contacts::table.on(contacts::id.eq(contact_addresses::contact_id)))
        .filter(contact_addresses::status.eq("retired").or(contacts::retired_at.is_not_null()))
        .select(contact_addresses::id);
    Ok(diesel::update(
        messages::table
            .filter(messages::state.eq(MessageState::Waiting.as_str()))
            .filter(messages::due_at.gt(now.as_micros()))
            .filter(messages::address_id.eq_any(retired)),
    )
    .set(messages::due_at.eq(Some(now.as_micros())))
    .execute(tx.db())?)
}
