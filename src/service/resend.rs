//! 重发: the same item once more to chosen organisations, at every address that leads to them now.
//! It answers a 请求重发. The ladder and the deadline stay as they are.

use std::collections::BTreeMap;

use super::acts::{ActForm, ActRefused, act_event, done_before, issued_notice, lane_of, reason};
use super::outlook::reach_now;
use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::call_task::TaskKind;
use crate::domain::delivery::{DeliveryState, ReturnDecision};
use crate::domain::escalation::Way;
use crate::domain::evidence::EventKind;
use crate::domain::ids::{AddressId, DeliveryId, LinkId, MessageId, NoticeId, OrganizationId};
use crate::domain::message::MessagePurpose;
use crate::domain::notice::NoticeState;
use crate::domain::time::{Span, Timestamp};
use crate::store::Tx;
use crate::store::call_tasks::task_close_of;
use crate::store::chase::chase_links;
use crate::store::deliveries::{
    Delivery, delivery_list_of_notice, delivery_lock, delivery_set_unreachable,
};
use crate::store::events::event_append;
use crate::store::links::{NewLink, link_insert_all, link_renew_all};
use crate::store::messages::{
    NewMessage, message_insert_all, message_last_at, message_last_list, message_next_step,
};
use crate::store::notices::{Notice, notice_hold};
use crate::store::returns::{Decided, return_asked_open_list, return_decide};
use crate::store::tallies::TallyChanges;

/// The same organisation is not written to again within this time: one more mail in the same
/// minutes helps nobody.
pub const COOL_DOWN: Span = Span::minutes(5);

/// Sends a notice again to chosen deliveries; says to how many.
///
/// # Errors
/// [`ActRefused`] says what to do.
pub fn resend(
    service: &Service,
    account: &Account,
    id: NoticeId,
    chosen: &[DeliveryId],
    form: &ActForm,
) -> Result<(), ActRefused> {
    let now = service.now();
    let notice = issued_notice(service, account, id)?;
    let all = service.store.read(|conn| delivery_list_of_notice(conn, id))?;
    let meant: Vec<Delivery> = all.into_iter().filter(|one| chosen.contains(&one.id)).collect();
    if meant.is_empty() {
        return Err(ActRefused::field("do", "没有选单位，请先选要重发的单位"));
    }
    let why = reason(form)?;
    let organizations: Vec<OrganizationId> = meant.iter().map(|one| one.organization_id).collect();
    let reach = reach_now(service, &organizations, now)?;
    let deaf = meant.iter().find(|one| reach.get(&one.organization_id).is_none_or(Vec::is_empty));
    if let Some(deaf) = deaf {
        let name = &deaf.organization_name;
        return Err(ActRefused::field(
            "do",
            format!("{name}没有可用的联系方式，不能重发，请打电话或先补联系方式"),
        ));
    }
    let act = Act { service: service.clone(), notice, reach, why, account: account.clone(), now };
    let (form, subject) = (form.clone(), format!("resend:{id}"));
    service.store.write("resend", move |tx| {
        if done_before(tx, &form, &act.account, &subject, now)? {
            return Ok(());
        }
        let standing = notice_hold(tx, &[id])?.pop().ok_or(ServiceError::NotFound)?;
        if standing.1 != NoticeState::Issued {
            return Err(ActRefused::Changed("本件已不在办理，不能重发。"));
        }
        let ids: Vec<DeliveryId> = meant.iter().map(|one| one.id).collect();
        let mut tallies = TallyChanges::default();
        for delivery in delivery_lock(tx, &ids)? {
            act.one(tx, &delivery, &mut tallies)?;
        }
        tallies.write(tx)?;
        Ok::<_, ActRefused>(())
    })?;
    service.bell.ring();
    Ok(())
}

/// When each of a notice's deliveries was last sent again.
///
/// # Errors
/// The store's own.
pub fn last_resent(
    service: &Service,
    id: NoticeId,
) -> Result<BTreeMap<DeliveryId, Timestamp>, ServiceError> {
    Ok(service.store.read(|conn| message_last_list(conn, id, MessagePurpose::Resend))?)
}

struct Act {
    service: Service,
    notice: Notice,
    reach: BTreeMap<OrganizationId, Vec<Way>>,
    why: String,
    account: Account,
    now: Timestamp,
}

impl Act {
    fn one(
        &self,
        tx: &mut Tx,
        delivery: &Delivery,
        tallies: &mut TallyChanges,
    ) -> Result<(), ActRefused> {
        let (id, now, service) = (delivery.id, self.now, &self.service);
        let asked = return_asked_open_list(tx, id)?;
        let state = DeliveryState::derive(&delivery.facts);
        // Who has signed may still have asked for a good copy.
        if !state.is_unsigned() && asked.is_empty() {
            return Err(ActRefused::Changed("所选单位中有的已签收或已退文，请重新选择。"));
        }
        let last = message_last_at(tx, id, MessagePurpose::Resend)?;
        if last.is_some_and(|last| now.since(last) < COOL_DOWN) {
            return Err(ActRefused::Changed("所选单位中有的 5 分钟内刚重发过，请稍后再发。"));
        }
        let event = act_event(service, &self.account, &self.notice, EventKind::Resent, now)?
            .delivery(id)
            .organization(delivery.organization_id)
            .fact("answers_request", !asked.is_empty());
        let event = service.with_personal(event, &[("reason", &self.why)])?;
        event_append(tx, std::slice::from_ref(&event))?;
        let step = message_next_step(tx, &[id], MessagePurpose::Resend)?;
        let links = chase_links(tx, &[id])?;
        let (mut messages, mut renewed) = (Vec::new(), Vec::new());
        for way in self.reach.get(&delivery.organization_id).into_iter().flatten() {
            let link = match links.get(&(id, way.address)) {
                Some((link, opens)) => {
                    renewed.extend((!opens).then_some(*link));
                    *link
                }
                None => self.new_link(tx, id, way.address)?,
            };
            messages.push(NewMessage {
                id: MessageId::new(now, service.entropy()?),
                notice_id: Some(self.notice.id),
                version: self.notice.version,
                delivery_id: Some(id),
                address_id: way.address,
                about: None,
                link_id: Some(link),
                channel: way.channel,
                step,
                purpose: MessagePurpose::Resend,
                lane: lane_of(&self.notice),
                due_at: now,
            });
        }
        link_renew_all(tx, &renewed)?;
        message_insert_all(tx, &messages, now)?;
        if delivery.facts.unreachable {
            delivery_set_unreachable(tx, &[id], false)?;
            let mut after = delivery.facts;
            after.unreachable = false;
            tallies.note(self.notice.id, &delivery.facts, &after, Timestamp::default());
        }
        let by = Some(self.account.id);
        let (decision, why) = (ReturnDecision::Answered, Some(self.why.clone()));
        return_decide(tx, &asked, &Decided { decision, at: now, by: self.account.id, why })?;
        task_close_of(tx, &[id], &[TaskKind::AskedAgain], "resend", by, now)?;
        Ok(())
    }

    fn new_link(
        &self,
        tx: &mut Tx,
        delivery_id: DeliveryId,
        address_id: AddressId,
    ) -> Result<LinkId, ActRefused> {
        let id = LinkId::new(self.now, self.service.entropy()?);
        link_insert_all(tx, &[NewLink { id, delivery_id, address_id, created_at: self.now }])?;
        Ok(id)
    }
}
