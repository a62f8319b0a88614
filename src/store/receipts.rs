//! Receipts: the one that answered for a delivery, which the delivery names, and at most one that
//! stands beside it. Written once, together with the signed file itself, so that
//! whoever asks again gets the same bytes. The database refuses to change one.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

use super::engine::insert_burst;
use super::schema::{deliveries, receipts};
use super::{Conn, StoreError, Tx};
use crate::domain::ids::{DeliveryId, EventId, ReceiptId};
use crate::domain::receipt::{Grade, Mode};
use crate::domain::stated_person::StatedPerson;
use crate::domain::time::Timestamp;

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its id.
    pub id: ReceiptId,
    /// The delivery that was signed for.
    pub delivery_id: DeliveryId,
    /// It came after another had answered, and stands beside it.
    pub beside: bool,
    /// Its number for people.
    pub number: String,
    /// In which way it was signed.
    pub mode: Mode,
    /// How much is known about the signer.
    pub grade: Grade,
    /// By whose authority, for 代收.
    pub authority: Option<String>,
    /// Who signed, as stated.
    pub signer: StatedPerson,
    /// When.
    pub acknowledged_at: Timestamp,
    /// After the deadline.
    pub late: bool,
    /// The event that tells of it.
    pub event_id: EventId,
    /// The signed file.
    pub jws: String,
    /// The nonce of the form that gave it, for what was signed by link: a form signs once.
    pub form_nonce: Option<Vec<u8>>,
}

#[derive(Insertable)]
#[diesel(table_name = receipts, treat_none_as_default_value = false)]
struct NewRow<'r> {
    id: String,
    delivery_id: String,
    beside: bool,
    number: &'r str,
    mode: &'static str,
    grade: &'static str,
    authority: Option<&'r str>,
    signer_name: &'r str,
    signer_post: &'r str,
    signer_phone: &'r str,
    acknowledged_at: i64,
    late: bool,
    event_id: String,
    jws: &'r str,
    form_nonce: Option<&'r [u8]>,
}

/// Writes receipts. Which of them answered is said by their deliveries: see
/// [`super::answers::answer_settle`].
///
/// # Errors
/// [`StoreError::Unique`] if one stands beside another already.
pub fn receipt_insert_all(tx: &mut Tx, new: &[&Receipt]) -> Result<(), StoreError> {
    let rows: Vec<NewRow<'_>> = new
        .iter()
        .map(|receipt| NewRow {
            id: receipt.id.to_string(),
            delivery_id: receipt.delivery_id.to_string(),
            beside: receipt.beside,
            number: &receipt.number,
            mode: receipt.mode.as_str(),
            grade: receipt.grade.as_str(),
            authority: receipt.authority.as_deref(),
            signer_name: &receipt.signer.name,
            signer_post: &receipt.signer.post,
            signer_phone: &receipt.signer.phone,
            acknowledged_at: receipt.acknowledged_at.as_micros(),
            late: receipt.late,
            event_id: receipt.event_id.to_string(),
            jws: &receipt.jws,
            form_nonce: receipt.form_nonce.as_deref(),
        })
        .collect();
    insert_burst!(tx.db(), receipts, &rows, {
        id: Text, delivery_id: Text, beside: Bool, number: Text, mode: Text, grade: Text,
        authority: Nullable<Text>, signer_name: Text, signer_post: Text, signer_phone: Text,
        acknowledged_at: BigInt, late: Bool, event_id: Text, jws: Text,
        form_nonce: Nullable<Binary>,
    })?;
    Ok(())
}

#[derive(Queryable)]
struct Row {
    id: ReceiptId,
    delivery_id: DeliveryId,
    beside: bool,
    number: String,
    mode: Mode,
    grade: Grade,
    authority: Option<String>,
    signer_name: String,
    signer_post: String,
    signer_phone: String,
    acknowledged_at: Timestamp,
    late: bool,
    event_id: EventId,
    jws: String,
    form_nonce: Option<Vec<u8>>,
}

impl From<Row> for Receipt {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            delivery_id: row.delivery_id,
            beside: row.beside,
            number: row.number,
            mode: row.mode,
            grade: row.grade,
            authority: row.authority,
            signer: StatedPerson {
                name: row.signer_name,
                post: row.signer_post,
                phone: row.signer_phone,
            },
            acknowledged_at: row.acknowledged_at,
            late: row.late,
            event_id: row.event_id,
            jws: row.jws,
            form_nonce: row.form_nonce,
        }
    }
}

/// The receipts of those deliveries that have one: the one that answered, and the one that
/// stands beside it if there is.
///
/// # Errors
/// The store's own.
pub fn receipt_list_of(conn: &mut Conn, of: &[DeliveryId]) -> Result<Vec<Receipt>, StoreError> {
    if of.is_empty() {
        return Ok(Vec::new());
    }
    let texts: Vec<String> = of.iter().map(ToString::to_string).collect();
    let answered: Vec<Row> = deliveries::table
        .inner_join(receipts::table.on(deliveries::receipt_id.eq(receipts::id.nullable())))
        .filter(deliveries::id.eq_any(&texts))
        .select(receipts::all_columns)
        .load(conn.db())?;
    let beside: Vec<Row> = receipts::table
        .filter(receipts::beside)
        .filter(receipts::delivery_id.eq_any(&texts))
        .load(conn.db())?;
    Ok(answered.into_iter().chain(beside).map(Receipt::from).collect())
}

/// The receipt that answered for a delivery.
///
/// # Errors
/// The store's own.
pub fn receipt_find(conn: &mut Conn, delivery: DeliveryId) -> Result<Option<Receipt>, StoreError> {
    let standing = receipt_list_of(conn, &[delivery])?;
    Ok(standing.into_iter().find(|receipt| !receipt.beside))
}
