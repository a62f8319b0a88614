//! 登记查看: who looked at a notice after somebody else had signed for it. Rows are only added.

use diesel::prelude::*;

use super::schema::viewings;
use super::{Conn, StoreError, Tx};
use crate::domain::ids::{DeliveryId, EventId};
use crate::domain::stated_person::StatedPerson;
use crate::domain::time::Timestamp;

/// One person who looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewing {
    /// The event that tells of it.
    pub event_id: EventId,
    /// Which delivery.
    pub delivery_id: DeliveryId,
    /// Who, as stated.
    pub person: StatedPerson,
    /// When.
    pub registered_at: Timestamp,
}

/// Keeps one.
///
/// # Errors
/// The store's own.
pub fn viewing_insert(tx: &mut Tx, new: &Viewing) -> Result<(), StoreError> {
    diesel::insert_into(viewings::table)
        .values((
            viewings::event_id.eq(new.event_id.to_string()),
            viewings::delivery_id.eq(new.delivery_id.to_string()),
            viewings::name.eq(&new.person.name),
            viewings::post.eq(&new.person.post),
            viewings::phone.eq(&new.person.phone),
            viewings::registered_at.eq(new.registered_at.as_micros()),
        ))
        .execute(tx.db())?;
    Ok(())
}

type Row = (EventId, DeliveryId, String, String, String, Timestamp);

/// All of a delivery, oldest first.
///
/// # Errors
/// The store's own.
pub fn viewing_list_of_delivery(
    conn: &mut Conn,
    delivery: DeliveryId,
) -> Result<Vec<Viewing>, StoreError> {
    let rows: Vec<Row> = viewings::table
        .filter(viewings::delivery_id.eq(delivery.to_string()))
        .order((viewings::registered_at, viewings::event_id))
        .load(conn.db())?;
    Ok(rows
        .into_iter()
        .map(|(event_id, delivery_id, name, post, phone, registered_at)| Viewing {
            event_id,
            delivery_id,
            person: StatedPerson { name, post, phone },
            registered_at,
        })
        .collect())
}
