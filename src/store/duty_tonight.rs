//! Who sits at a recipient's duty desk tonight, as told through its link. Rows are only added;
//! the last word counts until it ends.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::schema::duty_tonight;
use super::{Conn, StoreError, Tx};
use crate::domain::ids::{DeliveryId, EventId, OrganizationId};
use crate::domain::time::Timestamp;

/// Who answers tonight.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct DutyTonight {
    /// The event that tells of it.
    pub event_id: EventId,
    /// Of which organisation.
    pub organization_id: OrganizationId,
    /// Through the link of which delivery.
    pub delivery_id: DeliveryId,
    /// 值班员.
    pub officer_name: String,
    /// 带班领导.
    pub leader_name: Option<String>,
    /// The number.
    pub phone: String,
    /// When it was told.
    pub told_at: Timestamp,
    /// Until when it counts.
    pub until_at: Timestamp,
}

/// Keeps one.
///
/// # Errors
/// The store's own.
pub fn duty_tonight_insert(tx: &mut Tx, new: &DutyTonight) -> Result<(), StoreError> {
    diesel::insert_into(duty_tonight::table)
        .values((
            duty_tonight::event_id.eq(new.event_id.to_string()),
            duty_tonight::organization_id.eq(new.organization_id.to_string()),
            duty_tonight::delivery_id.eq(new.delivery_id.to_string()),
            duty_tonight::officer_name.eq(&new.officer_name),
            duty_tonight::leader_name.eq(new.leader_name.as_deref()),
            duty_tonight::phone.eq(&new.phone),
            duty_tonight::told_at.eq(new.told_at.as_micros()),
            duty_tonight::until_at.eq(new.until_at.as_micros()),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// How often a delivery has told it.
///
/// # Errors
/// The store's own.
pub fn duty_tonight_count(conn: &mut Conn, delivery: DeliveryId) -> Result<i64, StoreError> {
    Ok(duty_tonight::table
        .filter(duty_tonight::delivery_id.eq(delivery.to_string()))
        .count()
        .get_result(conn.db())?)
}

/// The last word of each of these organisations that still counts at `now`.
///
/// # Errors
/// The store's own.
pub fn duty_tonight_list_of(
    conn: &mut Conn,
    organizations: &[OrganizationId],
    now: Timestamp,
) -> Result<BTreeMap<OrganizationId, DutyTonight>, StoreError> {
    let texts: Vec<String> = organizations.iter().map(ToString::to_string).collect();
    let rows: Vec<DutyTonight> = duty_tonight::table
        .filter(duty_tonight::organization_id.eq_any(&texts))
        .filter(duty_tonight::until_at.gt(now.as_micros()))
        .order((duty_tonight::told_at, duty_tonight::event_id))
        .load(conn.db())?;
    Ok(rows.into_iter().map(|row| (row.organization_id, row)).collect())
}
