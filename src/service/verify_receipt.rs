//! Checks a receipt with the issuer's public key alone: no server, no database, no network.

pub use crate::adapters::secrets::receipts::ReceiptFault;
use crate::adapters::secrets::receipts::verify_receipt as verify;
use crate::domain::receipt::ReceiptBody;

/// The receipt in `jws`, if the key in `public_key_pem` signed exactly these bytes.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn verify_receipt(jws: &str, public_key_pem: &str) -> Result<ReceiptBody, ReceiptFault> {
    verify(jws, public_key_pem)
}

/// A signed sample and the public key of `seed`, for tests of the doors.
#[cfg(test)]
pub(crate) fn signed_sample(seed: u8) -> (String, String) {
    use crate::adapters::secrets::{keys::Keys, receipts::sign_receipt};
    let keys = Keys::for_tests(seed);
    let jws = sign_receipt(&keys, &crate::domain::receipt::sample()).unwrap_or_default();
    (jws, keys.receipt_public_pem().to_owned())
}
