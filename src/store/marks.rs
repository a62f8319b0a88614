//! Lines that looked like a marking and were confirmed to be ordinary words, by their digests.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::engine::on_engine;
use super::schema::confirmed_marks;
use super::{Conn, StoreError, Tx};
use crate::domain::digest::Sha256Digest;
use crate::domain::ids::{AccountId, EventId, NoticeId};
use crate::domain::time::Timestamp;

/// Who confirmed which lines, and why.
#[derive(Debug, Clone)]
pub struct NewConfirmation {
    /// The event that tells of it.
    pub event_id: EventId,
    /// In which notice.
    pub notice_id: NoticeId,
    /// Which lines.
    pub findings: Vec<Sha256Digest>,
    /// The releaser.
    pub account_id: AccountId,
    /// In the releaser's words.
    pub reason: String,
    /// When.
    pub confirmed_at: Timestamp,
}

/// Keeps a confirmation.
///
/// # Errors
/// The store's own.
pub fn mark_confirm(tx: &mut Tx, new: &NewConfirmation) -> Result<(), StoreError> {
    for finding in &new.findings {
        on_engine!(tx.db(), conn => diesel::insert_into(confirmed_marks::table)
            .values((
                confirmed_marks::notice_id.eq(new.notice_id.to_string()),
                confirmed_marks::finding.eq(finding.as_bytes().as_slice()),
                confirmed_marks::event_id.eq(new.event_id.to_string()),
                confirmed_marks::account_id.eq(new.account_id.to_string()),
                confirmed_marks::reason.eq(&new.reason),
                confirmed_marks::confirmed_at.eq(new.confirmed_at.as_micros()),
            ))
            .on_conflict_do_nothing()
            .execute(conn))?;
    }
    Ok(())
}

/// What was confirmed in a notice.
///
/// # Errors
/// The store's own.
pub fn mark_list(conn: &mut Conn, notice: NoticeId) -> Result<BTreeSet<Sha256Digest>, StoreError> {
    let found: Vec<Vec<u8>> = confirmed_marks::table
        .filter(confirmed_marks::notice_id.eq(notice.to_string()))
        .select(confirmed_marks::finding)
        .load(conn.db())?;
    let digests = found.into_iter().filter_map(|bytes| bytes.try_into().ok());
    Ok(digests.map(Sha256Digest::from_bytes).collect())
}
