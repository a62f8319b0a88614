//! Who holds an earlier version of a notice that ends, and has not heard of the later one, is told
//! as well: by letter as by letter, by telephone as by telephone. A correction that is taken back
//! before its letters left would else leave him with the version it replaced.

use std::collections::{BTreeMap, BTreeSet};

use super::acts::{lane_of, withdrawals};
use super::end_notice::Ending;
use super::{Service, ServiceError};
use crate::domain::call_task::TaskKind;
use crate::domain::ids::{AddressId, DeliveryId, NoticeId, OrganizationId, TaskId};
use crate::domain::message::Channel;
use crate::store::call_tasks::{NewTask, task_raise_all};
use crate::store::corrections::notice_list_before;
use crate::store::deliveries::{NewDelivery, delivery_list_of_notice};
use crate::store::ends::{
    Told, message_cancel_words, phoned_list_of_notice, told_list_of_notice, written_list_of_notice,
};
use crate::store::messages::{NewMessage, message_insert_all};
use crate::store::notices::{Notice, notice_find};
use crate::store::{StoreError, Tx};

/// Who hears of an end anyway, from the version that ends or the one that takes its place.
pub(super) struct Knows {
    /// The versions before the one that ends. Without any the rest is left empty.
    older: Vec<NoticeId>,
    addresses: BTreeSet<(Option<OrganizationId>, AddressId, Channel)>,
    organizations: BTreeSet<OrganizationId>,
}

impl Knows {
    /// Those who were told of the version that ends, and those who have it in writing.
    pub(super) fn of(
        tx: &mut Tx,
        notice: &Notice,
        told: &[Told],
        written: &BTreeSet<DeliveryId>,
    ) -> Result<Self, StoreError> {
        let older = notice_list_before(tx, notice.id)?;
        if older.is_empty() {
            let (addresses, organizations) = (BTreeSet::new(), BTreeSet::new());
            return Ok(Self { older, addresses, organizations });
        }
        let of = organizations_of(tx, notice.id)?;
        let phoned = phoned_list_of_notice(tx, notice.id)?;
        Ok(Self {
            older,
            addresses: told.iter().map(|one| place(one, &of)).collect(),
            organizations: written
                .union(&phoned)
                .filter_map(|delivery| of.get(delivery).copied())
                .collect(),
        })
    }

    /// Those whom the version in its place is written to. A short message has no room to say
    /// that it is a correction.
    pub(super) fn written_anew(&mut self, deliveries: &[NewDelivery], messages: &[NewMessage]) {
        let of: BTreeMap<DeliveryId, OrganizationId> =
            deliveries.iter().map(|one| (one.id, one.organization_id)).collect();
        for one in messages {
            let organization = one.delivery_id.and_then(|id| of.get(&id)).copied();
            self.organizations.extend(organization);
            if one.channel != Channel::Sms {
                self.addresses.insert((organization, one.address_id, one.channel));
            }
        }
    }
}

fn organizations_of(
    tx: &mut Tx,
    notice: NoticeId,
) -> Result<BTreeMap<DeliveryId, OrganizationId>, StoreError> {
    let all = delivery_list_of_notice(tx, notice)?;
    Ok(all.into_iter().map(|one| (one.id, one.organization_id)).collect())
}

fn place(
    one: &Told,
    of: &BTreeMap<DeliveryId, OrganizationId>,
) -> (Option<OrganizationId>, AddressId, Channel) {
    let organization = one.delivery_id.and_then(|id| of.get(&id)).copied();
    (organization, one.address_id, one.channel)
}

/// Tells whoever holds an earlier version, of several the latest one he holds. What is still to
/// be said of the earlier end is not said any more: it would lead to what has ended by now.
pub(super) fn tell_older(
    tx: &mut Tx,
    service: &Service,
    ending: &Ending,
    mut knows: Knows,
) -> Result<(), ServiceError> {
    let (act, now) = ending.act();
    for id in std::mem::take(&mut knows.older) {
        let older = notice_find(tx, id)?.ok_or(ServiceError::NotFound)?;
        let of = organizations_of(tx, id)?;
        message_cancel_words(tx, id, act.as_str(), now)?;
        let mut told = told_list_of_notice(tx, id)?;
        // A desk that made calls about it was told when they ended.
        told.retain(|one| one.delegation_id.is_none() && knows.addresses.insert(place(one, &of)));
        let words = withdrawals(service, &older, &told, &ending.told(), now)?;
        message_insert_all(tx, &words, now)?;
        let written = written_list_of_notice(tx, id)?;
        knows.organizations.extend(written.iter().filter_map(|one| of.get(one)).copied());
        let mut tasks = Vec::new();
        for delivery_id in phoned_list_of_notice(tx, id)? {
            let organization = of.get(&delivery_id).copied();
            if !organization.is_some_and(|one| knows.organizations.insert(one)) {
                continue;
            }
            tasks.push(NewTask {
                id: TaskId::new(now, service.entropy()?),
                issuer_id: older.issuer_id,
                notice_id: id,
                delivery_id,
                kind: TaskKind::TellEnd,
                reason: act.as_str().to_owned(),
                lane: lane_of(&older),
                due_at: now,
            });
        }
        task_raise_all(tx, &tasks, now)?;
    }
    Ok(())
}
