//! What a recipient did instead of signing: 退文 and 请求重发. Rows are added, never changed.

use diesel::prelude::*;

use super::schema::returns;
use super::{Conn, StoreError, Tx};
use crate::domain::delivery::{AskAgainReason, ReturnReason};
use crate::domain::ids::{DeliveryId, EventId, ReturnId};
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
            })
        })
        .collect()
}
