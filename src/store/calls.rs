//! Calls that were made: rows are only added. And what they teach about a number.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::engine::on_engine;
use super::links::link_hold_addresses;
use super::schema::{accounts, calls, contact_addresses, deliveries, notices};
use super::{Conn, ROWS_PER_INSERT_MAX, StoreError, Tx};
use crate::domain::address::AddressStatus;
use crate::domain::call::CallOutcome;
use crate::domain::ids::{
    AccountId, AddressId, CallId, DeliveryId, EventId, NoticeId, OrganizationId, TaskId,
};
use crate::domain::time::Timestamp;

/// A call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCall {
    /// Its id.
    pub id: CallId,
    /// The task it was made for.
    pub task_id: Option<TaskId>,
    /// About which notice.
    pub notice_id: NoticeId,
    /// About which delivery.
    pub delivery_id: DeliveryId,
    /// Who rang.
    pub caller_id: AccountId,
    /// When.
    pub called_at: Timestamp,
    /// How it ended.
    pub outcome: CallOutcome,
    /// Who answered.
    pub callee_name: Option<String>,
    /// That person's post.
    pub callee_post: Option<String>,
    /// The number that was rung.
    pub number: Option<String>,
    /// It is none that the directory holds for the organisation.
    pub number_differs: bool,
    /// Until when a signature was promised.
    pub promised_until: Option<Timestamp>,
    /// The code was read back.
    pub read_back: bool,
    /// In the caller's words.
    pub note: Option<String>,
    /// The event that tells of it.
    pub event_id: EventId,
}

#[derive(Insertable)]
#[diesel(table_name = calls, treat_none_as_default_value = false)]
struct NewRow<'c> {
    id: String,
    task_id: Option<String>,
    notice_id: String,
    delivery_id: String,
    caller_id: String,
    called_at: i64,
    outcome: &'static str,
    callee_name: Option<&'c str>,
    callee_post: Option<&'c str>,
    number: Option<&'c str>,
    number_differs: bool,
    promised_until: Option<i64>,
    read_back: bool,
    note: Option<&'c str>,
    event_id: String,
}

/// Keeps calls, in chunks.
///
/// # Errors
/// The store's own.
pub fn call_insert_all(tx: &mut Tx, new: &[NewCall]) -> Result<(), StoreError> {
    let rows: Vec<NewRow<'_>> = new
        .iter()
        .map(|call| NewRow {
            id: call.id.to_string(),
            task_id: call.task_id.map(|id| id.to_string()),
            notice_id: call.notice_id.to_string(),
            delivery_id: call.delivery_id.to_string(),
            caller_id: call.caller_id.to_string(),
            called_at: call.called_at.as_micros(),
            outcome: call.outcome.as_str(),
            callee_name: call.callee_name.as_deref(),
            callee_post: call.callee_post.as_deref(),
            number: call.number.as_deref(),
            number_differs: call.number_differs,
            promised_until: call.promised_until.map(Timestamp::as_micros),
            read_back: call.read_back,
            note: call.note.as_deref(),
            event_id: call.event_id.to_string(),
        })
        .collect();
    for chunk in rows.chunks(ROWS_PER_INSERT_MAX) {
        on_engine!(tx.db(), conn =>
            diesel::insert_into(calls::table).values(chunk).execute(conn))?;
    }
    Ok(())
}

/// A call that was made, with names.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct CallLine {
    /// About which notice.
    pub notice_id: NoticeId,
    /// About which delivery.
    pub delivery_id: DeliveryId,
    /// To which organisation.
    pub organization_name: String,
    /// 发文字号.
    pub document_number: String,
    /// Who rang.
    pub caller_name: String,
    /// When.
    pub called_at: Timestamp,
    /// How it ended.
    pub outcome: CallOutcome,
    /// Who answered.
    pub callee_name: Option<String>,
    /// That person's post.
    pub callee_post: Option<String>,
    /// The number that was rung.
    pub number: Option<String>,
    /// It is none that the directory holds.
    pub number_differs: bool,
    /// Until when a signature was promised.
    pub promised_until: Option<Timestamp>,
    /// The code was read back.
    pub read_back: bool,
    /// In the caller's words.
    pub note: Option<String>,
    /// When the organisation's answer came, if it did.
    pub acknowledged_at: Option<Timestamp>,
}

macro_rules! call_lines {
    () => {
        calls::table
            .inner_join(deliveries::table.on(deliveries::id.eq(calls::delivery_id)))
            .inner_join(notices::table.on(notices::id.eq(calls::notice_id)))
            .inner_join(accounts::table.on(accounts::id.eq(calls::caller_id)))
            .order((calls::called_at, calls::id))
            .select((
                calls::notice_id,
                calls::delivery_id,
                deliveries::organization_name,
                notices::document_number,
                accounts::display_name,
                calls::called_at,
                calls::outcome,
                calls::callee_name,
                calls::callee_post,
                calls::number,
                calls::number_differs,
                calls::promised_until,
                calls::read_back,
                calls::note,
                deliveries::acknowledged_at,
            ))
    };
}

/// All calls about a delivery, oldest first.
///
/// # Errors
/// The store's own.
pub fn call_list_of_delivery(
    conn: &mut Conn,
    delivery: DeliveryId,
) -> Result<Vec<CallLine>, StoreError> {
    Ok(call_lines!().filter(calls::delivery_id.eq(delivery.to_string())).load(conn.db())?)
}

/// All calls about a notice, oldest first.
///
/// # Errors
/// The store's own.
pub fn call_list_of_notice(conn: &mut Conn, notice: NoticeId) -> Result<Vec<CallLine>, StoreError> {
    Ok(call_lines!().filter(calls::notice_id.eq(notice.to_string())).load(conn.db())?)
}

/// The calls an office made from `from` on, oldest first.
///
/// # Errors
/// The store's own.
pub fn call_list_since(
    conn: &mut Conn,
    issuer: OrganizationId,
    from: Timestamp,
) -> Result<Vec<CallLine>, StoreError> {
    Ok(call_lines!()
        .filter(notices::issuer_id.eq(issuer.to_string()))
        .filter(calls::called_at.ge(from.as_micros()))
        .load(conn.db())?)
}

/// The numbers that were somebody else's at the last call to them, by organisation.
///
/// # Errors
/// The store's own.
pub fn call_wrong_numbers(
    conn: &mut Conn,
    organizations: &[OrganizationId],
) -> Result<BTreeMap<OrganizationId, Vec<String>>, StoreError> {
    let texts: Vec<String> = organizations.iter().map(ToString::to_string).collect();
    let rows: Vec<(OrganizationId, Option<String>, CallOutcome)> = calls::table
        .inner_join(deliveries::table.on(deliveries::id.eq(calls::delivery_id)))
        .filter(deliveries::organization_id.eq_any(&texts))
        .filter(calls::number.is_not_null())
        .order((calls::called_at, calls::id))
        .select((deliveries::organization_id, calls::number, calls::outcome))
        .load(conn.db())?;
    let mut wrong: BTreeMap<OrganizationId, Vec<String>> = BTreeMap::new();
    for (organization, number, outcome) in rows {
        let Some(number) = number else { continue };
        let known = wrong.entry(organization).or_default();
        if outcome == CallOutcome::WrongNumber {
            known.push(number);
        } else if outcome.proves_number() {
            known.retain(|one| *one != number);
        }
    }
    Ok(wrong)
}

/// Sets what a call showed of the addresses that hold the number; retired ones stay so.
///
/// # Errors
/// The store's own.
pub fn call_teach_addresses(
    tx: &mut Tx,
    addresses: &[AddressId],
    status: AddressStatus,
    now: Timestamp,
) -> Result<usize, StoreError> {
    link_hold_addresses(tx, addresses)?;
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    Ok(diesel::update(
        contact_addresses::table
            .filter(contact_addresses::id.eq_any(&texts))
            .filter(contact_addresses::status.ne(AddressStatus::Retired.as_str()))
            .filter(contact_addresses::status.ne(status.as_str())),
    )
    .set((
        contact_addresses::status.eq(status.as_str()),
        contact_addresses::status_at.eq(now.as_micros()),
    ))
    .execute(tx.db())?)
}
