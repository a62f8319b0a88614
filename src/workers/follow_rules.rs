//! The duty of following the rules that an administrator changed on another server, and of
//! carrying a corrected holiday table to what is out.

use std::time::{Duration, Instant};

use super::runner::Turn;
use crate::service::Service;
use crate::service::move_deadlines;
use crate::service::watch_calendar::watch_calendar;

/// How often it is looked: well within the five seconds that are promised.
pub(super) const EVERY: Duration = Duration::from_secs(2);

/// How often it is looked whether the holiday table reaches far enough.
const CALENDAR_EVERY: Duration = Duration::from_secs(600);

/// Takes over newer versions of the rules.
pub(super) fn follower(service: &Service) -> impl FnMut() -> Turn + Send + 'static {
    let service = service.clone();
    let mut last: Option<Instant> = None;
    let mut looked: Option<Instant> = None;
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
        if looked.is_none_or(|looked| looked.elapsed() >= CALENDAR_EVERY) {
            looked = Some(Instant::now());
            if let Err(error) = watch_calendar(&service) {
                tracing::error!(%error, "the holiday table cannot be watched");
            }
        }
        carry_on(&service)
    }
}

/// Carries a corrected holiday table, chunk by chunk until nothing is left.
fn carry_on(service: &Service) -> Turn {
    loop {
        match move_deadlines::tick(service) {
            Ok(moved) if moved.more => {}
            Ok(_) => return Turn::Rest,
            Err(error) => {
                tracing::error!(%error, "a corrected holiday table cannot be carried further");
                return Turn::Rest;
            }
        }
    }
}
