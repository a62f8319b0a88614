//! Calls come back: taken back by a person of the office, or not reported in time.

use std::collections::BTreeMap;

use super::super::{Service, ServiceError};
use super::owed;
use crate::adapters::random;
use crate::domain::account::Account;
use crate::domain::delegation::DelegationEnd;
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::id_source::IdSource;
use crate::domain::ids::{DelegationId, DeliveryId, EventId, NoticeId};
use crate::domain::time::Timestamp;
use crate::store::delegation_links::delegation_link_revoke;
use crate::store::delegations::{
    Delegation, delegated_call_list, delegation_end, delegation_find, delegation_hold_open,
    delegation_list_open_of_notice, delegation_list_overdue, delegation_list_undelivered,
    task_take_back,
};
use crate::store::events::event_append;
use crate::store::notices::{notice_find, notice_hold};
use crate::store::{StoreError, Tx};

const ACTOR: Actor = Actor::System("delegate");
/// Delegations ended in one turn, at most.
const ENDED_MAX: i64 = 50;

/// Takes the calls of a delegation of the account's office back; says how many return. Of one
/// that has ended otherwise it closes the page.
///
/// # Errors
/// [`ServiceError::NotFound`] for another office's notice or delegation,
/// [`ServiceError::Conflict`] if it has ended.
pub fn take_back(
    service: &Service,
    account: &Account,
    notice: NoticeId,
    id: DelegationId,
) -> Result<usize, ServiceError> {
    let now = service.now();
    let (office, by) = (account.organization_id, Actor::Account(account.id));
    let seed: [u8; 16] = random::bytes(service.random.as_ref())?;
    let version = service.store.read(|conn| notice_find(conn, notice))?.map_or(0, |it| it.version);
    let event_id = EventId::new(now, service.entropy()?);
    let event = Event::new(event_id, EventKind::DelegationLinks, now, by)
        .notice(notice, u32::try_from(version).unwrap_or(0))
        .fact("delegation", id.to_string())
        .fact("act", "revoked");
    service.store.write("take_back_calls", move |tx: &mut Tx| {
        let found = delegation_find(tx, id)?;
        let found = found.filter(|one| one.issuer_id == office && one.notice_id == notice);
        let found = found.ok_or(ServiceError::NotFound)?;
        match end(tx, &found, DelegationEnd::Revoked, by, &mut IdSource::new(seed), now)? {
            Some(returned) => {
                delegation_link_revoke(tx, id, now)?;
                Ok(returned)
            }
            None if delegation_link_revoke(tx, id, now)? > 0 => {
                let event = event.clone().organization(found.organization_id);
                event_append(tx, &[event])?;
                Ok(0)
            }
            None => Err(ServiceError::Conflict("这些电话已不在市州手里，不用收回。".to_owned())),
        }
    })
}

/// Ends the delegations that did not report in time, or that no mail has reached; says how many.
///
/// # Errors
/// The store's own.
pub fn return_overdue(service: &Service) -> Result<usize, ServiceError> {
    let now = service.now();
    let ended = service.store.read(|conn| {
        let overdue = delegation_list_overdue(conn, now, ENDED_MAX)?;
        let overdue = overdue.into_iter().map(|id| (id, DelegationEnd::Overdue));
        // Who is overdue as well is ended once.
        let lost = delegation_list_undelivered(conn, ENDED_MAX)?;
        let lost = lost.into_iter().map(|id| (id, DelegationEnd::Undelivered));
        Ok::<_, StoreError>(lost.chain(overdue).collect::<BTreeMap<_, _>>())
    })?;
    for (id, why) in &ended {
        let (id, why) = (*id, *why);
        let seed: [u8; 16] = random::bytes(service.random.as_ref())?;
        let returned = service.store.write("return_calls", move |tx: &mut Tx| {
            let Some(found) = delegation_find(tx, id)? else { return Ok(()) };
            let mut ids = IdSource::new(seed);
            end(tx, &found, why, ACTOR, &mut ids, now)?;
            Ok::<_, StoreError>(())
        });
        // One that cannot be ended holds up no other.
        if let Err(error) = returned {
            tracing::error!(%id, %error, "the calls of a desk are not handed back");
        }
    }
    Ok(ended.len())
}

/// Ends those of a notice that has just ended, before its calls are closed; says which.
pub(in crate::service) fn end_with_notice(
    tx: &mut Tx,
    notice: NoticeId,
    by: Actor,
    ids: &mut IdSource,
    now: Timestamp,
) -> Result<Vec<DelegationId>, StoreError> {
    let open = delegation_list_open_of_notice(tx, notice)?;
    for one in &open {
        end(tx, one, DelegationEnd::NoticeEnded, by, ids, now)?;
    }
    Ok(open.into_iter().map(|one| one.id).collect())
}

/// Ends one that is open; says how many calls return, none if it had ended.
pub(super) fn end(
    tx: &mut Tx,
    delegation: &Delegation,
    why: DelegationEnd,
    by: Actor,
    ids: &mut IdSource,
    now: Timestamp,
) -> Result<Option<usize>, StoreError> {
    let held = notice_hold(tx, &[delegation.notice_id])?;
    let version = held.first().and_then(|(_, _, version)| u32::try_from(*version).ok());
    if !delegation_hold_open(tx, delegation.id)? {
        return Ok(None);
    }
    let calls = delegated_call_list(tx, &[delegation.id])?;
    let (tasks, deliveries) = owed(calls.get(&delegation.id).map_or(&[], Vec::as_slice));
    let why = match why {
        DelegationEnd::Overdue | DelegationEnd::Undelivered if tasks.is_empty() => {
            DelegationEnd::Answered
        }
        why => why,
    };
    if !delegation_end(tx, delegation.id, why, now)? {
        return Ok(None);
    }
    task_take_back(tx, &tasks, now)?;
    let mut told = |delivery: Option<DeliveryId>| {
        let id = EventId::new(now, ids.entropy());
        let event = Event::new(id, EventKind::DelegationEnded, now, by)
            .notice(delegation.notice_id, version.unwrap_or(0))
            .organization(delegation.organization_id)
            .fact("delegation", delegation.id.to_string())
            .fact("why", why.as_str());
        delivery.map_or(event.clone(), |id| event.delivery(id))
    };
    let events: Vec<Event> = match deliveries.is_empty() {
        true => vec![told(None)],
        false => deliveries.into_iter().map(|id| told(Some(id))).collect(),
    };
    event_append(tx, &events)?;
    Ok(Some(tasks.len()))
}
