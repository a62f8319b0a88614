//! As much of a delivery as a burst reads of it: what happened to it, and whose it is.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{Delivery, held_rows};
use crate::domain::delivery::{DeliveryFacts, ReceiptMode};
use crate::domain::ids::{DeliveryId, NoticeId, OrganizationId};
use crate::domain::time::Timestamp;
use crate::store::engine::per_engine;
use crate::store::schema::{deliveries, receipts};
use crate::store::{Conn, StoreError, Tx};

/// As much of a delivery as proving a link, signing and a receipt are about: what is read for each
/// signature of a burst, where every column is paid for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryBrief {
    /// Its id.
    pub id: DeliveryId,
    /// Of which notice.
    pub notice_id: NoticeId,
    /// To which organisation.
    pub organization_id: OrganizationId,
    /// That organisation's name when the notice was issued.
    pub organization_name: String,
    /// What happened to it.
    pub facts: DeliveryFacts,
}

impl Delivery {
    /// Without what lists and pages want besides.
    #[must_use]
    pub fn brief(&self) -> DeliveryBrief {
        DeliveryBrief {
            id: self.id,
            notice_id: self.notice_id,
            organization_id: self.organization_id,
            organization_name: self.organization_name.clone(),
            facts: self.facts,
        }
    }
}

/// What happened to a delivery as it is read, but for how it was signed.
#[derive(Queryable)]
pub(in crate::store) struct FactsRow {
    deadline_at: Option<Timestamp>,
    unreachable: bool,
    handed_over_at: Option<Timestamp>,
    fetched_at: Option<Timestamp>,
    opened_at: Option<Timestamp>,
    downloaded_at: Option<Timestamp>,
    acknowledged_at: Option<Timestamp>,
    returned_at: Option<Timestamp>,
    recalled_at: Option<Timestamp>,
}

/// What [`FactsRow`] is read from.
macro_rules! facts_columns {
    () => {
        (
            deliveries::deadline_at,
            deliveries::unreachable,
            deliveries::handed_over_at,
            deliveries::fetched_at,
            deliveries::opened_at,
            deliveries::downloaded_at,
            deliveries::acknowledged_at,
            deliveries::returned_at,
            deliveries::recalled_at,
        )
    };
}
pub(in crate::store) use facts_columns;

impl FactsRow {
    /// The facts of a delivery that was signed so, if it was.
    pub(in crate::store) fn signed(self, receipt_mode: Option<ReceiptMode>) -> DeliveryFacts {
        DeliveryFacts {
            handed_over_at: self.handed_over_at,
            fetched_at: self.fetched_at,
            opened_at: self.opened_at,
            downloaded_at: self.downloaded_at,
            acknowledged_at: self.acknowledged_at,
            returned_at: self.returned_at,
            recalled_at: self.recalled_at,
            unreachable: self.unreachable,
            deadline: self.deadline_at,
            receipt_mode,
        }
    }
}

/// Locks deliveries as [`super::delivery_lock`] does, and reads their facts alone.
///
/// # Errors
/// The store's own.
pub fn delivery_lock_facts(
    tx: &mut Tx,
    ids: &[DeliveryId],
) -> Result<Vec<(DeliveryId, DeliveryFacts)>, StoreError> {
    let rows: Vec<(DeliveryId, FactsRow)> = held_rows!(tx, ids, (deliveries::id, facts_columns!()));
    let mut found: Vec<(DeliveryId, DeliveryFacts)> =
        rows.into_iter().map(|(id, facts)| (id, facts.signed(None))).collect();
    delivery_fill_modes(tx, found.iter_mut().map(|(id, facts)| (*id, facts)))?;
    Ok(found)
}

/// Fills in how the signed ones among deliveries were signed; mostly there are none.
pub(in crate::store) fn delivery_fill_modes<'d>(
    conn: &mut Conn,
    among: impl Iterator<Item = (DeliveryId, &'d mut DeliveryFacts)>,
) -> Result<(), StoreError> {
    let mut signed: BTreeMap<String, &mut DeliveryFacts> = among
        .filter(|(_, facts)| facts.acknowledged_at.is_some())
        .map(|(id, facts)| (id.to_string(), facts))
        .collect();
    if signed.is_empty() {
        return Ok(());
    }
    let ids: Vec<&String> = signed.keys().collect();
    let modes: Vec<(String, ReceiptMode)> = deliveries::table
        .inner_join(receipts::table.on(deliveries::receipt_id.eq(receipts::id.nullable())))
        .filter(deliveries::id.eq_any(ids))
        .select((deliveries::id, receipts::mode))
        .load(conn.db())?;
    for (id, mode) in modes {
        if let Some(one) = signed.get_mut(&id) {
            one.receipt_mode = Some(mode);
        }
    }
    Ok(())
}
