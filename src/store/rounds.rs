//! When each duty last finished a round, on whichever server.

use diesel::prelude::*;

use super::engine::on_engine;
use super::schema::engine_marks;
use super::{Conn, StoreError, Tx};
use crate::domain::time::Timestamp;

const PREFIX: &str = "round:";

/// Notes that a duty finished a round; an older instant than the one that stands changes nothing.
///
/// # Errors
/// The store's own.
pub fn round_set(tx: &mut Tx, duty: &str, at: Timestamp) -> Result<(), StoreError> {
    mark_forward(tx, &format!("{PREFIX}{duty}"), at)
}

/// Sets a mark that only ever moves on.
pub(super) fn mark_forward(tx: &mut Tx, name: &str, at: Timestamp) -> Result<(), StoreError> {
    let at = at.as_micros();
    let new = (
        engine_marks::name.eq(name),
        engine_marks::marked_at.eq(at),
        engine_marks::detail.eq(None::<String>),
    );
    let made = on_engine!(tx.db(), conn =>
        diesel::insert_into(engine_marks::table)
            .values(new)
            .on_conflict_do_nothing()
            .execute(conn))?;
    if made == 0 {
        diesel::update(
            engine_marks::table
                .filter(engine_marks::name.eq(name))
                .filter(engine_marks::marked_at.lt(at)),
        )
        .set(engine_marks::marked_at.eq(at))
        .execute(tx.db())?;
    }
    Ok(())
}

/// When a duty last finished a round, if it ever did.
///
/// # Errors
/// The store's own.
pub fn round_last(conn: &mut Conn, duty: &str) -> Result<Option<Timestamp>, StoreError> {
    Ok(engine_marks::table
        .filter(engine_marks::name.eq(format!("{PREFIX}{duty}")))
        .select(engine_marks::marked_at)
        .first(conn.db())
        .optional()?)
}
