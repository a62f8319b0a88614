//! 提级催签 by a person, with a reason: the recipient's duty leader is asked to look at the desk, or
//! the superior's duty desk to help. An offer of the ladder is accepted or declined here as well.
//!
//! Neither gets a link; a leader is written to only where the address was shown to work.

use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::call_task::TaskKind;
use crate::domain::delivery::DeliveryState;
use crate::domain::escalation::{duty_desk, leader};
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{DeliveryId, EventId, MessageId};
use crate::domain::message::MessagePurpose;
use crate::domain::notice::NoticeState;
use crate::domain::organization::Superior;
use crate::domain::text::clean_line;
use crate::domain::urgency::Urgency;
use crate::domain::words::word_enum;
use crate::store::Tx;
use crate::store::call_tasks::task_close_of;
use crate::store::chase_by_hand::{HAND_STEP_MIN, hand_next_step};
use crate::store::contacts::reach_list;
use crate::store::deliveries::delivery_lock;
use crate::store::events::event_append;
use crate::store::messages::{NewMessage, message_insert_all};
use crate::store::notices::notice_hold;
use crate::store::organizations::organization_superiors;

use super::scope::Scope;

const REASON_CHARS_MAX: usize = 120;

word_enum! {
    /// Who is asked.
    pub enum HandAct {
        /// The recipient's duty leader, else its office head.
        Leader = "leader_prompt", "提级催签：带班领导";
        /// The superior's duty desk.
        Superior = "superior_request", "请上级值班室协助联系";
    }
}

impl HandAct {
    /// The offer of the ladder that this answers.
    #[must_use]
    pub const fn offer(self) -> TaskKind {
        match self {
            Self::Leader => TaskKind::OfferLeader,
            Self::Superior => TaskKind::OfferSuperior,
        }
    }

    const fn purpose(self) -> MessagePurpose {
        match self {
            Self::Leader => MessagePurpose::LeaderPrompt,
            Self::Superior => MessagePurpose::SuperiorRequest,
        }
    }
}

/// Asks the leader or the superior for help now, or declines the ladder's offer to.
///
/// # Errors
/// [`ServiceError::NotFound`] for another office's delivery; [`ServiceError::Conflict`] says in
/// the words of a page why it cannot be done.
pub fn escalate_by_hand(
    service: &Service,
    account: &Account,
    id: DeliveryId,
    act: HandAct,
    accept: bool,
    reason: &str,
) -> Result<(), ServiceError> {
    let conflict = |text: &str| ServiceError::Conflict(text.to_owned());
    let now = service.now();
    let scope = Scope::Office(account.organization_id);
    let (notice, ways) = service.store.read(|conn| {
        let delivery = scope.delivery(conn, id)?;
        let notice = scope.notice(conn, delivery.notice_id)?;
        let organization = delivery.organization_id;
        let whom = match act {
            HandAct::Leader => Some(organization),
            HandAct::Superior => {
                let superiors = organization_superiors(conn, &[organization])?;
                superiors.get(&organization).and_then(Superior::key).copied()
            }
        };
        let reach = match whom {
            Some(whom) => reach_list(conn, &[whom])?.pop(),
            None => None,
        };
        let open = service.outlets.open();
        let ways = reach.map(|reach| match act {
            HandAct::Leader => leader(&reach, open),
            HandAct::Superior => duty_desk(&reach, open),
        });
        Ok::<_, ServiceError>((notice, ways.unwrap_or_default()))
    })?;
    let reason = clean_line(reason, REASON_CHARS_MAX)
        .map_err(|fault| ServiceError::Conflict(fault.message_zh()))?;
    if reason.is_empty() {
        return Err(conflict("没有写理由，请写明理由再办。"));
    }
    if accept && ways.is_empty() {
        return Err(conflict(match act {
            HandAct::Leader => "对方带班领导、办公室主任没有已验证的联系方式，请打电话。",
            HandAct::Superior => "没有写明上级单位，或上级值班室没有可用的联系方式，请打电话。",
        }));
    }
    let level: Urgency = notice.draft.urgency.parse().unwrap_or(Urgency::Ordinary);
    let place = Urgency::ALL.iter().position(|one| *one == level);
    let lane = place.and_then(|place| i32::try_from(place).ok()).unwrap_or(0);
    let kind = if accept { EventKind::EscalatedByHand } else { EventKind::OfferDeclined };
    let version = u32::try_from(notice.version).unwrap_or(0);
    let event =
        Event::new(EventId::new(now, service.entropy()?), kind, now, Actor::Account(account.id))
            .notice(notice.id, version)
            .delivery(id)
            .fact("act", act.as_str());
    let event = service.with_personal(event, &[("reason", &reason)])?;
    let mut ids = Vec::with_capacity(ways.len());
    for _ in &ways {
        ids.push(MessageId::new(now, service.entropy()?));
    }
    let (by, notice_id) = (account.id, notice.id);
    service.store.write("escalate_by_hand", move |tx: &mut Tx| {
        let (_, state, version) =
            notice_hold(tx, &[notice_id])?.pop().ok_or(ServiceError::NotFound)?;
        let delivery = delivery_lock(tx, &[id])?.pop().ok_or(ServiceError::NotFound)?;
        let open = DeliveryState::derive(&delivery.facts).is_unsigned();
        if !open || state != NoticeState::Issued {
            return Err(ServiceError::Conflict("对方已答复或本件已不在办理，不用提级。".into()));
        }
        let closed = task_close_of(
            tx,
            &[id],
            &[act.offer()],
            if accept { "accepted" } else { "declined" },
            Some(by),
            now,
        )?;
        if !accept {
            // Declining twice, or what was never offered, is nothing.
            if closed > 0 {
                event_append(tx, std::slice::from_ref(&event))?;
            }
            return Ok(());
        }
        let step = hand_next_step(tx, notice_id)?.max(HAND_STEP_MIN);
        let messages = ways.iter().zip(&ids).map(|(way, message)| NewMessage {
            id: *message,
            notice_id: Some(notice_id),
            version,
            delivery_id: Some(id),
            address_id: way.address,
            about: None,
            link_id: None,
            channel: way.channel,
            step,
            purpose: act.purpose(),
            lane,
            due_at: now,
        });
        message_insert_all(tx, &messages.collect::<Vec<_>>(), now)?;
        event_append(tx, std::slice::from_ref(&event))?;
        Ok(())
    })?;
    service.bell.ring();
    Ok(())
}
