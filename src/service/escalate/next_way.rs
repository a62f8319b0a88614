//! When a way closes — a message is refused for good or comes back, an address goes out of use —
//! the next way is taken at once where the level writes by every way, and where none is left,
//! somebody calls at once. Runs in the write that records what closed it.

use std::collections::{BTreeMap, BTreeSet};

use super::Engine;
use super::rows::{ACTOR, channels};
use crate::domain::call_task::TaskKind;
use crate::domain::delivery::{DeliveryFacts, DeliveryState};
use crate::domain::escalation::{Letter, Way, first_line};
use crate::domain::evidence::{Event, EventKind};
use crate::domain::id_source::IdSource;
use crate::domain::ids::{DeliveryId, EventId, LinkId, MessageId, TaskId};
use crate::domain::ladder::Ways;
use crate::domain::message::MessagePurpose;
use crate::domain::organization::Reach;
use crate::domain::time::Timestamp;
use crate::service::issue::lane_of;
use crate::store::call_tasks::{NewTask, task_raise_all};
use crate::store::chase::{Chased, chase_links, chase_notices, chase_read, chase_tried};
use crate::store::contacts::reach_list;
use crate::store::deliveries::delivery_set_unreachable;
use crate::store::events::event_append;
use crate::store::links::{NewLink, link_insert_all, link_renew_all};
use crate::store::messages::{NewMessage, message_insert_missing};
use crate::store::outcomes::delivery_with_sound_way;
use crate::store::{StoreError, Tx};

/// For deliveries that the caller holds, a way to which has just closed: takes the next way, and
/// has somebody called where none is left. Says which have none left; `after` says so too, and
/// event and counts of that are the caller's.
///
/// # Errors
/// The store's own.
pub(in crate::service) fn way_closed(
    tx: &mut Tx,
    engine: &Engine,
    closed: &BTreeSet<DeliveryId>,
    after: &mut BTreeMap<DeliveryId, DeliveryFacts>,
    mut ids: IdSource,
    now: Timestamp,
) -> Result<Vec<DeliveryId>, StoreError> {
    let unsigned = |id: &&DeliveryId| {
        after.get(id).is_some_and(|facts| DeliveryState::derive(facts).is_unsigned())
    };
    let unsigned: Vec<DeliveryId> = closed.iter().filter(unsigned).copied().collect();
    if unsigned.is_empty() {
        return Ok(unsigned);
    }
    next_way(tx, engine, &unsigned, &mut ids, now)?;
    let sound = delivery_with_sound_way(tx, &unsigned)?;
    let is_lost = |id: &DeliveryId| {
        !sound.contains(id) && after.get(id).is_some_and(|facts| !facts.unreachable)
    };
    let lost: Vec<DeliveryId> = unsigned.into_iter().filter(is_lost).collect();
    if lost.is_empty() {
        return Ok(lost);
    }
    delivery_set_unreachable(tx, &lost, true)?;
    for id in &lost {
        if let Some(facts) = after.get_mut(id) {
            facts.unreachable = true;
        }
    }
    call_at_once(tx, &lost, &mut ids, now)?;
    Ok(lost)
}

/// A message by every first-line way not tried yet.
fn next_way(
    tx: &mut Tx,
    engine: &Engine,
    refused: &[DeliveryId],
    ids: &mut IdSource,
    now: Timestamp,
) -> Result<(), StoreError> {
    let chased = chase_read(tx, refused)?;
    let notices: Vec<_> = chased.iter().map(|one| one.notice_id).collect();
    let notices = chase_notices(tx, &notices)?;
    let organizations: Vec<_> = chased.iter().map(|one| one.organization_id).collect();
    let reach: BTreeMap<_, Reach> =
        reach_list(tx, &organizations)?.into_iter().map(|one| (one.organization, one)).collect();
    let tried = chase_tried(tx, refused)?;
    let links = chase_links(tx, refused)?;
    let (mut messages, mut events) = (Vec::new(), Vec::new());
    let (mut new_links, mut renewed) = (Vec::new(), Vec::new());
    let chased: Vec<_> = chased
        .into_iter()
        .filter_map(|one| Some((notices.get(&one.notice_id)?.clone(), one)))
        .filter(|(notice, one)| notice.out && !one.ended && notice.takes_every_way())
        .collect();
    for (notice, one) in &chased {
        let Some(reach) = reach.get(&one.organization_id) else { continue };
        let ways = first_line(reach, &engine.hours(), Ways::Every, now, engine.outlets);
        let fresh: Vec<Letter> = ways
            .into_iter()
            .filter(|way| !tried.contains(&(one.id, way.address)))
            .map(|way: Way| Letter {
                purpose: MessagePurpose::Invitation,
                way,
                step: 0,
                of_notice: false,
            })
            .collect();
        if fresh.is_empty() {
            continue;
        }
        for letter in &fresh {
            let address = letter.way.address;
            let link = links.get(&(one.id, address)).map_or_else(
                || {
                    let id = LinkId::new(now, ids.entropy());
                    new_links.push(NewLink {
                        id,
                        delivery_id: one.id,
                        address_id: address,
                        created_at: now,
                    });
                    id
                },
                |(link, opens)| {
                    renewed.extend((!opens).then_some(*link));
                    *link
                },
            );
            messages.push(NewMessage {
                id: MessageId::new(now, ids.entropy()),
                notice_id: Some(one.notice_id),
                version: one.version,
                delivery_id: Some(one.id),
                address_id: address,
                about: None,
                link_id: Some(link),
                channel: letter.way.channel,
                step: letter.step,
                purpose: letter.purpose,
                lane: lane_of(notice.urgency),
                due_at: now,
            });
        }
        let count = i64::try_from(fresh.len()).unwrap_or(i64::MAX);
        let event =
            Event::new(EventId::new(now, ids.entropy()), EventKind::NextWayTaken, now, ACTOR);
        let version = u32::try_from(one.version).unwrap_or(1);
        events.push(
            event
                .notice(one.notice_id, version)
                .delivery(one.id)
                .fact("messages", count)
                .fact("channels", channels(&fresh)),
        );
    }
    link_insert_all(tx, &new_links)?;
    link_renew_all(tx, &renewed)?;
    message_insert_missing(tx, &messages, now)?;
    event_append(tx, &events)
}

/// For deliveries that have just lost their last way: a call is owed at once.
fn call_at_once(
    tx: &mut Tx,
    lost: &[DeliveryId],
    ids: &mut IdSource,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let chased = chase_read(tx, lost)?;
    let notices: Vec<_> = chased.iter().map(|one| one.notice_id).collect();
    let notices = chase_notices(tx, &notices)?;
    let task = |one: &Chased| {
        let notice = notices.get(&one.notice_id)?;
        (notice.out && !one.ended && notice.is_called_about()).then(|| NewTask {
            id: TaskId::new(now, ids.entropy()),
            issuer_id: notice.issuer_id,
            notice_id: one.notice_id,
            delivery_id: one.id,
            kind: TaskKind::Call,
            reason: "no_way_left".to_owned(),
            lane: lane_of(notice.urgency),
            due_at: now,
        })
    };
    let tasks: Vec<NewTask> = chased.iter().filter_map(task).collect();
    task_raise_all(tx, &tasks, now)
}
