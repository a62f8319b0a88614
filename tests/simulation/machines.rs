//! The machines of a played seed and their clocks: steps of minutes to days in both directions,
//! sleeping machines, restarts; and what must be so of the time whatever is done to a clock.
//!
//! A seed has either one machine with one server and no second clock (the embedded engine), or
//! several with a database whose clock is another machine's and may be silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use qianshou::adapters::clock::{Clock, ManualClock};
use qianshou::adapters::steady::{Hands, Progress, SteadyClock};
use qianshou::domain::steady::{SteadyRules, Witness};
use qianshou::domain::time::{Span, Timestamp};
use qianshou::service::keep_time;
use qianshou::store::Store;

use crate::mutants::Knob;
use crate::play::{Play, held};

/// How far the time of a server may be from the truth.
pub(crate) const SKEW_MICROS: i64 = 2_000_000;
/// Beyond this a clock is wrong: far more than [`SKEW_MICROS`], so that nothing lies between.
const WRONG: i64 = 60_000_000;
const LOOKS: u32 = 4;

/// The rules of the seeds: the shipped ones with fewer looks, so that all of it happens often.
pub(crate) fn rules(knob: Option<Knob>) -> SteadyRules {
    let looks = if knob == Some(Knob::BelievesAtOnce) { 1 } else { LOOKS };
    SteadyRules { looks, ..SteadyRules::default() }
}

/// One machine.
#[derive(Clone, Default)]
pub(crate) struct Machine {
    /// What people did to its clock.
    step: Arc<AtomicI64>,
    /// How long it slept.
    slept: Arc<AtomicI64>,
    /// Looks since its clock was set forward wrongly.
    looks: Arc<AtomicU32>,
}

struct Wall(ManualClock, Machine);

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        self.0.now().plus(Span::micros(self.1.step.load(Ordering::SeqCst)))
    }
}

struct Running(ManualClock, Machine);

impl Progress for Running {
    fn elapsed(&self) -> Span {
        Span::micros(self.0.now().as_micros() - self.1.slept.load(Ordering::SeqCst))
    }
}

/// A planted clock that follows the wall back.
struct GoesBack(Wall, SteadyClock);

impl Clock for GoesBack {
    fn now(&self) -> Timestamp {
        self.1.now().min(self.0.now())
    }

    fn as_steady(&self) -> Option<&SteadyClock> {
        Some(&self.1)
    }
}

impl Machine {
    fn hands(&self, truth: &ManualClock, name: String) -> Hands {
        Hands {
            wall: Arc::new(Wall(truth.clone(), self.clone())),
            progress: Arc::new(Running(truth.clone(), self.clone())),
            machine: name,
        }
    }

    fn stepped(&self) -> i64 {
        self.step.load(Ordering::SeqCst)
    }

    /// The clock of a server that starts on this machine.
    pub(crate) fn clock(
        &self,
        truth: &ManualClock,
        store: &Store,
        (name, witness, knob): (String, Witness, Option<Knob>),
    ) -> Arc<dyn Clock> {
        let wall = Wall(truth.clone(), self.clone());
        let hands = self.hands(truth, name);
        let begin = |hands| keep_time::begin_beside(store, hands, rules(knob), witness).unwrap();
        match knob {
            Some(Knob::GoesByTheWall) => Arc::new(wall),
            Some(Knob::GoesBack) => Arc::new(GoesBack(wall, begin(hands))),
            Some(Knob::ForgetsAtRestart) => {
                Arc::new(SteadyClock::start(hands, rules(knob), wall.now()))
            }
            _ => Arc::new(begin(hands)),
        }
    }
}

impl Play {
    /// A small step now and then, a large one seldom, each in either direction.
    pub(crate) fn step_clock(&self, place: usize) {
        let machine = self.machine(place);
        let far = || {
            let unit: i64 = [60_000_000, 3_600_000_000, 86_400_000_000][self.pick(3)];
            2 * unit + i64::try_from(self.roll(10 * unit.unsigned_abs())).unwrap()
        };
        let range = u64::try_from(SKEW_MICROS).unwrap();
        let (what, by) = match self.roll(10) {
            0..=3 => {
                let by = i64::try_from(self.roll(2 * range)).unwrap() - SKEW_MICROS;
                ("a clock is set a little", by)
            }
            4..=5 => ("a clock is set far ahead", far()),
            6..=7 => ("a clock is set far back", -far()),
            8 => ("a clock is set right", 0),
            _ => return self.sleep(place),
        };
        machine.step.store(by, Ordering::SeqCst);
        machine.looks.store(0, Ordering::SeqCst);
        self.note(&format!("{what}={place} {by}"));
    }

    /// The machine stands still for hours, and its time server sets it right when it wakes.
    fn sleep(&self, place: usize) {
        if self.is_nested() || self.roll(6) > 0 {
            return;
        }
        let by = 120_000_000 + i64::try_from(self.roll(12 * 3_600_000_000)).unwrap();
        let machine = self.machine(place);
        self.flush();
        self.truth.advance(Span::micros(by));
        machine.slept.fetch_add(by, Ordering::SeqCst);
        machine.step.store(0, Ordering::SeqCst);
        machine.looks.store(0, Ordering::SeqCst);
        self.note(&format!("a machine slept={place} {by}"));
        if self.is_shared() {
            // It asks the database before it does anything.
            self.look_with(place, Witness::Says(self.truth.now()));
        } else {
            held(&self.history).behind = true;
        }
    }

    /// What the clock beside says: there is none, or it is near the truth, or silent.
    fn witness(&self) -> Witness {
        if !self.is_shared() {
            return Witness::Nobody;
        }
        if self.in_chaos() && self.roll(4) == 0 {
            return Witness::Silent;
        }
        Witness::Says(self.near())
    }

    /// The truth, as another machine knows it.
    pub(crate) fn near(&self) -> Timestamp {
        let range = u64::try_from(SKEW_MICROS / 2).unwrap();
        let off = i64::try_from(self.roll(2 * range)).unwrap() - SKEW_MICROS / 2;
        self.truth.now().plus(Span::micros(off))
    }

    /// Each server looks at the clocks.
    pub(crate) fn look_at_clocks(&self) {
        for place in 0..self.servers_that_look() {
            let witness = self.witness();
            self.look_with(place, witness);
        }
        self.check_time();
    }

    /// What breaks off is done again five seconds later, so that a note is never old.
    fn look_with(&self, place: usize, witness: Witness) {
        let server = self.at(place);
        for _ in 0..20 {
            self.find_out(place);
            match keep_time::keep(&server.service, &rules(self.knob), witness) {
                Ok(kept) => {
                    if kept.leapt.is_some() {
                        self.note(&format!("a time leapt={place}"));
                    }
                    break;
                }
                Err(error) => self.note(&format!("time keeping broke off={error}")),
            }
        }
    }

    /// Who set a clock forward wrongly finds out before it is believed; a wrong time that stays is
    /// believed in the end where nothing knows better, and that is as told.
    fn find_out(&self, place: usize) {
        let machine = self.machine(place);
        if !self.is_shared() && machine.stepped() > WRONG {
            let looked = machine.looks.fetch_add(1, Ordering::SeqCst) + 1;
            if looked >= LOOKS {
                machine.step.store(0, Ordering::SeqCst);
                self.note(&format!("a clock is set right={place} 0"));
            }
        }
    }

    /// I19: no server is ahead of the truth, none is late unless its machine slept, and none goes
    /// back.
    pub(crate) fn check_time(&self) {
        let truth = self.truth.now();
        let mut late = false;
        for place in 0..self.servers_that_look() {
            let server = self.at(place);
            let now = server.service.now();
            let off = now.since(truth).as_micros();
            let before = server.seen.fetch_max(now.as_micros(), Ordering::SeqCst);
            if off > SKEW_MICROS {
                self.wrong(format!("I19 a server is ahead of the truth by {off} µs"));
            }
            late |= off < -SKEW_MICROS;
            if now.as_micros() < before {
                self.wrong(format!("I19 the time of a server went back to {now}"));
            }
        }
        let mut history = held(&self.history);
        let behind = history.behind;
        history.behind &= late;
        drop(history);
        if late && !behind {
            self.wrong(format!("I19 a server is late although its machine ran: {truth}"));
        }
    }

    /// How far a server is behind the truth, if its machine slept.
    pub(crate) fn behind_by(&self) -> Span {
        let off = self.truth.now().since(self.at(0).service.now());
        if off.as_micros() > SKEW_MICROS + 1_000_000 { off } else { Span::ZERO }
    }

    /// The faults have stopped. Clocks that were set back, or that nothing believes, stay as they
    /// are: a chase goes on in spite of them.
    pub(crate) fn calm_clocks(&self) {
        for place in 0..self.servers_that_look() {
            let machine = self.machine(place);
            // A machine that slept and is set back looks like one that is right.
            let lost =
                !self.is_shared() && (machine.stepped() > WRONG || held(&self.history).behind);
            if lost || self.roll(2) == 0 {
                machine.step.store(0, Ordering::SeqCst);
            }
        }
        for _ in 0..LOOKS + 2 {
            self.truth.advance(Span::seconds(5));
            self.look_at_clocks();
        }
        if held(&self.history).behind {
            self.wrong("I19 a server stays behind after its machine slept".to_owned());
        }
        self.check_alarms();
    }

    /// Whoever has a wrong clock is told of, and nobody else.
    fn check_alarms(&self) {
        self.flush();
        for place in 0..self.servers_that_look() {
            let wrong = self.machine(place).stepped().abs() > WRONG;
            let told = self.lines(&format!(
                "SELECT id AS line FROM alarms WHERE kind = 'clock_differs' AND \
                 subject = 'm{place}' AND cleared_at IS NULL"
            ));
            if wrong == told.is_empty() {
                self.wrong(format!("I19 clock of m{place} wrong: {wrong}, told: {told:?}"));
            }
        }
    }
}
