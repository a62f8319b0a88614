//! The receipt as a signed file, and as what a print of it shows. Both come from the stored
//! bytes: what is printed is exactly what the signature binds.

use super::scope::Scope;
use super::visit::Visiting;
use super::{Service, ServiceError};
use crate::adapters::secrets::receipts::verify_receipt;
use crate::domain::ids::DeliveryId;
use crate::domain::receipt::ReceiptBody;
use crate::domain::time::Timestamp;
use crate::store::deliveries::{Delivery, delivery_find};
use crate::store::notices::Notice;
use crate::store::receipts::{Receipt, receipt_find};

/// A receipt for printing.
pub struct ReceiptToPrint {
    /// When it was looked at.
    pub now: Timestamp,
    /// What the signature binds.
    pub body: ReceiptBody,
    /// The delivery, for the times the receipt does not bind.
    pub delivery: Delivery,
    /// The name of the key that signed it.
    pub key_id: String,
}

/// The signed file of a delivery.
///
/// # Errors
/// [`ServiceError::NotFound`] before the signature, else the store's own.
pub fn receipt_file(service: &Service, visiting: &Visiting) -> Result<Receipt, ServiceError> {
    let found = service.store.read(|conn| receipt_find(conn, visiting.delivery))?;
    found.ok_or(ServiceError::NotFound)
}

/// The signed file of a delivery and its notice, for those of the staff who may read its story.
///
/// # Errors
/// [`ServiceError::NotFound`] if it is not theirs to read, [`ServiceError::Conflict`] before the
/// signature, else the store's own.
pub fn receipt_for_staff(
    service: &Service,
    scope: Scope,
    id: DeliveryId,
) -> Result<(Notice, Receipt), ServiceError> {
    service.store.read(|conn| {
        let delivery = scope.delivery(conn, id)?;
        let notice = scope.notice(conn, delivery.notice_id)?;
        let none = || ServiceError::Conflict("该单位还没有签收，所以没有回执。".to_owned());
        Ok((notice, receipt_find(conn, id)?.ok_or_else(none)?))
    })
}

/// The receipt of a delivery, for printing.
///
/// # Errors
/// [`ServiceError::NotFound`] before the signature; the stored file does not verify.
pub fn receipt_to_print(
    service: &Service,
    visiting: &Visiting,
) -> Result<ReceiptToPrint, ServiceError> {
    let receipt = receipt_file(service, visiting)?;
    let delivery = service.store.read(|conn| delivery_find(conn, visiting.delivery))?;
    let body = verify_receipt(&receipt.jws, service.keys.receipt_public_pem())
        .map_err(|fault| ServiceError::Internal(format!("receipt {}: {fault}", receipt.id)))?;
    Ok(ReceiptToPrint {
        now: service.now(),
        body,
        delivery: delivery.ok_or(ServiceError::NotFound)?,
        key_id: service.keys.receipt_key_id().to_owned(),
    })
}
