//! Files that no program could read to the end, and who has looked through them instead.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::engine::on_engine;
use super::schema::{accounts, file_vouchers, unread_files};
use super::{Conn, StoreError, Tx};
use crate::domain::digest::Sha256Digest;
use crate::domain::ids::{AccountId, EventId, NoticeId};
use crate::domain::legibility::Legibility;
use crate::domain::time::Timestamp;

/// A file that was not read to the end, as it stands in one notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// How much could be read.
    pub legibility: Legibility,
    /// Who has looked through it for this notice, and when.
    pub vouched: Option<(String, Timestamp)>,
}

/// Keeps that a file was not read to the end; the first finding stays.
///
/// # Errors
/// The store's own.
pub fn unread_note(
    tx: &mut Tx,
    file: Sha256Digest,
    legibility: Legibility,
    now: Timestamp,
) -> Result<(), StoreError> {
    on_engine!(tx.db(), conn => diesel::insert_into(unread_files::table)
        .values((
            unread_files::sha256.eq(file.as_bytes().as_slice()),
            unread_files::legibility.eq(legibility.as_str()),
            unread_files::found_at.eq(now.as_micros()),
        ))
        .on_conflict_do_nothing()
        .execute(conn))?;
    Ok(())
}

/// Which of these files were not read to the end, and who has looked through them.
///
/// # Errors
/// The store's own.
pub fn unread_list(
    conn: &mut Conn,
    notice: NoticeId,
    files: &[Sha256Digest],
) -> Result<BTreeMap<Sha256Digest, Unread>, StoreError> {
    let digests: Vec<&[u8]> = files.iter().map(|file| file.as_bytes().as_slice()).collect();
    let found: Vec<(Vec<u8>, String)> = unread_files::table
        .filter(unread_files::sha256.eq_any(&digests))
        .select((unread_files::sha256, unread_files::legibility))
        .load(conn.db())?;
    if found.is_empty() {
        return Ok(BTreeMap::new());
    }
    let vouchers: Vec<(Vec<u8>, String, Timestamp)> = file_vouchers::table
        .inner_join(accounts::table.on(accounts::id.eq(file_vouchers::account_id)))
        .filter(file_vouchers::notice_id.eq(notice.to_string()))
        .select((file_vouchers::sha256, accounts::display_name, file_vouchers::vouched_at))
        .load(conn.db())?;
    let mut unread = BTreeMap::new();
    for (sha256, word) in found {
        let wrong = |what: String| StoreError::Inconsistent {
            table: "unread_files",
            id: String::new(),
            what,
        };
        let vouched = vouchers.iter().find(|(of, ..)| *of == sha256);
        let vouched = vouched.map(|(_, name, at)| (name.clone(), *at));
        let bytes = <[u8; 32]>::try_from(sha256).map_err(|_| wrong("no digest".into()))?;
        let legibility = word.parse().map_err(|_| wrong(format!("legibility {word}")))?;
        unread.insert(Sha256Digest::from_bytes(bytes), Unread { legibility, vouched });
    }
    Ok(unread)
}

/// Who has looked through a file, for the table.
#[derive(Debug, Clone)]
pub struct NewVoucher {
    /// The event that tells of it.
    pub event_id: EventId,
    /// For which notice.
    pub notice_id: NoticeId,
    /// Which file.
    pub sha256: Sha256Digest,
    /// Who.
    pub account_id: AccountId,
    /// When.
    pub vouched_at: Timestamp,
}

/// Keeps that somebody looked; false if somebody had before.
///
/// # Errors
/// The store's own.
pub fn voucher_insert(tx: &mut Tx, new: &NewVoucher) -> Result<bool, StoreError> {
    let kept = on_engine!(tx.db(), conn => diesel::insert_into(file_vouchers::table)
        .values((
            file_vouchers::event_id.eq(new.event_id.to_string()),
            file_vouchers::notice_id.eq(new.notice_id.to_string()),
            file_vouchers::sha256.eq(new.sha256.as_bytes().as_slice()),
            file_vouchers::account_id.eq(new.account_id.to_string()),
            file_vouchers::vouched_at.eq(new.vouched_at.as_micros()),
        ))
        .on_conflict_do_nothing()
        .execute(conn))?;
    Ok(kept == 1)
}
