//! What senders have in hand: which mail is on its way, and which wait for their turn.
//!
//! A mail on its way may wait ten minutes for the last reply, so its lease is kept alive. Those
//! behind it must not wait as long: when half the lease is over they go back to the queue.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::adapters::clock::Stopwatch;
use crate::domain::ids::MessageId;
use crate::store::outbox::Taken;

/// One sender's hand. Clones are the same hand.
#[derive(Debug, Clone, Default)]
pub(super) struct Hand(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    token: String,
    since: Option<Stopwatch>,
    begun: Option<MessageId>,
    waiting: VecDeque<Taken>,
}

impl Hand {
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fills the hand; `since` began before the lease did.
    pub(super) fn fill(&self, token: String, since: Stopwatch, taken: Vec<Taken>) {
        let mut held = self.lock();
        *held = Held { token, since: Some(since), begun: None, waiting: taken.into() };
    }

    /// The next message to send, if its turn came within `within`; the one before it is done.
    pub(super) fn begin_next(&self, within: Duration) -> Option<Taken> {
        let mut held = self.lock();
        held.begun = None;
        if held.since.is_none_or(|since| since.elapsed() >= within) {
            return None;
        }
        let next = held.waiting.pop_front()?;
        held.begun = Some(next.id);
        Some(next)
    }

    /// Nothing is begun any more; what still waits is to be given back.
    pub(super) fn empty(&self) -> Vec<Taken> {
        let mut held = self.lock();
        held.begun = None;
        held.waiting.drain(..).collect()
    }

    /// What waits although its time is over, with the token of its lease.
    pub(super) fn take_late(&self, within: Duration) -> (String, Vec<Taken>) {
        let mut held = self.lock();
        let late = held.since.is_some_and(|since| since.elapsed() >= within);
        let waiting = if late { held.waiting.drain(..).collect() } else { Vec::new() };
        (held.token.clone(), waiting)
    }

    /// The mail on its way, whose lease must not end.
    pub(super) fn begun(&self) -> Option<(MessageId, String)> {
        let held = self.lock();
        held.begun.map(|id| (id, held.token.clone()))
    }
}
