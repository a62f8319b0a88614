//! How far the steady time has come, kept so that a restart does not fall behind it; and the
//! clock of the database, which servers share.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;

use super::engine::per_engine;
use super::rounds::mark_forward;
use super::schema::{engine_marks, events};
use super::{Conn, StoreError, Tx};
use crate::domain::time::Timestamp;

const NAME: &str = "steady";

/// Notes how far the steady time has come; an earlier instant changes nothing.
///
/// # Errors
/// The store's own.
pub fn steady_set(tx: &mut Tx, at: Timestamp) -> Result<(), StoreError> {
    mark_forward(tx, NAME, at)
}

/// How far the steady time was noted to have come.
///
/// # Errors
/// The store's own.
pub fn steady_noted(conn: &mut Conn) -> Result<Option<Timestamp>, StoreError> {
    Ok(engine_marks::table
        .filter(engine_marks::name.eq(NAME))
        .select(engine_marks::marked_at)
        .first(conn.db())
        .optional()?)
}

/// How far the steady time has come for certain: by the note, or by the newest event, which was
/// written after it.
///
/// # Errors
/// The store's own.
pub fn steady_reached(conn: &mut Conn) -> Result<Option<Timestamp>, StoreError> {
    let noted = steady_noted(conn)?;
    let newest: Option<Timestamp> = events::table
        .order(events::id.desc())
        .select(events::happened_at)
        .first(conn.db())
        .optional()?;
    Ok(noted.max(newest))
}

#[derive(QueryableByName)]
struct Shown {
    #[diesel(sql_type = BigInt)]
    micros: i64,
}

/// What the clock of the database shows; `None` where the database is part of this process and
/// has no clock of its own.
///
/// # Errors
/// The store's own.
pub fn database_now(conn: &mut Conn) -> Result<Option<Timestamp>, StoreError> {
    per_engine!(
        conn.db(), pg,
        postgres => {
            let text = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS micros";
            let shown: Shown = sql_query(text).get_result(pg)?;
            Ok(Some(Timestamp::from_micros(shown.micros)))
        },
        sqlite => { let _: &mut _ = pg; Ok(None) },
    )
}
