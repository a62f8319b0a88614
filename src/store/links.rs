//! Links: one delivery to one contact address. The database keeps no token, only what a MAC
//! under a key outside it is computed over; so a stolen database opens no page.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};

use super::deliveries::{DeliveryBrief, FactsRow, delivery_fill_modes, facts_columns};
use super::engine::{RowLock, insert_burst, per_engine};
use super::schema::{contact_addresses, contacts, deliveries, links, notices};
use super::{Conn, StoreError, Tx};
use crate::domain::address::AddressStatus;
use crate::domain::ids::{AddressId, DeliveryId, LinkId, NoticeId, OrganizationId};
use crate::domain::notice::NoticeState;
use crate::domain::time::Timestamp;

/// A link as it is written.
#[derive(Debug, Clone, Copy)]
pub struct NewLink {
    /// Its id, the open half of its token.
    pub id: LinkId,
    /// The delivery it opens.
    pub delivery_id: DeliveryId,
    /// The address it is sent to.
    pub address_id: AddressId,
    /// When it was made.
    pub created_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = links, treat_none_as_default_value = false)]
struct NewRow {
    id: String,
    delivery_id: String,
    address_id: String,
    generation: i32,
    created_at: i64,
}

/// Generation of a link that has never been replaced.
pub const FIRST_GENERATION: i32 = 1;

/// Writes links of an issue, in chunks.
///
/// # Errors
/// [`StoreError::Unique`] if an address already has a link to a delivery.
pub fn link_insert_all(tx: &mut Tx, new: &[NewLink]) -> Result<(), StoreError> {
    let rows: Vec<NewRow> = new
        .iter()
        .map(|link| NewRow {
            id: link.id.to_string(),
            delivery_id: link.delivery_id.to_string(),
            address_id: link.address_id.to_string(),
            generation: FIRST_GENERATION,
            created_at: link.created_at.as_micros(),
        })
        .collect();
    insert_burst!(tx.db(), links, &rows, {
        id: Text, delivery_id: Text, address_id: Text, generation: Integer, created_at: BigInt,
    })?;
    Ok(())
}

/// Puts a new generation in the place of links that were revoked and whose address is in use
/// again: what was sent before stays without effect. Says how many.
///
/// # Errors
/// The store's own.
pub fn link_renew_all(tx: &mut Tx, ids: &[LinkId]) -> Result<usize, StoreError> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let never: Option<i64> = None;
    Ok(diesel::update(
        links::table.filter(links::id.eq_any(&texts)).filter(links::revoked_at.is_not_null()),
    )
    .set((links::generation.eq(links::generation + 1), links::revoked_at.eq(never)))
    .execute(tx.db())?)
}

/// A link with what it opens and whether it may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// The delivery it opens.
    pub delivery: DeliveryBrief,
    /// Where its notice stands.
    pub notice_state: NoticeState,
    /// Which version of it is in force.
    pub notice_version: i32,
    /// The address it was sent to.
    pub address_id: AddressId,
    /// Counts replacements; the MAC is computed over it.
    pub generation: i32,
    /// Since when it opens nothing any more.
    pub revoked_at: Option<Timestamp>,
    /// What is known of its address; a retired one revokes the link too.
    pub address_status: AddressStatus,
    /// The way it travelled: `email` or `sms`.
    pub channel: String,
}

#[derive(Queryable)]
struct Row {
    id: LinkId,
    delivery_id: DeliveryId,
    notice_id: NoticeId,
    organization_id: OrganizationId,
    organization_name: String,
    facts: FactsRow,
    notice_state: NoticeState,
    notice_version: i32,
    address_id: AddressId,
    generation: i32,
    revoked_at: Option<Timestamp>,
    address_status: AddressStatus,
    channel: String,
}

/// What a [`Row`] is read from, those of one id or of several.
macro_rules! link_rows {
    ($filter:expr) => {
        links::table
            .inner_join(deliveries::table.on(deliveries::id.eq(links::delivery_id)))
            .inner_join(notices::table.on(notices::id.eq(deliveries::notice_id)))
            .inner_join(contact_addresses::table.on(contact_addresses::id.eq(links::address_id)))
            .filter($filter)
            .select((
                links::id,
                links::delivery_id,
                deliveries::notice_id,
                deliveries::organization_id,
                deliveries::organization_name,
                facts_columns!(),
                notices::state,
                notices::version,
                links::address_id,
                links::generation,
                links::revoked_at,
                contact_addresses::status,
                contact_addresses::kind,
            ))
    };
}

impl Link {
    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> LinkStanding {
        let Self { generation, revoked_at, address_status, .. } = *self;
        LinkStanding { generation, revoked_at, address_status }
    }
}

impl From<Row> for Link {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            delivery: DeliveryBrief {
                id: row.delivery_id,
                notice_id: row.notice_id,
                organization_id: row.organization_id,
                organization_name: row.organization_name,
                facts: row.facts.signed(None),
            },
            notice_state: row.notice_state,
            notice_version: row.notice_version,
            address_id: row.address_id,
            generation: row.generation,
            revoked_at: row.revoked_at,
            address_status: row.address_status,
            channel: row.channel,
        }
    }
}

/// The link of that id, with the delivery it opens.
///
/// # Errors
/// The store's own.
pub fn link_find(conn: &mut Conn, id: LinkId) -> Result<Option<Link>, StoreError> {
    Ok(link_list(conn, &[id])?.pop())
}

/// The links of those ids that exist, in any order: one round trip on PostgreSQL, one snapshot
/// and one prepared statement on SQLite.
///
/// # Errors
/// The store's own.
pub fn link_list(conn: &mut Conn, ids: &[LinkId]) -> Result<Vec<Link>, StoreError> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let rows: Vec<Row> = per_engine!(conn.db(), inner,
        postgres => link_rows!(links::id.eq_any(&texts)).load(inner)?,
        sqlite => inner.transaction(|inner| {
            let one = |text: &String| link_rows!(links::id.eq(text)).first(inner).optional();
            texts.iter().map(one).filter_map(Result::transpose).collect::<Result<_, _>>()
        })?,
    );
    let mut found: Vec<Link> = rows.into_iter().map(Link::from).collect();
    let facts = found.iter_mut().map(|link| (link.delivery.id, &mut link.delivery.facts));
    delivery_fill_modes(conn, facts)?;
    Ok(found)
}

/// What of a link decides whether it opens anything, and how good an answer through it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkStanding {
    /// Counts replacements.
    pub generation: i32,
    /// Since when it opens nothing any more.
    pub revoked_at: Option<Timestamp>,
    /// What is known of its address.
    pub address_status: AddressStatus,
}

impl LinkStanding {
    /// Whether it opens anything.
    #[must_use]
    pub fn opens(self) -> bool {
        self.revoked_at.is_none() && self.address_status.may_be_used()
    }
}

/// What a [`LinkStanding`] is read from, that of one id or of several.
macro_rules! standing_rows {
    ($filter:expr) => {
        links::table
            .inner_join(contact_addresses::table.on(contact_addresses::id.eq(links::address_id)))
            .filter($filter)
            .select((links::id, links::generation, links::revoked_at, contact_addresses::status))
    };
}

/// Holds addresses of which something is about to be learnt, in the order of their ids: one of a
/// desk serves several organisations, and two writes may have it in hand.
///
/// # Errors
/// The store's own.
pub fn link_hold_addresses(tx: &mut Tx, addresses: &[AddressId]) -> Result<(), StoreError> {
    if addresses.is_empty() {
        return Ok(());
    }
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    tx.db().lock_rows("contact_addresses", &texts, RowLock::Exclusive)
}

/// How those links stand; those that do not exist are left out.
///
/// # Errors
/// The store's own.
pub fn link_standings(
    tx: &mut Tx,
    ids: &[LinkId],
) -> Result<BTreeMap<LinkId, LinkStanding>, StoreError> {
    type Row = (LinkId, i32, Option<Timestamp>, AddressStatus);
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let rows: Vec<Row> = per_engine!(tx.db(), inner,
        postgres => standing_rows!(links::id.eq_any(&texts)).load(inner)?,
        sqlite => {
            let one = |text: &String| standing_rows!(links::id.eq(text)).first(inner).optional();
            texts.iter().map(one).filter_map(Result::transpose).collect::<Result<_, _>>()?
        },
    );
    let standing = |(id, generation, revoked_at, address_status)| {
        (id, LinkStanding { generation, revoked_at, address_status })
    };
    Ok(rows.into_iter().map(standing).collect())
}

/// Notes that a signature came through links, which shows that their addresses work: those not
/// yet verified are now. Says how many.
///
/// # Errors
/// The store's own.
pub fn link_verify_addresses(
    tx: &mut Tx,
    addresses: &[AddressId],
    now: Timestamp,
) -> Result<usize, StoreError> {
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    Ok(diesel::update(
        contact_addresses::table
            .filter(contact_addresses::id.eq_any(&texts))
            .filter(contact_addresses::status.eq(AddressStatus::Unverified.as_str())),
    )
    .set((
        contact_addresses::status.eq(AddressStatus::Verified.as_str()),
        contact_addresses::status_at.eq(now.as_micros()),
    ))
    .execute(tx.db())?)
}

/// Revokes every link whose address or contact is out of use; says how many.
///
/// # Errors
/// The store's own.
pub fn link_revoke_of_retired(tx: &mut Tx, now: Timestamp) -> Result<usize, StoreError> {
    let retired = contact_addresses::table
        .inner_join(contacts::table.on(contacts::id.eq(contact_addresses::contact_id)))
        .filter(contact_addresses::status.eq("retired").or(contacts::retired_at.is_not_null()))
        .select(contact_addresses::id);
    Ok(diesel::update(
        links::table.filter(links::revoked_at.is_null()).filter(links::address_id.eq_any(retired)),
    )
    .set(links::revoked_at.eq(Some(now.as_micros())))
    .execute(tx.db())?)
}
