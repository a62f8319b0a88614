//! 我来拨: a duty officer takes calls, so that nobody makes them twice; the claim ends by itself.

use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::call::CLAIM_LASTS;
use crate::domain::ids::{DeliveryId, TaskId};
use crate::store::Tx;
use crate::store::call_list::{OpenTask, task_claim, task_list_open_of_notice};
use crate::store::deliveries::delivery_find_of_issuer;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// They are this officer's for a while.
    Yes,
    /// Another officer has them.
    ByAnother,
    /// Nothing is owed any more.
    NothingOwed,
}

/// Takes the open calls to these deliveries of one notice, all or none.
///
/// # Errors
/// [`ServiceError::NotFound`] for a delivery of another office, else the store's own.
pub fn claim_calls(
    service: &Service,
    account: &Account,
    delivery: DeliveryId,
    also: &[DeliveryId],
) -> Result<Claimed, ServiceError> {
    let now = service.now();
    let (office, by) = (account.organization_id, account.id);
    let wanted: Vec<DeliveryId> = also.iter().copied().chain([delivery]).collect();
    service.store.write("claim_calls", move |tx: &mut Tx| {
        let found = delivery_find_of_issuer(tx, delivery, office)?;
        let notice = found.ok_or(ServiceError::NotFound)?.notice_id;
        let open = task_list_open_of_notice(tx, office, notice)?;
        let called = |task: &&OpenTask| {
            super::duty::CALLED.contains(&task.kind) && wanted.contains(&task.delivery_id)
        };
        let open: Vec<&OpenTask> = open.iter().filter(called).collect();
        if open.is_empty() {
            return Ok(Claimed::NothingOwed);
        }
        if open.iter().any(|task| task.holder(now).is_some_and(|holder| holder != by)) {
            return Ok(Claimed::ByAnother);
        }
        let ids: Vec<TaskId> = open.iter().map(|task| task.id).collect();
        // Read before, so a smaller count means that another server was faster.
        if task_claim(tx, &ids, by, now.plus(CLAIM_LASTS), now)? < ids.len() {
            return Err(ServiceError::Conflict("这个电话刚刚由另一位值班员接手。".to_owned()));
        }
        Ok(Claimed::Yes)
    })
}
