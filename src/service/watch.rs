//! What this server knows of its own workers: when each duty last finished a round, and which
//! alarms are open. In memory, so that it answers when the database does not.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::adapters::clock::Stopwatch;
use crate::adapters::outward::Outward;
use crate::domain::time::Timestamp;
use crate::domain::words::word_enum;
use crate::service::Service;
use crate::store::StoreError;
use crate::store::alarms::Alarm;
use crate::store::rounds::round_set;

/// A duty is silent when it finished no round for this long.
const SILENT_AFTER: Duration = Duration::from_secs(60);
/// How long a whole round of every duty may take.
const ROUND_WITHIN: Duration = Duration::from_secs(10);
/// How often a duty's round is written down, at most.
const WRITTEN_EVERY: Duration = Duration::from_secs(10);

word_enum! {
    /// A duty that must keep going round.
    pub enum Duty {
        /// Takes the steps of ladders.
        Escalate = "escalate", "催签";
        /// Sends messages.
        Deliver = "deliver", "发送";
    }
}

/// How to raise the alarm and to show that all is well.
#[derive(Debug, Clone)]
pub struct WatchSettings {
    /// Where alarms are mailed to.
    pub mail_to: Option<String>,
    /// A program that is run with the alarm as its input, and its arguments.
    pub command: Vec<String>,
    /// A file that is written after each clean pass.
    pub heartbeat_file: Option<PathBuf>,
    /// An address that is called after each clean pass.
    pub heartbeat_url: Option<Outward>,
    /// An address that alarms are posted to.
    pub alarm_url: Option<Outward>,
    /// A duty is silent when it finished no round for this long.
    pub silent_after: Duration,
    /// How long `/health/engine` waits for a whole round of every duty.
    pub round_within: Duration,
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self {
            mail_to: None,
            command: Vec::new(),
            heartbeat_file: None,
            heartbeat_url: None,
            alarm_url: None,
            silent_after: SILENT_AFTER,
            round_within: ROUND_WITHIN,
        }
    }
}

/// How a duty's rounds went.
#[derive(Debug, Clone, Copy)]
struct Round {
    /// The latest ticket with which a finished round began.
    begun: u64,
    finished: Stopwatch,
    written: Option<Stopwatch>,
}

#[derive(Default)]
struct Known {
    tickets: u64,
    rounds: BTreeMap<Duty, Round>,
    alarms: Vec<Alarm>,
    steps_proved_until: Option<Timestamp>,
}

/// See the room's head.
pub struct Watch {
    /// How to raise the alarm and to show that all is well.
    pub settings: WatchSettings,
    since: Stopwatch,
    known: Mutex<Known>,
}

impl Default for Watch {
    fn default() -> Self {
        Self::new(WatchSettings::default())
    }
}

impl Watch {
    /// Begins to watch.
    #[must_use]
    pub fn new(settings: WatchSettings) -> Self {
        Self { settings, since: Stopwatch::start(), known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that orders beginnings: what begins later has a higher one.
    #[must_use]
    pub fn ticket(&self) -> u64 {
        let mut known = self.known();
        known.tickets = known.tickets.saturating_add(1);
        known.tickets
    }

    /// Whether a round of `duty` that began after `ticket` was drawn has finished.
    #[must_use]
    pub fn finished_since(&self, duty: Duty, ticket: u64) -> bool {
        self.known().rounds.get(&duty).is_some_and(|round| round.begun > ticket)
    }

    /// Whether `duty` has finished no round for too long; from the start, if it never did.
    #[must_use]
    pub fn is_silent(&self, duty: Duty) -> bool {
        let last = self.known().rounds.get(&duty).map(|round| round.finished);
        last.unwrap_or(self.since).elapsed() >= self.settings.silent_after
    }

    /// The alarms open at the last look.
    #[must_use]
    pub fn alarms(&self) -> Vec<Alarm> {
        self.known().alarms.clone()
    }

    /// Keeps the alarms that are open.
    pub fn keep_alarms(&self, open: Vec<Alarm>) {
        self.known().alarms = open;
    }

    /// Until when every step that was taken has been seen to have its effect; none if this server
    /// has not looked yet.
    #[must_use]
    pub fn steps_proved_until(&self) -> Option<Timestamp> {
        self.known().steps_proved_until
    }

    /// Keeps that every step taken until then has its effect.
    pub fn keep_steps_proved(&self, until: Timestamp) {
        self.known().steps_proved_until = Some(until);
    }

    /// Notes a finished round; says whether it is time to write that down.
    fn note(&self, duty: Duty, begun: u64) -> bool {
        let mut known = self.known();
        let now = Stopwatch::start();
        let before = known.rounds.get(&duty).copied();
        let due = before
            .and_then(|round| round.written)
            .is_none_or(|written| written.elapsed() >= WRITTEN_EVERY);
        let written = if due { Some(now) } else { before.and_then(|round| round.written) };
        let begun = before.map_or(begun, |round| round.begun.max(begun));
        known.rounds.insert(duty, Round { begun, finished: now, written });
        due
    }
}

/// Notes that a round of `duty` that began with `ticket` has finished. Seldom written down, and
/// not waited for: the next round writes again.
pub fn round_finished(service: &Service, duty: Duty, ticket: u64) {
    if service.watch.note(duty, ticket) {
        let now = service.now();
        drop(service.store.submit("mark_round", move |tx| {
            round_set(tx, duty.as_str(), now)?;
            Ok::<_, StoreError>(())
        }));
    }
}
