//! Three sheets become a checked plan of the directory, or a list of everything that is wrong.
//!
//! All or nothing: a plan exists only if no row has a fault. The plan knows codes and no ids;
//! applying it updates what has the same code and adds the rest, so importing the same sheets
//! twice changes nothing. Contacts have no code: organisation, desk and role together are theirs.
//!
//! Never here: files and encodings (`adapters/tables.rs`), ids and SQL.

mod contacts;
mod desks;
mod fault;
mod organizations;
mod report;
mod sheet;

use super::address::{Address, AddressStatus};
use super::organization::{ContactRole, DeskKind, Level, OrganizationKind, Superior};
use super::phone::PhoneNumber;
use super::table::Table;
use super::working_time::WorkingHours;

pub use fault::{Fault, ImportRefused, RowFault};
pub use report::{ImportEffect, ImportEffects, ImportReport};
pub use sheet::Sheet;

/// The three sheets, read but not understood.
#[derive(Debug, Clone, Copy)]
pub struct DirectorySheets<'a> {
    /// organizations.csv
    pub organizations: &'a Table,
    /// desks.csv
    pub desks: &'a Table,
    /// contacts.csv
    pub contacts: &'a Table,
}

/// What the directory shall hold when the sheets have been taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryPlan {
    /// Organisations in the order of the tree: a parent stands before its branch.
    pub organizations: Vec<PlannedOrganization>,
    /// Desks in the order of their sheet.
    pub desks: Vec<PlannedDesk>,
    /// Contacts in the order of their sheet.
    pub contacts: Vec<PlannedContact>,
}

/// An organisation as the sheet states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedOrganization {
    /// Its key.
    pub code: String,
    /// Full legal name.
    pub name: String,
    /// Usual short name; the full name where the sheet gives none.
    pub short_name: String,
    /// Other names it is searched by.
    pub aliases: Vec<String>,
    /// What it is.
    pub kind: OrganizationKind,
    /// Level of its region.
    pub level: Level,
    /// Six digits of GB/T 2260.
    pub region_code: String,
    /// Code of the entry above it in the tree.
    pub parent: Option<String>,
    /// Code of whom to ask for help.
    pub superior: Superior<String>,
    /// Its working time, where stated.
    pub working_hours: Option<WorkingHours>,
    /// Steps below its root, within these sheets.
    pub depth: u16,
    /// Sort key of the tree, within these sheets.
    pub tree_path: String,
}

/// A desk as the sheet states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedDesk {
    /// Its key.
    pub code: String,
    /// Name on the door.
    pub name: String,
    /// What it is for.
    pub kind: DeskKind,
    /// Manned at every hour.
    pub round_the_clock: bool,
    /// Its own hours, where stated.
    pub hours: Option<WorkingHours>,
    /// Number in working time.
    pub phone: Option<PhoneNumber>,
    /// Number at night, where it differs.
    pub night_phone: Option<PhoneNumber>,
    /// Codes of whom it receives for; at least one.
    pub organization_codes: Vec<String>,
}

/// A contact as the sheet states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedContact {
    /// Code of the organisation.
    pub organization_code: String,
    /// Code of the desk it sits at; that desk receives for the organisation.
    pub desk_code: Option<String>,
    /// What it does.
    pub role: ContactRole,
    /// Name of the person or of the seat.
    pub name: String,
    /// Post.
    pub post: Option<String>,
    /// Its addresses, the preferred one first.
    pub addresses: Vec<Address>,
    /// What the sheet says about the addresses. It holds for addresses that are new: what the
    /// server has learned about a known address outweighs a sheet.
    pub status: AddressStatus,
}

/// Checks the three sheets against the rules and against each other.
///
/// # Errors
/// Everything that is wrong, in the order of the sheets and their rows.
pub fn plan(sheets: DirectorySheets<'_>) -> Result<DirectoryPlan, ImportRefused> {
    let mut faults = Vec::new();
    let organizations = organizations::read(sheets.organizations, &mut faults);
    let desks = desks::read(sheets.desks, &organizations, &mut faults);
    let contacts = contacts::read(sheets.contacts, &organizations, &desks, &mut faults);
    if !faults.is_empty() {
        faults.sort_by_key(|fault: &RowFault| (fault.sheet, fault.row));
        return Err(ImportRefused { faults });
    }
    let organizations = organizations::in_tree_order(organizations.into_planned())?;
    Ok(DirectoryPlan { organizations, desks: desks.into_planned(), contacts })
}

#[cfg(test)]
mod tests;
