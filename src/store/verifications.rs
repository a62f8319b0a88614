//! Checks of addresses and the rounds they belong to. A check that came to nothing stays, so that
//! it can be seen who was asked and did not answer.

use diesel::prelude::*;

use super::engine::on_engine;
use super::schema::{
    accounts, address_verifications, contact_addresses, contacts, organizations,
    verification_rounds,
};
use super::{Conn, ROWS_PER_INSERT_MAX, StoreError, Tx};
use crate::domain::address::{AddressKind, AddressStatus};
use crate::domain::ids::{AccountId, AddressId, OrganizationId, RoundId, VerificationId};
use crate::domain::organization::ContactRole;
use crate::domain::time::Timestamp;
use crate::domain::verification::{RoundScope, TRIES_MAX, VerifiedHow};

/// An address in use, and since when it stands as it does.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct AddressStanding {
    /// Which.
    pub id: AddressId,
    /// Mail or telephone.
    pub kind: AddressKind,
    /// How it stands.
    pub status: AddressStatus,
    /// Since when.
    pub status_at: Timestamp,
    /// Whose.
    pub organization: OrganizationId,
    /// The place of that organisation in the tree.
    pub tree_path: String,
}

/// Every address in use, in the order of the tree; `below` leaves only those of one branch.
///
/// # Errors
/// The store's own.
pub fn address_standings(
    conn: &mut Conn,
    below: Option<&str>,
) -> Result<Vec<AddressStanding>, StoreError> {
    let all: Vec<AddressStanding> = contact_addresses::table
        .inner_join(contacts::table.on(contacts::id.eq(contact_addresses::contact_id)))
        .inner_join(organizations::table.on(organizations::id.eq(contacts::organization_id)))
        .filter(contacts::retired_at.is_null())
        .filter(organizations::retired_at.is_null())
        .filter(contact_addresses::status.ne(AddressStatus::Retired.as_str()))
        .order((organizations::tree_path, contact_addresses::id))
        .select((
            contact_addresses::id,
            contact_addresses::kind,
            contact_addresses::status,
            contact_addresses::status_at,
            organizations::id,
            organizations::tree_path,
        ))
        .load(conn.db())?;
    Ok(match below {
        None => all,
        Some(path) => all.into_iter().filter(|one| one.tree_path.starts_with(path)).collect(),
    })
}

/// A check as it is written.
#[derive(Debug, Clone)]
pub struct NewVerification {
    /// Its id, from which the code is derived.
    pub id: VerificationId,
    /// Which address.
    pub address: AddressId,
    /// Of which round; none for a single one.
    pub round: Option<RoundId>,
    /// When it was asked.
    pub sent_at: Timestamp,
    /// Until when the answer counts.
    pub ends_at: Timestamp,
    /// Who answered at once, on the telephone: noted by whom.
    pub called_by: Option<AccountId>,
}

#[derive(Insertable)]
#[diesel(table_name = address_verifications, treat_none_as_default_value = false)]
struct NewRow {
    id: String,
    address_id: String,
    round_id: Option<String>,
    sent_at: i64,
    ends_at: i64,
    tries: i32,
    confirmed_at: Option<i64>,
    how: Option<&'static str>,
    confirmed_by: Option<String>,
}

/// Writes checks.
///
/// # Errors
/// The store's own.
pub fn verification_insert_all(tx: &mut Tx, new: &[NewVerification]) -> Result<(), StoreError> {
    let row = |one: &NewVerification| NewRow {
        id: one.id.to_string(),
        address_id: one.address.to_string(),
        round_id: one.round.map(|id| id.to_string()),
        sent_at: one.sent_at.as_micros(),
        ends_at: one.ends_at.as_micros(),
        tries: 0,
        confirmed_at: one.called_by.map(|_| one.sent_at.as_micros()),
        how: one.called_by.map(|_| VerifiedHow::Call.as_str()),
        confirmed_by: one.called_by.map(|id| id.to_string()),
    };
    let rows: Vec<NewRow> = new.iter().map(row).collect();
    for chunk in rows.chunks(ROWS_PER_INSERT_MAX) {
        on_engine!(tx.db(), conn =>
            diesel::insert_into(address_verifications::table).values(chunk).execute(conn))?;
    }
    Ok(())
}

/// Where a check stands.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Verification {
    /// Which.
    pub id: VerificationId,
    /// Of which address.
    pub address: AddressId,
    /// When it was answered.
    pub confirmed_at: Option<Timestamp>,
}

/// A check by its id.
///
/// # Errors
/// The store's own.
pub fn verification_find(
    conn: &mut Conn,
    id: VerificationId,
) -> Result<Option<Verification>, StoreError> {
    Ok(address_verifications::table
        .filter(address_verifications::id.eq(id.to_string()))
        .select((
            address_verifications::id,
            address_verifications::address_id,
            address_verifications::confirmed_at,
        ))
        .first(conn.db())
        .optional()?)
}

/// The newest checks that were sent to a mail address, at most a few.
///
/// # Errors
/// The store's own.
pub fn verification_newest_to(
    conn: &mut Conn,
    mail: &str,
) -> Result<Vec<VerificationId>, StoreError> {
    Ok(address_verifications::table
        .inner_join(
            contact_addresses::table
                .on(contact_addresses::id.eq(address_verifications::address_id)),
        )
        .filter(contact_addresses::address.eq(mail))
        .order(address_verifications::sent_at.desc())
        .limit(3)
        .select(address_verifications::id)
        .load(conn.db())?)
}

/// Counts a try; false if the check is answered, over, or was tried too often.
///
/// # Errors
/// The store's own.
pub fn verification_count_try(
    tx: &mut Tx,
    id: VerificationId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let counted = diesel::update(
        address_verifications::table
            .filter(address_verifications::id.eq(id.to_string()))
            .filter(address_verifications::confirmed_at.is_null())
            .filter(address_verifications::ends_at.gt(now.as_micros()))
            .filter(address_verifications::tries.lt(TRIES_MAX)),
    )
    .set(address_verifications::tries.eq(address_verifications::tries + 1))
    .execute(tx.db())?;
    Ok(counted == 1)
}

/// Notes that the code came back; false if it had before.
///
/// # Errors
/// The store's own.
pub fn verification_confirm(
    tx: &mut Tx,
    id: VerificationId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = diesel::update(
        address_verifications::table
            .filter(address_verifications::id.eq(id.to_string()))
            .filter(address_verifications::confirmed_at.is_null()),
    )
    .set((
        address_verifications::confirmed_at.eq(Some(now.as_micros())),
        address_verifications::how.eq(Some(VerifiedHow::Code.as_str())),
    ))
    .execute(tx.db())?;
    Ok(changed == 1)
}

/// Notes that an address works, from now on for a year; false if it is out of use.
///
/// # Errors
/// The store's own.
pub fn address_set_verified(
    tx: &mut Tx,
    id: AddressId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = diesel::update(
        contact_addresses::table
            .filter(contact_addresses::id.eq(id.to_string()))
            .filter(contact_addresses::status.ne(AddressStatus::Retired.as_str())),
    )
    .set((
        contact_addresses::status.eq(AddressStatus::Verified.as_str()),
        contact_addresses::status_at.eq(now.as_micros()),
    ))
    .execute(tx.db())?;
    Ok(changed == 1)
}

/// Whose an address is, if it belongs to that organisation and is in use.
///
/// # Errors
/// The store's own.
pub fn address_is_of(
    conn: &mut Conn,
    id: AddressId,
    organization: OrganizationId,
) -> Result<bool, StoreError> {
    let found: i64 = contact_addresses::table
        .inner_join(contacts::table.on(contacts::id.eq(contact_addresses::contact_id)))
        .filter(contact_addresses::id.eq(id.to_string()))
        .filter(contacts::organization_id.eq(organization.to_string()))
        .filter(contacts::retired_at.is_null())
        .count()
        .get_result(conn.db())?;
    Ok(found == 1)
}

/// A round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// Which.
    pub id: RoundId,
    /// Whom it asks.
    pub scope: RoundScope,
    /// Below which organisation, for a branch.
    pub branch: Option<OrganizationId>,
    /// Its name.
    pub branch_name: Option<String>,
    /// When it was started.
    pub started_at: Timestamp,
    /// By whom.
    pub started_by: String,
    /// Until when answers count.
    pub ends_at: Timestamp,
}

/// Writes a round.
///
/// # Errors
/// The store's own.
pub fn round_insert(
    tx: &mut Tx,
    id: RoundId,
    (scope, branch): (RoundScope, Option<OrganizationId>),
    by: AccountId,
    (started_at, ends_at): (Timestamp, Timestamp),
) -> Result<(), StoreError> {
    diesel::insert_into(verification_rounds::table)
        .values((
            verification_rounds::id.eq(id.to_string()),
            verification_rounds::scope.eq(scope.as_str()),
            verification_rounds::organization_id.eq(branch.map(|id| id.to_string())),
            verification_rounds::started_at.eq(started_at.as_micros()),
            verification_rounds::started_by.eq(by.to_string()),
            verification_rounds::ends_at.eq(ends_at.as_micros()),
        ))
        .execute(tx.db())?;
    Ok(())
}

type RoundRow =
    (RoundId, RoundScope, Option<OrganizationId>, Option<String>, Timestamp, String, Timestamp);

/// The newest rounds, the newest first.
///
/// # Errors
/// The store's own.
pub fn round_list(conn: &mut Conn, most: i64) -> Result<Vec<Round>, StoreError> {
    let rows: Vec<RoundRow> = verification_rounds::table
        .inner_join(accounts::table.on(accounts::id.eq(verification_rounds::started_by)))
        .left_join(
            organizations::table
                .on(verification_rounds::organization_id.eq(organizations::id.nullable())),
        )
        .order((verification_rounds::started_at.desc(), verification_rounds::id.desc()))
        .limit(most)
        .select((
            verification_rounds::id,
            verification_rounds::scope,
            verification_rounds::organization_id,
            organizations::name.nullable(),
            verification_rounds::started_at,
            accounts::display_name,
            verification_rounds::ends_at,
        ))
        .load(conn.db())?;
    let round = |(id, scope, branch, branch_name, started_at, started_by, ends_at)| Round {
        id,
        scope,
        branch,
        branch_name,
        started_at,
        started_by,
        ends_at,
    };
    Ok(rows.into_iter().map(round).collect())
}

/// One address that a round asked.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Asked {
    /// The organisation.
    pub organization: OrganizationId,
    /// Its name.
    pub organization_name: String,
    /// Six digits of its region.
    pub region_code: String,
    /// Whose address.
    pub contact_name: String,
    /// In which role.
    pub role: ContactRole,
    /// How the address stands now.
    pub status: AddressStatus,
    /// When the code came back.
    pub confirmed_at: Option<Timestamp>,
    /// Since when the address stands as it does: also a call or a signature after the asking is
    /// an answer.
    pub status_at: Timestamp,
}

/// Everybody a round asked, in the order of the tree.
///
/// # Errors
/// The store's own.
pub fn round_asked(conn: &mut Conn, id: RoundId) -> Result<Vec<Asked>, StoreError> {
    Ok(address_verifications::table
        .inner_join(
            contact_addresses::table
                .on(contact_addresses::id.eq(address_verifications::address_id)),
        )
        .inner_join(contacts::table.on(contacts::id.eq(contact_addresses::contact_id)))
        .inner_join(organizations::table.on(organizations::id.eq(contacts::organization_id)))
        .filter(address_verifications::round_id.eq(id.to_string()))
        .order((organizations::tree_path, contacts::role, contact_addresses::id))
        .select((
            organizations::id,
            organizations::name,
            organizations::region_code,
            contacts::name,
            contacts::role,
            contact_addresses::status,
            address_verifications::confirmed_at,
            contact_addresses::status_at,
        ))
        .load(conn.db())?)
}
