//! Plays one seed: several servers over one database, interleaved at every write and every mail,
//! with clocks that are set about, writes that are lost or left in doubt, crashes, and every
//! outcome of a mail; then the faults stop, and everything owed must happen at once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use qianshou::adapters::clock::{Clock as _, ManualClock};
use qianshou::adapters::mail::MemoryMailer;
use qianshou::domain::steady::Witness;
use qianshou::domain::time::{Span, Timestamp};
use qianshou::domain::urgency::Urgency;
use qianshou::service::deliver::{self, Dispatch, Sender, Share};
use qianshou::service::{Service, escalate};
use qianshou::store::StoreError;
use qianshou::store::fate::{Fate, Fates};

use crate::machines::{Machine, SKEW_MICROS};
use crate::mails::SimMailer;
use crate::mutants::{Knob, Mutant};
use crate::support::trustcheck::{Books, Memory, breaches, state};
use crate::world::{START, World, horizon};

const SERVERS: usize = 3;
const DEPTH_MAX: u32 = 2;
/// A seed that goes on for longer than this has come to no end: something is due for ever.
const ROUNDS_MAX: u32 = 30_000;

/// Repeatable choices.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end.max(1)
    }
}

/// What a seed came to.
pub(crate) struct Report {
    pub(crate) hours: i64,
    pub(crate) violations: Vec<String>,
    pub(crate) trace: u64,
    pub(crate) state: Vec<String>,
    pub(crate) hits: BTreeMap<String, u64>,
}

pub(crate) struct Server {
    pub(crate) service: Service,
    dispatch: Dispatch,
    sender: Mutex<Sender>,
    /// The latest time it showed.
    pub(crate) seen: AtomicI64,
}

#[derive(Default)]
pub(crate) struct History {
    /// Message-ID header to message.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) sent: BTreeMap<String, u32>,
    /// Until when the claim holds under which a mail began.
    pub(crate) in_flight: BTreeMap<String, Timestamp>,
    /// Receipt numbers that signers were told.
    pub(crate) told: BTreeMap<usize, String>,
    pub(crate) signing: Vec<Option<Timestamp>>,
    /// When the notice is taken back, until it is.
    pub(crate) recall: Option<Timestamp>,
    /// Whose chase is stopped, and when, until it is.
    pub(crate) stop: Option<(usize, Timestamp)>,
    pub(crate) retired: Vec<String>,
    /// The only machine slept, and its time is not caught up yet.
    pub(crate) behind: bool,
    trace: u64,
    hits: BTreeMap<String, u64>,
    pub(crate) violations: Vec<String>,
}

pub(crate) struct Play {
    pub(crate) world: World,
    pub(crate) truth: ManualClock,
    seed: u64,
    machines: Vec<Machine>,
    servers: OnceLock<Vec<Mutex<Arc<Server>>>>,
    dice: Mutex<Dice>,
    pub(crate) books: Mutex<Books>,
    memory: Mutex<Memory>,
    pub(crate) history: Mutex<History>,
    chaos: AtomicBool,
    depth: AtomicU32,
    pub(crate) knob: Option<Knob>,
}

pub(crate) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The level of a seed's notice: each of the five comes round.
pub(crate) fn level_of(seed: u64) -> Urgency {
    Urgency::ALL[usize::try_from(seed % 5).unwrap()]
}

/// Plays a seed; `None`: no PostgreSQL on this machine.
pub(crate) fn play(seed: u64, mutant: Option<&Mutant>) -> Option<Report> {
    let urgency = level_of(seed);
    let world = World::build(urgency, MemoryMailer::new())?;
    let mut books = Books::open(&world.stand.url);
    for trigger in mutant.map_or(&[][..], |mutant| mutant.triggers) {
        books.run(trigger);
    }
    let mut dice = Dice::new(seed);
    let end = START.plus(horizon(urgency));
    let length = u64::try_from(end.since(START).as_micros()).unwrap();
    let signing = world.seats.iter().map(|seat| {
        let at = i64::try_from(dice.below(length + length / 2)).unwrap();
        seat.token.as_ref().map(|_| START.plus(Span::micros(at)))
    });
    let signing = signing.collect();
    let mut some_time = || {
        let at = i64::try_from(dice.below(length)).unwrap();
        START.plus(Span::micros(at))
    };
    let (recall, stop) = (some_time(), some_time());
    let recall = (dice.below(4) == 0).then_some(recall);
    let stop = (dice.below(3) == 0).then_some((usize::try_from(dice.below(3)).unwrap(), stop));
    let play = Arc::new(Play {
        truth: world.truth(),
        seed,
        machines: (0..SERVERS).map(|_| Machine::default()).collect(),
        servers: OnceLock::new(),
        dice: Mutex::new(dice),
        books: Mutex::new(books),
        memory: Mutex::default(),
        history: Mutex::new(History { signing, recall, stop, ..History::default() }),
        chaos: AtomicBool::new(true),
        depth: AtomicU32::new(0),
        knob: mutant.and_then(|mutant| mutant.knob),
        world,
    });
    let servers = play.start_all(0).into_iter().map(Mutex::new).collect();
    drop(play.servers.set(servers));
    play.run(end);
    let mut history = held(&play.history);
    Some(Report {
        hours: end.since(START).as_micros() / 3_600_000_000,
        violations: std::mem::take(&mut history.violations),
        trace: history.trace,
        hits: std::mem::take(&mut history.hits),
        state: state(&mut held(&play.books)),
    })
}

impl Play {
    /// Whether several machines share the database, so that its clock is one beside theirs.
    pub(crate) fn is_shared(&self) -> bool {
        self.seed % 2 == 1
    }

    /// On one machine there is one server: what is called a server then is a thread of it.
    pub(crate) fn servers_that_look(&self) -> usize {
        if self.is_shared() { SERVERS } else { 1 }
    }

    pub(crate) fn machine(&self, place: usize) -> &Machine {
        let place = if self.is_shared() { place } else { 0 };
        &self.machines[place]
    }

    /// Every server, new; `life` tells this start from others.
    fn start_all(self: &Arc<Self>, life: u64) -> Vec<Arc<Server>> {
        let mut shared = None;
        (0..SERVERS)
            .map(|place| {
                let clock = match &shared {
                    Some(clock) if !self.is_shared() => Arc::clone(clock),
                    _ => self.clock(place),
                };
                shared = Some(Arc::clone(&clock));
                self.start(place, life, clock)
            })
            .collect()
    }

    fn clock(&self, place: usize) -> Arc<dyn qianshou::adapters::clock::Clock> {
        let witness = match self.is_shared() {
            true => Witness::Says(self.near()),
            false => Witness::Nobody,
        };
        let store = &self.world.stand.service.store;
        self.machine(place).clock(&self.truth, store, (format!("m{place}"), witness, self.knob))
    }

    fn start(
        self: &Arc<Self>,
        place: usize,
        life: u64,
        clock: Arc<dyn qianshou::adapters::clock::Clock>,
    ) -> Arc<Server> {
        let mailer = Arc::new(SimMailer(Arc::downgrade(self)));
        let fates = Arc::new(SimFates(Arc::downgrade(self)));
        let seed = (life * 1_000_003 + self.seed) * 16 + u64::try_from(place).unwrap();
        let service = self.world.server(seed, clock, mailer, fates);
        let dispatch = Dispatch::open(&service);
        let sender = Sender::open(&service, &dispatch, &format!("s{place}"), Share::All);
        let seen = AtomicI64::new(service.now().as_micros());
        Arc::new(Server { service, dispatch, sender: Mutex::new(sender), seen })
    }

    pub(crate) fn at(&self, place: usize) -> Arc<Server> {
        Arc::clone(&held(&self.servers.get().unwrap()[place]))
    }

    pub(crate) fn is_nested(&self) -> bool {
        self.depth.load(Ordering::SeqCst) > 0
    }

    pub(crate) fn pick(&self, end: usize) -> usize {
        usize::try_from(self.roll(u64::try_from(end).unwrap())).unwrap()
    }

    pub(crate) fn roll(&self, end: u64) -> u64 {
        held(&self.dice).below(end)
    }

    pub(crate) fn in_chaos(&self) -> bool {
        self.chaos.load(Ordering::SeqCst)
    }

    pub(crate) fn note(&self, what: &str) {
        let mut history = held(&self.history);
        for byte in format!("{} {what}", self.truth.now().as_micros()).bytes() {
            history.trace = (history.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let kind = what.split('=').next().unwrap_or(what).to_owned();
        *history.hits.entry(kind).or_default() += 1;
    }

    pub(crate) fn wrong(&self, what: String) {
        let mut history = held(&self.history);
        if history.violations.len() < 200 && !history.violations.contains(&what) {
            history.violations.push(what);
        }
    }

    /// Whatever was put in line so far is committed.
    pub(crate) fn flush(&self) {
        self.world.stand.service.store.write("flush", |_| Ok::<_, StoreError>(())).unwrap();
    }

    pub(crate) fn lines(&self, query: &str) -> Vec<String> {
        held(&self.books).lines(query)
    }

    fn run(self: &Arc<Self>, end: Timestamp) {
        let calm = START.plus(Span::micros(end.since(START).as_micros() * 3 / 5));
        let mut rounds = 0;
        while self.truth.now() < calm && self.goes_on(&mut rounds) {
            for _ in 0..=self.roll(4) {
                self.step();
            }
            if self.roll(40) == 0 {
                self.crash();
            }
            self.check();
            self.go_on(calm);
            self.look_at_clocks();
        }
        self.chaos.store(false, Ordering::SeqCst);
        self.calm_clocks();
        // What a dead server held is free when its lease and the longest clock difference end.
        self.truth.advance(Span::seconds(20));
        self.settle();
        while self.truth.now() < end && self.goes_on(&mut rounds) {
            self.go_on(end);
            self.look_at_clocks();
            self.settle();
        }
        self.check_leases();
        self.compare_receipts();
    }

    /// Nothing is wrong so far, and the end is nearer than before.
    fn goes_on(&self, rounds: &mut u32) -> bool {
        *rounds += 1;
        if *rounds > ROUNDS_MAX {
            self.wrong(format!("I15 after {ROUNDS_MAX} rounds something is due still"));
        }
        held(&self.history).violations.is_empty()
    }

    /// Time goes on to what is due next; in chaos often a little beyond, seldom far.
    fn go_on(&self, limit: Timestamp) {
        let now = self.truth.now();
        let due = "SELECT CAST(MIN(due_at) AS TEXT) AS line FROM (SELECT next_due_at AS due_at \
                   FROM deliveries WHERE next_due_at IS NOT NULL UNION ALL SELECT due_at FROM \
                   messages WHERE due_at IS NOT NULL) x HAVING COUNT(*) > 0";
        let next = self.lines(due).first().map(|text| text.parse().unwrap());
        // By the truth, if the servers are behind it.
        let next = next.map_or(limit, |at| Timestamp::from_micros(at).plus(self.behind_by()));
        let next = next.min(limit);
        if self.in_chaos() && self.roll(60) == 0 {
            // Nobody is at work for some rounds.
            let rounds = self.world.every.as_micros().unsigned_abs() * 5;
            let by = i64::try_from(self.roll(rounds)).unwrap();
            self.truth.set(now.plus(Span::micros(by)).min(limit).max(now));
            self.note("nobody at work");
            return;
        }
        let late = match (self.in_chaos(), self.roll(8)) {
            // Servers that are a little behind have come to it by then.
            (false, _) => SKEW_MICROS.unsigned_abs() + 1,
            (true, 0) => self.roll(1_800_000_000),
            (true, 1..=3) => 0,
            (true, _) => self.roll(5_000_000),
        };
        let late = i64::try_from(late).unwrap();
        let at = if next > now { next.plus(Span::micros(late)) } else { now };
        self.truth.set(at.max(now.plus(Span::micros(1 + late / 4))));
    }

    /// The faults have stopped: one round of each duty leaves nothing that is due.
    fn settle(&self) {
        for _ in 0..40 {
            let before = held(&self.history).trace;
            for place in 0..SERVERS {
                self.people();
                self.escalate(place);
                self.deliver(place);
            }
            self.flush();
            if self.due_now() == 0 || before == held(&self.history).trace {
                break;
            }
        }
        let left = self.due_now();
        if left > 0 {
            self.wrong(format!("I15 {left} things are due and stay so though no fault is left"));
        }
        self.check();
    }

    fn due_now(&self) -> i64 {
        let now = self.truth.now().as_micros() - SKEW_MICROS;
        let found = self.lines(&format!(
            "SELECT CAST((SELECT COUNT(*) FROM deliveries WHERE next_due_at <= {now}) + \
             (SELECT COUNT(*) FROM messages WHERE due_at <= {now}) AS TEXT) AS line"
        ));
        found[0].parse().unwrap()
    }

    /// No claim holds for longer than a lease.
    fn check_leases(&self) {
        self.flush();
        let lease = self.world.stand.service.settings.sending.lease.as_micros();
        let limit = self.truth.now().as_micros() + lease + SKEW_MICROS;
        let endless = self.lines(&format!(
            "SELECT id AS line FROM messages WHERE state = 'leased' AND due_at > {limit}"
        ));
        for message in endless {
            self.wrong(format!("I27 a lease without an end: {message}"));
        }
    }

    fn check(&self) {
        self.flush();
        let mut found = breaches(&mut held(&self.books));
        found.extend(held(&self.memory).compare(&mut held(&self.books)));
        for what in found {
            self.wrong(what);
        }
        self.look_for_early();
        self.look_for_foreign_rounds();
        self.look_for_silent_gaps();
        self.check_time();
        self.check_leases();
    }

    /// By the truth, whatever a clock says: a step is fired when it is due, or when one before it
    /// reached nobody.
    fn look_for_early(&self) {
        let limit = self.truth.now().as_micros() + SKEW_MICROS;
        let early = self.lines(&format!(
            "SELECT r.id AS line FROM rungs r WHERE r.fired_at IS NOT NULL AND (r.fired_at > \
             {limit} OR r.planned_at > {limit} AND NOT EXISTS (SELECT 1 FROM rungs g WHERE \
             g.delivery_id = r.delivery_id AND g.step < r.step AND g.outcome = 'gap' AND \
             g.fired_at = r.fired_at))"
        ));
        for rung in early {
            self.wrong(format!("I12 a step fired before its time: {rung}"));
        }
    }

    /// No round is passed over in silence: between two that stand in a ladder lies one interval,
    /// unless the level rests at night.
    fn look_for_silent_gaps(&self) {
        if level_of(self.seed) == Urgency::Immediate {
            return;
        }
        let (last_step, every) = (self.world.last_step, self.world.every.as_micros());
        let silent = self.lines(&format!(
            "SELECT b.id AS line FROM rungs b JOIN rungs a ON a.delivery_id = b.delivery_id AND \
             a.step = b.step - 1 JOIN deliveries d ON d.id = b.delivery_id WHERE b.step > \
             {last_step} AND b.planned_at > {every} + (CASE WHEN a.planned_at > d.deadline_at THEN \
             a.planned_at ELSE d.deadline_at END)"
        ));
        for rung in silent {
            self.wrong(format!("I13 a round before this one is not on record: {rung}"));
        }
    }

    /// Every round after the ladder's last step stands where the ladder that was issued has it,
    /// whatever the policy says by now.
    fn look_for_foreign_rounds(&self) {
        let World { last_step, every, .. } = &self.world;
        let (last_step, every) = (last_step, every.as_micros());
        let foreign = self.lines(&format!(
            "SELECT r.id AS line FROM rungs r JOIN deliveries d ON d.id = r.delivery_id WHERE \
             r.step > {last_step} AND (r.planned_at - d.deadline_at) % {every} <> 0"
        ));
        for rung in foreign {
            self.wrong(format!("I17 a round by another policy than was issued: {rung}"));
        }
    }

    /// Others get their turn in the middle of what one server is doing.
    pub(crate) fn interleave(&self) {
        if !self.in_chaos() || self.depth.load(Ordering::SeqCst) >= DEPTH_MAX {
            return;
        }
        self.flush();
        self.depth.fetch_add(1, Ordering::SeqCst);
        for _ in 0..=self.roll(2) {
            self.step();
        }
        self.depth.fetch_sub(1, Ordering::SeqCst);
    }

    fn step(&self) {
        let place = self.pick(SERVERS);
        match self.roll(100) {
            0..=39 => self.escalate(place),
            40..=74 => self.deliver(place),
            75..=83 => self.people(),
            84..=88 => {
                let by = i64::try_from(self.roll(20_000_000)).unwrap();
                self.truth.advance(Span::micros(by));
            }
            89..=93 => self.step_clock(place),
            94..=95 => {
                let server = self.at(place);
                drop(deliver::keep_leases(&server.service, &server.dispatch));
            }
            96 => self.edit_policy(),
            97 => self.follow_rules(place),
            98 => self.retire(),
            _ => {
                // The sender is gone; another takes its place and remembers nothing.
                let server = self.at(place);
                if let Ok(mut sender) = server.sender.try_lock() {
                    *sender = reborn(&server, place);
                    self.note("sender gone");
                }
            }
        }
    }

    /// Somebody who has not signed yet is about to.
    pub(crate) fn hurry_signer(&self) {
        let seat = self.pick(3);
        let mut history = held(&self.history);
        if self.world.seats[seat].token.is_some() && !history.told.contains_key(&seat) {
            history.signing[seat] = Some(self.truth.now());
        }
    }

    pub(crate) fn people(&self) {
        self.sign_who_wants();
        self.recall_if_wanted();
        self.stop_if_wanted();
    }

    /// The process is gone, with all its threads; another takes its place.
    fn crash(self: &Arc<Self>) {
        // It noted the time a few seconds ago.
        self.look_at_clocks();
        let life = 1 + self.roll(1 << 20);
        let dead = self.pick(SERVERS);
        self.note(&format!("crash={dead}"));
        if self.is_shared() {
            let clock = self.clock(dead);
            *held(&self.servers.get().unwrap()[dead]) = self.start(dead, life, clock);
        } else {
            for (place, server) in self.start_all(life).into_iter().enumerate() {
                *held(&self.servers.get().unwrap()[place]) = server;
            }
        }
    }

    fn escalate(&self, place: usize) {
        let service = &self.at(place).service;
        match escalate::tick(service) {
            Ok(done) => {
                if done.rungs > 0 {
                    self.note(&format!("rungs={place} {} {}", done.rungs, done.messages));
                }
            }
            Err(error) => self.note(&format!("escalate broke off={error}")),
        }
    }

    fn deliver(&self, place: usize) {
        let server = self.at(place);
        let Ok(mut sender) = server.sender.try_lock() else { return };
        match deliver::tick(&server.service, &mut sender) {
            Ok(done) => {
                if done.taken > 0 {
                    self.note(&format!("deliver={place} {} {}", done.taken, done.handed_over));
                }
            }
            Err(error) => {
                self.note(&format!("deliver broke off={error}"));
                if self.roll(2) == 0 {
                    *sender = reborn(&server, place);
                }
            }
        }
    }
}

fn reborn(server: &Server, place: usize) -> Sender {
    Sender::open(&server.service, &server.dispatch, &format!("s{place}"), Share::All)
}

struct SimFates(Weak<Play>);

impl Fates for SimFates {
    fn of(&self, write: &'static str) -> Fate {
        let Some(play) = self.0.upgrade() else { return Fate::Commits };
        if !play.in_chaos() {
            return Fate::Commits;
        }
        if play.roll(8) == 0 {
            play.interleave();
        }
        match play.roll(40) {
            0 => {
                play.note(&format!("lost at {write}"));
                Fate::Lost
            }
            1 => {
                play.note(&format!("in doubt at {write}"));
                Fate::InDoubt
            }
            _ => Fate::Commits,
        }
    }
}
