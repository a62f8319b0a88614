//! Starts, wakes and stops the threads of the workers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{deliver, escalate, follow_rules, keep_time, read_bounces, watch};
use crate::service::bell::Bell;
use crate::service::deliver::{Dispatch, Share};
use crate::service::{Service, ServiceError};

/// How long stopping waits for a mail on its way.
const STOP_WITHIN: Duration = Duration::from_secs(20);

/// What a duty says after a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// There is more to do.
    Again,
    /// Nothing to do before the next tick.
    Rest,
    /// Nothing to do for this long, or until the next tick, whichever is sooner.
    RestFor(Duration),
}

/// The running workers. Dropping them stops them.
pub struct Workers {
    senders: Threads,
    keepers: Threads,
    bell: Arc<Bell>,
    dispatch: Dispatch,
}

/// Threads that end together.
#[derive(Default)]
struct Threads {
    running: Vec<JoinHandle<()>>,
    stopping: Arc<AtomicBool>,
}

impl Workers {
    /// Starts `count` threads for all messages, one more that only ever takes 特提 (so that
    /// nothing else can be in their way), one that keeps leases and one that tidies up.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(service: &Service, count: usize) -> Result<Self, ServiceError> {
        let dispatch = Dispatch::open(service);
        let poll = service.settings.sending.poll.as_micros();
        let poll = Duration::from_micros(u64::try_from(poll).unwrap_or(500_000));
        let bell = Arc::clone(&service.bell);
        let (mut senders, mut keepers) = (Threads::default(), Threads::default());
        let flash = "send-flash";
        let duty = deliver::sender(service, &dispatch, flash, Share::FlashOnly);
        senders.spawn(&bell, flash, poll, duty)?;
        for number in 1..=count.max(1) {
            let name = format!("send-{number}");
            let duty = deliver::sender(service, &dispatch, &name, Share::All);
            senders.spawn(&bell, &name, poll, duty)?;
        }
        let (every, keep) = deliver::keeper(service, &dispatch);
        keepers.spawn(&bell, "keep-leases", every, keep)?;
        keepers.spawn(&bell, "escalate", poll, escalate::engine(service))?;
        keepers.spawn(&bell, "watch", watch::GLANCE, watch::watcher(service))?;
        let (every, keep) = (keep_time::every(service), keep_time::keeper(service));
        keepers.spawn(&bell, "keep-time", every, keep)?;
        let follow = follow_rules::follower(service);
        keepers.spawn(&bell, "follow-rules", follow_rules::EVERY, follow)?;
        let bounces = read_bounces::reader(service);
        keepers.spawn(&bell, "read-bounces", read_bounces::EVERY, bounces)?;
        Ok(Self { senders, keepers, bell, dispatch })
    }

    /// Wakes all workers.
    pub fn poke(&self) {
        self.bell.ring();
    }

    /// Lets mails on their way finish, gives back the rest, and ends the threads; says whether
    /// all ended in time. What a thread still held then is due again when its lease ends.
    #[must_use]
    pub fn stop(mut self) -> bool {
        self.end(STOP_WITHIN)
    }

    /// Senders first: a lease is kept until the mail on its way is done.
    fn end(&mut self, within: Duration) -> bool {
        let began = Instant::now();
        self.dispatch.stop();
        let in_time = self.senders.end(&self.bell, began, within);
        if !in_time {
            tracing::warn!("a mail is still on its way; its message will be due again");
        }
        self.keepers.end(&self.bell, began, within) && in_time
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.end(STOP_WITHIN);
    }
}

impl Threads {
    fn spawn(
        &mut self,
        bell: &Arc<Bell>,
        name: &str,
        every: Duration,
        mut duty: impl FnMut() -> Turn + Send + 'static,
    ) -> Result<(), ServiceError> {
        let (bell, stopping) = (Arc::clone(bell), Arc::clone(&self.stopping));
        let pause = spread(every, self.running.len());
        let called = name.to_owned();
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                while !stopping.load(Ordering::SeqCst) {
                    // Asked before looking, so that a ring while looking is heard.
                    let heard = bell.rings();
                    let turn = catch_unwind(AssertUnwindSafe(&mut duty)).unwrap_or_else(|_| {
                        tracing::error!(worker = called, "a worker's turn panicked");
                        Turn::Rest
                    });
                    let pause = match turn {
                        Turn::Again => continue,
                        Turn::Rest => pause,
                        Turn::RestFor(wait) => wait.min(pause),
                    };
                    if !stopping.load(Ordering::SeqCst) {
                        bell.wait_beyond(heard, pause);
                    }
                }
            })
            .map_err(|error| ServiceError::Internal(format!("no thread {name}: {error}")))?;
        self.running.push(thread);
        Ok(())
    }

    /// Ends the threads; says whether all of them ended in time.
    fn end(&mut self, bell: &Bell, began: Instant, within: Duration) -> bool {
        self.stopping.store(true, Ordering::SeqCst);
        while self.running.iter().any(|thread| !thread.is_finished()) {
            // Rung each time: one may have looked at the flag just before it was set.
            bell.ring();
            if began.elapsed() >= within {
                self.running.clear();
                return false;
            }
            thread::sleep(Duration::from_millis(5));
        }
        for thread in self.running.drain(..) {
            drop(thread.join());
        }
        true
    }
}

/// A pause a little off the common one, so that workers do not all look at the same moment.
fn spread(every: Duration, place: usize) -> Duration {
    let part = u32::try_from(place % 8).unwrap_or(0);
    every.saturating_sub(every / 32 * part)
}
