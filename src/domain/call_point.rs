//! Whom to ring: the manned point of the hour of an organisation, and its numbers in the order in
//! which they are tried. Pure; what was learned of a number by earlier calls is an argument.

use super::address::{Address, AddressStatus};
use super::ids::{AddressId, DeskId};
use super::organization::{Contact, ContactRole, Desk, DeskKind, Reach};
use super::phone::PhoneNumber;
use super::reach::Hours;
use super::time::Timestamp;

/// A number to ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whose it is: `值班室夜间`, `A角王某`.
    pub whose: String,
    /// The number.
    pub number: PhoneNumber,
    /// The contact's address it stands at; a desk's own number stands at none.
    pub address: Option<AddressId>,
    /// It failed before.
    pub doubtful: bool,
}

/// Where an organisation is rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallPoint {
    /// The desk, if one is manned or there is any.
    pub desk: Option<(DeskId, String)>,
    /// Its numbers, the first to be tried first; empty if nothing is known.
    pub lines: Vec<Line>,
}

/// Where to ring at `at`: the mail room in its hours, else the duty desk, else any desk, else the
/// A and B clerks. Numbers that were wrong before come last. Leaders are never among them.
#[must_use]
pub fn call_point(
    reach: &Reach,
    hours: &Hours<'_>,
    at: Timestamp,
    known_wrong: impl Fn(&PhoneNumber) -> bool,
) -> CallPoint {
    let manned = |kind: DeskKind| {
        reach.desks.iter().find(|desk| desk.kind == kind && hours.is_manned(desk, reach, at))
    };
    let has_number = |desk: &&Desk| desk.phone.is_some() || desk.night_phone.is_some();
    let desk = manned(DeskKind::MailRoom)
        .or_else(|| manned(DeskKind::DutyDesk))
        .or_else(|| reach.desks.iter().find(has_number));
    let mut lines = Vec::new();
    if let Some(desk) = desk {
        lines.extend(desk_lines(desk, hours.is_open(reach, at)));
    }
    let at_desk = |contact: &&Contact| contact.desk.is_some() && contact.desk == desk.map(|d| d.id);
    let clerks = |contact: &&Contact| {
        matches!(contact.role, ContactRole::Primary | ContactRole::Deputy | ContactRole::DutyDesk)
    };
    let contacts = reach.contacts.iter().filter(clerks);
    lines.extend(contacts.clone().filter(at_desk).flat_map(contact_lines));
    lines.extend(contacts.flat_map(contact_lines));
    let others = reach.desks.iter().filter(|other| Some(other.id) != desk.map(|d| d.id));
    lines.extend(others.flat_map(|other| desk_lines(other, hours.is_open(reach, at))));
    let mut once: Vec<Line> = Vec::new();
    for mut line in lines {
        line.doubtful |= known_wrong(&line.number);
        match once.iter_mut().find(|known| known.number == line.number) {
            Some(known) => {
                known.address = known.address.or(line.address);
                known.doubtful |= line.doubtful;
            }
            None => once.push(line),
        }
    }
    once.sort_by_key(|line| line.doubtful);
    CallPoint { desk: desk.map(|desk| (desk.id, desk.name.clone())), lines: once }
}

fn desk_lines(desk: &Desk, by_day: bool) -> Vec<Line> {
    let line = |number: &PhoneNumber, hour: &str| Line {
        whose: format!("{}{hour}", desk.name),
        number: number.clone(),
        address: None,
        doubtful: false,
    };
    let day = desk.phone.iter().map(|number| line(number, ""));
    let night = desk.night_phone.iter().map(|number| line(number, "（夜间）"));
    if by_day { day.chain(night).collect() } else { night.chain(day).collect() }
}

fn contact_lines(contact: &Contact) -> Vec<Line> {
    let line = |number: &PhoneNumber, id, status| Line {
        whose: match contact.name.contains(contact.role.word_zh()) {
            true => contact.name.clone(),
            false => format!("{}{}", contact.role.word_zh(), contact.name),
        },
        number: number.clone(),
        address: Some(id),
        doubtful: status == AddressStatus::Failing,
    };
    let usable = contact.addresses.iter().filter(|known| known.status.may_be_used());
    usable
        .filter_map(|known| match &known.address {
            Address::Phone(number) => Some(line(number, known.id, known.status)),
            Address::Email(_) | Address::Webhook(_) => None,
        })
        .collect()
}
