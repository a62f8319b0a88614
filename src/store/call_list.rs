//! The open tasks of an issuing office in the order in which they are owed, who has taken which,
//! and to whom they were handed on. Opening and closing stands in [`super::call_tasks`].

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::schema::{accounts, call_tasks, calls, deliveries, notices, organizations};
use super::{Conn, StoreError, Tx};
use crate::domain::call_task::TaskKind;
use crate::domain::ids::{AccountId, DeliveryId, NoticeId, OrganizationId, TaskId};
use crate::domain::notice::NoticeState;
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;

/// An open task with what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct OpenTask {
    /// Its id.
    pub id: TaskId,
    /// Of which notice.
    pub notice_id: NoticeId,
    /// Of which delivery.
    pub delivery_id: DeliveryId,
    /// What is to be done.
    pub kind: TaskKind,
    /// Why.
    pub reason: String,
    /// When it was first owed.
    pub opened_at: Timestamp,
    /// When it is owed.
    pub due_at: Timestamp,
    /// How often it was raised.
    pub raised: i32,
    /// Who took it.
    pub claimed_by: Option<AccountId>,
    /// Until when that counts.
    pub claimed_until: Option<Timestamp>,
    /// The 市州 that was asked to make this call.
    pub delegated_to: Option<OrganizationId>,
    /// To which organisation.
    pub organization_id: OrganizationId,
    /// Its name at issue.
    pub organization_name: String,
    /// Its place in the tree.
    pub tree_path: String,
    /// 等级.
    pub urgency: Urgency,
    /// 发文字号.
    pub document_number: String,
    /// Which version of the matter it is.
    pub version: i32,
    /// 标题.
    pub title: String,
}

impl OpenTask {
    /// Who has it at `now`.
    #[must_use]
    pub fn holder(&self, now: Timestamp) -> Option<AccountId> {
        self.claimed_by.filter(|_| self.claimed_until.is_some_and(|until| until > now))
    }
}

/// What is over asks for nothing more, but that who has it hears so.
macro_rules! is_to_be_done {
    () => {
        notices::state
            .eq(NoticeState::Issued.as_str())
            .or(call_tasks::kind.eq(TaskKind::TellEnd.as_str()))
    };
}

macro_rules! open_tasks {
    ($issuer:expr) => {
        call_tasks::table
            .inner_join(deliveries::table.on(deliveries::id.eq(call_tasks::delivery_id)))
            .inner_join(notices::table.on(notices::id.eq(call_tasks::notice_id)))
            .filter(call_tasks::issuer_id.eq($issuer.to_string()))
            .filter(call_tasks::closed_at.is_null())
            .filter(is_to_be_done!())
            .select((
                call_tasks::id,
                call_tasks::notice_id,
                call_tasks::delivery_id,
                call_tasks::kind,
                call_tasks::reason,
                call_tasks::opened_at,
                call_tasks::due_at,
                call_tasks::raised,
                call_tasks::claimed_by,
                call_tasks::claimed_until,
                call_tasks::delegated_to,
                deliveries::organization_id,
                deliveries::organization_name,
                deliveries::tree_path,
                notices::urgency,
                notices::document_number,
                notices::version,
                notices::title,
            ))
    };
}

/// The open tasks of these kinds of an office, 特提 first, then as they are owed.
///
/// # Errors
/// The store's own.
pub fn task_list_open(
    conn: &mut Conn,
    issuer: OrganizationId,
    kinds: &[TaskKind],
    limit: i64,
) -> Result<Vec<OpenTask>, StoreError> {
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    Ok(open_tasks!(issuer)
        .filter(call_tasks::kind.eq_any(kinds))
        .order((call_tasks::lane, call_tasks::due_at, deliveries::tree_path))
        .limit(limit)
        .load(conn.db())?)
}

/// How many open tasks of these kinds an office has.
///
/// # Errors
/// The store's own.
pub fn task_count_open(
    conn: &mut Conn,
    issuer: OrganizationId,
    kinds: &[TaskKind],
) -> Result<i64, StoreError> {
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    Ok(call_tasks::table
        .inner_join(notices::table.on(notices::id.eq(call_tasks::notice_id)))
        .filter(call_tasks::issuer_id.eq(issuer.to_string()))
        .filter(call_tasks::closed_at.is_null())
        .filter(is_to_be_done!())
        .filter(call_tasks::kind.eq_any(kinds))
        .count()
        .get_result(conn.db())?)
}

/// The open tasks of one notice of an office.
///
/// # Errors
/// The store's own.
pub fn task_list_open_of_notice(
    conn: &mut Conn,
    issuer: OrganizationId,
    notice: NoticeId,
) -> Result<Vec<OpenTask>, StoreError> {
    Ok(open_tasks!(issuer)
        .filter(call_tasks::notice_id.eq(notice.to_string()))
        .order((call_tasks::due_at, deliveries::tree_path))
        .load(conn.db())?)
}

/// Takes open tasks that nobody has, or whose taker's time is over; says how many. Two people who
/// take the same at once get it once.
///
/// # Errors
/// The store's own.
pub fn task_claim(
    tx: &mut Tx,
    tasks: &[TaskId],
    by: AccountId,
    until: Timestamp,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let texts: Vec<String> = tasks.iter().map(ToString::to_string).collect();
    let free = call_tasks::claimed_until
        .is_null()
        .or(call_tasks::claimed_until.le(now.as_micros()))
        .or(call_tasks::claimed_by.eq(by.to_string()));
    Ok(diesel::update(
        call_tasks::table
            .filter(call_tasks::id.eq_any(&texts))
            .filter(call_tasks::closed_at.is_null())
            .filter(free),
    )
    .set((
        call_tasks::claimed_by.eq(Some(by.to_string())),
        call_tasks::claimed_until.eq(Some(until.as_micros())),
    ))
    .execute(tx.db())?)
}

/// Gives back what `by` took of a delivery.
///
/// # Errors
/// The store's own.
pub fn task_release(
    tx: &mut Tx,
    deliveries: &[DeliveryId],
    by: AccountId,
) -> Result<usize, StoreError> {
    let texts: Vec<String> = deliveries.iter().map(ToString::to_string).collect();
    let nobody: Option<String> = None;
    let never: Option<i64> = None;
    Ok(diesel::update(
        call_tasks::table
            .filter(call_tasks::delivery_id.eq_any(&texts))
            .filter(call_tasks::claimed_by.eq(by.to_string())),
    )
    .set((call_tasks::claimed_by.eq(nobody), call_tasks::claimed_until.eq(never)))
    .execute(tx.db())?)
}

/// Moves when the open calls to deliveries are owed; a promise may also move one earlier.
///
/// # Errors
/// The store's own.
pub fn task_set_due(
    tx: &mut Tx,
    deliveries: &[DeliveryId],
    kind: TaskKind,
    due_at: Timestamp,
) -> Result<usize, StoreError> {
    let texts: Vec<String> = deliveries.iter().map(ToString::to_string).collect();
    Ok(diesel::update(
        call_tasks::table
            .filter(call_tasks::delivery_id.eq_any(&texts))
            .filter(call_tasks::kind.eq(kind.as_str()))
            .filter(call_tasks::closed_at.is_null()),
    )
    .set(call_tasks::due_at.eq(due_at.as_micros()))
    .execute(tx.db())?)
}

/// Hands open calls that nobody has taken on to a 市州; says how many.
///
/// # Errors
/// The store's own.
pub fn task_delegate(
    tx: &mut Tx,
    tasks: &[TaskId],
    to: OrganizationId,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let texts: Vec<String> = tasks.iter().map(ToString::to_string).collect();
    Ok(diesel::update(
        call_tasks::table
            .filter(call_tasks::id.eq_any(&texts))
            .filter(call_tasks::closed_at.is_null())
            .filter(call_tasks::delegated_to.is_null())
            .filter(
                call_tasks::claimed_until
                    .is_null()
                    .or(call_tasks::claimed_until.le(now.as_micros())),
            ),
    )
    .set(call_tasks::delegated_to.eq(Some(to.to_string())))
    .execute(tx.db())?)
}

/// Names of accounts.
///
/// # Errors
/// The store's own.
pub fn account_names(
    conn: &mut Conn,
    ids: &[AccountId],
) -> Result<BTreeMap<AccountId, String>, StoreError> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let rows: Vec<(AccountId, String)> = accounts::table
        .filter(accounts::id.eq_any(&texts))
        .select((accounts::id, accounts::display_name))
        .load(conn.db())?;
    Ok(rows.into_iter().collect())
}

/// Names of organisations.
///
/// # Errors
/// The store's own.
pub fn organization_names(
    conn: &mut Conn,
    ids: &[OrganizationId],
) -> Result<BTreeMap<OrganizationId, String>, StoreError> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let rows: Vec<(OrganizationId, String)> = organizations::table
        .filter(organizations::id.eq_any(&texts))
        .select((organizations::id, organizations::short_name))
        .load(conn.db())?;
    Ok(rows.into_iter().collect())
}

/// How often each of these deliveries was rung without reaching anybody, and in all.
///
/// # Errors
/// The store's own.
pub fn call_counts(
    conn: &mut Conn,
    ids: &[DeliveryId],
) -> Result<BTreeMap<DeliveryId, i64>, StoreError> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let rows: Vec<(DeliveryId, i64)> = calls::table
        .filter(calls::delivery_id.eq_any(&texts))
        .group_by(calls::delivery_id)
        .select((calls::delivery_id, diesel::dsl::count_star()))
        .load(conn.db())?;
    Ok(rows.into_iter().collect())
}
