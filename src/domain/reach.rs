//! Which addresses reach an organisation at a given hour, and what is missing for a 特提.
//!
//! Pure: answers whom to write to, and sends nothing. Only the manned point of the hour and the
//! A and B clerks ever get links (L0); leaders are never among them.

use std::collections::BTreeSet;

use super::address::{Address, AddressStatus};
use super::calendar::Calendar;
use super::escalation::{OpenWays, can_be_written_to};
use super::ids::{AddressId, DeskId};
use super::ladder::Ways;
use super::organization::{Contact, ContactRole, Desk, DeskKind, Reach, Superior};
use super::time::Timestamp;
use super::working_time::{OpenTime, WorkingHours};

/// What decides whether a desk is manned.
#[derive(Debug, Clone, Copy)]
pub struct Hours<'a> {
    /// Working days.
    pub calendar: &'a Calendar,
    /// Hours of organisations that state none of their own.
    pub default: &'a WorkingHours,
}

impl<'a> Hours<'a> {
    /// The working hours of an organisation.
    #[must_use]
    pub fn of(&self, reach: &'a Reach) -> &'a WorkingHours {
        reach.working_hours.as_ref().unwrap_or(self.default)
    }

    /// Whether the organisation's working time is on.
    #[must_use]
    pub fn is_open(&self, reach: &Reach, at: Timestamp) -> bool {
        OpenTime { hours: self.of(reach), calendar: Some(self.calendar) }.is_open(at)
    }

    /// Whether somebody sits at the desk.
    #[must_use]
    pub fn is_manned(&self, desk: &Desk, reach: &Reach, at: Timestamp) -> bool {
        let own = desk.hours.as_ref().or(reach.working_hours.as_ref());
        let hours = own.unwrap_or(self.default);
        desk.round_the_clock || OpenTime { hours, calendar: Some(self.calendar) }.is_open(at)
    }
}

/// Whether a desk that receives for the organisation is manned day and night.
#[must_use]
pub fn is_manned_around_the_clock(reach: &Reach) -> bool {
    reach.desks.iter().any(|desk| desk.round_the_clock)
}

/// The mail addresses to write to at `at`, each once: those of the manned point of the hour
/// (mail room before duty desk) and of the A and B clerks; with [`Ways::Every`] those of every
/// desk. Where that gives nothing, whatever desk has an address. Empty: unreachable by mail.
#[must_use]
pub fn mail_addresses(
    reach: &Reach,
    hours: &Hours<'_>,
    ways: Ways,
    at: Timestamp,
) -> Vec<AddressId> {
    let everybody = |_: &Contact| true;
    if ways == Ways::Every {
        return usable(reach, everybody);
    }
    let manned = |kind: DeskKind| -> Vec<DeskId> {
        let desks = reach.desks.iter().filter(|desk| desk.kind == kind);
        desks.filter(|desk| hours.is_manned(desk, reach, at)).map(|desk| desk.id).collect()
    };
    let mail_rooms = manned(DeskKind::MailRoom);
    let point = if mail_rooms.is_empty() { manned(DeskKind::DutyDesk) } else { mail_rooms };
    let found = usable(reach, |contact| {
        matches!(contact.role, ContactRole::Primary | ContactRole::Deputy)
            || contact.desk.is_some_and(|desk| point.contains(&desk))
    });
    if found.is_empty() { usable(reach, everybody) } else { found }
}

/// Whether a mail can reach the organisation at all.
#[must_use]
pub fn has_mail_address(reach: &Reach) -> bool {
    !usable(reach, |_| true).is_empty()
}

fn usable(reach: &Reach, wanted: impl Fn(&Contact) -> bool) -> Vec<AddressId> {
    let mut seen = BTreeSet::new();
    let first_line = reach.contacts.iter().filter(|contact| is_first_line(contact));
    let addresses =
        first_line.filter(|contact| wanted(contact)).flat_map(|contact| &contact.addresses);
    addresses
        .filter(|known| matches!(known.status, AddressStatus::Verified | AddressStatus::Unverified))
        .filter_map(|known| match &known.address {
            // The same mailbox may stand with two contacts; it gets one mail.
            Address::Email(mail) => seen.insert(mail.as_str()).then_some(known.id),
            Address::Phone(_) | Address::Webhook(_) => None,
        })
        .collect()
}

const fn is_first_line(contact: &Contact) -> bool {
    matches!(contact.role, ContactRole::Primary | ContactRole::Deputy | ContactRole::DutyDesk)
}

/// What is missing before a 特提 can be relied on to arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// No address at all that anything can be written to.
    NoAddress,
    /// Addresses, but none that has been shown to work.
    NoVerifiedWay,
    /// Neither a second verified way nor a desk manned day and night.
    NoSecondWay,
    /// Nobody has said who stands above it, nor that nobody does.
    SuperiorUnstated,
}

impl Gap {
    /// In the words of pages.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::NoAddress => "没有可用的联系方式",
            Self::NoVerifiedWay => "没有已验证的联系方式",
            Self::NoSecondWay => "没有第二种已验证方式，也没有24小时值班室",
            Self::SuperiorUnstated => "没有写明上级单位",
        }
    }
}

/// Everything that is missing for a 特提 to this organisation, by the ways that are open here.
#[must_use]
pub fn gaps<Key>(reach: &Reach, superior: &Superior<Key>, open: OpenWays) -> Vec<Gap> {
    let first_line = reach.contacts.iter().filter(|contact| is_first_line(contact));
    let verified = first_line
        .flat_map(|contact| &contact.addresses)
        .filter(|known| known.status == AddressStatus::Verified)
        .map(|known| known.address.to_text())
        .collect::<BTreeSet<_>>()
        .len();
    let mut gaps = Vec::new();
    if !can_be_written_to(reach, open) {
        gaps.push(Gap::NoAddress);
    } else if verified == 0 {
        gaps.push(Gap::NoVerifiedWay);
    }
    if verified < 2 && !is_manned_around_the_clock(reach) {
        gaps.push(Gap::NoSecondWay);
    }
    if matches!(superior, Superior::Unstated) {
        gaps.push(Gap::SuperiorUnstated);
    }
    gaps
}

#[cfg(test)]
#[path = "reach_tests.rs"]
mod tests;
