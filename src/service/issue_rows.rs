//! Every row of an issue, made before the transaction begins, and the one write that puts them in.

use super::{Approval, IssueRefused, IssueRequest, Issued, message_count};
use crate::domain::account::Account;
use crate::domain::delivery::{DeliveryFacts, Tally};
use crate::domain::digest::Sha256Digest;
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{AccountId, DeliveryId, EventId, LinkId, MessageId, NoticeId, RungId};
use crate::domain::ladder::{LadderSnapshot, RungAct, counts_working_days};
use crate::domain::message::{Channel, MessagePurpose};
use crate::domain::notice::{NoticeHeader, recipients_digest};
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;
use crate::service::compose::OpenDraft;
use crate::service::outlook::{Outlook, Recipient};
use crate::service::{Service, ServiceError};
use crate::store::deadline_moves::{DeliveryClock, clock_insert_all};
use crate::store::deliveries::{NewDelivery, delivery_insert_all};
use crate::store::drafts::{NewDecision, decision_insert, form_post_claim};
use crate::store::events::event_append;
use crate::store::links::{NewLink, link_insert_all};
use crate::store::messages::{NewMessage, message_insert_all};
use crate::store::notices::{IssueStamp, notice_set_issued};
use crate::store::rungs::{NewRung, rung_insert_all};
use crate::store::tallies::tally_insert;
use crate::store::{StoreError, Tx};

/// Who does what, with what is judged.
pub(super) struct Act<'a> {
    pub(super) service: &'a Service,
    pub(super) account: &'a Account,
    pub(super) request: &'a IssueRequest,
    pub(super) approval: &'a Approval,
    pub(super) open: &'a OpenDraft,
    pub(super) now: Timestamp,
}

/// All rows of one issue.
pub(super) struct Rows {
    form_key: String,
    account: AccountId,
    explicit: Option<Timestamp>,
    stamp: IssueStamp,
    deliveries: Vec<NewDelivery>,
    clocks: Vec<DeliveryClock>,
    rungs: Vec<NewRung>,
    links: Vec<NewLink>,
    messages: Vec<NewMessage>,
    tally: Tally,
    decision: Option<NewDecision>,
    events: Vec<Event>,
}

impl Rows {
    /// Writes everything, or says why nothing is written. May run again after a passing failure.
    pub(super) fn write(&self, tx: &mut Tx) -> Result<Issued, IssueRefused> {
        let (notice, now) = (self.stamp.id, self.stamp.issued_at);
        let subject = notice.to_string();
        if let Some(posted) = form_post_claim(tx, &self.form_key, self.account, &subject, now)? {
            // Two presses at once: the first one's notice stands.
            return if posted == subject { Ok(Issued::Before) } else { Err(IssueRefused::Changed) };
        }
        let stamped = notice_set_issued(tx, &self.stamp).map_err(|error| match error {
            StoreError::Unique(_) => IssueRefused::NumberTaken(self.stamp.number.clone()),
            other => other.into(),
        })?;
        if !stamped {
            return Err(IssueRefused::Changed);
        }
        delivery_insert_all(tx, &self.deliveries)?;
        clock_insert_all(tx, &self.clocks)?;
        rung_insert_all(tx, &self.rungs, now)?;
        link_insert_all(tx, &self.links)?;
        message_insert_all(tx, &self.messages, now)?;
        tally_insert(tx, notice, &self.tally)?;
        if let Some(decision) = &self.decision {
            decision_insert(tx, decision)?;
        }
        event_append(tx, &self.events)?;
        Ok(Issued::Now { deliveries: self.deliveries.len(), messages: self.messages.len() })
    }
}

pub(super) fn prepare(
    act: &Act<'_>,
    header: &NoticeHeader,
    plan: &Outlook,
    ladder: LadderSnapshot,
) -> Result<Rows, ServiceError> {
    let (notice, now) = (&act.open.notice, act.now);
    let digest = act.open.digest();
    let mut rows = Rows {
        form_key: act.request.form_key.clone(),
        account: act.account.id,
        explicit: header.sign_by,
        stamp: IssueStamp {
            id: notice.id,
            version: notice.version,
            from: notice.state,
            revision: notice.revision,
            number: header.document_number.clone(),
            digest,
            ladder,
            issued_at: now,
            issued_by: act.account.id,
            deadline_at: plan.earliest_deadline(),
        },
        deliveries: Vec::with_capacity(plan.recipients.len()),
        clocks: Vec::new(),
        rungs: Vec::new(),
        links: Vec::new(),
        messages: Vec::with_capacity(message_count(plan)),
        tally: Tally::default(),
        decision: None,
        events: Vec::new(),
    };
    if let Some((decision, event)) = decided(act, digest)? {
        rows.decision = Some(decision);
        rows.events.push(event);
    }
    rows.events.push(issued_event(act, plan, digest)?);
    for recipient in &plan.recipients {
        add_recipient(&mut rows, act, recipient, header.urgency)?;
    }
    Ok(rows)
}

fn add_recipient(
    rows: &mut Rows,
    act: &Act<'_>,
    recipient: &Recipient,
    level: Urgency,
) -> Result<(), ServiceError> {
    let (service, now, notice) = (act.service, act.now, &act.open.notice);
    let id = DeliveryId::new(now, service.entropy()?);
    let unreachable = recipient.addresses.is_empty();
    let deadline_at = recipient.deadline.as_ref().map(|deadline| deadline.at);
    let origin = recipient.deadline.as_ref().map(|deadline| deadline.explanation_zh.clone());
    let facts = DeliveryFacts { unreachable, deadline: deadline_at, ..DeliveryFacts::default() };
    rows.tally += Tally::one(&facts, now);
    rows.deliveries.push(NewDelivery {
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
    });
    if counts_working_days(&rows.stamp.ladder, recipient.addressee, recipient.manned) {
        rows.clocks.push(DeliveryClock {
            delivery_id: id,
            counted_from: now,
            explicit_at: rows.explicit,
            hours: recipient.hours.clone(),
            manned: recipient.manned,
        });
    }
    let first = recipient.rungs.iter().find(|rung| rung.act == RungAct::Remind);
    let first_step = first.filter(|_| !unreachable).map(|rung| rung.step);
    for rung in recipient.rungs.iter() {
        // Who is issued to without any gap is not called before he had time to answer.
        if rung.act == RungAct::CallUnreachable && recipient.gaps.is_empty() {
            continue;
        }
        rows.rungs.push(NewRung {
            id: RungId::new(now, service.entropy()?),
            delivery_id: id,
            step: rung.step,
            act: rung.act,
            ways: rung.ways,
            planned_at: rung.due_at,
            // The first notification is written here; its rung has nothing left to do.
            done: Some(rung.step) == first_step,
        });
    }
    for address in &recipient.addresses {
        let link = LinkId::new(now, service.entropy()?);
        rows.links.push(NewLink {
            id: link,
            delivery_id: id,
            address_id: *address,
            created_at: now,
        });
        rows.messages.push(NewMessage {
            id: MessageId::new(now, service.entropy()?),
            notice_id: Some(notice.id),
            version: notice.version,
            delivery_id: Some(id),
            address_id: *address,
            about: None,
            link_id: Some(link),
            channel: Channel::Email,
            step: FIRST_NOTIFICATION,
            purpose: MessagePurpose::Invitation,
            lane: lane_of(level),
            due_at: recipient.first_at,
        });
    }
    if unreachable {
        let event = event(act, EventKind::Unreachable, EventId::new(now, service.entropy()?));
        rows.events.push(event.delivery(id).organization(recipient.organization.id));
    }
    Ok(())
}

/// The step of the first notification; the rungs of the ladder count from 1.
const FIRST_NOTIFICATION: i32 = 0;

/// A more urgent level leaves first: 0 for 特提.
pub(in crate::service) fn lane_of(level: Urgency) -> i32 {
    let rank = Urgency::ALL.iter().position(|known| *known == level);
    rank.and_then(|rank| i32::try_from(rank).ok()).unwrap_or(i32::MAX)
}

fn event(act: &Act<'_>, kind: EventKind, id: EventId) -> Event {
    let notice: NoticeId = act.open.notice.id;
    let version = u32::try_from(act.open.notice.version).unwrap_or(1);
    Event::new(id, kind, act.now, Actor::Account(act.account.id)).notice(notice, version)
}

fn issued_event(
    act: &Act<'_>,
    plan: &Outlook,
    digest: Sha256Digest,
) -> Result<Event, ServiceError> {
    let recipients: Vec<_> =
        plan.recipients.iter().map(|one| (one.organization.id, one.addressee)).collect();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let gaps = plan.recipients.iter().filter(|one| !one.gaps.is_empty()).count();
    let mut event =
        event(act, EventKind::NoticeIssued, EventId::new(act.now, act.service.entropy()?))
            .digest("draft", digest)
            .digest("recipients", Sha256Digest::from_bytes(recipients_digest(&recipients)))
            .fact("recipients", count(recipients.len()))
            .fact("messages", count(message_count(plan)))
            .fact("unreachable", count(plan.unreachable().count()))
            .fact("with_gaps", count(gaps));
    if let Some(reason) = &act.request.gap_reason {
        event = event.personal("gap_reason", reason, act.service.salt()?);
    }
    Ok(event)
}

/// The decision by which it goes out, if a second person's word was needed or given.
fn decided(
    act: &Act<'_>,
    digest: Sha256Digest,
) -> Result<Option<(NewDecision, Event)>, ServiceError> {
    let Some(kind) = act.approval.decision() else { return Ok(None) };
    let event_id = EventId::new(act.now, act.service.entropy()?);
    let mut decision = NewDecision {
        event_id,
        notice_id: act.open.notice.id,
        version: act.open.notice.version,
        kind,
        digest,
        account_id: act.account.id,
        decided_at: act.now,
        reason: act.request.gap_reason.clone(),
        approver_name: None,
        approver_phone: None,
    };
    let mut event = event(act, EventKind::NoticeReleased, event_id).digest("draft", digest);
    if let Approval::Oral { by, at, how } = act.approval {
        event = event
            .fact("oral", true)
            .fact("approved_at", at.to_string())
            .personal("approver_name", by, act.service.salt()?)
            .personal("approver_phone", how, act.service.salt()?);
        decision.approver_name = Some(by.clone());
        decision.approver_phone = Some(how.clone());
    }
    Ok(Some((decision, event)))
}
