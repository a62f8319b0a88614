//! The duty of looking into the folder where returned mails lie.

use std::time::{Duration, Instant};

use super::runner::Turn;
use crate::service::Service;
use crate::service::read_bounce::read_folder;

/// How often it is looked.
pub(super) const EVERY: Duration = Duration::from_secs(5);

/// Reads what came back.
pub(super) fn reader(service: &Service) -> impl FnMut() -> Turn + Send + 'static {
    let service = service.clone();
    let mut last: Option<Instant> = None;
    move || {
        // The bell wakes this thread too, and means others.
        if last.is_some_and(|last| last.elapsed() < EVERY / 2) {
            return Turn::Rest;
        }
        last = Some(Instant::now());
        match read_folder(&service) {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "returned mails were read"),
            Err(error) => tracing::error!(%error, "returned mails cannot be read"),
        }
        Turn::Rest
    }
}
