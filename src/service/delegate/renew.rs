//! New links to a list of calls: the earlier ones are worthless from then on, wherever they went,
//! and the desk's addresses of now get letters with the new ones.

use super::super::{Service, ServiceError};
use super::write_to;
use crate::domain::account::Account;
use crate::domain::escalation::duty_desk;
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{DelegationId, EventId, MessageId, NoticeId};
use crate::domain::urgency::Urgency;
use crate::service::issue::lane_of;
use crate::store::Tx;
use crate::store::contacts::reach_list;
use crate::store::delegation_links::{delegation_link_revoke, message_cancel_of_calls};
use crate::store::delegations::{delegation_find, delegation_hold_open};
use crate::store::drafts::form_post_claim;
use crate::store::events::event_append;
use crate::store::notices::{notice_find, notice_hold};

/// Renews the links of a delegation of the account's office that is open. The same form again
/// does nothing.
///
/// # Errors
/// [`ServiceError::NotFound`] for another office's notice or delegation;
/// [`ServiceError::Conflict`] says in the words of a page why it cannot be done.
pub fn renew_links(
    service: &Service,
    account: &Account,
    notice: NoticeId,
    id: DelegationId,
    form_key: &str,
) -> Result<(), ServiceError> {
    let conflict = |text: &str| ServiceError::Conflict(text.to_owned());
    let now = service.now();
    let office = account.organization_id;
    let (delegation, reach, level) = service.store.read(|conn| {
        let found = delegation_find(conn, id)?;
        let found = found.filter(|one| one.issuer_id == office && one.notice_id == notice);
        let found = found.ok_or(ServiceError::NotFound)?;
        let reach = reach_list(conn, &[found.organization_id])?.pop();
        let about = notice_find(conn, notice)?.ok_or(ServiceError::NotFound)?;
        Ok::<_, ServiceError>((found, reach, about.draft.urgency.parse::<Urgency>()))
    })?;
    let ways = reach.map(|reach| duty_desk(&reach, service.outlets.open())).unwrap_or_default();
    if ways.is_empty() {
        return Err(conflict("该市州值班室没有可用的联系方式，请收回后自行拨打。"));
    }
    let mut messages = Vec::with_capacity(ways.len());
    for way in ways {
        messages.push((MessageId::new(now, service.entropy()?), way));
    }
    let event_id = EventId::new(now, service.entropy()?);
    let event = Event::new(event_id, EventKind::DelegationLinks, now, Actor::Account(account.id))
        .organization(delegation.organization_id)
        .fact("delegation", id.to_string())
        .fact("act", "renewed");
    let lane = lane_of(level.unwrap_or(Urgency::Ordinary));
    let (key, by) = (form_key.to_owned(), account.id);
    service.store.write("renew_delegation_links", move |tx: &mut Tx| {
        if form_post_claim(tx, &key, by, &format!("renew:{id}"), now)?.is_some() {
            return Ok(());
        }
        let held = notice_hold(tx, &[notice])?.pop();
        let (_, _, version) = held.ok_or(ServiceError::NotFound)?;
        if !delegation_hold_open(tx, id)? {
            return Err(ServiceError::Conflict("这些电话已不在市州手里，不用换链接。".to_owned()));
        }
        message_cancel_of_calls(tx, id, "link_renewed", now)?;
        delegation_link_revoke(tx, id, now)?;
        write_to(tx, &delegation, version, lane, &messages, now)?;
        let number = u32::try_from(version).unwrap_or(0);
        event_append(tx, &[event.clone().notice(notice, number)])?;
        Ok(())
    })?;
    service.bell.ring();
    Ok(())
}
