//! The outbox from the worker's side: taking what is due under a lease, keeping the lease, and
//! looking once more before a mail leaves. How it ended is written in [`super::outcomes`].
//!
//! A lease is a token and an end. Every change names the token, so a worker that slept through
//! its lease changes nothing. Never here: sending, and deciding what follows.

use std::collections::BTreeSet;
use std::ops::Range;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Integer, Text};

use super::engine::on_engine;
use super::schema::{
    attempts, contact_addresses, contacts, deliveries, links, messages, notice_versions, notices,
};
use super::{Conn, StoreError, Tx};
use crate::domain::delivery::Addressee;
use crate::domain::ids::{AddressId, AttemptId, DeliveryId, LinkId, MessageId, NoticeId};
use crate::domain::message::MessageState;
use crate::domain::notice::{NoticeDraft, NoticeState};
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;

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

type TakenRow =
    (MessageId, Option<NoticeId>, i32, Option<DeliveryId>, AddressId, i32, i32, i32, Timestamp);

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
            messages::id,
            messages::notice_id,
            messages::version,
            messages::delivery_id,
            messages::address_id,
            messages::lane,
            messages::attempts,
            messages::spared,
            messages::created_at,
        ))
        .load(tx.db())?;
    let taken: Vec<Taken> = rows
        .into_iter()
        .zip(&order.attempts)
        .map(|(row, attempt_id)| Taken {
            id: row.0,
            notice_id: row.1,
            version: row.2,
            delivery_id: row.3,
            address_id: row.4,
            lane: row.5,
            attempt_id: *attempt_id,
            number: row.6,
            spared: row.7,
            created_at: row.8,
            unreported: unreported.contains(row.0.to_string().as_str()),
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
        let tail = tx.db().passing_over_held();
        let found: Vec<Pick> = sql_query(format!(
            "SELECT id, state FROM messages WHERE lane = $1 AND due_at <= $2 \
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
    on_engine!(tx.db(), conn =>
        diesel::insert_into(attempts::table).values(&rows).execute(conn))?;
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

/// What a second look says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StillWanted {
    /// Send it.
    Yes,
    /// No longer ours: cancelled, or the lease has ended.
    Gone,
    /// Ours, but it must not go out: to be cancelled for this reason.
    No(&'static str),
}

type LookRow = (
    (MessageState, Option<String>, Option<Timestamp>),
    (Option<Timestamp>, Option<Timestamp>),
    NoticeState,
    (String, Option<Timestamp>),
    (Option<LinkId>, Option<Timestamp>),
);

/// Looks again, just before a mail leaves, whether it is still wanted and still ours.
///
/// A delivery that was sent back is still chased: only the issuer's consent ends that, and the
/// act of consent cancels the messages itself.
///
/// # Errors
/// The store's own.
pub fn message_still_wanted(
    conn: &mut Conn,
    id: MessageId,
    token: &str,
    now: Timestamp,
) -> Result<StillWanted, StoreError> {
    let row: Option<LookRow> = messages::table
        .inner_join(deliveries::table.on(deliveries::id.nullable().eq(messages::delivery_id)))
        .inner_join(notices::table.on(notices::id.nullable().eq(messages::notice_id)))
        .inner_join(contact_addresses::table.on(contact_addresses::id.eq(messages::address_id)))
        .inner_join(contacts::table.on(contacts::id.eq(contact_addresses::contact_id)))
        .left_join(links::table.on(links::id.nullable().eq(messages::link_id)))
        .filter(messages::id.eq(id.to_string()))
        .select((
            (messages::state, messages::lease_token, messages::due_at),
            (deliveries::acknowledged_at, deliveries::recalled_at),
            notices::state,
            (contact_addresses::status, contacts::retired_at),
            (messages::link_id, links::revoked_at.nullable()),
        ))
        .first(conn.db())
        .optional()?;
    let Some((lease, answer, notice, address, link)) = row else { return Ok(StillWanted::Gone) };
    let (state, held_by, until) = lease;
    let ours = state == MessageState::Leased
        && held_by.as_deref() == Some(token)
        && until.is_some_and(|until| now < until);
    Ok(if !ours {
        StillWanted::Gone
    } else if answer.0.is_some() {
        StillWanted::No("acknowledged")
    } else if answer.1.is_some() {
        StillWanted::No("recalled")
    } else if notice != NoticeState::Issued {
        StillWanted::No("notice_ended")
    } else if address.0 == "retired" || address.1.is_some() {
        StillWanted::No("address_retired")
    } else if link.0.is_some() && link.1.is_some() {
        StillWanted::No("link_revoked")
    } else {
        StillWanted::Yes
    })
}

/// What a message is written from, but for the header of its notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The way it goes: `email`.
    pub channel: String,
    /// Which rung it belongs to.
    pub step: i32,
    /// What it is for.
    pub purpose: String,
    /// Address as typed.
    pub address: String,
    /// Whose address that is.
    pub contact_name: String,
    /// The link it carries, and its generation.
    pub link: Option<(LinkId, i32)>,
    /// The organisation, as it was named when the notice was issued.
    pub organization_name: String,
    /// 主送 or 抄送.
    pub addressee: Addressee,
    /// Until when to sign.
    pub deadline_at: Option<Timestamp>,
    /// Where the deadline comes from.
    pub deadline_origin: Option<String>,
    /// Number of the notice.
    pub document_number: String,
    /// Level of the notice.
    pub urgency: Urgency,
    /// How many reminders went to this address up to this one.
    pub reminders: i64,
}

type LetterRow = (
    (String, i32, String, DeliveryId, AddressId),
    (String, String),
    Option<(LinkId, i32)>,
    (String, Addressee, Option<Timestamp>, Option<String>),
    (String, Urgency),
);

/// Reads what a message is written from.
///
/// # Errors
/// The store's own.
pub fn message_letter(conn: &mut Conn, id: MessageId) -> Result<Letter, StoreError> {
    let row: LetterRow = messages::table
        .inner_join(deliveries::table.on(deliveries::id.nullable().eq(messages::delivery_id)))
        .inner_join(notices::table.on(notices::id.nullable().eq(messages::notice_id)))
        .inner_join(contact_addresses::table.on(contact_addresses::id.eq(messages::address_id)))
        .inner_join(contacts::table.on(contacts::id.eq(contact_addresses::contact_id)))
        .left_join(links::table.on(links::id.nullable().eq(messages::link_id)))
        .filter(messages::id.eq(id.to_string()))
        .select((
            (
                messages::channel,
                messages::step,
                messages::purpose,
                deliveries::id,
                messages::address_id,
            ),
            (contact_addresses::address, contacts::name),
            (links::id, links::generation).nullable(),
            (
                deliveries::organization_name,
                deliveries::addressee,
                deliveries::deadline_at,
                deliveries::deadline_origin,
            ),
            (notices::document_number, notices::urgency),
        ))
        .first(conn.db())?;
    let ((channel, step, purpose, delivery, to), address, link, facts, notice) = row;
    let reminders = if purpose == "reminder" {
        messages::table
            .filter(messages::delivery_id.eq(delivery.to_string()))
            .filter(messages::address_id.eq(to.to_string()))
            .filter(messages::purpose.eq("reminder"))
            .filter(messages::step.le(step))
            .count()
            .get_result(conn.db())?
    } else {
        0
    };
    Ok(Letter {
        channel,
        step,
        purpose,
        address: address.0,
        contact_name: address.1,
        link,
        organization_name: facts.0,
        addressee: facts.1,
        deadline_at: facts.2,
        deadline_origin: facts.3,
        document_number: notice.0,
        urgency: notice.1,
        reminders,
    })
}

/// The header of one version of a notice, which never changes once it is issued.
///
/// # Errors
/// [`StoreError::Inconsistent`] if it cannot be read back, else the store's own.
pub fn notice_header_of_version(
    conn: &mut Conn,
    id: NoticeId,
    version: i32,
) -> Result<NoticeDraft, StoreError> {
    let header: String = notice_versions::table
        .filter(notice_versions::notice_id.eq(id.to_string()))
        .filter(notice_versions::version.eq(version))
        .select(notice_versions::header)
        .first(conn.db())?;
    serde_json::from_str(&header).map_err(|error| StoreError::Inconsistent {
        table: "notice_versions",
        id: id.to_string(),
        what: error.to_string(),
    })
}
