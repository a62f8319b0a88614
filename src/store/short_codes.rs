//! Codes of short messages: what leads from a code to its link. Only a MAC of a code is kept.

use diesel::prelude::*;

use super::engine::on_engine;
use super::schema::{contact_addresses, links, short_codes};
use super::{Conn, StoreError, Tx};
use crate::domain::ids::LinkId;
use crate::domain::time::Timestamp;

#[derive(Insertable)]
#[diesel(table_name = short_codes, treat_none_as_default_value = false)]
struct NewRow {
    link_id: String,
    code_hash: Vec<u8>,
    ends_at: i64,
    tries: i32,
}

/// Keeps the code of a link until then; one that is there lives longer, its tries stay counted.
///
/// # Errors
/// The store's own.
pub fn short_code_keep(
    tx: &mut Tx,
    link: LinkId,
    code_hash: &[u8],
    ends_at: Timestamp,
) -> Result<(), StoreError> {
    let row = NewRow {
        link_id: link.to_string(),
        code_hash: code_hash.to_vec(),
        ends_at: ends_at.as_micros(),
        tries: 0,
    };
    on_engine!(tx.db(), conn => diesel::insert_into(short_codes::table)
        .values(&row)
        .on_conflict(short_codes::link_id)
        .do_update()
        .set((
            short_codes::ends_at.eq(row.ends_at),
            short_codes::code_hash.eq(&row.code_hash),
        ))
        .execute(conn))?;
    Ok(())
}

/// A link that a code may lead to.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct ShortCode {
    /// The link.
    pub link_id: LinkId,
    /// Its generation.
    pub generation: i32,
    /// The number the code was sent to.
    pub mobile: String,
    /// Wrong digits typed for it so far.
    pub tries: i32,
}

/// The links that a code may lead to now.
///
/// # Errors
/// The store's own.
pub fn short_code_find(
    conn: &mut Conn,
    code_hash: &[u8],
    now: Timestamp,
) -> Result<Vec<ShortCode>, StoreError> {
    Ok(short_codes::table
        .inner_join(links::table.on(links::id.eq(short_codes::link_id)))
        .inner_join(contact_addresses::table.on(contact_addresses::id.eq(links::address_id)))
        .filter(short_codes::code_hash.eq(code_hash))
        .filter(short_codes::ends_at.gt(now.as_micros()))
        .order(short_codes::link_id)
        .select((
            short_codes::link_id,
            links::generation,
            contact_addresses::address,
            short_codes::tries,
        ))
        .load(conn.db())?)
}

/// Counts a try for each of these links, before it is judged; says for which one was left.
///
/// # Errors
/// The store's own.
pub fn short_code_count_try(
    tx: &mut Tx,
    links: &[LinkId],
    tries_max: i32,
) -> Result<Vec<LinkId>, StoreError> {
    let mut left = Vec::new();
    for link in links {
        let counted = diesel::update(
            short_codes::table
                .filter(short_codes::link_id.eq(link.to_string()))
                .filter(short_codes::tries.lt(tries_max)),
        )
        .set(short_codes::tries.eq(short_codes::tries + 1))
        .execute(tx.db())?;
        if counted == 1 {
            left.push(*link);
        }
    }
    Ok(left)
}

/// A code that opened its page may be typed again as often.
///
/// # Errors
/// The store's own.
pub fn short_code_forgive(tx: &mut Tx, link: LinkId) -> Result<(), StoreError> {
    diesel::update(short_codes::table.filter(short_codes::link_id.eq(link.to_string())))
        .set(short_codes::tries.eq(0))
        .execute(tx.db())?;
    Ok(())
}
