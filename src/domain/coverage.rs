//! Which organisations could not be reached if something happened: now, at night, by a second
//! way, through a superior.
//!
//! Pure, and stricter than sending: a mail is sent to whatever address there is, but only an
//! address that was shown to work, at a point that is manned at that hour, counts as reached.

use super::address::{Address, AddressStatus};
use super::escalation::OpenWays;
use super::organization::{Contact, ContactRole, Reach, Superior};
use super::reach::{Gap, Hours, gaps};
use super::time::Timestamp;
use super::words::word_enum;

word_enum! {
    /// What is missing.
    pub enum Lack {
        /// Nobody could be reached at this moment.
        Now = "now", "此刻联系不上";
        /// Nobody could be reached at two in the night.
        Night = "night", "夜间联系不上";
        /// Neither a second verified way nor a desk manned day and night.
        SecondWay = "second_way", "没有第二种方式";
        /// Nobody has said who stands above it, nor that nobody does.
        Superior = "superior", "未写明上级";
        /// Some address was never shown to work, too long ago, or is failing.
        Due = "due", "有联系方式到期应核";
    }
}

/// What an organisation lacks at `now` and in the night after it, in the order of [`Lack`].
#[must_use]
pub fn lacks<Key>(
    reach: &Reach,
    superior: &Superior<Key>,
    hours: &Hours<'_>,
    (now, night): (Timestamp, Timestamp),
) -> Vec<Lack> {
    let mut lacks = Vec::new();
    if !is_reachable(reach, hours, now) {
        lacks.push(Lack::Now);
    }
    if !is_reachable(reach, hours, night) {
        lacks.push(Lack::Night);
    }
    // Whether anything can be written is answered above, and more strictly.
    for gap in gaps(reach, superior, OpenWays::default()) {
        match gap {
            Gap::NoAddress | Gap::NoVerifiedWay => {}
            Gap::NoSecondWay => lacks.push(Lack::SecondWay),
            Gap::SuperiorUnstated => lacks.push(Lack::Superior),
        }
    }
    lacks
}

/// Whether somebody is there at `at` behind an address that was shown to work: at a manned desk,
/// a clerk in working time, or a clerk's mobile at any hour.
#[must_use]
pub fn is_reachable(reach: &Reach, hours: &Hours<'_>, at: Timestamp) -> bool {
    let manned: Vec<_> = reach
        .desks
        .iter()
        .filter(|desk| hours.is_manned(desk, reach, at))
        .map(|desk| desk.id)
        .collect();
    let open = hours.is_open(reach, at);
    reach.contacts.iter().any(|contact| {
        let at_desk = contact.desk.is_some_and(|desk| manned.contains(&desk));
        let clerk = matches!(contact.role, ContactRole::Primary | ContactRole::Deputy);
        verified(contact).any(|address| at_desk || (clerk && (open || is_mobile(address))))
    })
}

fn verified(contact: &Contact) -> impl Iterator<Item = &Address> {
    let good = contact.addresses.iter().filter(|one| one.status == AddressStatus::Verified);
    good.map(|one| &one.address)
}

fn is_mobile(address: &Address) -> bool {
    matches!(address, Address::Phone(number) if number.is_mobile())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::address::{EmailAddress, PhoneNumber};
    use crate::domain::calendar::Calendar;
    use crate::domain::human_time::parse_moment;
    use crate::domain::ids::{AddressId, ContactId, DeskId, OrganizationId};
    use crate::domain::organization::{ContactAddress, Desk, DeskKind};
    use crate::domain::working_time::WorkingHours;

    fn desk(kind: DeskKind, round_the_clock: bool) -> Desk {
        Desk {
            id: DeskId::new(Timestamp::default(), [1; 10]),
            code: "d".into(),
            name: "d".into(),
            kind,
            round_the_clock,
            hours: None,
            phone: None,
            night_phone: None,
            organizations: Vec::new(),
        }
    }

    fn clerk(desk: Option<DeskId>, address: Address, status: AddressStatus) -> Contact {
        Contact {
            id: ContactId::new(Timestamp::default(), [2; 10]),
            organization: OrganizationId::new(Timestamp::default(), [0; 10]),
            desk,
            role: ContactRole::Primary,
            name: String::new(),
            post: None,
            addresses: vec![ContactAddress {
                id: AddressId::new(Timestamp::default(), [3; 10]),
                address,
                status,
            }],
        }
    }

    fn found(desks: Vec<Desk>, contacts: Vec<Contact>, superior: &Superior<()>) -> Vec<Lack> {
        let organization = OrganizationId::new(Timestamp::default(), [0; 10]);
        let reach = Reach { organization, working_hours: None, desks, contacts };
        let calendar = Calendar::from_csv_str("date,name,off_day,decree_year\n").unwrap();
        let usual = WorkingHours::usual();
        let hours = Hours { calendar: &calendar, default: &usual };
        let at = |text| parse_moment(text).unwrap();
        lacks(&reach, superior, &hours, (at("2026-11-23T10:00"), at("2026-11-24T02:00")))
    }

    fn mail() -> Address {
        Address::Email(EmailAddress::parse("a@x.example").unwrap())
    }

    #[test]
    fn a_clerks_mail_reaches_by_day_and_his_mobile_at_night() {
        let by_mail = vec![clerk(None, mail(), AddressStatus::Verified)];
        assert_eq!(found(vec![], by_mail, &Superior::None), [Lack::Night, Lack::SecondWay]);
        let mobile = Address::Phone(PhoneNumber::parse("15400000001").unwrap());
        let by_mobile = vec![clerk(None, mobile, AddressStatus::Verified)];
        assert_eq!(found(vec![], by_mobile, &Superior::None), [Lack::SecondWay]);
    }

    #[test]
    fn only_a_manned_desk_with_an_address_that_works_counts_at_night() {
        let manned = desk(DeskKind::DutyDesk, true);
        let at_desk = |status| vec![clerk(Some(manned.id), mail(), status)];
        let superior = Superior::Declared(());
        let good = at_desk(AddressStatus::Verified);
        assert_eq!(found(vec![manned.clone()], good, &superior), []);
        for status in [AddressStatus::Unverified, AddressStatus::Failing] {
            let lacks = found(vec![manned.clone()], at_desk(status), &Superior::Unstated);
            assert_eq!(lacks, [Lack::Now, Lack::Night, Lack::Superior], "{status}");
        }
    }
}
