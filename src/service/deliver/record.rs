//! Records how attempts ended: message rows, facts of deliveries, counts and evidence move in one
//! write, for all attempts that ended while the last write ran.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::delivery::DeliveryFacts;
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::id_source::IdSource;
use crate::domain::ids::{AddressId, DeliveryId, EventId};
use crate::domain::time::Timestamp;
use crate::service::escalate::{Engine, way_closed};
use crate::store::deliveries::{
    Delivery, OnceFact, delivery_lock, delivery_set_once, delivery_set_unreachable,
};
use crate::store::events::event_append;
use crate::store::outbox::Taken;
use crate::store::outcomes::{
    EndedAttempt, NextPlace, Standing, address_set_failing, address_which_verified,
    message_finish_batch,
};
use crate::store::tallies::TallyChanges;
use crate::store::{SliceAct, StoreError, Tx};

/// The duty's name in evidence.
pub(super) const ACTOR: Actor = Actor::System("deliver");

/// An attempt that ended, with what the record needs besides.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    /// Which message.
    pub taken: Taken,
    /// How it ended.
    pub attempt: EndedAttempt,
    /// The address itself was refused for good.
    pub address_refused: bool,
    /// Why a message is given up, in words.
    pub given_up: Option<String>,
    /// Ids for what is told of it: of the message, of its delivery.
    pub event_ids: [EventId; 2],
}

impl Ended {
    /// The delivery that was handed over by this; none for what brings nobody to the page.
    fn handed_over(&self) -> Option<DeliveryId> {
        let brought = self.attempt.outcome == "accepted" && self.taken.purpose.carries_link();
        self.taken.delivery_id.filter(|_| brought)
    }
}

/// Writes outcomes of all senders together.
pub(super) struct RecordOutcomes {
    /// Finds the next way where one closes.
    pub(super) engine: Engine,
}

impl SliceAct for RecordOutcomes {
    type Item = Ended;
    type Answer = Standing;
    const NAME: &'static str = "record_outcomes";

    fn run(&self, tx: &mut Tx, ended: &[Ended]) -> Result<Vec<Standing>, StoreError> {
        let Some(now) = ended.iter().map(|one| one.attempt.ended_at).max() else {
            return Ok(Vec::new());
        };
        let ids: Vec<DeliveryId> = ended.iter().filter_map(|one| one.taken.delivery_id).collect();
        let before: BTreeMap<DeliveryId, Delivery> =
            delivery_lock(tx, &ids)?.into_iter().map(|one| (one.id, one)).collect();
        let attempts: Vec<EndedAttempt> = ended.iter().map(|one| one.attempt.clone()).collect();
        let standings = message_finish_batch(tx, &attempts, now)?;
        let all: Vec<(&Ended, Standing)> = ended.iter().zip(standings.iter().copied()).collect();

        let mut after: BTreeMap<DeliveryId, DeliveryFacts> =
            before.iter().map(|(id, delivery)| (*id, delivery.facts)).collect();
        note_hand_overs(tx, &all, &mut after, now)?;
        note_refused_addresses(tx, &all, now)?;
        let lost = note_closed_ways(tx, &self.engine, &all, &mut after, now)?;

        let mut events: Vec<Event> =
            all.iter().filter_map(|(one, standing)| message_event(one, *standing, now)).collect();
        for id in lost {
            if let Some((one, _)) = all.iter().rfind(|(one, _)| one.taken.delivery_id == Some(id)) {
                let [_, event_id] = one.event_ids;
                events.push(
                    about(Event::new(event_id, EventKind::Unreachable, now, ACTOR), &one.taken)
                        .fact("reason", "no_message_could_be_handed_over"),
                );
            }
        }
        event_append(tx, &events)?;

        let mut changes = TallyChanges::default();
        for (id, delivery) in &before {
            if let Some(facts) = after.get(id) {
                changes.note(delivery.notice_id, &delivery.facts, facts, now);
            }
        }
        changes.write(tx)?;
        Ok(standings)
    }
}

/// What the next server took counts for the delivery, whoever held the lease by then.
fn note_hand_overs(
    tx: &mut Tx,
    all: &[(&Ended, Standing)],
    after: &mut BTreeMap<DeliveryId, DeliveryFacts>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut first = Vec::new();
    let mut lost_until_now: Vec<(DeliveryId, AddressId)> = Vec::new();
    for (one, _) in all {
        let Some(id) = one.handed_over() else { continue };
        let Some(facts) = after.get_mut(&id) else { continue };
        if facts.handed_over_at.is_none() {
            facts.handed_over_at = Some(now);
            first.push(id);
        }
        if facts.unreachable {
            lost_until_now.push((id, one.taken.address_id));
        }
    }
    if !first.is_empty() {
        delivery_set_once(tx, &first, OnceFact::HandedOver, now)?;
    }
    if lost_until_now.is_empty() {
        return Ok(());
    }
    // Only a verified address is a way; a hand-over to any other proves nothing.
    let addresses: Vec<AddressId> = lost_until_now.iter().map(|(_, id)| *id).collect();
    let verified = address_which_verified(tx, &addresses)?;
    let found: Vec<DeliveryId> = lost_until_now
        .into_iter()
        .filter(|(_, address)| verified.contains(address))
        .map(|(delivery, _)| delivery)
        .collect();
    delivery_set_unreachable(tx, &found, false)?;
    for id in found {
        if let Some(facts) = after.get_mut(&id) {
            facts.unreachable = false;
        }
    }
    Ok(())
}

fn note_refused_addresses(
    tx: &mut Tx,
    all: &[(&Ended, Standing)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let refused: Vec<AddressId> = all
        .iter()
        .filter(|(one, _)| one.address_refused)
        .map(|(one, _)| one.taken.address_id)
        .collect();
    if !refused.is_empty() {
        address_set_failing(tx, &refused, now)?;
    }
    Ok(())
}

/// Deliveries a way to which has just closed, and of these the ones that have none left.
fn note_closed_ways(
    tx: &mut Tx,
    engine: &Engine,
    all: &[(&Ended, Standing)],
    after: &mut BTreeMap<DeliveryId, DeliveryFacts>,
    now: Timestamp,
) -> Result<Vec<DeliveryId>, StoreError> {
    let is_closed = |next: NextPlace| {
        matches!(
            next,
            NextPlace::Dead { .. } | NextPlace::Cancelled("address_retired" | "link_revoked")
        )
    };
    let closed: Vec<&Ended> = all
        .iter()
        .filter(|(one, _)| one.taken.purpose.carries_link())
        .filter(|(one, standing)| *standing == Standing::Held && is_closed(one.attempt.next))
        .map(|(one, _)| *one)
        .collect();
    let Some(first) = closed.first() else { return Ok(Vec::new()) };
    // Ids that are the same when the write runs again: drawn from one that this attempt brought.
    let [seed, _] = first.event_ids;
    let ids = IdSource::new(seed.to_bytes());
    let closed: BTreeSet<DeliveryId> =
        closed.iter().filter_map(|one| one.taken.delivery_id).collect();
    way_closed(tx, engine, &closed, after, ids, now)
}

fn about(event: Event, taken: &Taken) -> Event {
    let event = match taken.notice_id {
        Some(notice) => event.notice(notice, u32::try_from(taken.version).unwrap_or(0)),
        None => event,
    };
    match taken.delivery_id {
        Some(delivery) => event.delivery(delivery),
        None => event,
    }
}

/// The one event of a message's change; none if nothing changed, as when it is handed back.
fn message_event(one: &Ended, standing: Standing, now: Timestamp) -> Option<Event> {
    let attempt = &one.attempt;
    let kind = match (standing, attempt.next, attempt.outcome) {
        (_, _, "accepted") => EventKind::MessageHandedOver,
        (Standing::Crossed, ..) => EventKind::MessageUncertain,
        (Standing::CancelledBefore | Standing::LeaseLost, ..) => return None,
        (Standing::Held, NextPlace::Cancelled(_), _) => EventKind::MessageCancelled,
        (Standing::Held, NextPlace::Dead { .. }, "rejected") => EventKind::MessageRejected,
        (Standing::Held, NextPlace::Dead { .. }, _) => EventKind::MessageDead,
        (Standing::Held, _, "unknown") => EventKind::MessageUncertain,
        (Standing::Held, _, "not_tried") => return None,
        (Standing::Held, ..) => EventKind::MessageNotSent,
    };
    let [event_id, _] = one.event_ids;
    let mut event = message_about(Event::new(event_id, kind, now, ACTOR), &one.taken)
        .fact("outcome", attempt.outcome)
        .fact("reply", attempt.reply.as_str());
    if let Some(phase) = attempt.phase {
        event = event.fact("phase", phase);
    }
    if let Some(relay) = &attempt.relay {
        event = event.fact("relay", relay.as_str());
    }
    if let NextPlace::Cancelled(why) | NextPlace::Dead { why, .. } = attempt.next {
        event = event.fact("why", why);
    }
    match standing {
        Standing::Crossed => event = event.fact("crossed", true),
        Standing::LeaseLost => event = event.fact("lease_lost", true),
        Standing::Held | Standing::CancelledBefore => {}
    }
    Some(event)
}

/// What an event about a message is about.
pub(super) fn message_about(event: Event, taken: &Taken) -> Event {
    about(event, taken)
        .message(taken.id)
        .attempt(taken.attempt_id)
        .address(taken.address_id)
        .fact("attempt", taken.number)
        .fact("channel", taken.channel.as_str())
        .fact("purpose", taken.purpose.as_str())
}
