//! 关闭 (办结): nobody is chased any more. A 特提 is not closed while an organisation is
//! unexplained: each that has not signed needs a sentence of its own. Others need one reason.
//! What is unsigned stays unsigned, and may still be signed.

use std::collections::BTreeMap;

use super::acts::{
    ActForm, ActRefused, act_event, done_before, issued_notice, reason, sentence, withdrawals,
};
use super::end_notice::Ending;
use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::delivery::{Addressee, DeliveryState};
use crate::domain::evidence::{Event, EventKind};
use crate::domain::ids::{DeliveryId, NoticeId};
use crate::domain::notice::NoticeAct;
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;
use crate::store::deliveries::{Delivery, delivery_list_of_notice};
use crate::store::ends::{
    NewWord, chase_stop_list, gap_explanation_insert_all, told_list_of_notice,
};
use crate::store::events::event_append;
use crate::store::messages::message_insert_all;
use crate::store::notices::Notice;

/// What a page of closing shows.
#[derive(Debug, Clone)]
pub struct ToClose {
    /// The notice.
    pub notice: Notice,
    /// Who has not signed, in the order of the tree.
    pub unsigned: Vec<Delivery>,
    /// Whether each of them needs its own sentence.
    pub each_explained: bool,
    /// Sentences that were written before: why somebody is not chased any more.
    pub known: BTreeMap<DeliveryId, String>,
    /// When it was read.
    pub read_at: Timestamp,
}

/// What stands in the way of an end of this notice.
///
/// # Errors
/// [`ServiceError::NotFound`] for absent and foreign ones alike, else the store's own.
pub fn to_close(
    service: &Service,
    account: &Account,
    id: NoticeId,
) -> Result<ToClose, ServiceError> {
    let read_at = service.now();
    let notice = issued_notice(service, account, id)?;
    let (all, stops) = service.store.read(|conn| {
        Ok::<_, ServiceError>((delivery_list_of_notice(conn, id)?, chase_stop_list(conn, id)?))
    })?;
    Ok(ToClose {
        each_explained: is_flash(&notice),
        notice,
        unsigned: all.into_iter().filter(is_gap).collect(),
        known: stops.into_iter().map(|stop| (stop.delivery_id, stop.text)).collect(),
        read_at,
    })
}

fn is_flash(notice: &Notice) -> bool {
    notice.draft.urgency.parse() == Ok(Urgency::Flash)
}

/// 抄送 owes no signature.
fn is_gap(delivery: &Delivery) -> bool {
    delivery.addressee == Addressee::Primary && DeliveryState::derive(&delivery.facts).is_unsigned()
}

/// Name of the field in which a delivery is explained.
#[must_use]
pub fn gap_field(id: DeliveryId) -> String {
    format!("gap-{id}")
}

/// Closes a notice.
///
/// # Errors
/// [`ActRefused`] says what to do.
pub fn close(
    service: &Service,
    account: &Account,
    id: NoticeId,
    form: &ActForm,
    explanations: &BTreeMap<DeliveryId, String>,
) -> Result<(), ActRefused> {
    let now = service.now();
    let seen = to_close(service, account, id)?;
    let mut missing = Vec::new();
    let mut words: Vec<(NewWord, Event)> = Vec::new();
    // What is explained is read before what stands then; who signed in between needs no word.
    for delivery in seen.unsigned.iter().filter(|_| seen.each_explained) {
        let typed = explanations.get(&delivery.id).map_or("", String::as_str);
        let asked = "请写明该单位未签收的情况和已采取的办法";
        match sentence(&gap_field(delivery.id), typed, asked) {
            Ok(text) => words.push(explained(service, account, &seen.notice, delivery, text, now)?),
            Err(ActRefused::Fields(faults)) => missing.extend(faults),
            Err(other) => return Err(other),
        }
    }
    let why = match (seen.each_explained, form.reason.trim().is_empty()) {
        (true, true) => "已逐个写明未签收单位的情况".to_owned(),
        _ => reason(form)?,
    };
    if !missing.is_empty() {
        return Err(ActRefused::Fields(missing));
    }
    let each = seen.each_explained;
    let ending = Ending::prepare(service, account, seen.notice, NoticeAct::Close, why, now)?;
    let (own, account, form) = (service.clone(), account.clone(), form.clone());
    let subject = format!("close:{id}");
    service.store.write("close_notice", move |tx| {
        if done_before(tx, &form, &account, &subject, now)? {
            return Ok(());
        }
        let stood = ending.hold(tx)?;
        let gaps: Vec<DeliveryId> =
            stood.iter().filter(|one| is_gap(one)).map(|one| one.id).collect();
        let filled: Vec<&(NewWord, Event)> =
            words.iter().filter(|(word, _)| gaps.contains(&word.delivery_id)).collect();
        if each && filled.len() != gaps.len() {
            return Err(ActRefused::Changed("未签收的单位有变化，请按现在的名单逐个写明。"));
        }
        // Nothing is taken back, but the desks that are calling about it can stop.
        let desks = ending.write(tx)?;
        let mut told = told_list_of_notice(tx, id)?;
        told.retain(|one| one.delegation_id.is_some_and(|calls| desks.contains(&calls)));
        let mails = withdrawals(&own, &ending.notice, &told, &ending.told(), now)?;
        message_insert_all(tx, &mails, now)?;
        let events: Vec<Event> = filled.iter().map(|(_, event)| event.clone()).collect();
        event_append(tx, &events)?;
        let rows: Vec<NewWord> = filled.iter().map(|(word, _)| word.clone()).collect();
        gap_explanation_insert_all(tx, &rows)?;
        Ok::<_, ActRefused>(())
    })?;
    service.bell.ring();
    Ok(())
}

fn explained(
    service: &Service,
    account: &Account,
    notice: &Notice,
    delivery: &Delivery,
    text: String,
    now: Timestamp,
) -> Result<(NewWord, Event), ServiceError> {
    let event = act_event(service, account, notice, EventKind::GapExplained, now)?
        .delivery(delivery.id)
        .organization(delivery.organization_id);
    let event = service.with_personal(event, &[("reason", &text)])?;
    let word = NewWord {
        event_id: event.id,
        delivery_id: delivery.id,
        text,
        account_id: account.id,
        at: now,
    };
    Ok((word, event))
}
