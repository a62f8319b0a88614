//! Contacts and their addresses, and how each organisation can be reached.
//!
//! What was learned about an address outweighs a sheet: an import keeps the status of an address
//! it knows. Nothing is deleted; links and messages point at addresses for ever.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;

use super::desks::desk_list_of;
use super::organizations::texts;
use super::schema::{contact_addresses, contacts, organizations};
use super::{Conn, ROWS_PER_INSERT_MAX, StoreError};
use crate::domain::address::{
    Address, AddressKind, AddressStatus, EmailAddress, PhoneNumber, WebhookUrl,
};
use crate::domain::ids::{AddressId, ContactId, DeskId, OrganizationId};
use crate::domain::organization::{Contact, ContactAddress, ContactRole, Reach};
use crate::domain::working_time::WorkingHours;

mod import;

pub use import::{NewContactIds, contact_import};

#[derive(Queryable)]
struct Found {
    id: ContactId,
    organization: OrganizationId,
    desk: Option<DeskId>,
    role: ContactRole,
    name: String,
    post: Option<String>,
}

#[derive(Queryable)]
struct FoundAddress {
    id: AddressId,
    contact: ContactId,
    kind: AddressKind,
    address: String,
    status: AddressStatus,
}

impl FoundAddress {
    fn read(self) -> Result<(ContactId, ContactAddress), StoreError> {
        let id = self.id;
        let broken = |what: String| StoreError::Inconsistent {
            table: "contact_addresses",
            id: id.to_string(),
            what,
        };
        let address = match self.kind {
            AddressKind::Email => EmailAddress::parse(&self.address)
                .map(Address::Email)
                .map_err(|fault| broken(fault.to_string()))?,
            AddressKind::Phone | AddressKind::Mobile => PhoneNumber::parse(&self.address)
                .map(Address::Phone)
                .map_err(|fault| broken(fault.to_string()))?,
            AddressKind::Webhook => WebhookUrl::parse(&self.address)
                .map(Address::Webhook)
                .map_err(|fault| broken(fault.to_string()))?,
        };
        Ok((self.contact, ContactAddress { id, address, status: self.status }))
    }
}

/// The contacts of each of these organisations in the order of their roles; each with its
/// addresses, the preferred one first, among them the retired ones.
///
/// # Errors
/// [`StoreError::Inconsistent`] if a row cannot be read back, else the store's own.
pub fn contact_list_of(
    conn: &mut Conn,
    organizations: &[OrganizationId],
) -> Result<BTreeMap<OrganizationId, Vec<Contact>>, StoreError> {
    let mut lists: BTreeMap<OrganizationId, Vec<Contact>> = BTreeMap::new();
    for chunk in texts(organizations).chunks(ROWS_PER_INSERT_MAX) {
        let found: Vec<Found> = contacts::table
            .filter(contacts::organization_id.eq_any(chunk))
            .filter(contacts::retired_at.is_null())
            .select((
                contacts::id,
                contacts::organization_id,
                contacts::desk_id,
                contacts::role,
                contacts::name,
                contacts::post,
            ))
            .load(conn.db())?;
        let rows: Vec<FoundAddress> = contact_addresses::table
            .inner_join(contacts::table.on(contacts::id.eq(contact_addresses::contact_id)))
            .filter(contacts::organization_id.eq_any(chunk))
            .filter(contacts::retired_at.is_null())
            .order((contact_addresses::contact_id, contact_addresses::place))
            .select((
                contact_addresses::id,
                contact_addresses::contact_id,
                contact_addresses::kind,
                contact_addresses::address,
                contact_addresses::status,
            ))
            .load(conn.db())?;
        let mut addresses: HashMap<ContactId, Vec<ContactAddress>> = HashMap::new();
        for row in rows {
            let (contact, address) = row.read()?;
            addresses.entry(contact).or_default().push(address);
        }
        for found in found {
            let addresses = addresses.remove(&found.id).unwrap_or_default();
            let Found { id, organization, desk, role, name, post } = found;
            let contact = Contact { id, organization, desk, role, name, post, addresses };
            lists.entry(organization).or_default().push(contact);
        }
    }
    for list in lists.values_mut() {
        list.sort_by(|a, b| (a.role, &a.name, a.id).cmp(&(b.role, &b.name, b.id)));
    }
    Ok(lists)
}

/// How each of these organisations can be reached, in the order asked for; ids that name none
/// are left out. Three statements for each thousand organisations, whatever hangs on them.
///
/// # Errors
/// [`StoreError::Inconsistent`] if a row cannot be read back, else the store's own.
pub fn reach_list(conn: &mut Conn, ids: &[OrganizationId]) -> Result<Vec<Reach>, StoreError> {
    let mut hours: HashMap<OrganizationId, Option<WorkingHours>> = HashMap::new();
    for chunk in texts(ids).chunks(ROWS_PER_INSERT_MAX) {
        hours.extend(
            organizations::table
                .filter(organizations::id.eq_any(chunk))
                .select((organizations::id, organizations::working_hours))
                .load::<(OrganizationId, Option<WorkingHours>)>(conn.db())?,
        );
    }
    let mut desks = desk_list_of(conn, ids)?;
    let mut contacts = contact_list_of(conn, ids)?;
    let reach = ids.iter().filter_map(|id| {
        Some(Reach {
            organization: *id,
            working_hours: hours.remove(id)?,
            desks: desks.remove(id).unwrap_or_default(),
            contacts: contacts.remove(id).unwrap_or_default(),
        })
    });
    Ok(reach.collect())
}
