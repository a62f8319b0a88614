//! Deliveries: one notice to one organisation. What was frozen at issue, and the facts since.
//!
//! Facts are set here one kind at a time; the counts of their notice follow in the same write
//! through [`super::tallies`]. Which fact may follow which is decided in `domain/delivery.rs`.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};

use super::engine::{insert_burst, per_engine};
use super::ladders::Head;
use super::schema::{deliveries, events, notices, receipts};
use super::{Conn, StoreError, Tx};
use crate::domain::delivery::{Addressee, DeliveryFacts, ReceiptMode};
use crate::domain::evidence::EventKind;
use crate::domain::ids::{DeliveryId, NoticeId, OrganizationId};
use crate::domain::time::Timestamp;

mod facts;

pub use facts::{DeliveryBrief, delivery_lock_facts};
pub(super) use facts::{FactsRow, delivery_fill_modes, facts_columns};

/// One delivery: what was frozen at issue, and its facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Of which notice.
    pub notice_id: NoticeId,
    /// Which version its page offers now.
    pub version: i32,
    /// To which organisation.
    pub organization_id: OrganizationId,
    /// That organisation's name when the notice was issued.
    pub organization_name: String,
    /// 主送 or 抄送.
    pub addressee: Addressee,
    /// Why it is on the list.
    pub reason: String,
    /// Sorts deliveries in tree order.
    pub tree_path: String,
    /// How deep in the tree, from 0.
    pub tree_depth: i32,
    /// Where the deadline comes from, for people.
    pub deadline_origin: Option<String>,
    /// What happened to it.
    pub facts: DeliveryFacts,
}

/// A delivery as it is read.
#[derive(Queryable)]
struct Row {
    id: DeliveryId,
    notice_id: NoticeId,
    version: i32,
    organization_id: OrganizationId,
    organization_name: String,
    addressee: Addressee,
    reason: String,
    tree_path: String,
    tree_depth: i32,
    deadline_origin: Option<String>,
    facts: FactsRow,
    receipt_mode: Option<ReceiptMode>,
}

impl From<Row> for Delivery {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            notice_id: row.notice_id,
            version: row.version,
            organization_id: row.organization_id,
            organization_name: row.organization_name,
            addressee: row.addressee,
            reason: row.reason,
            tree_path: row.tree_path,
            tree_depth: row.tree_depth,
            deadline_origin: row.deadline_origin,
            facts: row.facts.signed(row.receipt_mode),
        }
    }
}

/// What [`Row`] is read from; `receipts` must be left-joined.
macro_rules! delivery_columns {
    () => {
        delivery_columns!(receipts::mode.nullable())
    };
    ($mode:expr) => {
        (
            deliveries::id,
            deliveries::notice_id,
            deliveries::version,
            deliveries::organization_id,
            deliveries::organization_name,
            deliveries::addressee,
            deliveries::reason,
            deliveries::tree_path,
            deliveries::tree_depth,
            deliveries::deadline_origin,
            facts_columns!(),
            $mode,
        )
    };
}

/// In the place of the receipt's mode where `receipts` is not joined: nothing, to be filled in by
/// [`delivery_fill_modes`].
macro_rules! mode_unread {
    () => {
        None::<String>.into_sql::<diesel::sql_types::Nullable<diesel::sql_types::Text>>()
    };
}

/// A delivery as it is written at issue.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// Of which notice.
    pub notice_id: NoticeId,
    /// Which version.
    pub version: i32,
    /// To which organisation.
    pub organization_id: OrganizationId,
    /// That organisation's name now.
    pub organization_name: String,
    /// 主送 or 抄送.
    pub addressee: Addressee,
    /// Why it is on the list.
    pub reason: String,
    /// Sorts deliveries in tree order.
    pub tree_path: String,
    /// How deep in the tree, from 0.
    pub tree_depth: i32,
    /// Until when to sign; none for 抄送.
    pub deadline_at: Option<Timestamp>,
    /// Where the deadline comes from, for people.
    pub deadline_origin: Option<String>,
    /// Whether no address of it can be used now.
    pub unreachable: bool,
    /// The first step of its ladder.
    pub head: Option<Head>,
}

#[derive(Insertable)]
#[diesel(table_name = deliveries, treat_none_as_default_value = false)]
struct NewRow<'d> {
    id: String,
    notice_id: String,
    version: i32,
    organization_id: String,
    organization_name: &'d str,
    addressee: &'static str,
    reason: &'d str,
    tree_path: &'d str,
    tree_depth: i32,
    deadline_at: Option<i64>,
    deadline_origin: Option<&'d str>,
    unreachable: bool,
    next_step: Option<i32>,
    next_due_at: Option<i64>,
}

/// Writes the deliveries of an issue, in chunks.
///
/// # Errors
/// [`StoreError::Unique`] if an organisation is on the list twice.
pub fn delivery_insert_all(tx: &mut Tx, new: &[NewDelivery]) -> Result<(), StoreError> {
    let rows: Vec<NewRow<'_>> = new
        .iter()
        .map(|one| NewRow {
            id: one.id.to_string(),
            notice_id: one.notice_id.to_string(),
            version: one.version,
            organization_id: one.organization_id.to_string(),
            organization_name: &one.organization_name,
            addressee: one.addressee.as_str(),
            reason: &one.reason,
            tree_path: &one.tree_path,
            tree_depth: one.tree_depth,
            deadline_at: one.deadline_at.map(Timestamp::as_micros),
            deadline_origin: one.deadline_origin.as_deref(),
            unreachable: one.unreachable,
            next_step: one.head.map(|head| head.step),
            next_due_at: one.head.map(|head| head.due_at.as_micros()),
        })
        .collect();
    insert_burst!(tx.db(), deliveries, &rows, {
        id: Text, notice_id: Text, version: Integer, organization_id: Text,
        organization_name: Text, addressee: Text, reason: Text, tree_path: Text,
        tree_depth: Integer, deadline_at: Nullable<BigInt>, deadline_origin: Nullable<Text>,
        unreachable: Bool, next_step: Nullable<Integer>, next_due_at: Nullable<BigInt>,
    })?;
    Ok(())
}

/// One delivery.
///
/// # Errors
/// The store's own.
pub fn delivery_find(conn: &mut Conn, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
    let row: Option<Row> = deliveries::table
        .left_join(receipts::table.on(deliveries::receipt_id.eq(receipts::id.nullable())))
        .filter(deliveries::id.eq(id.to_string()))
        .select(delivery_columns!())
        .first(conn.db())
        .optional()?;
    Ok(row.map(Delivery::from))
}

/// One delivery, if its notice was issued by that office; foreign and absent are the same.
///
/// # Errors
/// The store's own.
pub fn delivery_find_of_issuer(
    conn: &mut Conn,
    id: DeliveryId,
    issuer: OrganizationId,
) -> Result<Option<Delivery>, StoreError> {
    let row: Option<Row> = deliveries::table
        .inner_join(notices::table.on(notices::id.eq(deliveries::notice_id)))
        .left_join(receipts::table.on(deliveries::receipt_id.eq(receipts::id.nullable())))
        .filter(deliveries::id.eq(id.to_string()))
        .filter(notices::issuer_id.eq(issuer.to_string()))
        .select(delivery_columns!())
        .first(conn.db())
        .optional()?;
    Ok(row.map(Delivery::from))
}

/// All deliveries of a notice in tree order.
///
/// # Errors
/// The store's own.
pub fn delivery_list_of_notice(
    conn: &mut Conn,
    notice: NoticeId,
) -> Result<Vec<Delivery>, StoreError> {
    let rows: Vec<Row> = deliveries::table
        .left_join(receipts::table.on(deliveries::receipt_id.eq(receipts::id.nullable())))
        .filter(deliveries::notice_id.eq(notice.to_string()))
        .order(deliveries::tree_path)
        .select(delivery_columns!())
        .load(conn.db())?;
    Ok(rows.into_iter().map(Delivery::from).collect())
}

/// Those rows, held, in the order of their ids.
macro_rules! held_rows {
    ($tx:expr, $ids:expr, $columns:expr) => {{
        let mut texts: Vec<String> = $ids.iter().map(ToString::to_string).collect();
        texts.sort_unstable();
        texts.dedup();
        macro_rules! held {
            ($filter:expr) => {
                deliveries::table.filter($filter).order(deliveries::id).select($columns)
            };
        }
        per_engine!($tx.db(), conn,
            postgres => held!(deliveries::id.eq_any(&texts)).for_no_key_update().load(conn)?,
            // One prepared statement costs less than reading a list of ids anew each time.
            sqlite => {
                let one = |text: &String| held!(deliveries::id.eq(text)).first(conn).optional();
                texts.iter().map(one).filter_map(Result::transpose).collect::<Result<_, _>>()?
            },
        )
    }};
}
use held_rows;

/// Locks deliveries in one order (so that two servers never wait for each other in a circle)
/// and reads them. Ids that do not exist are left out.
///
/// # Errors
/// The store's own.
pub fn delivery_lock(tx: &mut Tx, ids: &[DeliveryId]) -> Result<Vec<Delivery>, StoreError> {
    let rows: Vec<Row> = held_rows!(tx, ids, delivery_columns!(mode_unread!()));
    let mut found: Vec<Delivery> = rows.into_iter().map(Delivery::from).collect();
    // Only now: a receipt may have come in while the rows were waited for.
    delivery_fill_modes(tx, found.iter_mut().map(|one| (one.id, &mut one.facts)))?;
    Ok(found)
}

/// A fact that is set once and then stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnceFact {
    /// The next server took a message of it.
    HandedOver,
    /// Some program loaded its page.
    Fetched,
    /// A person acted on its page.
    Opened,
    /// A file of it was taken.
    Downloaded,
    /// It was sent back.
    Returned,
}

/// Sets a fact on deliveries that do not have it yet; says how many rows moved.
///
/// # Errors
/// The store's own.
pub fn delivery_set_once(
    tx: &mut Tx,
    ids: &[DeliveryId],
    fact: OnceFact,
    at: Timestamp,
) -> Result<usize, StoreError> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let at = Some(at.as_micros());
    macro_rules! set_once {
        ($column:ident) => {
            diesel::update(
                deliveries::table
                    .filter(deliveries::id.eq_any(&texts))
                    .filter(deliveries::$column.is_null()),
            )
            .set(deliveries::$column.eq(at))
            .execute(tx.db())?
        };
    }
    Ok(match fact {
        OnceFact::HandedOver => set_once!(handed_over_at),
        OnceFact::Fetched => set_once!(fetched_at),
        OnceFact::Opened => set_once!(opened_at),
        OnceFact::Downloaded => set_once!(downloaded_at),
        OnceFact::Returned => set_once!(returned_at),
    })
}

/// Sets facts at the instants of their events, which the same write has just appended: one
/// uniform statement for a whole burst, and fact and event cannot differ. Says how many rows
/// moved.
///
/// # Errors
/// The store's own.
pub fn delivery_set_from_events(
    tx: &mut Tx,
    ids: &[DeliveryId],
    fact: OnceFact,
) -> Result<usize, StoreError> {
    if ids.is_empty() {
        return Ok(0);
    }
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    macro_rules! set_from_events {
        ($column:ident, $kind:ident) => {{
            let told_at = events::table
                .filter(events::notice_id.eq(deliveries::notice_id.nullable()))
                .filter(events::delivery_id.eq(deliveries::id.nullable()))
                .filter(events::kind.eq(EventKind::$kind.as_str()))
                .order(events::happened_at)
                .select(events::happened_at)
                .single_value();
            diesel::update(
                deliveries::table
                    .filter(deliveries::id.eq_any(&texts))
                    .filter(deliveries::$column.is_null()),
            )
            .set(deliveries::$column.eq(told_at))
            .execute(tx.db())?
        }};
    }
    Ok(match fact {
        OnceFact::HandedOver => set_from_events!(handed_over_at, MessageHandedOver),
        OnceFact::Fetched => set_from_events!(fetched_at, LinkFetched),
        OnceFact::Opened => set_from_events!(opened_at, Opened),
        OnceFact::Downloaded => set_from_events!(downloaded_at, Downloaded),
        OnceFact::Returned => set_from_events!(returned_at, Returned),
    })
}

/// Notes that no address of these deliveries can be used, or that one can again.
///
/// # Errors
/// The store's own.
pub fn delivery_set_unreachable(
    tx: &mut Tx,
    ids: &[DeliveryId],
    unreachable: bool,
) -> Result<usize, StoreError> {
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    Ok(diesel::update(
        deliveries::table
            .filter(deliveries::id.eq_any(&texts))
            .filter(deliveries::unreachable.ne(unreachable)),
    )
    .set(deliveries::unreachable.eq(unreachable))
    .execute(tx.db())?)
}
