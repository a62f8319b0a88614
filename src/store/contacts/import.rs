//! Takes the contacts of a plan over. A contact is known by organisation, desk and role, an
//! address by its contact and its text; what the plan no longer has is retired, not deleted.

use std::collections::{HashMap, HashSet};

use diesel::dsl::case_when;
use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::domain::address::AddressStatus;
use crate::domain::directory_import::{ImportEffect, PlannedContact};
use crate::domain::ids::{AddressId, ContactId, DeskId, OrganizationId};
use crate::domain::time::Timestamp;
use crate::store::engine::on_engine;
use crate::store::organizations::texts;
use crate::store::schema::{contact_addresses, contacts};
use crate::store::{ROWS_PER_INSERT_MAX, StoreError, Tx};

/// Ids for a contact and its addresses, in case they turn out to be new.
#[derive(Debug, Clone)]
pub struct NewContactIds {
    /// For the contact.
    pub contact: ContactId,
    /// For its addresses, one for each in the plan.
    pub addresses: Vec<AddressId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = contacts, treat_none_as_default_value = false)]
struct Row {
    id: String,
    organization_id: String,
    desk_id: Option<String>,
    role: String,
    name: String,
    post: Option<String>,
    retired_at: Option<i64>,
}

type Seat = (String, Option<String>, String);

impl Row {
    fn seat(&self) -> Seat {
        (self.organization_id.clone(), self.desk_id.clone(), self.role.clone())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = contact_addresses, treat_none_as_default_value = false)]
struct AddressRow {
    id: String,
    contact_id: String,
    kind: String,
    address: String,
    place: i32,
    status: String,
    status_at: i64,
}

/// What there is and what shall be, gathered before anything is written.
#[derive(Default)]
struct Changes {
    contacts: Vec<Row>,
    addresses: Vec<AddressRow>,
    contact_effect: ImportEffect,
    address_effect: ImportEffect,
    seen_contacts: HashSet<String>,
    seen_addresses: HashSet<String>,
}

/// Makes the contacts of the plan's organisations exactly those that the plan names.
///
/// # Errors
/// [`StoreError::Inconsistent`] if the plan names an organisation or desk that is not given.
pub fn contact_import(
    tx: &mut Tx,
    planned: &[PlannedContact],
    new_ids: &[NewContactIds],
    organizations: &HashMap<String, OrganizationId>,
    desks: &HashMap<String, DeskId>,
    planned_organizations: &[OrganizationId],
    now: Timestamp,
) -> Result<(ImportEffect, ImportEffect), StoreError> {
    let (known, known_addresses) = load(tx, planned_organizations)?;
    let mut changes = Changes::default();
    for (contact, ids) in planned.iter().zip(new_ids) {
        let missing = |code: &str| StoreError::Inconsistent {
            table: "contacts",
            id: contact.organization_code.clone(),
            what: format!("the plan names {code}, which is not there"),
        };
        let organization = organizations
            .get(&contact.organization_code)
            .ok_or_else(|| missing(&contact.organization_code))?;
        let desk = contact
            .desk_code
            .as_ref()
            .map(|code| desks.get(code).ok_or_else(|| missing(code)))
            .transpose()?;
        let wanted = Row {
            id: ids.contact.to_string(),
            organization_id: organization.to_string(),
            desk_id: desk.map(ToString::to_string),
            role: contact.role.as_str().to_owned(),
            name: contact.name.clone(),
            post: contact.post.clone(),
            retired_at: None,
        };
        let id = changes.take_contact(known.get(&wanted.seat()), wanted);
        changes.take_addresses(contact, &id, &ids.addresses, &known_addresses, now);
    }
    changes.retire_the_rest(known.into_values(), known_addresses.into_values(), now);
    contact_upsert(tx, &changes.contacts)?;
    address_upsert(tx, &changes.addresses)?;
    Ok((changes.contact_effect, changes.address_effect))
}

type AddressKey = (String, String, String);
type KnownContacts = HashMap<Seat, Row>;
type KnownAddresses = HashMap<AddressKey, AddressRow>;

fn load(
    tx: &mut Tx,
    organizations: &[OrganizationId],
) -> Result<(KnownContacts, KnownAddresses), StoreError> {
    let mut known = HashMap::new();
    let mut addresses = HashMap::new();
    for chunk in texts(organizations).chunks(ROWS_PER_INSERT_MAX) {
        let rows: Vec<Row> = contacts::table
            .filter(contacts::organization_id.eq_any(chunk))
            .select((
                contacts::id,
                contacts::organization_id,
                contacts::desk_id,
                contacts::role,
                contacts::name,
                contacts::post,
                contacts::retired_at,
            ))
            .load(tx.db())?;
        known.extend(rows.into_iter().map(|row| (row.seat(), row)));
        let rows: Vec<AddressRow> = contact_addresses::table
            .inner_join(contacts::table.on(contacts::id.eq(contact_addresses::contact_id)))
            .filter(contacts::organization_id.eq_any(chunk))
            .select((
                contact_addresses::id,
                contact_addresses::contact_id,
                contact_addresses::kind,
                contact_addresses::address,
                contact_addresses::place,
                contact_addresses::status,
                contact_addresses::status_at,
            ))
            .load(tx.db())?;
        addresses.extend(
            rows.into_iter()
                .map(|row| ((row.contact_id.clone(), row.kind.clone(), row.address.clone()), row)),
        );
    }
    Ok((known, addresses))
}

impl Changes {
    /// Notes what a contact becomes; its id.
    fn take_contact(&mut self, known: Option<&Row>, wanted: Row) -> String {
        let id = known.map_or_else(|| wanted.id.clone(), |row| row.id.clone());
        self.seen_contacts.insert(id.clone());
        let wanted = Row { id: id.clone(), ..wanted };
        match known {
            Some(row) if *row == wanted => self.contact_effect.unchanged += 1,
            Some(_) => {
                self.contact_effect.changed += 1;
                self.contacts.push(wanted);
            }
            None => {
                self.contact_effect.added += 1;
                self.contacts.push(wanted);
            }
        }
        id
    }

    fn take_addresses(
        &mut self,
        contact: &PlannedContact,
        contact_id: &str,
        new_ids: &[AddressId],
        known: &KnownAddresses,
        now: Timestamp,
    ) {
        for ((address, new_id), place) in contact.addresses.iter().zip(new_ids).zip(1..) {
            let (kind, text) = (address.kind().as_str().to_owned(), address.to_text());
            let row = known.get(&(contact_id.to_owned(), kind.clone(), text.clone()));
            let (status, status_at) = status_after(row, contact.status, now);
            let id = row.map_or_else(|| new_id.to_string(), |row| row.id.clone());
            self.seen_addresses.insert(id.clone());
            let wanted = AddressRow {
                id,
                contact_id: contact_id.to_owned(),
                kind,
                address: text,
                place,
                status,
                status_at,
            };
            match row {
                Some(row) if *row == wanted => self.address_effect.unchanged += 1,
                Some(_) => {
                    self.address_effect.changed += 1;
                    self.addresses.push(wanted);
                }
                None => {
                    self.address_effect.added += 1;
                    self.addresses.push(wanted);
                }
            }
        }
    }

    fn retire_the_rest(
        &mut self,
        contacts: impl Iterator<Item = Row>,
        addresses: impl Iterator<Item = AddressRow>,
        now: Timestamp,
    ) {
        for row in contacts.filter(|row| row.retired_at.is_none()) {
            if !self.seen_contacts.contains(&row.id) {
                self.contact_effect.retired += 1;
                self.contacts.push(Row { retired_at: Some(now.as_micros()), ..row });
            }
        }
        let retired = AddressStatus::Retired.as_str();
        for row in addresses.filter(|row| row.status != retired) {
            if !self.seen_addresses.contains(&row.id) {
                self.address_effect.retired += 1;
                let (status, status_at) = (retired.to_owned(), now.as_micros());
                self.addresses.push(AddressRow { status, status_at, ..row });
            }
        }
    }
}

/// A known address keeps what was learned about it. Two things a sheet decides all the same: to
/// take an address out of use, and to take one back into use, which is then as good as new.
fn status_after(
    known: Option<&AddressRow>,
    on_sheet: AddressStatus,
    now: Timestamp,
) -> (String, i64) {
    let retired = AddressStatus::Retired.as_str();
    match known {
        Some(row) if (row.status == retired) == (on_sheet == AddressStatus::Retired) => {
            (row.status.clone(), row.status_at)
        }
        _ => (on_sheet.as_str().to_owned(), now.as_micros()),
    }
}

fn contact_upsert(tx: &mut Tx, rows: &[Row]) -> Result<(), StoreError> {
    for chunk in rows.chunks(ROWS_PER_INSERT_MAX) {
        on_engine!(tx.db(), conn => diesel::insert_into(contacts::table)
            .values(chunk)
            .on_conflict(contacts::id)
            .do_update()
            .set((
                contacts::name.eq(excluded(contacts::name)),
                contacts::post.eq(excluded(contacts::post)),
                contacts::retired_at.eq(excluded(contacts::retired_at)),
            ))
            .execute(conn))?;
    }
    Ok(())
}

/// A status is written only where the sheet decides it, by taking an address out of use or back
/// into it. Else the row keeps what it says by then: a signature or a refused mail may have taught
/// it something since the import read it.
fn address_upsert(tx: &mut Tx, rows: &[AddressRow]) -> Result<(), StoreError> {
    let retired = AddressStatus::Retired.as_str();
    let decided =
        contact_addresses::status.eq(retired).ne(excluded(contact_addresses::status).eq(retired));
    for chunk in rows.chunks(ROWS_PER_INSERT_MAX) {
        on_engine!(tx.db(), conn => diesel::insert_into(contact_addresses::table)
            .values(chunk)
            .on_conflict(contact_addresses::id)
            .do_update()
            .set((
                contact_addresses::place.eq(excluded(contact_addresses::place)),
                contact_addresses::status.eq(case_when(decided, excluded(contact_addresses::status))
                    .otherwise(contact_addresses::status)),
                contact_addresses::status_at.eq(case_when(
                    decided,
                    excluded(contact_addresses::status_at),
                )
                .otherwise(contact_addresses::status_at)),
            ))
            .execute(conn))?;
    }
    Ok(())
}
