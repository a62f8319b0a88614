//! Wakes workers in this process as soon as there is work. A ring that nobody hears is no loss:
//! every worker looks by itself again and again.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Counts its rings, so that one between two waits is not missed.
#[derive(Debug, Default)]
pub struct Bell {
    rings: Mutex<u64>,
    rung: Condvar,
}

impl Bell {
    /// Wakes everybody who waits. Call it after the write is committed.
    pub fn ring(&self) {
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        *rings = rings.wrapping_add(1);
        self.rung.notify_all();
    }

    /// How often it has rung so far: ask before looking for work.
    #[must_use]
    pub fn rings(&self) -> u64 {
        *self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a ring after `heard`, but not for longer than `at_most`.
    pub fn wait_beyond(&self, heard: u64, at_most: Duration) {
        let rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        drop(
            self.rung
                .wait_timeout_while(rings, at_most, |rings| *rings == heard)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_heard_during_a_wait_and_before_it() {
        let bell = Bell::default();
        let (heard, patience) = (bell.rings(), Duration::from_secs(20));
        let begun = std::time::Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| bell.wait_beyond(heard, patience));
            std::thread::sleep(Duration::from_millis(20));
            bell.ring();
        });
        bell.wait_beyond(heard, patience);
        assert!(begun.elapsed() < patience, "the ring was not heard");
    }
}
