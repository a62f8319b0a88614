//! What the story of a delivery needs beside its events: attempts that left no event, and the
//! names behind the ids. Reads only.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::schema::{
    accounts, attempt_outcomes, attempts, contact_addresses, contacts, deliveries, links, messages,
    organizations,
};
use super::{Conn, StoreError};
use crate::domain::address::AddressKind;
use crate::domain::ids::{
    AccountId, AddressId, AttemptId, DeliveryId, LinkId, NoticeId, OrganizationId,
};
use crate::domain::organization::ContactRole;
use crate::domain::time::Timestamp;

/// One attempt at handing a message over.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct AttemptLine {
    /// Its id.
    pub id: AttemptId,
    /// To which address.
    pub address_id: AddressId,
    /// Counts the attempts of its message.
    pub number: i32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None`: nobody ever reported.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<String>,
    /// What the other server said, or what happened.
    pub reply: Option<String>,
}

/// Every attempt of a delivery's messages, oldest first.
///
/// # Errors
/// The store's own.
pub fn attempt_list_of_delivery(
    conn: &mut Conn,
    delivery: DeliveryId,
) -> Result<Vec<AttemptLine>, StoreError> {
    Ok(attempts::table
        .inner_join(messages::table.on(messages::id.eq(attempts::message_id)))
        .left_join(attempt_outcomes::table.on(attempt_outcomes::attempt_id.eq(attempts::id)))
        .filter(messages::delivery_id.eq(delivery.to_string()))
        .order((attempts::started_at, attempts::number))
        .select((
            attempts::id,
            messages::address_id,
            attempts::number,
            attempts::started_at,
            attempt_outcomes::ended_at.nullable(),
            attempt_outcomes::outcome.nullable(),
            attempt_outcomes::reply.nullable(),
        ))
        .load(conn.db())?)
}

/// Whose an address is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressOwner {
    /// The person or seat.
    pub name: String,
    /// Its organisation, where that is not the one the story is about.
    pub organization: Option<String>,
    /// What it does.
    pub role: ContactRole,
    /// Mail or telephone.
    pub kind: AddressKind,
    /// The address itself.
    pub address: String,
}

/// Names behind the ids in a delivery's events.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Staff.
    pub accounts: BTreeMap<AccountId, String>,
    /// Addresses that messages went to.
    pub addresses: BTreeMap<AddressId, AddressOwner>,
    /// Links, by the address they were sent to.
    pub links: BTreeMap<LinkId, AddressId>,
}

type OwnerRow = (AddressId, String, ContactRole, AddressKind, String, OrganizationId, String);

/// The names behind the ids in a delivery's events; `staff` are the accounts they name.
///
/// # Errors
/// The store's own.
pub fn names_of_delivery(
    conn: &mut Conn,
    delivery: DeliveryId,
    staff: &[AccountId],
) -> Result<Names, StoreError> {
    let texts: Vec<String> = staff.iter().map(ToString::to_string).collect();
    let accounts: Vec<(AccountId, String)> = accounts::table
        .filter(accounts::id.eq_any(&texts))
        .select((accounts::id, accounts::display_name))
        .load(conn.db())?;
    let links: Vec<(LinkId, AddressId)> = links::table
        .filter(links::delivery_id.eq(delivery.to_string()))
        .select((links::id, links::address_id))
        .load(conn.db())?;
    let (notice, organization): (NoticeId, OrganizationId) = deliveries::table
        .filter(deliveries::id.eq(delivery.to_string()))
        .select((deliveries::notice_id, deliveries::organization_id))
        .first(conn.db())?;
    // What was sent about the notice as a whole belongs to the story of each delivery.
    let of_notice = messages::notice_id.eq(notice.to_string()).and(messages::delivery_id.is_null());
    let written_to: Vec<AddressId> = messages::table
        .filter(messages::delivery_id.eq(delivery.to_string()).or(of_notice))
        .select(messages::address_id)
        .distinct()
        .load(conn.db())?;
    let all = links.iter().map(|(_, address)| address).chain(&written_to);
    let texts: Vec<String> = all.map(ToString::to_string).collect();
    let owners: Vec<OwnerRow> = contact_addresses::table
        .inner_join(contacts::table.on(contacts::id.eq(contact_addresses::contact_id)))
        .inner_join(organizations::table.on(organizations::id.eq(contacts::organization_id)))
        .filter(contact_addresses::id.eq_any(&texts))
        .select((
            contact_addresses::id,
            contacts::name,
            contacts::role,
            contact_addresses::kind,
            contact_addresses::address,
            organizations::id,
            organizations::short_name,
        ))
        .load(conn.db())?;
    let owned = |(id, name, role, kind, address, of, short_name): OwnerRow| {
        let organization = (of != organization).then_some(short_name);
        (id, AddressOwner { name, organization, role, kind, address })
    };
    Ok(Names {
        accounts: accounts.into_iter().collect(),
        addresses: owners.into_iter().map(owned).collect(),
        links: links.into_iter().collect(),
    })
}
