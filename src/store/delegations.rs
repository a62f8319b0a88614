//! Delegations: which calls the desk of a 市州 was asked to make, what it reported of each, and
//! why they are no longer its own.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::engine::{RowLock, on_engine};
use super::schema::{
    call_tasks, contact_addresses, delegated_calls, delegations, deliveries, messages,
    organizations,
};
use super::{Conn, StoreError, Tx};
use crate::domain::address::AddressStatus;
use crate::domain::delegation::{DelegatedOutcome, DelegationCounts, DelegationEnd};
use crate::domain::ids::{AccountId, DelegationId, DeliveryId, NoticeId, OrganizationId, TaskId};
use crate::domain::message::{MessagePurpose, MessageState};
use crate::domain::organization::Level;
use crate::domain::time::Timestamp;

/// A delegation.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Delegation {
    /// Its id.
    pub id: DelegationId,
    /// Of which notice.
    pub notice_id: NoticeId,
    /// Whose calls they are.
    pub issuer_id: OrganizationId,
    /// The 市州 whose desk makes them.
    pub organization_id: OrganizationId,
    /// Who asked for it.
    pub account_id: AccountId,
    /// When.
    pub asked_at: Timestamp,
    /// Until when it is to report.
    pub due_at: Timestamp,
    /// Who reported last.
    pub reporter_name: Option<String>,
    /// When.
    pub reported_at: Option<Timestamp>,
    /// Since when the calls are no longer its own.
    pub ended_at: Option<Timestamp>,
    /// Why.
    pub ended_why: Option<DelegationEnd>,
}

macro_rules! delegation_rows {
    () => {
        delegations::table.select((
            delegations::id,
            delegations::notice_id,
            delegations::issuer_id,
            delegations::organization_id,
            delegations::account_id,
            delegations::asked_at,
            delegations::due_at,
            delegations::reporter_name,
            delegations::reported_at,
            delegations::ended_at,
            delegations::ended_why,
        ))
    };
}

/// One call of a delegation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegatedCall {
    /// The task.
    pub task_id: TaskId,
    /// Of which delivery.
    pub delivery_id: DeliveryId,
    /// To which organisation.
    pub organization_id: OrganizationId,
    /// Its name at issue.
    pub organization_name: String,
    /// It has answered, or need not be called for another reason.
    pub is_closed: bool,
    /// It has answered by itself.
    pub is_answered: bool,
    /// What was reported.
    pub outcome: Option<DelegatedOutcome>,
}

impl DelegatedCall {
    /// It is still to be made.
    #[must_use]
    pub const fn is_owed(&self) -> bool {
        !self.is_closed && self.outcome.is_none()
    }
}

/// Writes a delegation and the calls it is about.
///
/// # Errors
/// The store's own.
pub fn delegation_insert(
    tx: &mut Tx,
    new: &Delegation,
    calls: &[(TaskId, DeliveryId)],
) -> Result<(), StoreError> {
    diesel::insert_into(delegations::table)
        .values((
            delegations::id.eq(new.id.to_string()),
            delegations::notice_id.eq(new.notice_id.to_string()),
            delegations::issuer_id.eq(new.issuer_id.to_string()),
            delegations::organization_id.eq(new.organization_id.to_string()),
            delegations::account_id.eq(new.account_id.to_string()),
            delegations::asked_at.eq(new.asked_at.as_micros()),
            delegations::due_at.eq(new.due_at.as_micros()),
        ))
        .execute(tx.db())?;
    let row = |(task, delivery): &(TaskId, DeliveryId)| {
        (
            delegated_calls::delegation_id.eq(new.id.to_string()),
            delegated_calls::task_id.eq(task.to_string()),
            delegated_calls::delivery_id.eq(delivery.to_string()),
        )
    };
    let rows: Vec<_> = calls.iter().map(row).collect();
    on_engine!(tx.db(), conn =>
        diesel::insert_into(delegated_calls::table).values(&rows).execute(conn))?;
    Ok(())
}

/// A delegation.
///
/// # Errors
/// The store's own.
pub fn delegation_find(
    conn: &mut Conn,
    id: DelegationId,
) -> Result<Option<Delegation>, StoreError> {
    let found = delegation_rows!().filter(delegations::id.eq(id.to_string()));
    Ok(found.first(conn.db()).optional()?)
}

/// The delegations of an office that are open, or ended after `since`; the oldest first.
///
/// # Errors
/// The store's own.
pub fn delegation_list_of(
    conn: &mut Conn,
    issuer: OrganizationId,
    since: Timestamp,
) -> Result<Vec<Delegation>, StoreError> {
    Ok(delegation_rows!()
        .filter(delegations::issuer_id.eq(issuer.to_string()))
        .filter(delegations::ended_at.is_null().or(delegations::ended_at.gt(since.as_micros())))
        .order((delegations::asked_at, delegations::id))
        .load(conn.db())?)
}

/// The delegations of a notice that are open.
///
/// # Errors
/// The store's own.
pub fn delegation_list_open_of_notice(
    conn: &mut Conn,
    notice: NoticeId,
) -> Result<Vec<Delegation>, StoreError> {
    Ok(delegation_rows!()
        .filter(delegations::notice_id.eq(notice.to_string()))
        .filter(delegations::ended_at.is_null())
        .order(delegations::id)
        .load(conn.db())?)
}

/// Open delegations that should have reported by `now`.
///
/// # Errors
/// The store's own.
pub fn delegation_list_overdue(
    conn: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<DelegationId>, StoreError> {
    Ok(delegations::table
        .filter(delegations::ended_at.is_null())
        .filter(delegations::due_at.le(now.as_micros()))
        .order(delegations::due_at)
        .limit(limit)
        .select(delegations::id)
        .load(conn.db())?)
}

/// Open delegations of which no letter has reached the desk or still may: each was given up, came
/// back, or went to an address that fails; and the desk has reported nothing.
///
/// # Errors
/// The store's own.
pub fn delegation_list_undelivered(
    conn: &mut Conn,
    limit: i64,
) -> Result<Vec<DelegationId>, StoreError> {
    let works = [AddressStatus::Unverified.as_str(), AddressStatus::Verified.as_str()];
    let calls = MessagePurpose::DelegatedCalls.as_str();
    // Such a letter has no delivery; that is said so that the index of those is used.
    let letters = messages::table
        .filter(messages::delivery_id.is_null())
        .filter(messages::about.eq(delegations::id.nullable()))
        .filter(messages::purpose.eq(calls));
    let alive = messages::table
        .inner_join(contact_addresses::table.on(contact_addresses::id.eq(messages::address_id)))
        .filter(messages::delivery_id.is_null())
        .filter(messages::about.eq(delegations::id.nullable()))
        .filter(messages::purpose.eq(calls))
        .filter(
            messages::due_at.is_not_null().or(messages::state
                .eq(MessageState::HandedOver.as_str())
                .and(contact_addresses::status.eq_any(works))),
        );
    Ok(delegations::table
        .filter(delegations::ended_at.is_null())
        .filter(delegations::reported_at.is_null())
        .filter(diesel::dsl::exists(letters))
        .filter(diesel::dsl::not(diesel::dsl::exists(alive)))
        .order(delegations::id)
        .limit(limit)
        .select(delegations::id)
        .load(conn.db())?)
}

type CallRow = (
    DelegationId,
    (TaskId, DeliveryId, OrganizationId, String),
    Option<Timestamp>,
    Option<DelegatedOutcome>,
    (Option<Timestamp>, Option<Timestamp>),
);

/// The calls of delegations, in the order of the tree.
///
/// # Errors
/// The store's own.
pub fn delegated_call_list(
    conn: &mut Conn,
    ids: &[DelegationId],
) -> Result<BTreeMap<DelegationId, Vec<DelegatedCall>>, StoreError> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let rows: Vec<CallRow> = delegated_calls::table
        .inner_join(call_tasks::table.on(call_tasks::id.eq(delegated_calls::task_id)))
        .inner_join(deliveries::table.on(deliveries::id.eq(delegated_calls::delivery_id)))
        .filter(delegated_calls::delegation_id.eq_any(&texts))
        .order((deliveries::tree_path, deliveries::id))
        .select((
            delegated_calls::delegation_id,
            (
                delegated_calls::task_id,
                delegated_calls::delivery_id,
                deliveries::organization_id,
                deliveries::organization_name,
            ),
            call_tasks::closed_at,
            delegated_calls::outcome,
            (deliveries::acknowledged_at, deliveries::returned_at),
        ))
        .load(conn.db())?;
    let mut found: BTreeMap<DelegationId, Vec<DelegatedCall>> = BTreeMap::new();
    for (id, whom, closed, outcome, answers) in rows {
        let (task_id, delivery_id, organization_id, organization_name) = whom;
        found.entry(id).or_default().push(DelegatedCall {
            task_id,
            delivery_id,
            organization_id,
            organization_name,
            is_closed: closed.is_some(),
            is_answered: answers.0.or(answers.1).is_some(),
            outcome,
        });
    }
    Ok(found)
}

/// How calls stand, in numbers.
#[must_use]
pub fn delegated_counts(calls: &[DelegatedCall]) -> DelegationCounts {
    let count = |wanted: &dyn Fn(&&DelegatedCall) -> bool| {
        i64::try_from(calls.iter().filter(wanted).count()).unwrap_or(i64::MAX)
    };
    let silent = |call: &&DelegatedCall| call.is_closed && call.outcome.is_none();
    DelegationCounts {
        asked: count(&|_| true),
        told: count(&|call| call.outcome == Some(DelegatedOutcome::Told)),
        not_reached: count(&|call| call.outcome == Some(DelegatedOutcome::NotReached)),
        open: count(&|call| call.is_owed()),
        answered: count(&|call| silent(call) && call.is_answered),
        dropped: count(&|call| silent(call) && !call.is_answered),
    }
}

/// Keeps what was reported of one call, once; says whether it was new.
///
/// # Errors
/// The store's own.
pub fn delegated_call_report(
    tx: &mut Tx,
    id: DelegationId,
    task: TaskId,
    outcome: DelegatedOutcome,
    callee: Option<&str>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let moved = diesel::update(
        delegated_calls::table
            .filter(delegated_calls::delegation_id.eq(id.to_string()))
            .filter(delegated_calls::task_id.eq(task.to_string()))
            .filter(delegated_calls::outcome.is_null()),
    )
    .set((
        delegated_calls::outcome.eq(Some(outcome.as_str())),
        delegated_calls::callee_name.eq(callee),
        delegated_calls::reported_at.eq(Some(now.as_micros())),
    ))
    .execute(tx.db())?;
    Ok(moved == 1)
}

/// Keeps who reported, while the delegation is open, or late after an end that takes late reports.
/// False: it takes none.
///
/// # Errors
/// The store's own.
pub fn delegation_note_report(
    tx: &mut Tx,
    id: DelegationId,
    (name, phone): (&str, &str),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let late = DelegationEnd::OVER_ITS_HEAD.map(DelegationEnd::as_str);
    let open = delegations::table.filter(delegations::id.eq(id.to_string())).filter(
        delegations::ended_at.is_null().or(delegations::ended_why.eq_any(late).assume_not_null()),
    );
    let moved = diesel::update(open)
        .set((
            delegations::reporter_name.eq(Some(name)),
            delegations::reporter_phone.eq(Some(phone)),
            delegations::reported_at.eq(Some(now.as_micros())),
        ))
        .execute(tx.db())?;
    Ok(moved == 1)
}

/// Whether a delegation is open, held so until the end of the write. After its notice.
///
/// # Errors
/// The store's own.
pub fn delegation_hold_open(tx: &mut Tx, id: DelegationId) -> Result<bool, StoreError> {
    tx.db().lock_rows("delegations", &[id.to_string()], RowLock::Exclusive)?;
    let open = delegations::table
        .filter(delegations::id.eq(id.to_string()))
        .filter(delegations::ended_at.is_null());
    Ok(open.count().get_result::<i64>(tx.db())? == 1)
}

/// Ends a delegation that is open; false: it had ended.
///
/// # Errors
/// The store's own.
pub fn delegation_end(
    tx: &mut Tx,
    id: DelegationId,
    why: DelegationEnd,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let open = delegations::table
        .filter(delegations::id.eq(id.to_string()))
        .filter(delegations::ended_at.is_null());
    let moved = diesel::update(open)
        .set((
            delegations::ended_at.eq(Some(now.as_micros())),
            delegations::ended_why.eq(Some(why.as_str())),
        ))
        .execute(tx.db())?;
    Ok(moved == 1)
}

/// Takes open tasks back from the 市州 they were handed on to, owed again at `due_at`; says how
/// many.
///
/// # Errors
/// The store's own.
pub fn task_take_back(
    tx: &mut Tx,
    tasks: &[TaskId],
    due_at: Timestamp,
) -> Result<usize, StoreError> {
    let texts: Vec<String> = tasks.iter().map(ToString::to_string).collect();
    let nobody: Option<String> = None;
    Ok(diesel::update(
        call_tasks::table
            .filter(call_tasks::id.eq_any(&texts))
            .filter(call_tasks::closed_at.is_null())
            .filter(call_tasks::delegated_to.is_not_null()),
    )
    .set((call_tasks::delegated_to.eq(nobody), call_tasks::due_at.eq(due_at.as_micros())))
    .execute(tx.db())?)
}

/// Moves calls that a desk reports late as told, and that nobody has or was asked to make since,
/// so that nobody rings there again before `until`; says how many.
///
/// # Errors
/// The store's own.
pub fn task_leave_alone(
    tx: &mut Tx,
    tasks: &[TaskId],
    until: Timestamp,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let texts: Vec<String> = tasks.iter().map(ToString::to_string).collect();
    let free =
        call_tasks::claimed_until.is_null().or(call_tasks::claimed_until.le(now.as_micros()));
    Ok(diesel::update(
        call_tasks::table
            .filter(call_tasks::id.eq_any(&texts))
            .filter(call_tasks::closed_at.is_null())
            .filter(call_tasks::delegated_to.is_null())
            .filter(call_tasks::due_at.lt(until.as_micros()))
            .filter(free),
    )
    .set(call_tasks::due_at.eq(until.as_micros()))
    .execute(tx.db())?)
}

/// The 市州 that stand above places of the tree: name and place by id.
///
/// # Errors
/// The store's own.
pub fn prefecture_list_above(
    conn: &mut Conn,
    paths: &[&str],
) -> Result<Vec<(OrganizationId, String, String)>, StoreError> {
    let mut above: Vec<&str> =
        paths.iter().flat_map(|path| (1..path.len()).filter_map(|end| path.get(..end))).collect();
    above.sort_unstable();
    above.dedup();
    Ok(organizations::table
        .filter(organizations::tree_path.eq_any(above))
        .filter(organizations::level.eq(Level::Prefecture.as_str()))
        .filter(organizations::retired_at.is_null())
        .order(organizations::tree_path)
        .select((organizations::id, organizations::short_name, organizations::tree_path))
        .load(conn.db())?)
}
