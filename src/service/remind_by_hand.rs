//! 催签 by a person: first the list of who would be reminded and by which way, then one press.
//!
//! Beside the ladder, never instead of it: the rungs stay as they are, and a person's reminders
//! have step numbers of their own. Who was reminded by a person a short while ago is left out.

use std::collections::{BTreeMap, BTreeSet};

use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::delivery::DeliveryState;
use crate::domain::escalation::{Way, first_line};
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{DeliveryId, EventId, LinkId, MessageId, NoticeId, OrganizationId};
use crate::domain::ladder::Ways;
use crate::domain::message::MessagePurpose;
use crate::domain::notice::NoticeState;
use crate::domain::organization::Reach;
use crate::domain::reach::Hours;
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;
use crate::domain::working_time::WorkingHours;
use crate::store::Tx;
use crate::store::chase::{chase_links, chase_notices};
use crate::store::chase_by_hand::{HAND_STEP_MIN, hand_next_step, hand_reminded_at};
use crate::store::contacts::reach_list;
use crate::store::deliveries::{Delivery, delivery_list_of_notice, delivery_lock};
use crate::store::drafts::form_post_claim;
use crate::store::events::event_append;
use crate::store::links::{NewLink, link_insert_all, link_renew_all};
use crate::store::messages::{NewMessage, message_insert_all};
use crate::store::notices::{Notice, notice_hold};

use super::scope::Scope;

/// Why somebody unsigned would not be reminded now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spared {
    /// A person reminded it a short while ago; again from this time on.
    Until(Timestamp),
    /// Nothing can be written to it: it is called.
    NoAddress,
}

/// One unsigned organisation.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its delivery.
    pub delivery: Delivery,
    /// Where a reminder would go, and how: as the first notification of the level went.
    pub ways: Vec<Way>,
    /// Why none would.
    pub spared: Option<Spared>,
}

/// Who would be reminded.
#[derive(Debug, Clone)]
pub struct Candidates {
    /// The notice.
    pub notice: Notice,
    /// The unsigned, in tree order.
    pub all: Vec<Candidate>,
    /// When it was read.
    pub read_at: Timestamp,
}

impl Candidates {
    /// How many would be reminded.
    #[must_use]
    pub fn count(&self) -> usize {
        self.all.iter().filter(|one| one.spared.is_none()).count()
    }
}

/// Reads who would be reminded.
///
/// # Errors
/// [`ServiceError::NotFound`] for another office's notice.
pub fn candidates(
    service: &Service,
    account: &Account,
    id: NoticeId,
) -> Result<Candidates, ServiceError> {
    let now = service.now();
    let scope = Scope::Office(account.organization_id);
    let calendar = service.rules.calendar();
    let usual = WorkingHours::usual();
    let hours = Hours { calendar: &calendar, default: &usual };
    service.store.read(|conn| {
        let notice = scope.notice(conn, id)?;
        let cool_down = service.settings.duty.cool_down.of(level_of(&notice));
        let mut all = delivery_list_of_notice(conn, id)?;
        all.retain(|one| DeliveryState::derive(&one.facts).is_unsigned());
        let organizations: Vec<OrganizationId> =
            all.iter().map(|one| one.organization_id).collect();
        let reach: BTreeMap<OrganizationId, Reach> = reach_list(conn, &organizations)?
            .into_iter()
            .map(|one| (one.organization, one))
            .collect();
        let reminded = hand_reminded_at(conn, id)?;
        let ladder = chase_notices(conn, &[id])?.remove(&id).and_then(|notice| notice.ladder);
        let how = ladder.map_or(Ways::First, |ladder| ladder.first_ways());
        let candidate = |delivery: Delivery| {
            let reach = reach.get(&delivery.organization_id);
            let ways = reach
                .map(|reach| first_line(reach, &hours, how, now, service.outlets.open()))
                .unwrap_or_default();
            let again = reminded.get(&delivery.id).map(|at| at.plus(cool_down));
            let spared = match again.filter(|again| *again > now) {
                Some(again) => Some(Spared::Until(again)),
                None if ways.is_empty() => Some(Spared::NoAddress),
                None => None,
            };
            Candidate { delivery, ways, spared }
        };
        let all = all.into_iter().map(candidate).collect();
        Ok(Candidates { notice, all, read_at: now })
    })
}

fn level_of(notice: &Notice) -> Urgency {
    notice.draft.urgency.parse().unwrap_or(Urgency::Ordinary)
}

/// Reminds those of `chosen` that may be reminded now; says how many were.
///
/// # Errors
/// [`ServiceError::NotFound`] for another office's notice, [`ServiceError::Conflict`] for one that
/// is not in force.
pub fn remind_by_hand(
    service: &Service,
    account: &Account,
    id: NoticeId,
    chosen: &[DeliveryId],
    form_key: &str,
) -> Result<usize, ServiceError> {
    let found = candidates(service, account, id)?;
    let now = found.read_at;
    let lane = Urgency::ALL
        .iter()
        .position(|level| *level == level_of(&found.notice))
        .and_then(|place| i32::try_from(place).ok())
        .unwrap_or(0);
    let cool_down = service.settings.duty.cool_down.of(level_of(&found.notice));
    let meant: Vec<Candidate> = found
        .all
        .into_iter()
        .filter(|one| one.spared.is_none() && chosen.contains(&one.delivery.id))
        .collect();
    let (notice, by, service) = (found.notice, account.id, service.clone());
    let ringing = service.clone();
    let key = form_key.to_owned();
    let done = service.clone().store.write("remind_by_hand", move |tx: &mut Tx| {
        let subject = format!("remind:{id}");
        if form_post_claim(tx, &key, by, &subject, now)?.is_some() {
            return Ok::<usize, ServiceError>(0);
        }
        let (_, state, version) = notice_hold(tx, &[id])?.pop().ok_or(ServiceError::NotFound)?;
        if state != NoticeState::Issued {
            let text = format!("本件{}，不再催签。", state.word_zh());
            return Err(ServiceError::Conflict(text));
        }
        let ids: Vec<DeliveryId> = meant.iter().map(|one| one.delivery.id).collect();
        let locked = delivery_lock(tx, &ids)?;
        let open: BTreeSet<DeliveryId> = locked
            .iter()
            .filter(|one| DeliveryState::derive(&one.facts).is_unsigned())
            .map(|one| one.id)
            .collect();
        let reminded = hand_reminded_at(tx, id)?;
        let links = chase_links(tx, &ids)?;
        let step = hand_next_step(tx, id)?.max(HAND_STEP_MIN);
        let (mut messages, mut events) = (Vec::new(), Vec::new());
        let (mut new_links, mut renewed) = (Vec::new(), Vec::new());
        for one in meant.iter().filter(|one| open.contains(&one.delivery.id)) {
            let id = one.delivery.id;
            // Somebody else pressed in between.
            if reminded.get(&id).is_some_and(|at| at.plus(cool_down) > now) {
                continue;
            }
            for way in &one.ways {
                let link = match links.get(&(id, way.address)) {
                    Some((link, opens)) => {
                        renewed.extend((!opens).then_some(*link));
                        *link
                    }
                    None => {
                        let link = LinkId::new(now, service.entropy()?);
                        new_links.push(NewLink {
                            id: link,
                            delivery_id: id,
                            address_id: way.address,
                            created_at: now,
                        });
                        link
                    }
                };
                messages.push(NewMessage {
                    id: MessageId::new(now, service.entropy()?),
                    notice_id: Some(notice.id),
                    version,
                    delivery_id: Some(id),
                    address_id: way.address,
                    about: None,
                    link_id: Some(link),
                    channel: way.channel,
                    step,
                    purpose: MessagePurpose::Reminder,
                    lane,
                    due_at: now,
                });
            }
            let event = EventId::new(now, service.entropy()?);
            let count = i64::try_from(one.ways.len()).unwrap_or(0);
            events.push(
                Event::new(event, EventKind::Reminded, now, Actor::Account(by))
                    .notice(notice.id, u32::try_from(version).unwrap_or(0))
                    .delivery(id)
                    .fact("messages", count)
                    .fact("by_hand", true),
            );
        }
        link_insert_all(tx, &new_links)?;
        link_renew_all(tx, &renewed)?;
        message_insert_all(tx, &messages, now)?;
        event_append(tx, &events)?;
        Ok(events.len())
    })?;
    ringing.bell.ring();
    Ok(done)
}
