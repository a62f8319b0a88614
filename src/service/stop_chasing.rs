//! 终止催签: a named person ends the ladder of one delivery with a written reason. The delivery
//! stays unsigned, stays counted, and may still be signed.

use super::acts::{ActForm, ActRefused, act_event, done_before, issued_delivery, reason};
use super::end_notice::end_chase;
use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::delivery::DeliveryState;
use crate::domain::evidence::EventKind;
use crate::domain::ids::DeliveryId;
use crate::domain::notice::NoticeState;
use crate::store::deliveries::delivery_lock;
use crate::store::ends::{NewWord, chase_stop_insert, message_cancel_chase};
use crate::store::events::event_append;
use crate::store::notices::notice_hold;

const WHY: &str = "stop_chasing";

/// Ends the chase of one delivery.
///
/// # Errors
/// [`ActRefused`] says what to do.
pub fn stop_chasing(
    service: &Service,
    account: &Account,
    id: DeliveryId,
    form: &ActForm,
) -> Result<(), ActRefused> {
    let now = service.now();
    let (notice, delivery) = issued_delivery(service, account, id)?;
    let text = reason(form)?;
    let event = act_event(service, account, &notice, EventKind::ChaseStopped, now)?
        .delivery(id)
        .organization(delivery.organization_id);
    let event = service.with_personal(event, &[("reason", &text)])?;
    let word =
        NewWord { event_id: event.id, delivery_id: id, text, account_id: account.id, at: now };
    let (account, form) = (account.clone(), form.clone());
    let subject = format!("{WHY}:{id}");
    service.store.write(WHY, move |tx| {
        if done_before(tx, &form, &account, &subject, now)? {
            return Ok(());
        }
        let standing = notice_hold(tx, &[notice.id])?.pop().ok_or(ServiceError::NotFound)?;
        let stands = delivery_lock(tx, &[id])?.pop().ok_or(ServiceError::NotFound)?;
        if standing.1 != NoticeState::Issued {
            return Err(ActRefused::Changed("本件已不在催签，不用再终止。"));
        }
        if !DeliveryState::derive(&stands.facts).is_unsigned() {
            return Err(ActRefused::Changed("该单位已有答复，不用再终止。"));
        }
        if !chase_stop_insert(tx, &word)? {
            return Err(ActRefused::Changed("该单位的催签已经终止。"));
        }
        event_append(tx, std::slice::from_ref(&event))?;
        message_cancel_chase(tx, &[id], WHY, now)?;
        end_chase(tx, &[id], WHY, account.id, now)
    })
}
