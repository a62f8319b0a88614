//! The duty of tidying up: drops what can no longer matter, and nothing that is evidence.

use std::time::{Duration, Instant};

use super::runner::Turn;
use crate::service::Service;
use crate::service::forget_nonces::forget_nonces;

/// How often there is something worth tidying.
pub(super) const EVERY: Duration = Duration::from_secs(600);

/// Forgets nonces of forms that have expired.
pub(super) fn housekeeper(service: &Service) -> impl FnMut() -> Turn + Send + 'static {
    let service = service.clone();
    let mut last: Option<Instant> = None;
    move || {
        // The bell wakes this thread too, and means others.
        if last.is_none_or(|last| last.elapsed() >= EVERY) {
            last = Some(Instant::now());
            match forget_nonces(&service) {
                Ok(0) => {}
                Ok(count) => tracing::debug!(count, "expired nonces forgotten"),
                Err(error) => tracing::warn!(%error, "expired nonces are not forgotten"),
            }
        }
        Turn::Rest
    }
}
