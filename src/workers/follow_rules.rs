//! The duty of following the rules that an administrator changed on another server.

use std::time::{Duration, Instant};

use super::runner::Turn;
use crate::service::Service;

/// How often it is looked: well within the five seconds that are promised.
pub(super) const EVERY: Duration = Duration::from_secs(2);

/// Takes over newer versions of the rules.
pub(super) fn follower(service: &Service) -> impl FnMut() -> Turn + Send + 'static {
    let service = service.clone();
    let mut last: Option<Instant> = None;
    move || {
        // The bell wakes this thread too, and means others.
        if last.is_some_and(|last| last.elapsed() < EVERY / 2) {
            return Turn::Rest;
        }
        last = Some(Instant::now());
        match service.rules.refresh(&service.store) {
            Ok(false) => {}
            Ok(true) => service.rules.tell(),
            Err(error) => tracing::error!(%error, "newer rules cannot be taken over"),
        }
        Turn::Rest
    }
}
