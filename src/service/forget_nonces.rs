//! Forgets spent nonces of forms that have expired; housekeeping calls it now and then.

use super::{Service, ServiceError};
use crate::store::nonces::nonce_prune;

/// Says how many were forgotten.
///
/// # Errors
/// The store's own.
pub fn forget_nonces(service: &Service) -> Result<usize, ServiceError> {
    let now = service.now();
    service.store.write("forget_nonces", move |tx| Ok::<_, ServiceError>(nonce_prune(tx, now)?))
}
