//! What a plan contains, in numbers an operator can compare with what he meant to import.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::DirectoryPlan;
use crate::domain::address::{Address, AddressStatus};
use crate::domain::organization::{Level, OrganizationKind, Superior};

/// What an import did to one kind of entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportEffect {
    /// New ones.
    pub added: usize,
    /// Known ones that now say something else.
    pub changed: usize,
    /// Known ones that already said so.
    pub unchanged: usize,
    /// Known ones taken out of use, because the sheets no longer have them.
    pub retired: usize,
}

impl fmt::Display for ImportEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { added, changed, unchanged, retired } = self;
        write!(f, "{added} new, {changed} changed, {unchanged} unchanged, {retired} retired")
    }
}

/// What an import did to the directory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportEffects {
    /// To organisations; none is ever retired by a sheet.
    pub organizations: ImportEffect,
    /// To desks.
    pub desks: ImportEffect,
    /// To contacts.
    pub contacts: ImportEffect,
    /// To their addresses.
    pub addresses: ImportEffect,
}

/// Counts of a plan. Its `Display` is the report of the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Organisations by level and kind.
    pub organizations: BTreeMap<(Level, OrganizationKind), usize>,
    /// All desks.
    pub desks: usize,
    /// Desks manned round the clock.
    pub desks_round_the_clock: usize,
    /// Desks that receive for more than one organisation.
    pub desks_shared: usize,
    /// All contacts.
    pub contacts: usize,
    /// Addresses by what is known about them.
    pub addresses: BTreeMap<AddressStatus, usize>,
    /// Organisations without a verified mail address.
    pub organizations_without_verified_email: usize,
    /// Organisations without a desk that is manned at night.
    pub organizations_without_night_desk: usize,
    /// Organisations of which nobody has said who stands above them.
    pub organizations_without_stated_superior: usize,
}

impl ImportReport {
    /// Counts a plan.
    #[must_use]
    pub fn of(plan: &DirectoryPlan) -> Self {
        let mut report =
            Self { desks: plan.desks.len(), contacts: plan.contacts.len(), ..Self::default() };
        for organization in &plan.organizations {
            *report.organizations.entry((organization.level, organization.kind)).or_default() += 1;
            let is_unstated = organization.superior == Superior::Unstated;
            report.organizations_without_stated_superior += usize::from(is_unstated);
        }
        let mut manned_at_night = BTreeSet::new();
        for desk in &plan.desks {
            report.desks_round_the_clock += usize::from(desk.round_the_clock);
            report.desks_shared += usize::from(desk.organization_codes.len() > 1);
            if desk.round_the_clock {
                manned_at_night.extend(&desk.organization_codes);
            }
        }
        let mut reachable = BTreeSet::new();
        for contact in &plan.contacts {
            *report.addresses.entry(contact.status).or_default() += contact.addresses.len();
            let has_email = contact.addresses.iter().any(|a| matches!(a, Address::Email(_)));
            if contact.status == AddressStatus::Verified && has_email {
                reachable.insert(&contact.organization_code);
            }
        }
        let all = plan.organizations.len();
        report.organizations_without_night_desk = all.saturating_sub(manned_at_night.len());
        report.organizations_without_verified_email = all.saturating_sub(reachable.len());
        report
    }
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "organisations: {}", self.organizations.values().sum::<usize>())?;
        for ((level, kind), count) in &self.organizations {
            writeln!(f, "  {} {}: {count}", level.as_str(), kind.as_str())?;
        }
        writeln!(
            f,
            "desks: {} (round the clock {}, shared {})",
            self.desks, self.desks_round_the_clock, self.desks_shared
        )?;
        writeln!(f, "contacts: {}", self.contacts)?;
        for (status, count) in &self.addresses {
            writeln!(f, "  addresses {}: {count}", status.as_str())?;
        }
        writeln!(
            f,
            "to mend: no verified mail address {}, no night desk {}, superior not stated {}",
            self.organizations_without_verified_email,
            self.organizations_without_night_desk,
            self.organizations_without_stated_superior
        )
    }
}
