//! The sheet of desks: each receives for organisations that exist.

use super::PlannedDesk;
use super::fault::{Fault, RowFault};
use super::organizations;
use super::sheet::{ByCode, Row, Sheet, each_row};
use crate::domain::phone::PhoneNumber;
use crate::domain::table::Table;

pub(super) const COLUMNS: &[&str] = &[
    "code",
    "name",
    "kind",
    "round_the_clock",
    "hours",
    "phone",
    "night_phone",
    "organization_codes",
];

pub(super) type Rows = ByCode<PlannedDesk>;

pub(super) fn read(
    table: &Table,
    organizations: &organizations::Rows,
    faults: &mut Vec<RowFault>,
) -> Rows {
    let mut rows = Rows::new();
    each_row(Sheet::Desks, table, faults, |row| {
        let Some(desk) = read_row(row) else { return };
        for code in desk.organization_codes.iter().filter(|c| organizations.get(c).is_none()) {
            let file = Sheet::Organizations.file_name();
            row.refuse("organization_codes", Fault::UnknownReference(code.clone(), file));
        }
        let code = desk.code.clone();
        if let Err(earlier) = rows.add(row.number, &code, desk) {
            row.refuse("code", Fault::Duplicate(code, earlier));
        }
    });
    rows
}

fn read_row(row: &mut Row<'_>) -> Option<PlannedDesk> {
    let code = row.required_code("code");
    let name = row.required_name("name");
    let kind = row.word("kind");
    let round_the_clock = row.yes_no("round_the_clock");
    let hours = row.parsed("hours", str::parse, |_, why| Fault::Hours(why));
    if round_the_clock == Some(true) && hours.is_some() {
        row.refuse("hours", Fault::HoursOfOpenDesk);
    }
    let phone = row.phone("phone", PhoneNumber::parse);
    let night_phone = row.phone("night_phone", PhoneNumber::parse);
    let organization_codes = row.list("organization_codes");
    if organization_codes.is_empty() {
        row.refuse("organization_codes", Fault::Empty);
    }
    Some(PlannedDesk {
        code: code?,
        name: name?,
        kind: kind?,
        round_the_clock: round_the_clock?,
        hours,
        phone,
        night_phone,
        organization_codes,
    })
}
