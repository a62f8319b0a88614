//! How many messages a sender takes at once. Few, so that 特提 never waits long behind what is in
//! hand; more while a long queue of other matter goes out quickly, so that fewer commits carry it.

use super::FLASH_LANE;
use crate::store::outbox::Taken;

/// As long as nothing speaks for more.
const FEW: usize = 16;
/// At most: what a relay 20 ms away takes within a few seconds.
const MANY: usize = 64;

/// One sender's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Appetite(usize);

impl Default for Appetite {
    fn default() -> Self {
        Self(FEW)
    }
}

impl Appetite {
    /// Messages to take next.
    pub(super) const fn size(self) -> usize {
        self.0
    }

    /// After a taking: twice as many if the queue was longer, none of it was 特提, and all had
    /// their turn; few again otherwise.
    pub(super) fn after(self, taken: &[Taken]) -> Self {
        let flash = taken.iter().any(|one| one.lane == FLASH_LANE);
        if flash || taken.len() < self.0 { Self(FEW) } else { Self((self.0 * 2).min(MANY)) }
    }

    /// A message in hand did not have its turn in time.
    pub(super) fn was_too_big(&mut self) {
        *self = Self::default();
    }
}
