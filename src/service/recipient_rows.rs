//! Every row that a recipient needs (delivery, ladder, links, first messages, what was missing),
//! made before the transaction begins. An issue makes them for all, 补发 for who comes later.

use super::outlook::Recipient;
use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::delivery::{DeliveryFacts, Tally};
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{DeliveryId, EventId, LinkId, MessageId, RungId};
use crate::domain::ladder::{LadderSnapshot, RungAct, counts_working_days};
use crate::domain::message::MessagePurpose;
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;
use crate::store::deadline_moves::{DeliveryClock, clock_insert_all};
use crate::store::deliveries::{NewDelivery, delivery_insert_all};
use crate::store::events::event_append;
use crate::store::gap_issues::{NewGapIssue, gap_issue_insert_all};
use crate::store::ladders::Head;
use crate::store::links::{NewLink, link_insert_all};
use crate::store::messages::{NewMessage, message_insert_all};
use crate::store::notices::Notice;
use crate::store::rungs::{NewRung, rung_insert_all};
use crate::store::{StoreError, Tx};

/// The step of the first notification; the rungs of the ladder count from 1.
const FIRST_NOTIFICATION: i32 = 0;

/// A more urgent level leaves first: 0 for 特提.
pub(super) fn lane_of(level: Urgency) -> i32 {
    let rank = Urgency::ALL.iter().position(|known| *known == level);
    rank.and_then(|rank| i32::try_from(rank).ok()).unwrap_or(i32::MAX)
}

/// Who sends what to recipients, and from when their ladders run.
pub(super) struct Sending<'a> {
    pub(super) service: &'a Service,
    pub(super) account: &'a Account,
    pub(super) notice: &'a Notice,
    pub(super) ladder: &'a LadderSnapshot,
    /// The deadline that the notice states.
    pub(super) explicit: Option<Timestamp>,
    /// Why those with gaps are sent to all the same; none where the level does not ask.
    pub(super) gap_reason: Option<&'a str>,
    pub(super) now: Timestamp,
}

/// All rows of some recipients.
#[derive(Default)]
pub(super) struct RecipientRows {
    pub(super) deliveries: Vec<NewDelivery>,
    clocks: Vec<DeliveryClock>,
    rungs: Vec<NewRung>,
    pub(super) links: Vec<NewLink>,
    pub(super) messages: Vec<NewMessage>,
    gaps: Vec<NewGapIssue>,
    pub(super) tally: Tally,
    events: Vec<Event>,
}

impl Sending<'_> {
    /// An event about the notice.
    pub(super) fn event(&self, kind: EventKind) -> Result<Event, ServiceError> {
        let id = EventId::new(self.now, self.service.entropy()?);
        let version = u32::try_from(self.notice.version).unwrap_or(1);
        let actor = Actor::Account(self.account.id);
        Ok(Event::new(id, kind, self.now, actor).notice(self.notice.id, version))
    }
}

impl RecipientRows {
    /// Adds one recipient; says under which delivery.
    pub(super) fn add(
        &mut self,
        sending: &Sending<'_>,
        recipient: &Recipient,
    ) -> Result<DeliveryId, ServiceError> {
        let (service, now, notice) = (sending.service, sending.now, sending.notice);
        let id = DeliveryId::new(now, service.entropy()?);
        let unreachable = recipient.ways.is_empty();
        let deadline_at = recipient.deadline.as_ref().map(|deadline| deadline.at);
        let origin = recipient.deadline.as_ref().map(|deadline| deadline.explanation_zh.clone());
        let facts =
            DeliveryFacts { unreachable, deadline: deadline_at, ..DeliveryFacts::default() };
        self.tally += Tally::one(&facts, now);
        let head = self.add_ladder(sending, recipient, id)?;
        self.deliveries.push(NewDelivery {
            id,
            notice_id: notice.id,
            version: notice.version,
            organization_id: recipient.organization.id,
            organization_name: recipient.organization.name.clone(),
            addressee: recipient.addressee,
            reason: recipient.reason.clone(),
            tree_path: recipient.organization.tree_path.clone(),
            tree_depth: recipient.organization.depth,
            deadline_at,
            deadline_origin: origin,
            unreachable,
            head,
        });
        if counts_working_days(sending.ladder, recipient.addressee, recipient.manned) {
            self.clocks.push(DeliveryClock {
                delivery_id: id,
                counted_from: now,
                explicit_at: sending.explicit,
                hours: recipient.hours.clone(),
                manned: recipient.manned,
            });
        }
        self.add_messages(sending, recipient, id)?;
        if unreachable {
            let event = sending.event(EventKind::Unreachable)?;
            self.events.push(event.delivery(id).organization(recipient.organization.id));
        }
        self.add_gaps(sending, recipient, id)?;
        Ok(id)
    }

    /// Adds the rungs of one recipient; says which is the first that the issue does not do itself.
    fn add_ladder(
        &mut self,
        sending: &Sending<'_>,
        recipient: &Recipient,
        delivery_id: DeliveryId,
    ) -> Result<Option<Head>, ServiceError> {
        let begun = self.rungs.len();
        let first = recipient.rungs.iter().find(|rung| rung.act == RungAct::Remind);
        let first_step = first.filter(|_| !recipient.ways.is_empty()).map(|rung| rung.step);
        for rung in recipient.rungs.iter() {
            if !recipient.keeps(rung.act) {
                continue;
            }
            self.rungs.push(NewRung {
                id: RungId::new(sending.now, sending.service.entropy()?),
                delivery_id,
                step: rung.step,
                act: rung.act,
                ways: rung.ways,
                planned_at: rung.due_at,
                // The first notification is written here; its rung has nothing left to do.
                done: Some(rung.step) == first_step,
            });
        }
        Ok(Head::first_of(self.rungs.get(begun..).unwrap_or_default()))
    }

    fn add_messages(
        &mut self,
        sending: &Sending<'_>,
        recipient: &Recipient,
        delivery_id: DeliveryId,
    ) -> Result<(), ServiceError> {
        let (service, now, notice) = (sending.service, sending.now, sending.notice);
        for way in &recipient.ways {
            let link = LinkId::new(now, service.entropy()?);
            self.links.push(NewLink {
                id: link,
                delivery_id,
                address_id: way.address,
                created_at: now,
            });
            self.messages.push(NewMessage {
                id: MessageId::new(now, service.entropy()?),
                notice_id: Some(notice.id),
                version: notice.version,
                delivery_id: Some(delivery_id),
                address_id: way.address,
                about: None,
                link_id: Some(link),
                channel: way.channel,
                step: FIRST_NOTIFICATION,
                purpose: MessagePurpose::Invitation,
                lane: lane_of(sending.ladder.level),
                due_at: recipient.first_at,
            });
        }
        Ok(())
    }

    /// 对该单位先行发出: on record for each, with what was missing.
    fn add_gaps(
        &mut self,
        sending: &Sending<'_>,
        recipient: &Recipient,
        delivery_id: DeliveryId,
    ) -> Result<(), ServiceError> {
        let Some(reason) = sending.gap_reason.filter(|_| !recipient.gaps.is_empty()) else {
            return Ok(());
        };
        let words: Vec<&str> = recipient.gaps.iter().map(|gap| gap.word_zh()).collect();
        let gaps = words.join("；");
        let event = sending
            .event(EventKind::IssuedWithGap)?
            .delivery(delivery_id)
            .organization(recipient.organization.id)
            .fact("gaps", gaps.as_str());
        self.gaps.push(NewGapIssue {
            delivery_id,
            event_id: event.id,
            gaps,
            reason: reason.to_owned(),
            account_id: sending.account.id,
            decided_at: sending.now,
        });
        self.events.push(sending.service.with_personal(event, &[("reason", reason)])?);
        Ok(())
    }

    /// Writes everything but the counts.
    pub(super) fn write(&self, tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
        delivery_insert_all(tx, &self.deliveries)?;
        clock_insert_all(tx, &self.clocks)?;
        rung_insert_all(tx, &self.rungs, now)?;
        link_insert_all(tx, &self.links)?;
        message_insert_all(tx, &self.messages, now)?;
        gap_issue_insert_all(tx, &self.gaps)?;
        event_append(tx, &self.events)
    }
}
