//! What a recipient did instead of signing: 退文 and 请求重发, and the issuer's one answer to each.

use diesel::prelude::*;

use super::schema::{contact_addresses, events, links, returns};
use super::{Conn, StoreError, Tx};
use crate::domain::delivery::{AskAgainReason, ReturnDecision, ReturnReason};
use crate::domain::ids::{AccountId, AddressId, DeliveryId, EventId, LinkId, ReturnId};
use crate::domain::message::Channel;
use crate::domain::stated_person::StatedPerson;
use crate::domain::time::Timestamp;

/// Which of the two, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnKind {
    /// 退文.
    Return(ReturnReason),
    /// 请求重发.
    AskAgain(AskAgainReason),
}

const RETURN: &str = "return";
const ASK_AGAIN: &str = "ask_again";

impl ReturnKind {
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Return(reason) => (RETURN, reason.as_str()),
            Self::AskAgain(reason) => (ASK_AGAIN, reason.as_str()),
        }
    }

    fn read(kind: &str, reason: &str) -> Option<Self> {
        match kind {
            RETURN => reason.parse().ok().map(Self::Return),
            ASK_AGAIN => reason.parse().ok().map(Self::AskAgain),
            _ => None,
        }
    }
}

/// A 退文 or 请求重发.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// Its id.
    pub id: ReturnId,
    /// Of which delivery.
    pub delivery_id: DeliveryId,
    /// Which of the two, and why.
    pub kind: ReturnKind,
    /// In the recipient's words; may be empty.
    pub explanation: String,
    /// Who did it, as stated.
    pub person: StatedPerson,
    /// When.
    pub returned_at: Timestamp,
    /// The event that tells of it.
    pub event_id: EventId,
    /// The issuer's answer, and when it came.
    pub answer: Option<(ReturnDecision, Timestamp)>,
}

/// Keeps one.
///
/// # Errors
/// The store's own.
pub fn return_insert(tx: &mut Tx, new: &Return) -> Result<(), StoreError> {
    let (kind, reason) = new.kind.words();
    diesel::insert_into(returns::table)
        .values((
            returns::id.eq(new.id.to_string()),
            returns::delivery_id.eq(new.delivery_id.to_string()),
            returns::kind.eq(kind),
            returns::reason.eq(reason),
            returns::explanation.eq(&new.explanation),
            returns::name.eq(&new.person.name),
            returns::post.eq(&new.person.post),
            returns::phone.eq(&new.person.phone),
            returns::returned_at.eq(new.returned_at.as_micros()),
            returns::event_id.eq(new.event_id.to_string()),
        ))
        .execute(tx.db())?;
    Ok(())
}

#[derive(Queryable)]
struct Row {
    id: ReturnId,
    delivery_id: DeliveryId,
    kind: String,
    reason: String,
    explanation: String,
    name: String,
    post: String,
    phone: String,
    returned_at: Timestamp,
    event_id: EventId,
    decision: Option<ReturnDecision>,
    decided_at: Option<Timestamp>,
}

/// All of a delivery, oldest first.
///
/// # Errors
/// [`StoreError::Inconsistent`] if a row names an unknown reason, else the store's own.
pub fn return_list_of_delivery(
    conn: &mut Conn,
    delivery: DeliveryId,
) -> Result<Vec<Return>, StoreError> {
    let rows: Vec<Row> = returns::table
        .filter(returns::delivery_id.eq(delivery.to_string()))
        .order((returns::returned_at, returns::id))
        .select((
            returns::id,
            returns::delivery_id,
            returns::kind,
            returns::reason,
            returns::explanation,
            returns::name,
            returns::post,
            returns::phone,
            returns::returned_at,
            returns::event_id,
            returns::decision,
            returns::decided_at,
        ))
        .load(conn.db())?;
    rows.into_iter()
        .map(|row| {
            let kind = ReturnKind::read(&row.kind, &row.reason);
            let kind = kind.ok_or_else(|| StoreError::Inconsistent {
                table: "returns",
                id: row.id.to_string(),
                what: format!("{} is no reason to {}", row.reason, row.kind),
            })?;
            Ok(Return {
                id: row.id,
                delivery_id: row.delivery_id,
                kind,
                explanation: row.explanation,
                person: StatedPerson { name: row.name, post: row.post, phone: row.phone },
                returned_at: row.returned_at,
                event_id: row.event_id,
                answer: row.decision.zip(row.decided_at),
            })
        })
        .collect()
}

/// The 退文 of a delivery that waits for the issuer's answer; at most one does.
///
/// # Errors
/// The store's own.
pub fn return_open_find(
    conn: &mut Conn,
    delivery: DeliveryId,
) -> Result<Option<ReturnId>, StoreError> {
    Ok(open_list(conn, delivery, RETURN)?.pop())
}

/// The 请求重发 of a delivery that wait for a good copy, oldest first.
///
/// # Errors
/// The store's own.
pub fn return_asked_open_list(
    conn: &mut Conn,
    delivery: DeliveryId,
) -> Result<Vec<ReturnId>, StoreError> {
    open_list(conn, delivery, ASK_AGAIN)
}

fn open_list(
    conn: &mut Conn,
    delivery: DeliveryId,
    kind: &'static str,
) -> Result<Vec<ReturnId>, StoreError> {
    Ok(returns::table
        .filter(returns::delivery_id.eq(delivery.to_string()))
        .filter(returns::kind.eq(kind))
        .filter(returns::decision.is_null())
        .order((returns::returned_at, returns::id))
        .select(returns::id)
        .load(conn.db())?)
}

/// The issuer's answer.
#[derive(Debug, Clone)]
pub struct Decided {
    /// Which.
    pub decision: ReturnDecision,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: AccountId,
    /// Why.
    pub why: Option<String>,
}

/// Answers what has no answer yet; says how many were answered.
///
/// # Errors
/// The store's own.
pub fn return_decide(
    tx: &mut Tx,
    ids: &[ReturnId],
    decided: &Decided,
) -> Result<usize, StoreError> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    Ok(diesel::update(
        returns::table.filter(returns::id.eq_any(&texts)).filter(returns::decision.is_null()),
    )
    .set((
        returns::decision.eq(Some(decided.decision.as_str())),
        returns::decided_at.eq(Some(decided.at.as_micros())),
        returns::decided_by.eq(Some(decided.by.to_string())),
        returns::decided_why.eq(&decided.why),
    ))
    .execute(tx.db())?)
}

/// The address whose link it came by, and the way there: who sent it is told the answer.
///
/// # Errors
/// The store's own.
pub fn return_sender_find(
    conn: &mut Conn,
    id: ReturnId,
) -> Result<Option<(AddressId, Channel)>, StoreError> {
    let actor: Option<String> = returns::table
        .inner_join(events::table.on(events::id.eq(returns::event_id)))
        .filter(returns::id.eq(id.to_string()))
        .select(events::actor)
        .first(conn.db())
        .optional()?;
    let link = actor.and_then(|actor| actor.strip_prefix("link:")?.parse::<LinkId>().ok());
    let Some(link) = link else { return Ok(None) };
    let found: Option<(AddressId, String)> = links::table
        .inner_join(contact_addresses::table.on(contact_addresses::id.eq(links::address_id)))
        .filter(links::id.eq(link.to_string()))
        .select((links::address_id, contact_addresses::kind))
        .first(conn.db())
        .optional()?;
    let way = |kind: String| if kind == "email" { Channel::Email } else { Channel::Sms };
    Ok(found.map(|(address, kind)| (address, way(kind))))
}
