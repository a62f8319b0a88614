//! Keeps SQLite's log short from a connection of its own, so that no signature waits for it.
//! Never here: what is in the log.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::engine::{DbConn, EngineSettings, Purpose};
use super::error::StoreError;

/// Checkpoints every quarter second; ends when `stop` says so.
pub(super) fn checkpoint_until(settings: &EngineSettings, stop: &Stop) {
    const EVERY: Duration = Duration::from_millis(250);
    /// About 64 MiB of log: worth waiting for a moment without readers to cut it.
    const LOG_PAGES_RESET: i64 = 16_384;
    let mut conn: Option<DbConn> = None;
    while !stop.wait(EVERY) {
        let mut open = match conn.take() {
            Some(open) => open,
            None => match settings.connect(Purpose::Checkpoint) {
                Ok(open) => open,
                Err(error) => {
                    tracing::warn!(%error, "no connection for the checkpoint");
                    continue;
                }
            },
        };
        let done = open
            .checkpoint(false)
            .and_then(|left| if left > LOG_PAGES_RESET { open.checkpoint(true) } else { Ok(left) });
        match done {
            Ok(_) => conn = Some(open),
            Err(StoreError::Busy(_)) => conn = Some(open),
            Err(error) => tracing::warn!(%error, "the checkpoint failed"),
        }
    }
}

/// Tells a thread to end, and lets it sleep until then.
#[derive(Default)]
pub(super) struct Stop {
    told: Mutex<bool>,
    bell: Condvar,
}

impl Stop {
    pub(super) fn tell(&self) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.bell.notify_all();
    }

    fn wait(&self, at_most: Duration) -> bool {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (told, _) = self
            .bell
            .wait_timeout_while(told, at_most, |told| !*told)
            .unwrap_or_else(PoisonError::into_inner);
        *told
    }
}
