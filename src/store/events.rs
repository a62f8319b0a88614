//! The evidence log: appended to, read, never changed.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use serde_json::{Map, Value};

use super::engine::insert_burst;
use super::schema::{event_personal, events};
use super::{Conn, StoreError, Tx};
use crate::domain::digest::hex;
use crate::domain::evidence::{Actor, Event, EventKind, SealedEvent};
use crate::domain::ids::{DeliveryId, EventId, NoticeId};
use crate::domain::time::Timestamp;

#[derive(Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
struct NewEvent<'e> {
    id: String,
    kind: &'static str,
    happened_at: i64,
    actor: String,
    notice_id: Option<String>,
    delivery_id: Option<String>,
    bytes: &'e [u8],
    leaf_hash: Vec<u8>,
}

#[derive(Insertable)]
#[diesel(table_name = event_personal, treat_none_as_default_value = false)]
struct NewPersonal {
    event_id: String,
    known: String,
}

/// Appends events in the transaction of the change they tell of.
///
/// # Errors
/// [`StoreError::Inconsistent`] if an event has no canonical form, else the store's own.
pub fn event_append(tx: &mut Tx, new: &[Event]) -> Result<(), StoreError> {
    let sealed = new.iter().map(|event| {
        event.clone().seal().map_err(|error| StoreError::Inconsistent {
            table: "events",
            id: event.id.to_string(),
            what: error.to_string(),
        })
    });
    let sealed = sealed.collect::<Result<Vec<SealedEvent>, _>>()?;
    event_append_sealed(tx, &sealed.iter().collect::<Vec<_>>())
}

/// Appends events whose bytes are known already.
///
/// # Errors
/// The store's own.
pub fn event_append_sealed(tx: &mut Tx, new: &[&SealedEvent]) -> Result<(), StoreError> {
    let rows: Vec<NewEvent<'_>> = new.iter().map(|sealed| row_of(sealed)).collect();
    insert_burst!(tx.db(), events, &rows, {
        id: Text, kind: Text, happened_at: BigInt, actor: Text, notice_id: Nullable<Text>,
        delivery_id: Nullable<Text>, bytes: Binary, leaf_hash: Binary,
    })?;
    let personal: Vec<NewPersonal> = new
        .iter()
        .map(|sealed| sealed.event())
        .filter(|event| !event.personal.is_empty())
        .map(|event| Ok(NewPersonal { event_id: event.id.to_string(), known: known_of(event)? }))
        .collect::<Result<_, StoreError>>()?;
    insert_burst!(tx.db(), event_personal, &personal, { event_id: Text, known: Text })?;
    Ok(())
}

fn row_of(sealed: &SealedEvent) -> NewEvent<'_> {
    let event = sealed.event();
    NewEvent {
        id: event.id.to_string(),
        kind: event.kind.as_str(),
        happened_at: event.at.as_micros(),
        actor: event.actor.to_string(),
        notice_id: event.subjects.notice.map(|id| id.to_string()),
        delivery_id: event.subjects.delivery.map(|id| id.to_string()),
        bytes: sealed.bytes(),
        leaf_hash: sealed.leaf().as_bytes().to_vec(),
    }
}

/// The personal values of an event with their salts, by name. One row holds them all: it is
/// written in every burst, and forgotten as a whole.
fn known_of(event: &Event) -> Result<String, StoreError> {
    let known: BTreeMap<&str, Known<'_>> = event
        .personal
        .iter()
        .map(|one| (one.name, Known { salt: hex(&one.salt), value: &one.value }))
        .collect();
    serde_json::to_string(&known).map_err(|error| StoreError::Inconsistent {
        table: "event_personal",
        id: event.id.to_string(),
        what: error.to_string(),
    })
}

/// A personal value as it is kept.
#[derive(serde::Serialize)]
struct Known<'e> {
    salt: String,
    value: &'e str,
}

fn values_of(id: EventId, known: &str) -> Result<BTreeMap<String, String>, StoreError> {
    let read: Result<Map<String, Value>, _> = serde_json::from_str(known);
    let read = read.map_err(|error| StoreError::Inconsistent {
        table: "event_personal",
        id: id.to_string(),
        what: error.to_string(),
    })?;
    let text = |one: &Value| Some(one.get("value")?.as_str()?.to_owned());
    Ok(read.iter().filter_map(|(name, one)| Some((name.clone(), text(one)?))).collect())
}

/// An event as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its id.
    pub id: EventId,
    /// Name of its kind.
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it, in text form.
    pub actor: String,
    /// Its facts, as written in the canonical bytes.
    pub facts: serde_json::Map<String, serde_json::Value>,
    /// Its subjects, as written in the canonical bytes.
    pub subjects: serde_json::Map<String, serde_json::Value>,
    /// Personal values that have not been deleted.
    pub personal: BTreeMap<String, String>,
}

/// Everything that happened to one delivery, and to its notice as a whole, oldest first.
///
/// # Errors
/// [`StoreError::Inconsistent`] if an event cannot be read back, else the store's own.
pub fn event_list_of_delivery(
    conn: &mut Conn,
    notice: NoticeId,
    delivery: DeliveryId,
) -> Result<Vec<StoredEvent>, StoreError> {
    let rows: Vec<(EventId, String, Timestamp, String, Vec<u8>)> = events::table
        .filter(events::notice_id.eq(notice.to_string()))
        .filter(events::delivery_id.is_null().or(events::delivery_id.eq(delivery.to_string())))
        .order((events::happened_at, events::id))
        .select((events::id, events::kind, events::happened_at, events::actor, events::bytes))
        .load(conn.db())?;
    let ids: Vec<String> = rows.iter().map(|row| row.0.to_string()).collect();
    let known: Vec<(EventId, String)> = event_personal::table
        .filter(event_personal::event_id.eq_any(&ids))
        .select((event_personal::event_id, event_personal::known))
        .load(conn.db())?;
    let mut personal: BTreeMap<EventId, BTreeMap<String, String>> = BTreeMap::new();
    for (id, known) in known {
        personal.insert(id, values_of(id, &known)?);
    }
    rows.into_iter()
        .map(|(id, kind, at, actor, bytes)| {
            let [facts, subjects] = members(id, &bytes)?;
            let personal = personal.remove(&id).unwrap_or_default();
            Ok(StoredEvent { id, kind, at, actor, facts, subjects, personal })
        })
        .collect()
}

/// The facts of what `actor` did to a notice (or one delivery of it) since then, of one kind.
///
/// # Errors
/// As [`event_list_of_delivery`].
pub fn event_facts_of_actor(
    conn: &mut Conn,
    (kind, actor): (EventKind, Actor),
    notice: NoticeId,
    delivery: Option<DeliveryId>,
    since: Timestamp,
) -> Result<Vec<serde_json::Map<String, serde_json::Value>>, StoreError> {
    let of_notice = events::table
        .filter(events::notice_id.eq(notice.to_string()))
        .filter(events::kind.eq(kind.as_str()))
        .filter(events::actor.eq(actor.to_string()))
        .filter(events::happened_at.gt(since.as_micros()))
        .select((events::id, events::bytes))
        .into_boxed();
    let wanted = match delivery {
        Some(id) => of_notice.filter(events::delivery_id.eq(id.to_string())),
        None => of_notice.filter(events::delivery_id.is_null()),
    };
    let rows: Vec<(EventId, Vec<u8>)> = wanted.load(conn.db())?;
    let facts = |(id, bytes): (EventId, Vec<u8>)| members(id, &bytes).map(|[facts, _]| facts);
    rows.into_iter().map(facts).collect()
}

/// Who deleted a draft, in text form, and when; none for what was never deleted.
///
/// # Errors
/// The store's own.
pub fn draft_deletion_find(
    conn: &mut Conn,
    draft: NoticeId,
) -> Result<Option<(String, Timestamp)>, StoreError> {
    Ok(events::table
        .filter(events::notice_id.eq(draft.to_string()))
        .filter(events::kind.eq(EventKind::DraftDeleted.as_str()))
        .select((events::actor, events::happened_at))
        .first(conn.db())
        .optional()?)
}

fn members(
    id: EventId,
    bytes: &[u8],
) -> Result<[serde_json::Map<String, serde_json::Value>; 2], StoreError> {
    let broken =
        |what: String| StoreError::Inconsistent { table: "events", id: id.to_string(), what };
    let value: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|error| broken(error.to_string()))?;
    let member = |name: &str| {
        value.get(name).and_then(serde_json::Value::as_object).cloned().unwrap_or_default()
    };
    Ok([member("facts"), member("subjects")])
}
