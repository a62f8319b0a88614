//! Mails that came back, each taken once, and what they are about.

use diesel::prelude::*;

use super::engine::on_engine;
use super::schema::{bounces, messages};
use super::{Conn, StoreError, Tx};
use crate::domain::bounce::BounceKind;
use crate::domain::digest::Sha256Digest;
use crate::domain::ids::{AddressId, DeliveryId, MessageId, NoticeId};
use crate::domain::time::Timestamp;

/// A mail that came back, as it is written.
#[derive(Debug, Clone)]
pub struct NewBounce {
    /// Over its bytes: the same mail twice is one.
    pub digest: Sha256Digest,
    /// When it was read.
    pub read_at: Timestamp,
    /// What it is.
    pub kind: BounceKind,
    /// Which message came back.
    pub message: Option<MessageId>,
    /// Such as `5.1.1`; may be empty.
    pub status: String,
    /// What the last server said; may be empty.
    pub detail: String,
}

/// Notes one; false if it was noted before.
///
/// # Errors
/// The store's own.
pub fn bounce_insert(tx: &mut Tx, new: &NewBounce) -> Result<bool, StoreError> {
    let row = (
        bounces::digest.eq(new.digest.to_string()),
        bounces::read_at.eq(new.read_at.as_micros()),
        bounces::kind.eq(new.kind.as_str()),
        bounces::message_id.eq(new.message.map(|id| id.to_string())),
        bounces::status.eq(new.status.clone()),
        bounces::detail.eq(new.detail.clone()),
    );
    let written = on_engine!(tx.db(), conn => diesel::insert_into(bounces::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(conn))?;
    Ok(written == 1)
}

/// What a message was about.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct SentMessage {
    /// Where it went.
    pub address: AddressId,
    /// Of which delivery, if of one.
    pub delivery: Option<DeliveryId>,
    /// About which notice, if about one.
    pub notice: Option<NoticeId>,
    /// Which version.
    pub version: i32,
}

/// What a message was about.
///
/// # Errors
/// The store's own.
pub fn message_sent(conn: &mut Conn, id: MessageId) -> Result<Option<SentMessage>, StoreError> {
    Ok(messages::table
        .filter(messages::id.eq(id.to_string()))
        .select((
            messages::address_id,
            messages::delivery_id,
            messages::notice_id,
            messages::version,
        ))
        .first(conn.db())
        .optional()?)
}
