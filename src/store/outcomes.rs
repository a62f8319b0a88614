//! How attempts ended: message rows move on where the lease still stands, and every attempt gets
//! its outcome in any case.
//!
//! Set-based: what differs from row to row is inserted, what is updated is updated uniformly.
//! Never here: what an outcome amounts to.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use super::engine::{RowLock, insert_burst};
use super::links::link_hold_addresses;
use super::schema::{attempt_outcomes, contact_addresses, messages};
use super::{StoreError, Tx};
use crate::domain::ids::{AddressId, AttemptId, DeliveryId, MessageId};
use crate::domain::message::{MessagePurpose, MessageState};
use crate::domain::time::Timestamp;

/// Where a message goes after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NextPlace {
    /// The next server has it.
    HandedOver,
    /// Due again.
    Waiting {
        /// When.
        due_at: Timestamp,
        /// The attempt uses up no try.
        spared: bool,
        /// It may have arrived.
        uncertain: bool,
    },
    /// Given up, for this reason.
    Dead {
        /// One word.
        why: &'static str,
        /// It may have arrived.
        uncertain: bool,
    },
    /// No longer wanted, for this reason.
    Cancelled(&'static str),
}

/// One attempt that ended.
#[derive(Debug, Clone)]
pub struct EndedAttempt {
    /// The attempt.
    pub attempt_id: AttemptId,
    /// Its message.
    pub message_id: MessageId,
    /// Under which lease.
    pub token: String,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Kind of outcome.
    pub outcome: &'static str,
    /// How far it got, if it was made.
    pub phase: Option<&'static str>,
    /// Who was spoken to.
    pub relay: Option<String>,
    /// What was said or happened, one line.
    pub reply: String,
    /// Whether the next server has it or may have it.
    pub may_have_arrived: bool,
    /// Where the message goes, if the lease still stands.
    pub next: NextPlace,
}

/// What stood there when the outcome came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The lease stood: the message moved.
    Held,
    /// Cancelled meanwhile; the mail had not left.
    CancelledBefore,
    /// Cancelled while the mail was on its way.
    Crossed,
    /// Another took it meanwhile, or it is finished: the message did not move.
    LeaseLost,
}

#[derive(Insertable)]
#[diesel(table_name = attempt_outcomes, treat_none_as_default_value = false)]
struct OutcomeRow<'a> {
    attempt_id: String,
    ended_at: i64,
    outcome: &'static str,
    phase: Option<&'static str>,
    relay: Option<&'a str>,
    reply: &'a str,
    crossed: bool,
}

/// Records how attempts ended, and moves the messages whose lease still stands.
///
/// # Errors
/// The store's own.
pub fn message_finish_batch(
    tx: &mut Tx,
    ended: &[EndedAttempt],
    now: Timestamp,
) -> Result<Vec<Standing>, StoreError> {
    let standings = standings(tx, ended)?;
    let rows: Vec<OutcomeRow<'_>> = ended
        .iter()
        .zip(&standings)
        .map(|(one, standing)| OutcomeRow {
            attempt_id: one.attempt_id.to_string(),
            ended_at: one.ended_at.as_micros(),
            outcome: one.outcome,
            phase: one.phase,
            relay: one.relay.as_deref(),
            reply: &one.reply,
            crossed: *standing == Standing::Crossed,
        })
        .collect();
    insert_burst!(tx.db(), attempt_outcomes, &rows, {
        attempt_id: Text, ended_at: BigInt, outcome: Text, phase: Nullable<Text>,
        relay: Nullable<Text>, reply: Text, crossed: Bool,
    })?;
    let mut places: BTreeMap<NextPlace, Vec<String>> = BTreeMap::new();
    for (one, standing) in ended.iter().zip(&standings) {
        if *standing == Standing::Held {
            places.entry(one.next).or_default().push(one.message_id.to_string());
        }
    }
    for (place, ids) in places {
        move_messages(tx, place, &ids, now)?;
    }
    Ok(standings)
}

/// Reads, and holds, what the messages say before anything moves.
fn standings(tx: &mut Tx, ended: &[EndedAttempt]) -> Result<Vec<Standing>, StoreError> {
    let mut ids: Vec<String> = ended.iter().map(|one| one.message_id.to_string()).collect();
    ids.sort_unstable();
    ids.dedup();
    tx.db().lock_rows("messages", &ids, RowLock::Exclusive)?;
    let rows: Vec<(MessageId, MessageState, Option<String>)> = messages::table
        .filter(messages::id.eq_any(&ids))
        .select((messages::id, messages::state, messages::lease_token))
        .load(tx.db())?;
    let known: BTreeMap<MessageId, (MessageState, Option<String>)> =
        rows.into_iter().map(|(id, state, token)| (id, (state, token))).collect();
    Ok(ended
        .iter()
        .map(|one| match known.get(&one.message_id) {
            Some((MessageState::Leased, Some(token))) if *token == one.token => Standing::Held,
            Some((MessageState::Cancelled, _)) if one.may_have_arrived => Standing::Crossed,
            Some((MessageState::Cancelled, _)) => Standing::CancelledBefore,
            _ => Standing::LeaseLost,
        })
        .collect())
}

fn move_messages(
    tx: &mut Tx,
    place: NextPlace,
    ids: &[String],
    now: Timestamp,
) -> Result<(), StoreError> {
    let (state, due_at, why, spared, uncertain) = match place {
        NextPlace::HandedOver => (MessageState::HandedOver, None, None, false, false),
        NextPlace::Waiting { due_at, spared, uncertain } => {
            (MessageState::Waiting, Some(due_at.as_micros()), None, spared, uncertain)
        }
        NextPlace::Dead { why, uncertain } => {
            (MessageState::Dead, None, Some(why), false, uncertain)
        }
        NextPlace::Cancelled(why) => (MessageState::Cancelled, None, Some(why), true, false),
    };
    let nobody: Option<String> = None;
    let moved = diesel::update(
        messages::table
            .filter(messages::id.eq_any(ids))
            .filter(messages::state.eq(MessageState::Leased.as_str())),
    )
    .set((
        messages::state.eq(state.as_str()),
        messages::due_at.eq(due_at),
        messages::lease_token.eq(nobody),
        messages::spared.eq(messages::spared + i32::from(spared)),
        messages::uncertain.eq(messages::uncertain + i32::from(uncertain)),
        messages::finished_at.eq(state.is_final().then_some(now.as_micros())),
        messages::finished_why.eq(why),
    ))
    .execute(tx.db())?;
    if moved == ids.len() {
        Ok(())
    } else {
        Err(StoreError::Inconsistent {
            table: "messages",
            id: ids.first().cloned().unwrap_or_default(),
            what: format!("{moved} of {} rows moved to {}", ids.len(), state.as_str()),
        })
    }
}

/// What brings a recipient to the page; see [`MessagePurpose::carries_link`].
fn link_purposes() -> Vec<&'static str> {
    let all = MessagePurpose::ALL.iter().filter(|purpose| purpose.carries_link());
    all.map(|purpose| purpose.as_str()).collect()
}

/// Of these deliveries, the ones with a message to the page that is still owed or was handed
/// over, at an address that has not failed since.
///
/// # Errors
/// The store's own.
pub fn delivery_with_sound_way(
    tx: &mut Tx,
    ids: &[DeliveryId],
) -> Result<BTreeSet<DeliveryId>, StoreError> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let found: Vec<Option<DeliveryId>> = messages::table
        .inner_join(contact_addresses::table.on(contact_addresses::id.eq(messages::address_id)))
        .filter(messages::delivery_id.eq_any(&texts))
        .filter(messages::purpose.eq_any(link_purposes()))
        .filter(
            messages::due_at
                .is_not_null()
                .or(messages::state.eq(MessageState::HandedOver.as_str())),
        )
        .filter(contact_addresses::status.eq_any(["verified", "unverified"]))
        .select(messages::delivery_id)
        .distinct()
        .load(tx.db())?;
    Ok(found.into_iter().flatten().collect())
}

/// Marks addresses that refused mail for good, unless they are out of use anyway.
///
/// # Errors
/// The store's own.
pub fn address_set_failing(
    tx: &mut Tx,
    ids: &[AddressId],
    now: Timestamp,
) -> Result<usize, StoreError> {
    link_hold_addresses(tx, ids)?;
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    Ok(diesel::update(
        contact_addresses::table
            .filter(contact_addresses::id.eq_any(&texts))
            .filter(contact_addresses::status.eq_any(["unverified", "verified"])),
    )
    .set((
        contact_addresses::status.eq("failing"),
        contact_addresses::status_at.eq(now.as_micros()),
    ))
    .execute(tx.db())?)
}

/// Of these addresses, the ones that are verified.
///
/// # Errors
/// The store's own.
pub fn address_which_verified(
    tx: &mut Tx,
    ids: &[AddressId],
) -> Result<Vec<AddressId>, StoreError> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    Ok(contact_addresses::table
        .filter(contact_addresses::id.eq_any(&texts))
        .filter(contact_addresses::status.eq("verified"))
        .select(contact_addresses::id)
        .load(tx.db())?)
}
