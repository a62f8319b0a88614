//! The links to the lists of delegations: to which address each was sent, in which generation, and
//! whether it still opens something.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::engine::on_engine;
use super::messages::cancel;
use super::schema::{contact_addresses, delegation_links, messages};
use super::{Conn, StoreError, Tx};
use crate::domain::address::AddressStatus;
use crate::domain::ids::{AddressId, DelegationId};
use crate::domain::message::MessagePurpose;
use crate::domain::time::Timestamp;

/// A link to a list, as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct DelegationLink {
    /// Its generation.
    pub generation: i32,
    /// Since when it opens nothing.
    pub revoked_at: Option<Timestamp>,
    /// How the address stands that it was sent to.
    pub address_status: AddressStatus,
}

/// The link of a delegation to an address.
///
/// # Errors
/// The store's own.
pub fn delegation_link_find(
    conn: &mut Conn,
    delegation: DelegationId,
    address: AddressId,
) -> Result<Option<DelegationLink>, StoreError> {
    Ok(delegation_links::table
        .inner_join(
            contact_addresses::table.on(contact_addresses::id.eq(delegation_links::address_id)),
        )
        .filter(delegation_links::delegation_id.eq(delegation.to_string()))
        .filter(delegation_links::address_id.eq(address.to_string()))
        .select((
            delegation_links::generation,
            delegation_links::revoked_at,
            contact_addresses::status,
        ))
        .first(conn.db())
        .optional()?)
}

/// Gives these addresses links, or new ones that make the earlier tokens worthless.
///
/// # Errors
/// The store's own.
pub fn delegation_link_renew(
    tx: &mut Tx,
    delegation: DelegationId,
    addresses: &[AddressId],
    now: Timestamp,
) -> Result<(), StoreError> {
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let never: Option<i64> = None;
    diesel::update(
        delegation_links::table
            .filter(delegation_links::delegation_id.eq(delegation.to_string()))
            .filter(delegation_links::address_id.eq_any(&texts)),
    )
    .set((
        delegation_links::generation.eq(delegation_links::generation + 1),
        delegation_links::revoked_at.eq(never),
    ))
    .execute(tx.db())?;
    for address in &texts {
        on_engine!(tx.db(), conn => diesel::insert_into(delegation_links::table)
            .values((
                delegation_links::delegation_id.eq(delegation.to_string()),
                delegation_links::address_id.eq(address),
                delegation_links::generation.eq(1),
                delegation_links::created_at.eq(now.as_micros()),
            ))
            .on_conflict_do_nothing()
            .execute(conn))?;
    }
    Ok(())
}

/// Revokes the links of a delegation that open something; says how many.
///
/// # Errors
/// The store's own.
pub fn delegation_link_revoke(
    tx: &mut Tx,
    delegation: DelegationId,
    now: Timestamp,
) -> Result<usize, StoreError> {
    Ok(diesel::update(
        delegation_links::table
            .filter(delegation_links::delegation_id.eq(delegation.to_string()))
            .filter(delegation_links::revoked_at.is_null()),
    )
    .set(delegation_links::revoked_at.eq(Some(now.as_micros())))
    .execute(tx.db())?)
}

/// Cancels what would still carry a link of this delegation; says how many.
///
/// # Errors
/// The store's own.
pub fn message_cancel_of_calls(
    tx: &mut Tx,
    delegation: DelegationId,
    why: &'static str,
    now: Timestamp,
) -> Result<usize, StoreError> {
    // Such a letter has no delivery; that is said so that the index of those is used.
    let letters = messages::delivery_id
        .is_null()
        .and(messages::about.eq(delegation.to_string()))
        .and(messages::purpose.eq(MessagePurpose::DelegatedCalls.as_str()));
    Ok(cancel!(tx, letters, why, now)?)
}

/// Of these delegations the ones that some link opens.
///
/// # Errors
/// The store's own.
pub fn delegation_link_open(
    conn: &mut Conn,
    ids: &[DelegationId],
) -> Result<BTreeSet<DelegationId>, StoreError> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let open: Vec<DelegationId> = delegation_links::table
        .filter(delegation_links::delegation_id.eq_any(&texts))
        .filter(delegation_links::revoked_at.is_null())
        .select(delegation_links::delegation_id)
        .distinct()
        .load(conn.db())?;
    Ok(open.into_iter().collect())
}
