//! The issuer's answer to a 退文: taken back, and the organisation is out of the round; or not, and
//! the chase goes on. Who sent it back is told either way.

use super::acts::{ActForm, ActRefused, act_event, done_before, issued_delivery, lane_of, reason};
use super::end_notice::end_chase;
use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::call_task::TaskKind;
use crate::domain::delivery::{DeliveryState, ReturnDecision};
use crate::domain::evidence::EventKind;
use crate::domain::ids::{DeliveryId, MessageId};
use crate::domain::message::MessagePurpose;
use crate::domain::time::Timestamp;
use crate::store::call_tasks::task_close_of;
use crate::store::deliveries::{OnceFact, delivery_lock, delivery_set_once};
use crate::store::events::event_append;
use crate::store::messages::{
    NewMessage, message_cancel_open, message_insert_all, message_next_step,
};
use crate::store::notices::notice_hold;
use crate::store::returns::{Decided, return_decide, return_open_find, return_sender_find};
use crate::store::tallies::TallyChanges;

/// Answers the 退文 of a delivery.
///
/// # Errors
/// [`ActRefused`] says what to do.
pub fn decide_return(
    service: &Service,
    account: &Account,
    id: DeliveryId,
    accept: bool,
    form: &ActForm,
) -> Result<(), ActRefused> {
    let now = service.now();
    let (notice, delivery) = issued_delivery(service, account, id)?;
    let why = reason(form)?;
    let (kind, decision) = match accept {
        true => (EventKind::ReturnAccepted, ReturnDecision::Accepted),
        false => (EventKind::ReturnRefused, ReturnDecision::Refused),
    };
    let event = act_event(service, account, &notice, kind, now)?
        .delivery(id)
        .organization(delivery.organization_id);
    let event = service.with_personal(event, &[("reason", &why)])?;
    let message = MessageId::new(now, service.entropy()?);
    let (account, form) = (account.clone(), form.clone());
    let subject = format!("{decision}:{id}");
    let written = service.store.write("decide_return", move |tx| {
        if done_before(tx, &form, &account, &subject, now)? {
            return Ok(());
        }
        notice_hold(tx, &[notice.id])?.pop().ok_or(ServiceError::NotFound)?;
        let stands = delivery_lock(tx, &[id])?.pop().ok_or(ServiceError::NotFound)?;
        let open = return_open_find(tx, id)?
            .ok_or(ActRefused::Changed("没有待处理的退文，可能刚有人处理过。"))?;
        if accept && !DeliveryState::derive(&stands.facts).is_unsigned() {
            return Err(ActRefused::Changed("该单位已经签收，退文不用再处理。"));
        }
        let event = event.clone().returned(open);
        event_append(tx, std::slice::from_ref(&event))?;
        let decided = Decided { decision, at: now, by: account.id, why: Some(why.clone()) };
        return_decide(tx, &[open], &decided)?;
        task_close_of(tx, &[id], &[TaskKind::Returned], decision.as_str(), Some(account.id), now)?;
        if accept {
            delivery_set_once(tx, &[id], OnceFact::Returned, now)?;
            let mut after = stands.facts;
            after.returned_at = Some(now);
            let mut tallies = TallyChanges::default();
            tallies.note(notice.id, &stands.facts, &after, Timestamp::default());
            tallies.write(tx)?;
            message_cancel_open(tx, &[id], "return_accepted", now)?;
            end_chase(tx, &[id], "return_accepted", account.id, now)?;
        }
        if let Some((address_id, channel)) = return_sender_find(tx, open)? {
            let new = NewMessage {
                id: message,
                notice_id: Some(notice.id),
                version: notice.version,
                delivery_id: Some(id),
                address_id,
                about: Some(open.to_string()),
                link_id: None,
                channel,
                step: message_next_step(tx, &[id], MessagePurpose::ReturnDecision)?,
                purpose: MessagePurpose::ReturnDecision,
                lane: lane_of(&notice),
                due_at: now,
            };
            message_insert_all(tx, &[new], now)?;
        }
        Ok::<_, ActRefused>(())
    });
    written?;
    service.bell.ring();
    Ok(())
}
