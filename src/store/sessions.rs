//! Sessions of the staff and the tries that failed. A session row is found by the hash of the
//! cookie's secret, so that a stolen database opens no session.

use diesel::prelude::*;

use super::engine::on_engine;
use super::schema::{accounts, sessions, sign_in_tries};
use super::{Conn, StoreError, Tx};
use crate::domain::ids::AccountId;
use crate::domain::time::Timestamp;

/// A session that was neither revoked nor overtaken by a change of its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionRow {
    /// Whose it is.
    pub account_id: AccountId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
}

/// Opens a session.
///
/// # Errors
/// The store's own.
pub fn session_insert(
    tx: &mut Tx,
    token_hash: &[u8],
    account_id: AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let epoch: i32 = accounts::table
        .filter(accounts::id.eq(account_id.to_string()))
        .select(accounts::epoch)
        .first(tx.db())?;
    diesel::insert_into(sessions::table)
        .values((
            sessions::token_hash.eq(token_hash),
            sessions::account_id.eq(account_id.to_string()),
            sessions::epoch.eq(epoch),
            sessions::created_at.eq(now.as_micros()),
            sessions::last_seen_at.eq(now.as_micros()),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// The session of that hash, unless it was revoked, its account disabled or changed since.
///
/// # Errors
/// The store's own.
pub fn session_find(conn: &mut Conn, token_hash: &[u8]) -> Result<Option<SessionRow>, StoreError> {
    let row: Option<(AccountId, Timestamp, Timestamp)> = sessions::table
        .inner_join(accounts::table.on(accounts::id.eq(sessions::account_id)))
        .filter(sessions::token_hash.eq(token_hash))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::epoch.eq(accounts::epoch))
        .filter(accounts::disabled_at.is_null())
        .select((sessions::account_id, sessions::created_at, sessions::last_seen_at))
        .first(conn.db())
        .optional()?;
    Ok(row.map(|(account_id, created_at, last_seen_at)| SessionRow {
        account_id,
        created_at,
        last_seen_at,
    }))
}

/// Notes that a session is in use.
///
/// # Errors
/// The store's own.
pub fn session_touch(tx: &mut Tx, token_hash: &[u8], now: Timestamp) -> Result<(), StoreError> {
    diesel::update(sessions::table.filter(sessions::token_hash.eq(token_hash)))
        .set(sessions::last_seen_at.eq(now.as_micros()))
        .execute(tx.db())?;
    Ok(())
}

/// When each account that ever signed in was last in use, to the minute.
///
/// # Errors
/// The store's own.
pub fn session_last_seen(conn: &mut Conn) -> Result<Vec<(AccountId, Timestamp)>, StoreError> {
    let rows: Vec<(AccountId, Option<i64>)> = sessions::table
        .group_by(sessions::account_id)
        .select((sessions::account_id, diesel::dsl::max(sessions::last_seen_at)))
        .load(conn.db())?;
    let seen = |(id, at): (AccountId, Option<i64>)| Some((id, Timestamp::from_micros(at?)));
    Ok(rows.into_iter().filter_map(seen).collect())
}

/// Ends a session for good.
///
/// # Errors
/// The store's own.
pub fn session_revoke(tx: &mut Tx, token_hash: &[u8], now: Timestamp) -> Result<(), StoreError> {
    diesel::update(
        sessions::table
            .filter(sessions::token_hash.eq(token_hash))
            .filter(sessions::revoked_at.is_null()),
    )
    .set(sessions::revoked_at.eq(Some(now.as_micros())))
    .execute(tx.db())?;
    Ok(())
}

/// Failures in a row for a login (by its hash, known or not) and until when it rests.
///
/// # Errors
/// The store's own.
pub fn tries_find(
    conn: &mut Conn,
    login_hash: &[u8],
) -> Result<(i32, Option<Timestamp>), StoreError> {
    let row: Option<(i32, Option<Timestamp>)> = sign_in_tries::table
        .filter(sign_in_tries::login_hash.eq(login_hash))
        .select((sign_in_tries::failed, sign_in_tries::blocked_until))
        .first(conn.db())
        .optional()?;
    Ok(row.unwrap_or((0, None)))
}

/// Counts one more failure of a login and says how many in a row that makes. Tries at the same
/// moment all count: the second waits for the first one's row.
///
/// # Errors
/// The store's own.
pub fn tries_count(tx: &mut Tx, login_hash: &[u8], now: Timestamp) -> Result<i32, StoreError> {
    Ok(on_engine!(tx.db(), conn => diesel::insert_into(sign_in_tries::table)
        .values((
            sign_in_tries::login_hash.eq(login_hash),
            sign_in_tries::failed.eq(1),
            sign_in_tries::last_failed_at.eq(now.as_micros()),
        ))
        .on_conflict(sign_in_tries::login_hash)
        .do_update()
        .set((
            sign_in_tries::failed.eq(sign_in_tries::failed + 1),
            sign_in_tries::last_failed_at.eq(now.as_micros()),
        ))
        .returning(sign_in_tries::failed)
        .get_result(conn))?)
}

/// Lets a login rest until then; without an end it may be tried again.
///
/// # Errors
/// The store's own.
pub fn tries_rest(
    tx: &mut Tx,
    login_hash: &[u8],
    until: Option<Timestamp>,
) -> Result<(), StoreError> {
    diesel::update(sign_in_tries::table.filter(sign_in_tries::login_hash.eq(login_hash)))
        .set(sign_in_tries::blocked_until.eq(until.map(Timestamp::as_micros)))
        .execute(tx.db())?;
    Ok(())
}

/// Forgets the failures of a login that was just proved.
///
/// # Errors
/// The store's own.
pub fn tries_forget(tx: &mut Tx, login_hash: &[u8]) -> Result<(), StoreError> {
    diesel::update(sign_in_tries::table.filter(sign_in_tries::login_hash.eq(login_hash)))
        .set((sign_in_tries::failed.eq(0), sign_in_tries::blocked_until.eq(None::<i64>)))
        .execute(tx.db())?;
    Ok(())
}
