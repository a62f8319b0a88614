//! The duty of keeping time: looks whether the clocks agree, and notes how far the time has come.

use std::time::Duration;

use super::runner::Turn;
use crate::adapters::clock::Stopwatch;
use crate::service::{Service, keep_time};

/// How often a round is due; never, where a test moves the clock.
pub(super) fn every(service: &Service) -> Duration {
    let every = service.clock.as_steady().map(|clock| clock.rules().every.as_micros());
    every.and_then(|micros| u64::try_from(micros).ok()).map_or(NEVER, Duration::from_micros)
}

const NEVER: Duration = Duration::from_secs(3_600);

/// Keeps the time. An error costs nothing: the time goes on, and the next round notes it.
pub(super) fn keeper(service: &Service) -> impl FnMut() -> Turn + Send + 'static {
    let service = service.clone();
    let every = every(&service);
    let mut last: Option<Stopwatch> = None;
    move || {
        // The bell wakes this thread too, and means others.
        if last.is_none_or(|last| last.elapsed() >= every * 3 / 4) {
            last = Some(Stopwatch::start());
            if let Err(error) = keep_time::round(&service) {
                tracing::error!(%error, "it cannot be noted how far the time has come");
            }
        }
        Turn::Rest
    }
}
