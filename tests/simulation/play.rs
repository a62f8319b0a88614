//! Plays one seed: several servers over one database, interleaved at every write and every mail,
//! with clocks of their own, writes that are lost or left in doubt, crashes, and every outcome of
//! a mail; then the faults stop, and everything owed must happen at once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use qianshou::adapters::clock::{Clock, ManualClock};
use qianshou::adapters::mail::{
    MailSession, Mailer, MemoryMailer, OutgoingMail, SendLimits, SendReport,
};
use qianshou::domain::message::{Happening, Phase, message_id_header};
use qianshou::domain::time::{Span, Timestamp};
use qianshou::domain::urgency::Urgency;
use qianshou::service::acknowledge::{
    Acknowledged, Preparation, SignRequest, acknowledge, fresh_code, prepare,
};
use qianshou::service::deliver::{self, Dispatch, Sender, Share};
use qianshou::service::{Service, escalate, visit};
use qianshou::store::StoreError;
use qianshou::store::fate::{Fate, Fates};

use crate::mutants::{Knob, Mutant};
use crate::support::stand::resume_now;
use crate::support::trustcheck::{Books, Memory, breaches, state};
use crate::world::{START, World, horizon};

const SERVERS: usize = 3;
/// How far a server's clock may be from the common time.
const SKEW_MICROS: i64 = 2_000_000;
/// A lease, less what clocks may differ.
const LEASE_SURE: Span = Span::seconds(10);
const DEPTH_MAX: u32 = 2;

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

struct Server {
    service: Service,
    dispatch: Dispatch,
    sender: Mutex<Sender>,
    skew: Arc<AtomicI64>,
}

/// The common time, a little off.
struct SkewedClock {
    truth: ManualClock,
    skew: Arc<AtomicI64>,
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        self.truth.now().plus(Span::micros(self.skew.load(Ordering::SeqCst)))
    }
}

#[derive(Default)]
struct History {
    /// Message-ID header to message.
    headers: BTreeMap<String, String>,
    sent: BTreeMap<String, u32>,
    in_flight: BTreeMap<String, Timestamp>,
    /// Receipt numbers that signers were told.
    told: BTreeMap<usize, String>,
    signing: Vec<Option<Timestamp>>,
    retired: Vec<String>,
    trace: u64,
    hits: BTreeMap<String, u64>,
    violations: Vec<String>,
}

pub(crate) struct Play {
    world: World,
    truth: ManualClock,
    servers: OnceLock<Vec<Server>>,
    dice: Mutex<Dice>,
    books: Mutex<Books>,
    memory: Mutex<Memory>,
    history: Mutex<History>,
    chaos: AtomicBool,
    depth: AtomicU32,
    knob: Option<Knob>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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
    let play = Arc::new(Play {
        truth: world.truth(),
        servers: OnceLock::new(),
        dice: Mutex::new(dice),
        books: Mutex::new(books),
        memory: Mutex::default(),
        history: Mutex::new(History { signing, ..History::default() }),
        chaos: AtomicBool::new(true),
        depth: AtomicU32::new(0),
        knob: mutant.and_then(|mutant| mutant.knob),
        world,
    });
    let servers = (0..SERVERS).map(|place| play.server(seed, place)).collect();
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
    fn server(self: &Arc<Self>, seed: u64, place: usize) -> Server {
        let skew = Arc::new(AtomicI64::new(0));
        let clock = SkewedClock { truth: self.truth.clone(), skew: Arc::clone(&skew) };
        let mailer = SimMailer(Arc::downgrade(self));
        let fates = SimFates(Arc::downgrade(self));
        let seed = seed * 16 + u64::try_from(place).unwrap();
        let service = self.world.server(seed, Arc::new(clock), Arc::new(mailer), Arc::new(fates));
        let dispatch = Dispatch::open(&service);
        let sender = Sender::open(&service, &dispatch, &format!("s{place}"), Share::All);
        Server { service, dispatch, sender: Mutex::new(sender), skew }
    }

    fn roll(&self, end: u64) -> u64 {
        held(&self.dice).below(end)
    }

    fn in_chaos(&self) -> bool {
        self.chaos.load(Ordering::SeqCst)
    }

    fn note(&self, what: &str) {
        let mut history = held(&self.history);
        for byte in format!("{} {what}", self.truth.now().as_micros()).bytes() {
            history.trace = (history.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let kind = what.split('=').next().unwrap_or(what).to_owned();
        *history.hits.entry(kind).or_default() += 1;
    }

    fn wrong(&self, what: String) {
        let mut history = held(&self.history);
        if history.violations.len() < 20 && !history.violations.contains(&what) {
            history.violations.push(what);
        }
    }

    /// Whatever was put in line so far is committed.
    fn flush(&self) {
        self.world.stand.service.store.write("flush", |_| Ok::<_, StoreError>(())).unwrap();
    }

    fn lines(&self, query: &str) -> Vec<String> {
        held(&self.books).lines(query)
    }

    fn run(&self, end: Timestamp) {
        let calm = START.plus(Span::micros(end.since(START).as_micros() * 3 / 5));
        while self.truth.now() < calm {
            for _ in 0..=self.roll(4) {
                self.step();
            }
            self.check();
            self.go_on(calm);
        }
        self.chaos.store(false, Ordering::SeqCst);
        for server in self.all() {
            server.skew.store(0, Ordering::SeqCst);
        }
        // What a dead server held is free when its lease and the longest clock difference end.
        self.truth.advance(Span::seconds(20));
        self.settle();
        while self.truth.now() < end && held(&self.history).violations.is_empty() {
            self.go_on(end);
            self.settle();
        }
        self.compare_receipts();
    }

    fn all(&self) -> &[Server] {
        self.servers.get().map_or(&[], Vec::as_slice)
    }

    /// Time goes on to what is due next; in chaos often a little beyond, seldom far.
    fn go_on(&self, limit: Timestamp) {
        let now = self.truth.now();
        let due = "SELECT CAST(MIN(due_at) AS TEXT) AS line FROM (SELECT due_at FROM rungs WHERE \
                   due_at IS NOT NULL UNION ALL SELECT due_at FROM messages WHERE due_at IS NOT \
                   NULL) x WHERE due_at IS NOT NULL HAVING COUNT(*) > 0";
        let next = self.lines(due).first().map(|text| text.parse().unwrap());
        let next = next.map_or(limit, Timestamp::from_micros).min(limit);
        let late = match (self.in_chaos(), self.roll(8)) {
            (false, _) => 0,
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
                self.sign_who_wants();
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
        let now = self.truth.now().as_micros();
        let found = self.lines(&format!(
            "SELECT CAST((SELECT COUNT(*) FROM rungs WHERE due_at <= {now}) + (SELECT COUNT(*) \
             FROM messages WHERE due_at <= {now}) AS TEXT) AS line"
        ));
        found[0].parse().unwrap()
    }

    fn check(&self) {
        self.flush();
        let mut found = breaches(&mut held(&self.books));
        found.extend(held(&self.memory).compare(&mut held(&self.books)));
        for what in found {
            self.wrong(what);
        }
        self.look_for_early();
    }

    /// Nothing carries a time that has not come by the fastest clock.
    fn look_for_early(&self) {
        let limit = self.truth.now().as_micros() + SKEW_MICROS;
        let early = self.lines(&format!("SELECT id AS line FROM rungs WHERE fired_at > {limit}"));
        for rung in early {
            self.wrong(format!("I12 a step fired before its time: {rung}"));
        }
    }

    /// Others get their turn in the middle of what one server is doing.
    fn interleave(&self) {
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
        let place = usize::try_from(self.roll(3)).unwrap();
        match self.roll(100) {
            0..=39 => self.escalate(place),
            40..=74 => self.deliver(place),
            75..=84 => self.sign_who_wants(),
            85..=89 => {
                let by = i64::try_from(self.roll(20_000_000)).unwrap();
                self.truth.advance(Span::micros(by));
            }
            90..=93 => {
                let range = u64::try_from(SKEW_MICROS).unwrap();
                let skew = i64::try_from(self.roll(2 * range)).unwrap() - SKEW_MICROS;
                self.all()[place].skew.store(skew, Ordering::SeqCst);
                self.note(&format!("clock steps={place} {skew}"));
            }
            94..=96 => {
                drop(deliver::keep_leases(&self.all()[place].service, &self.all()[place].dispatch))
            }
            97 => self.crash(place),
            98 => self.retire(),
            _ => {}
        }
    }

    fn escalate(&self, place: usize) {
        let service = &self.all()[place].service;
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
        let server = &self.all()[place];
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
                    *sender = reborn(server, place);
                }
            }
        }
    }

    /// The process is gone; another takes its place and remembers nothing.
    fn crash(&self, place: usize) {
        let server = &self.all()[place];
        if let Ok(mut sender) = server.sender.try_lock() {
            *sender = reborn(server, place);
            self.note("crash");
        }
    }

    fn retire(&self) {
        if self.roll(10) > 0 {
            return;
        }
        let seat = usize::try_from(self.roll(3)).unwrap();
        let Some((id, text)) = self.world.seats[seat].addresses.last().cloned() else { return };
        held(&self.books)
            .run(&format!("UPDATE contact_addresses SET status = 'retired' WHERE id = '{id}'"));
        held(&self.history).retired.push(text);
        self.note("address retired");
    }

    fn sign_who_wants(&self) {
        let now = self.truth.now();
        let due = held(&self.history).signing.iter().position(|at| at.is_some_and(|at| at <= now));
        let Some(seat) = due else { return };
        let place = usize::try_from(self.roll(3)).unwrap();
        match self.sign(&self.all()[place].service, seat) {
            Ok(Some(number)) => {
                self.note("signed");
                let again = self.roll(3) == 0;
                let mut history = held(&self.history);
                let before = history.told.entry(seat).or_insert_with(|| number.clone());
                if *before != number {
                    let what = format!("I4 told {before} and then {number}");
                    history.violations.push(what);
                }
                // Some press twice, or a second person signs later.
                history.signing[seat] = again.then(|| now.plus(Span::seconds(30)));
            }
            Ok(None) => held(&self.history).signing[seat] = None,
            Err(error) => self.note(&format!("signing broke off={error}")),
        }
    }

    /// The number of the receipt, if there is one.
    fn sign(&self, service: &Service, seat: usize) -> Result<Option<String>, String> {
        let told = |error: &dyn std::fmt::Display| error.to_string();
        let seat = &self.world.seats[seat];
        let Some(token) = &seat.token else { return Ok(None) };
        let arrival = visit::begin(service, token).map_err(|e| told(&e))?;
        let visiting = resume_now(service, seat.delivery, &arrival.cookie).ok_or("no visit")?;
        let code = fresh_code(service, visiting.delivery, visiting.version, service.now());
        let code = code.map_err(|e| told(&e))?;
        let request = SignRequest {
            name: "张某".into(),
            post: "机要室主任".into(),
            phone: "0731-88062345".into(),
            on_behalf: false,
            authority: String::new(),
            code: code.digits,
            code_token: code.token,
        };
        let became = match prepare(service, &visiting, &request).map_err(|e| told(&e))? {
            Preparation::Ready(signature) => acknowledge(service, *signature).wait(),
            Preparation::Settled(settled) => Ok(settled),
            Preparation::Mistaken(faults) => return Err(format!("mistaken {faults:?}")),
        };
        match became.map_err(|e| told(&e))? {
            Acknowledged::Signed(receipt) | Acknowledged::AlreadySigned(receipt) => {
                Ok(Some(receipt.number.to_string()))
            }
            other => Err(format!("{other:?}")),
        }
    }

    /// Whatever a signer was told stands in the books.
    fn compare_receipts(&self) {
        let told = held(&self.history).told.clone();
        for (seat, number) in told {
            let delivery = self.world.seats[seat].delivery;
            let kept = self.lines(&format!(
                "SELECT number AS line FROM receipts WHERE delivery_id = '{delivery}' \
                 AND NOT beside"
            ));
            if kept != [number.clone()] {
                self.wrong(format!("I5 a signer was told {number}, the books say {kept:?}"));
            }
        }
    }

    /// A mail begins: what must be so at this instant.
    fn begin_mail(&self, mail: &OutgoingMail) -> String {
        self.flush();
        let header = match self.knob {
            Some(Knob::MessageIdPerAttempt) => {
                let sent = held(&self.history).sent.values().sum::<u32>();
                format!("<{sent}@elsewhere>")
            }
            _ => mail.message_id.clone(),
        };
        let Some(id) = self.message_of(&header) else {
            self.wrong(format!("I22 a mail with a Message-ID of its own: {header}"));
            return header;
        };
        let row = self.lines(&format!(
            "SELECT m.state || '|' || CAST(m.attempts AS TEXT) || '|' || CASE WHEN \
             d.acknowledged_at IS NOT NULL AND m.link_id IS NOT NULL THEN 'answered' ELSE '' END \
             AS line FROM messages m LEFT JOIN deliveries d ON d.id = m.delivery_id \
             WHERE m.id = '{id}'"
        ));
        let parts: Vec<&str> = row[0].split('|').collect();
        let mut wrong = Vec::new();
        let now = self.truth.now();
        {
            let mut history = held(&self.history);
            let sent = history.sent.entry(header.clone()).or_default();
            *sent += 1;
            if parts[1].parse::<u32>().unwrap() < *sent {
                wrong.push(format!("I28 {id} was sent {sent} times and counted {}", parts[1]));
            }
            if history.retired.contains(&mail.to.address) {
                wrong.push(format!("a mail to a retired address: {id}"));
            }
            let since = history.in_flight.insert(header.clone(), now);
            if since.is_some_and(|since| now.since(since) < LEASE_SURE) {
                wrong.push(format!("I27 {id} is sent by two at once"));
            }
        }
        if parts[0] != "leased" {
            wrong.push(format!("I27 {id} is sent though nobody holds it: {}", parts[0]));
        }
        if parts[2] == "answered" {
            wrong.push(format!("I25 {id} begins after the answer"));
        }
        wrong.into_iter().for_each(|what| self.wrong(what));
        header
    }

    fn message_of(&self, header: &str) -> Option<String> {
        let known = held(&self.history).headers.get(header).cloned();
        if known.is_some() {
            return known;
        }
        let domain = self.world.stand.service.settings.message_id_domain.clone();
        let ids = self.lines("SELECT id AS line FROM messages");
        let mut history = held(&self.history);
        for id in ids {
            let header = message_id_header(id.parse().unwrap(), &domain);
            history.headers.insert(header, id);
        }
        history.headers.get(header).cloned()
    }

    /// How a mail ends.
    fn end_mail(&self, header: &str) -> SendReport {
        let reply = |code: u16, phase| {
            SendReport::of("sim", phase, &Happening::Reply { code, text: format!("{code} said") })
        };
        let roll = if self.in_chaos() { self.roll(100) } else { 0 };
        let report = match roll {
            0..=69 => reply(250, Phase::FinalDotWritten),
            70..=75 => reply(450, Phase::Recipient),
            76..=78 => reply(550, Phase::Recipient),
            79..=81 => reply(451, Phase::FinalDotWritten),
            82..=84 => SendReport::of("sim", Phase::Body, &Happening::Cut),
            85..=92 => SendReport::of("sim", Phase::FinalDotWritten, &Happening::Timeout),
            93..=95 => SendReport::of("sim", Phase::FinalDotWritten, &Happening::Cut),
            96 => reply(535, Phase::Auth),
            97 => SendReport::of(
                "sim",
                Phase::FinalDotWritten,
                &Happening::Garbled("200 what".to_owned()),
            ),
            _ => SendReport::of("sim", Phase::Connect, &Happening::Timeout),
        };
        held(&self.history).in_flight.remove(header);
        self.note(&format!("mail={}", report.outcome.kind()));
        report
    }
}

fn reborn(server: &Server, place: usize) -> Sender {
    Sender::open(&server.service, &server.dispatch, &format!("s{place}"), Share::All)
}

struct SimMailer(Weak<Play>);

impl Mailer for SimMailer {
    fn session(&self) -> Box<dyn MailSession> {
        Box::new(SimSession(Weak::clone(&self.0)))
    }
}

struct SimSession(Weak<Play>);

impl MailSession for SimSession {
    fn prepare(&mut self, _limits: SendLimits) -> Result<(), Box<SendReport>> {
        let Some(play) = self.0.upgrade() else { return Ok(()) };
        if play.in_chaos() && play.roll(3) == 0 {
            play.interleave();
        }
        if play.in_chaos() && play.roll(40) == 0 {
            let refused = Happening::Unreachable("port closed".to_owned());
            return Err(Box::new(SendReport::of("sim", Phase::Connect, &refused)));
        }
        Ok(())
    }

    fn send(&mut self, mail: &OutgoingMail, _limits: SendLimits) -> SendReport {
        let play = self.0.upgrade().unwrap();
        if play.knob == Some(Knob::LooksTooEarly) {
            play.interleave();
        }
        let header = play.begin_mail(mail);
        if play.in_chaos() && play.roll(4) == 0 {
            // Paused in the middle, at times beyond the lease.
            let by = i64::try_from(play.roll(40_000_000)).unwrap();
            play.flush();
            play.truth.advance(Span::micros(by));
            play.interleave();
        }
        play.end_mail(&header)
    }
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
