//! The sheet of contacts: one for each role at each desk, with addresses that can be used.

use std::collections::HashMap;

use super::PlannedContact;
use super::fault::{Fault, RowFault};
use super::sheet::{Row, Sheet, each_row};
use super::{desks, organizations};
use crate::domain::address::{Address, WebhookUrl};
use crate::domain::email::EmailAddress;
use crate::domain::phone::PhoneNumber;
use crate::domain::table::Table;

pub(super) const COLUMNS: &[&str] = &[
    "organization_code",
    "desk_code",
    "role",
    "name",
    "post",
    "phone",
    "email",
    "second_email",
    "mobile",
    "webhook",
    "status",
];
/// Columns a sheet may leave out.
pub(super) const OPTIONAL: &[&str] = &["webhook"];

pub(super) fn read(
    table: &Table,
    organizations: &organizations::Rows,
    desks: &desks::Rows,
    faults: &mut Vec<RowFault>,
) -> Vec<PlannedContact> {
    let mut contacts = Vec::new();
    let mut taken = HashMap::new();
    each_row(Sheet::Contacts, table, faults, |row| {
        let Some(contact) = read_row(row) else { return };
        check_references(row, &contact, organizations, desks);
        let PlannedContact { organization_code, desk_code, role, .. } = &contact;
        let key = (organization_code.clone(), desk_code.clone(), *role);
        if let Some(earlier) = taken.insert(key, row.number) {
            row.refuse("role", Fault::Duplicate(role.as_str().to_owned(), earlier));
        }
        contacts.push(contact);
    });
    contacts
}

fn read_row(row: &mut Row<'_>) -> Option<PlannedContact> {
    let organization_code = row.required_code("organization_code");
    let desk_code = row.code("desk_code");
    let role = row.word("role");
    let name = row.required_name("name");
    let post = row.name("post");
    let addresses = read_addresses(row);
    let status = row.word("status");
    Some(PlannedContact {
        organization_code: organization_code?,
        desk_code,
        role: role?,
        name: name?,
        post,
        addresses,
        status: status?,
    })
}

/// The addresses of a row in the order in which they are tried.
fn read_addresses(row: &mut Row<'_>) -> Vec<Address> {
    let mut addresses: Vec<Address> = Vec::new();
    for column in ["email", "second_email", "mobile", "webhook", "phone"] {
        let address = match column {
            "mobile" => row.phone(column, PhoneNumber::parse_mobile).map(Address::Phone),
            "phone" => row.phone(column, PhoneNumber::parse).map(Address::Phone),
            "webhook" => {
                row.parsed(column, WebhookUrl::parse, Fault::Webhook).map(Address::Webhook)
            }
            _ => row.parsed(column, EmailAddress::parse, Fault::Email).map(Address::Email),
        };
        match address {
            Some(address) if addresses.contains(&address) => {
                row.refuse(column, Fault::GivenTwice(address.to_text()));
            }
            Some(address) => addresses.push(address),
            None => {}
        }
    }
    addresses
}

fn check_references(
    row: &mut Row<'_>,
    contact: &PlannedContact,
    organizations: &organizations::Rows,
    desks: &desks::Rows,
) {
    let organization = &contact.organization_code;
    if organizations.get(organization).is_none() {
        let file = Sheet::Organizations.file_name();
        row.refuse("organization_code", Fault::UnknownReference(organization.clone(), file));
    }
    let Some(code) = &contact.desk_code else { return };
    match desks.get(code) {
        None => {
            let file = Sheet::Desks.file_name();
            row.refuse("desk_code", Fault::UnknownReference(code.clone(), file));
        }
        Some(desk) if !desk.organization_codes.contains(organization) => {
            row.refuse("desk_code", Fault::DeskOfOthers(code.clone(), organization.clone()));
        }
        Some(_) => {}
    }
}
