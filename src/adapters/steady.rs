//! The clock that all of the server goes by: it advances with the machine's own progress, and the
//! clock on the wall only corrects it, by the rules of `domain/steady.rs`.
//!
//! One clock for everything: ladders, leases, signatures, sessions, ids and events. With two, an
//! answer could carry an earlier instant than the reminder that came before it, a session would
//! end with every step of the wall, and the order of the record would depend on who wrote it.
//! Asking is two additions and one atomic maximum, without lock and without system call beyond
//! the progress itself. Never here: the database, alarms, sleeping.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::clock::{Clock, ManualClock, Stopwatch};
use crate::domain::steady::{Doubts, Look, Ruling, SteadyRules, Witness};
use crate::domain::time::{Span, Timestamp};

/// What goes on evenly, whatever is done to the clock on the wall.
pub trait Progress: Send + Sync {
    /// How long it has gone on since some fixed instant.
    fn elapsed(&self) -> Span;
}

impl Progress for Stopwatch {
    fn elapsed(&self) -> Span {
        let micros = Duration::as_micros(&Self::elapsed(*self));
        Span::micros(i64::try_from(micros).unwrap_or(i64::MAX))
    }
}

impl Progress for ManualClock {
    fn elapsed(&self) -> Span {
        Span::micros(self.now().as_micros())
    }
}

/// The two halves of a machine's time, and what the machine is called.
#[derive(Clone)]
pub struct Hands {
    /// The clock on the wall, which people set.
    pub wall: Arc<dyn Clock>,
    /// The machine's own progress, which nobody sets.
    pub progress: Arc<dyn Progress>,
    /// The machine's name, as alarms call it.
    pub machine: String,
}

/// See the room's head.
pub struct SteadyClock {
    hands: Hands,
    rules: SteadyRules,
    /// Steady time less progress.
    offset: AtomicI64,
    /// The latest instant that was shown.
    shown: AtomicI64,
    rounds: Mutex<Rounds>,
}

#[derive(Default)]
struct Rounds {
    doubts: Doubts,
    last: Option<Span>,
    leapt: Option<(Span, Timestamp)>,
}

impl SteadyClock {
    /// A clock that shows `at` now.
    #[must_use]
    pub fn start(hands: Hands, rules: SteadyRules, at: Timestamp) -> Self {
        let offset = at.as_micros().saturating_sub(hands.progress.elapsed().as_micros());
        Self {
            hands,
            rules,
            offset: AtomicI64::new(offset),
            shown: AtomicI64::new(at.as_micros()),
            rounds: Mutex::default(),
        }
    }

    /// When which clock is believed.
    #[must_use]
    pub const fn rules(&self) -> &SteadyRules {
        &self.rules
    }

    /// The machine's name, as alarms call it.
    #[must_use]
    pub fn machine(&self) -> &str {
        &self.hands.machine
    }

    /// The machine's progress: measures how long a question took.
    #[must_use]
    pub fn elapsed(&self) -> Span {
        self.hands.progress.elapsed()
    }

    fn rounds(&self) -> MutexGuard<'_, Rounds> {
        self.rounds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All clocks now; changes nothing.
    #[must_use]
    pub fn look(&self, witness: Witness) -> Look {
        let elapsed = self.elapsed();
        let last = self.rounds().last.unwrap_or(elapsed);
        let passed = elapsed.as_micros().saturating_sub(last.as_micros());
        Look {
            steady: self.now(),
            wall: self.hands.wall.now(),
            witness,
            passed: Span::micros(passed),
        }
    }

    /// Judges a look. A leap is only told: it counts once it is on record ([`Self::leap`]).
    /// Says also how many looks in a row showed the same time far ahead.
    pub fn judge(&self, rules: &SteadyRules, look: &Look) -> (Ruling, u32) {
        let mut rounds = self.rounds();
        rounds.last = Some(self.elapsed());
        let ruling = rounds.doubts.judge(rules, look);
        if let Ruling::Drift(by) = ruling {
            // What was shown already is not taken back: see `now`.
            self.offset.fetch_add(by.as_micros(), Ordering::AcqRel);
        }
        (ruling, rounds.doubts.looks())
    }

    /// Leaps ahead, after that was put on record. Nobody can make it leap back.
    pub fn leap(&self, by: Span) {
        let mut rounds = self.rounds();
        rounds.doubts = Doubts::default();
        self.offset.fetch_add(by.as_micros().max(0), Ordering::AcqRel);
        rounds.leapt = Some((by, self.now()));
    }

    /// The last leap, and where it led to.
    #[must_use]
    pub fn leapt(&self) -> Option<(Span, Timestamp)> {
        self.rounds().leapt
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let progress = self.hands.progress.elapsed().as_micros();
        let now = progress.saturating_add(self.offset.load(Ordering::Acquire));
        let before = self.shown.fetch_max(now, Ordering::AcqRel);
        Timestamp::from_micros(now.max(before))
    }

    fn as_steady(&self) -> Option<&SteadyClock> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_795_483_200_000_000);

    fn machine() -> (ManualClock, ManualClock, SteadyClock) {
        let (wall, progress) = (ManualClock::at(NOON), ManualClock::at(Timestamp::default()));
        let hands = Hands {
            wall: Arc::new(wall.clone()),
            progress: Arc::new(progress.clone()),
            machine: "here".to_owned(),
        };
        let clock = SteadyClock::start(hands, SteadyRules::default(), NOON);
        (wall, progress, clock)
    }

    #[test]
    fn it_goes_on_with_the_progress_and_not_with_the_wall() {
        let (wall, progress, clock) = machine();
        wall.advance(Span::hours(24));
        assert_eq!(clock.now(), NOON);
        progress.advance(Span::seconds(7));
        assert_eq!(clock.now(), NOON.plus(Span::seconds(7)));
        wall.advance(Span::hours(-48));
        assert_eq!(clock.now(), NOON.plus(Span::seconds(7)));
    }

    #[test]
    fn it_never_shows_an_earlier_time() {
        let (wall, progress, clock) = machine();
        wall.advance(Span::seconds(-50));
        let mut before = clock.now();
        for _ in 0..1_000 {
            progress.advance(Span::micros(1));
            wall.advance(Span::micros(1));
            let look = clock.look(Witness::Nobody);
            clock.judge(clock.rules(), &Look { passed: Span::hours(1), ..look });
            let now = clock.now();
            assert!(now >= before, "{now} after {before}");
            before = now;
        }
        clock.leap(Span::hours(-3));
        assert!(clock.now() >= before);
    }

    #[test]
    fn many_threads_see_one_order() {
        let hands = Hands {
            wall: Arc::new(ManualClock::at(NOON)),
            progress: Arc::new(Stopwatch::start()),
            machine: "here".to_owned(),
        };
        let clock = SteadyClock::start(hands, SteadyRules::default(), NOON);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut before = clock.now();
                    for _ in 0..20_000 {
                        let now = clock.now();
                        assert!(now >= before);
                        before = now;
                    }
                });
            }
            for _ in 0..200 {
                let look = clock.look(Witness::Says(NOON.minus(Span::seconds(30))));
                clock.judge(clock.rules(), &Look { passed: Span::seconds(50), ..look });
            }
        });
    }
}
