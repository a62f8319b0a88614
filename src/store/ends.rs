//! How notices that are out end: the act with its reason, what it closes, and who has to be told.
//!
//! Never here: whether an act may be done; `domain/notice/state.rs` says so.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::corrections::notice_list_before;
use super::engine::{RowLock, on_engine};
use super::messages::{cancel, of_deliveries, of_notice_alone};
use super::schema::{
    accounts, attempt_outcomes, attempts, calls, chase_stops, contact_addresses, delegated_calls,
    delegations, deliveries, gap_explanations, messages, notice_ends, notices,
};
use super::{Conn, ROWS_PER_INSERT_MAX, StoreError, Tx};
use crate::domain::address::AddressStatus;
use crate::domain::call::CallOutcome;
use crate::domain::delegation::DelegatedOutcome;
use crate::domain::ids::{AccountId, AddressId, DelegationId, DeliveryId, EventId, NoticeId};
use crate::domain::message::{Channel, MessagePurpose, MessageState};
use crate::domain::notice::{NoticeAct, NoticeState};
use crate::domain::time::Timestamp;

/// Where a notice stands, held against every other act on it until the end of the write: a
/// signature that comes meanwhile waits, and is then decided on what was written. What it replaced
/// is held with it: a call that is recorded there is decided on how this one stands.
///
/// # Errors
/// The store's own.
pub fn notice_hold_alone(tx: &mut Tx, id: NoticeId) -> Result<Option<NoticeState>, StoreError> {
    let mut held = vec![id.to_string()];
    held.extend(notice_list_before(tx, id)?.iter().map(ToString::to_string));
    tx.db().lock_rows("notices", &held, RowLock::Exclusive)?;
    Ok(notices::table
        .filter(notices::id.eq(id.to_string()))
        .select(notices::state)
        .first(tx.db())
        .optional()?)
}

/// The end of a notice.
#[derive(Debug, Clone)]
pub struct NewEnd {
    /// The event that tells of it.
    pub event_id: EventId,
    /// Which notice.
    pub notice_id: NoticeId,
    /// By which act.
    pub act: NoticeAct,
    /// Why.
    pub reason: String,
    /// By whom.
    pub account_id: AccountId,
    /// When.
    pub ended_at: Timestamp,
}

/// Keeps an end.
///
/// # Errors
/// The store's own.
pub fn end_insert(tx: &mut Tx, new: &NewEnd) -> Result<(), StoreError> {
    diesel::insert_into(notice_ends::table)
        .values((
            notice_ends::event_id.eq(new.event_id.to_string()),
            notice_ends::notice_id.eq(new.notice_id.to_string()),
            notice_ends::act.eq(new.act.as_str()),
            notice_ends::reason.eq(&new.reason),
            notice_ends::account_id.eq(new.account_id.to_string()),
            notice_ends::ended_at.eq(new.ended_at.as_micros()),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// An end as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndLine {
    /// By which act.
    pub act: NoticeAct,
    /// Why.
    pub reason: String,
    /// Name of who did it.
    pub account_name: String,
    /// When.
    pub ended_at: Timestamp,
}

/// The last act that ended a notice.
///
/// # Errors
/// [`StoreError::Inconsistent`] for an unknown act, else the store's own.
pub fn end_find(conn: &mut Conn, notice: NoticeId) -> Result<Option<EndLine>, StoreError> {
    let row: Option<(String, String, String, Timestamp)> = notice_ends::table
        .inner_join(accounts::table.on(accounts::id.eq(notice_ends::account_id)))
        .filter(notice_ends::notice_id.eq(notice.to_string()))
        .order((notice_ends::ended_at.desc(), notice_ends::event_id.desc()))
        .select((
            notice_ends::act,
            notice_ends::reason,
            accounts::display_name,
            notice_ends::ended_at,
        ))
        .first(conn.db())
        .optional()?;
    row.map(|(act, reason, account_name, ended_at)| {
        let act = act.parse().map_err(|_| StoreError::Inconsistent {
            table: "notice_ends",
            id: notice.to_string(),
            what: format!("{act:?} is no act"),
        })?;
        Ok(EndLine { act, reason, account_name, ended_at })
    })
    .transpose()
}

/// Somebody who was told of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// Of which delivery; none for what concerned the notice as a whole.
    pub delivery_id: Option<DeliveryId>,
    /// At which address.
    pub address_id: AddressId,
    /// By which way.
    pub channel: Channel,
    /// The calls it was asked to make, if that is what it was told.
    pub delegation_id: Option<DelegationId>,
}

/// Of certain messages those that reached somebody, or may have reached him unseen.
macro_rules! reached {
    ($which:expr) => {
        messages::table
            .left_join(attempts::table.on(attempts::message_id.eq(messages::id)))
            .left_join(attempt_outcomes::table.on(attempt_outcomes::attempt_id.eq(attempts::id)))
            .filter($which)
            .filter(
                messages::state
                    .eq(MessageState::HandedOver.as_str())
                    .or(attempt_outcomes::outcome.eq_any(["accepted", "unknown"]).assume_not_null())
                    .or(attempts::id.is_not_null().and(attempt_outcomes::outcome.is_null())),
            )
    };
}

/// Everybody whom a message of this notice reached, or may have reached unseen; each once. What
/// never left was not told to anybody.
///
/// # Errors
/// The store's own.
pub fn told_list_of_notice(conn: &mut Conn, notice: NoticeId) -> Result<Vec<Told>, StoreError> {
    type Row = (Option<DeliveryId>, AddressId, Channel, MessagePurpose, Option<String>);
    macro_rules! told {
        ($which:expr) => {
            reached!($which)
                .select((
                    messages::delivery_id,
                    messages::address_id,
                    messages::channel,
                    messages::purpose,
                    messages::about,
                ))
                .distinct()
                .load::<Row>(conn.db())?
        };
    }
    let mut rows = told!(of_deliveries!(notice));
    rows.extend(told!(of_notice_alone!(notice)));
    let told = rows.into_iter().map(|(delivery_id, address_id, channel, purpose, about)| {
        // The list itself is about the delegation; a later word to its desk about it and an event.
        let of_desk =
            matches!(purpose, MessagePurpose::DelegatedCalls | MessagePurpose::Withdrawal);
        let about = about.filter(|_| of_desk);
        let delegation = about.as_deref().and_then(|text| text.split(' ').next());
        let delegation_id = delegation.and_then(|text| text.parse().ok());
        Told { delivery_id, address_id, channel, delegation_id }
    });
    let told: BTreeSet<Told> = told.collect();
    Ok(told.into_iter().collect())
}

/// The deliveries of a notice whose own desk has it in writing: a message with the link reached an
/// address of it that is not known to fail. A word to its leader or its superior's desk is none.
///
/// # Errors
/// The store's own.
pub fn written_list_of_notice(
    conn: &mut Conn,
    notice: NoticeId,
) -> Result<BTreeSet<DeliveryId>, StoreError> {
    let with_link = MessagePurpose::ALL.iter().filter(|purpose| purpose.carries_link());
    let with_link: Vec<&str> = with_link.map(|purpose| purpose.as_str()).collect();
    let works = [AddressStatus::Unverified.as_str(), AddressStatus::Verified.as_str()];
    let ids: Vec<Option<DeliveryId>> = reached!(of_deliveries!(notice))
        .inner_join(contact_addresses::table.on(contact_addresses::id.eq(messages::address_id)))
        .filter(messages::purpose.eq_any(with_link))
        .filter(contact_addresses::status.eq_any(works))
        .select(messages::delivery_id)
        .distinct()
        .load(conn.db())?;
    Ok(ids.into_iter().flatten().collect())
}

/// The deliveries of a notice whose organisation was told of it by telephone.
///
/// # Errors
/// The store's own.
pub fn phoned_list_of_notice(
    conn: &mut Conn,
    notice: NoticeId,
) -> Result<BTreeSet<DeliveryId>, StoreError> {
    let spoke = CallOutcome::ALL.iter().filter(|outcome| outcome.proves_number());
    let spoke: Vec<&str> = spoke.map(|outcome| outcome.as_str()).collect();
    let own: Vec<DeliveryId> = calls::table
        .filter(calls::notice_id.eq(notice.to_string()))
        .filter(calls::outcome.eq_any(spoke))
        .select(calls::delivery_id)
        .distinct()
        .load(conn.db())?;
    let of_desks: Vec<DeliveryId> = delegated_calls::table
        .inner_join(delegations::table.on(delegations::id.eq(delegated_calls::delegation_id)))
        .filter(delegations::notice_id.eq(notice.to_string()))
        .filter(delegated_calls::outcome.eq(DelegatedOutcome::Told.as_str()))
        .select(delegated_calls::delivery_id)
        .distinct()
        .load(conn.db())?;
    Ok(own.into_iter().chain(of_desks).collect())
}

/// Cancels everything that is still owed for a notice. Says how many messages were cancelled.
///
/// # Errors
/// The store's own.
pub fn message_cancel_of_notice(
    tx: &mut Tx,
    notice: NoticeId,
    why: &'static str,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let of_deliveries = cancel!(tx, of_deliveries!(notice), why, now)?;
    Ok(of_deliveries.saturating_add(cancel!(tx, of_notice_alone!(notice), why, now)?))
}

/// Cancels the words of an end that have not left: another end says more. Says how many.
///
/// # Errors
/// The store's own.
pub fn message_cancel_words(
    tx: &mut Tx,
    notice: NoticeId,
    why: &'static str,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let words = messages::purpose.eq(MessagePurpose::Withdrawal.as_str());
    Ok(cancel!(tx, of_deliveries!(notice).and(words), why, now)?)
}

/// Cancels what would chase these deliveries; what only brings the notice still goes out.
///
/// # Errors
/// The store's own.
pub fn message_cancel_chase(
    tx: &mut Tx,
    deliveries: &[DeliveryId],
    why: &'static str,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let texts: Vec<String> = deliveries.iter().map(ToString::to_string).collect();
    let chasing =
        [MessagePurpose::Reminder, MessagePurpose::LeaderPrompt, MessagePurpose::SuperiorRequest]
            .map(MessagePurpose::as_str);
    let chase = messages::delivery_id.eq_any(&texts).and(messages::purpose.eq_any(chasing));
    Ok(cancel!(tx, chase, why, now)?)
}

/// Marks deliveries as recalled that are not yet; says how many rows moved.
///
/// # Errors
/// The store's own.
pub fn delivery_set_recalled(
    tx: &mut Tx,
    ids: &[DeliveryId],
    at: Timestamp,
) -> Result<usize, StoreError> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    Ok(diesel::update(
        deliveries::table
            .filter(deliveries::id.eq_any(&texts))
            .filter(deliveries::recalled_at.is_null()),
    )
    .set(deliveries::recalled_at.eq(Some(at.as_micros())))
    .execute(tx.db())?)
}

/// A sentence about one delivery by a named person: 终止催签, or the explanation of a gap.
#[derive(Debug, Clone)]
pub struct NewWord {
    /// The event that tells of it.
    pub event_id: EventId,
    /// Which delivery.
    pub delivery_id: DeliveryId,
    /// The sentence.
    pub text: String,
    /// By whom.
    pub account_id: AccountId,
    /// When.
    pub at: Timestamp,
}

/// Ends the ladder of one delivery on record; false if somebody had before.
///
/// # Errors
/// The store's own.
pub fn chase_stop_insert(tx: &mut Tx, new: &NewWord) -> Result<bool, StoreError> {
    let moved = diesel::update(
        deliveries::table
            .filter(deliveries::id.eq(new.delivery_id.to_string()))
            .filter(deliveries::chase_stopped_at.is_null()),
    )
    .set(deliveries::chase_stopped_at.eq(Some(new.at.as_micros())))
    .execute(tx.db())?;
    if moved != 1 {
        return Ok(false);
    }
    diesel::insert_into(chase_stops::table)
        .values((
            chase_stops::event_id.eq(new.event_id.to_string()),
            chase_stops::delivery_id.eq(new.delivery_id.to_string()),
            chase_stops::reason.eq(&new.text),
            chase_stops::account_id.eq(new.account_id.to_string()),
            chase_stops::stopped_at.eq(new.at.as_micros()),
        ))
        .execute(tx.db())?;
    Ok(true)
}

#[derive(Insertable)]
#[diesel(table_name = gap_explanations, treat_none_as_default_value = false)]
struct GapRow<'w> {
    event_id: String,
    delivery_id: String,
    explanation: &'w str,
    account_id: String,
    explained_at: i64,
}

/// Keeps why gaps were left open, in chunks.
///
/// # Errors
/// [`StoreError::Unique`] if one was explained before.
pub fn gap_explanation_insert_all(tx: &mut Tx, new: &[NewWord]) -> Result<(), StoreError> {
    let rows: Vec<GapRow<'_>> = new
        .iter()
        .map(|word| GapRow {
            event_id: word.event_id.to_string(),
            delivery_id: word.delivery_id.to_string(),
            explanation: &word.text,
            account_id: word.account_id.to_string(),
            explained_at: word.at.as_micros(),
        })
        .collect();
    for chunk in rows.chunks(ROWS_PER_INSERT_MAX) {
        on_engine!(tx.db(), conn =>
            diesel::insert_into(gap_explanations::table).values(chunk).execute(conn))?;
    }
    Ok(())
}

/// What a named person said of one delivery.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct WordLine {
    /// Which delivery.
    pub delivery_id: DeliveryId,
    /// The sentence.
    pub text: String,
    /// Name of who said it.
    pub account_name: String,
    /// When.
    pub at: Timestamp,
}

/// The ladders of a notice that were ended by a person.
///
/// # Errors
/// The store's own.
pub fn chase_stop_list(conn: &mut Conn, notice: NoticeId) -> Result<Vec<WordLine>, StoreError> {
    Ok(chase_stops::table
        .inner_join(deliveries::table.on(deliveries::id.eq(chase_stops::delivery_id)))
        .inner_join(accounts::table.on(accounts::id.eq(chase_stops::account_id)))
        .filter(deliveries::notice_id.eq(notice.to_string()))
        .select((
            chase_stops::delivery_id,
            chase_stops::reason,
            accounts::display_name,
            chase_stops::stopped_at,
        ))
        .load(conn.db())?)
}

/// The gaps of a notice that were explained when it was closed.
///
/// # Errors
/// The store's own.
pub fn gap_explanation_list(
    conn: &mut Conn,
    notice: NoticeId,
) -> Result<Vec<WordLine>, StoreError> {
    Ok(gap_explanations::table
        .inner_join(deliveries::table.on(deliveries::id.eq(gap_explanations::delivery_id)))
        .inner_join(accounts::table.on(accounts::id.eq(gap_explanations::account_id)))
        .filter(deliveries::notice_id.eq(notice.to_string()))
        .select((
            gap_explanations::delivery_id,
            gap_explanations::explanation,
            accounts::display_name,
            gap_explanations::explained_at,
        ))
        .load(conn.db())?)
}
