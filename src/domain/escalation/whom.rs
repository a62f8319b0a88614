//! Whom a rung reaches: the manned point of the hour, the leaders, a duty desk.
//!
//! Only the first line ever gets links. Leaders are reached by what was shown to work alone: a
//! prompt to a wrong number would tell a stranger that something is late.

use std::collections::BTreeSet;

use crate::domain::address::{Address, AddressKind, AddressStatus};
use crate::domain::ids::AddressId;
use crate::domain::ladder::Ways;
use crate::domain::message::Channel;
use crate::domain::organization::{Contact, ContactRole, Reach};
use crate::domain::reach::{Hours, has_mail_address, mail_addresses};
use crate::domain::time::Timestamp;

/// Which ways out the installation has beside mail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenWays {
    /// A gateway for short messages.
    pub sms: bool,
    /// Calls to systems of recipients.
    pub webhook: bool,
}

/// One address by the channel that leads there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// Where to.
    pub address: AddressId,
    /// How.
    pub channel: Channel,
}

/// The ways to the manned point of the hour (L0). By `every`, webhooks and short messages go
/// beside the mails; by `first`, only where no mail can go.
#[must_use]
pub fn first_line(
    reach: &Reach,
    hours: &Hours<'_>,
    ways: Ways,
    at: Timestamp,
    outlets: OpenWays,
) -> Vec<Way> {
    let mails = mail_addresses(reach, hours, ways, at);
    let mut found: Vec<Way> =
        mails.into_iter().map(|address| Way { address, channel: Channel::Email }).collect();
    if ways == Ways::Every || found.is_empty() {
        found.extend(beside_mail(reach, outlets));
    }
    found
}

/// Whether anything at all can be written to the first line.
#[must_use]
pub fn can_be_written_to(reach: &Reach, outlets: OpenWays) -> bool {
    has_mail_address(reach) || !beside_mail(reach, outlets).is_empty()
}

/// The verified ways to the first line that are no mail.
fn beside_mail(reach: &Reach, outlets: OpenWays) -> Vec<Way> {
    let first = |contact: &&Contact| {
        let role = contact.role;
        matches!(role, ContactRole::Primary | ContactRole::Deputy | ContactRole::DutyDesk)
    };
    let mut found = ways_of(reach.contacts.iter().filter(first), outlets, is_verified);
    found.retain(|way| way.channel != Channel::Email);
    found
}

/// How many ways there are of each channel, in words: `邮件 2 · 短信 1`.
#[must_use]
pub fn ways_zh<'w>(ways: impl Iterator<Item = &'w Way> + Clone) -> String {
    let counted = Channel::ALL.iter().map(|channel| {
        let count = ways.clone().filter(|way| way.channel == *channel).count();
        (channel.word_zh(), count)
    });
    let words = counted.filter(|(_, count)| *count > 0);
    words.map(|(word, count)| format!("{word} {count}")).collect::<Vec<_>>().join(" · ")
}

/// The ways to the leader who can look at the desk: the duty leader, else the office head.
#[must_use]
pub fn leader(reach: &Reach, outlets: OpenWays) -> Vec<Way> {
    let of = |role| ways_of(role_of(reach, role), outlets, is_verified);
    let duty = of(ContactRole::DutyLeader);
    if duty.is_empty() { of(ContactRole::OfficeHead) } else { duty }
}

/// The ways to the duty desk; to the mail room's clerks where there is none.
#[must_use]
pub fn duty_desk(reach: &Reach, outlets: OpenWays) -> Vec<Way> {
    let usable = |status| matches!(status, AddressStatus::Verified | AddressStatus::Unverified);
    let roles = [ContactRole::DutyDesk, ContactRole::Primary, ContactRole::Deputy];
    let of = |role| ways_of(role_of(reach, role), outlets, usable);
    roles.into_iter().map(of).find(|ways| !ways.is_empty()).unwrap_or_default()
}

fn role_of(reach: &Reach, role: ContactRole) -> impl Iterator<Item = &Contact> {
    reach.contacts.iter().filter(move |contact| contact.role == role)
}

fn is_verified(status: AddressStatus) -> bool {
    status == AddressStatus::Verified
}

fn ways_of<'c>(
    contacts: impl Iterator<Item = &'c Contact>,
    outlets: OpenWays,
    accepts: impl Fn(AddressStatus) -> bool,
) -> Vec<Way> {
    let mut seen = BTreeSet::new();
    let addresses = contacts.flat_map(|contact| &contact.addresses);
    addresses
        .filter(|known| accepts(known.status))
        .filter_map(|known| {
            let channel = channel_of(&known.address, outlets)?;
            // The same mailbox may stand with two contacts; it gets one message.
            let way = Way { address: known.id, channel };
            seen.insert(known.address.to_text()).then_some(way)
        })
        .collect()
}

fn channel_of(address: &Address, outlets: OpenWays) -> Option<Channel> {
    match address.kind() {
        AddressKind::Email => Some(Channel::Email),
        AddressKind::Mobile if outlets.sms => Some(Channel::Sms),
        AddressKind::Webhook if outlets.webhook => Some(Channel::Webhook),
        AddressKind::Mobile | AddressKind::Phone | AddressKind::Webhook => None,
    }
}
