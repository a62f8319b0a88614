//! One organisation with a mail room, a duty desk, two clerks and a leader, at several hours.

use super::*;
use crate::domain::address::EmailAddress;
use crate::domain::ids::{ContactId, OrganizationId};
use crate::domain::organization::ContactAddress;

fn at(text: &str) -> Timestamp {
    crate::domain::human_time::parse_moment(text).unwrap()
}

fn desk(n: u8, kind: DeskKind, round_the_clock: bool) -> Desk {
    Desk {
        id: DeskId::new(Timestamp::default(), [n; 10]),
        code: n.to_string(),
        name: n.to_string(),
        kind,
        round_the_clock,
        hours: None,
        phone: None,
        night_phone: None,
        organizations: Vec::new(),
    }
}

fn contact(n: u8, role: ContactRole, desk: Option<u8>, mails: &[&str]) -> Contact {
    let addresses = (0u8..).zip(mails).map(|(place, mail)| ContactAddress {
        id: AddressId::new(Timestamp::default(), [n * 10 + place; 10]),
        address: Address::Email(EmailAddress::parse(mail).unwrap()),
        status: AddressStatus::Verified,
    });
    Contact {
        id: ContactId::new(Timestamp::default(), [n; 10]),
        organization: OrganizationId::new(Timestamp::default(), [0; 10]),
        desk: desk.map(|n| DeskId::new(Timestamp::default(), [n; 10])),
        role,
        name: String::new(),
        post: None,
        addresses: addresses.collect(),
    }
}

fn reach() -> Reach {
    Reach {
        organization: OrganizationId::new(Timestamp::default(), [0; 10]),
        working_hours: None,
        desks: vec![desk(1, DeskKind::MailRoom, false), desk(2, DeskKind::DutyDesk, true)],
        contacts: vec![
            contact(1, ContactRole::Primary, Some(1), &["a@x.example", "room@x.example"]),
            contact(2, ContactRole::Deputy, Some(1), &["room@x.example"]),
            contact(3, ContactRole::DutyDesk, Some(2), &["duty@x.example"]),
            contact(4, ContactRole::DutyLeader, None, &["leader@x.example"]),
        ],
    }
}

fn mails(reach: &Reach, ways: Ways, when: &str) -> Vec<String> {
    let calendar = Calendar::from_csv_str("date,name,off_day,decree_year\n").unwrap();
    let default = "08:30-12:00,14:30-17:30".parse().unwrap();
    let hours = Hours { calendar: &calendar, default: &default };
    let found = mail_addresses(reach, &hours, ways, at(when));
    let all = reach.contacts.iter().flat_map(|contact| &contact.addresses);
    let of = |id: &AddressId| all.clone().find(|a| a.id == *id).unwrap().address.to_text();
    found.iter().map(of).collect()
}

#[test]
fn the_manned_point_of_the_hour_and_the_clerks_never_the_leader() {
    let noon = "2026-11-23T10:00";
    let night = "2026-11-23T23:00";
    let clerks = ["a@x.example", "room@x.example"];
    assert_eq!(mails(&reach(), Ways::First, noon), clerks);
    let with_duty = ["a@x.example", "room@x.example", "duty@x.example"];
    assert_eq!(mails(&reach(), Ways::First, night), with_duty);
    assert_eq!(mails(&reach(), Ways::Every, noon), with_duty);
}

#[test]
fn who_has_only_a_closed_desk_is_written_to_there_and_who_has_nothing_is_unreachable() {
    let mut closed = reach();
    closed.desks[1].round_the_clock = false;
    closed.contacts.retain(|contact| contact.role == ContactRole::DutyDesk);
    assert_eq!(mails(&closed, Ways::First, "2026-11-23T23:00"), ["duty@x.example"]);
    closed.contacts[0].addresses[0].status = AddressStatus::Failing;
    assert!(mails(&closed, Ways::Every, "2026-11-23T10:00").is_empty());
    let none: Superior<()> = Superior::None;
    assert_eq!(gaps(&closed, &none, OpenWays::default()), [Gap::NoAddress, Gap::NoSecondWay]);
}

#[test]
fn gaps_are_what_a_flash_notice_needs() {
    let declared = Superior::Declared(());
    assert_eq!(gaps(&reach(), &declared, OpenWays::default()), []);
    let unstated: Superior<()> = Superior::Unstated;
    assert_eq!(gaps(&reach(), &unstated, OpenWays::default()), [Gap::SuperiorUnstated]);
    let mut doubtful = reach();
    for known in doubtful.contacts.iter_mut().flat_map(|contact| &mut contact.addresses) {
        known.status = AddressStatus::Unverified;
    }
    assert_eq!(gaps(&doubtful, &declared, OpenWays::default()), [Gap::NoVerifiedWay]);
}
