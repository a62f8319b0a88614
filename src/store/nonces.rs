//! Nonces of signing forms that were used. One is kept until its form would have expired anyway.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};

use super::engine::insert_burst;
use super::schema::spent_nonces;
use super::{Conn, StoreError, Tx};
use crate::domain::time::Timestamp;

/// A form's nonce and when the form expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonce {
    /// The nonce.
    pub bytes: [u8; 16],
    /// When its form stops working.
    pub ends_at: Timestamp,
}

/// Those of `nonces` that were spent before.
///
/// # Errors
/// The store's own.
pub fn nonce_list_spent(conn: &mut Conn, nonces: &[[u8; 16]]) -> Result<Vec<Vec<u8>>, StoreError> {
    let wanted: Vec<&[u8]> = nonces.iter().map(<[u8; 16]>::as_slice).collect();
    Ok(spent_nonces::table
        .filter(spent_nonces::nonce.eq_any(wanted))
        .select(spent_nonces::nonce)
        .load(conn.db())?)
}

#[derive(Insertable)]
#[diesel(table_name = spent_nonces, treat_none_as_default_value = false)]
struct NewRow<'n> {
    nonce: &'n [u8],
    ends_at: i64,
}

/// Spends nonces that were seen to be fresh in this transaction.
///
/// # Errors
/// [`StoreError::Unique`] if one was not.
pub fn nonce_spend_all(tx: &mut Tx, nonces: &[Nonce]) -> Result<(), StoreError> {
    let rows: Vec<NewRow<'_>> = nonces
        .iter()
        .map(|nonce| NewRow { nonce: &nonce.bytes, ends_at: nonce.ends_at.as_micros() })
        .collect();
    insert_burst!(tx.db(), spent_nonces, &rows, { nonce: Binary, ends_at: BigInt })?;
    Ok(())
}

/// Forgets nonces whose forms have expired; says how many.
///
/// # Errors
/// The store's own.
pub fn nonce_prune(tx: &mut Tx, now: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::delete(spent_nonces::table.filter(spent_nonces::ends_at.lt(now.as_micros())))
        .execute(tx.db())?)
}
