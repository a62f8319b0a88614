//! The same random history on the pure model, on SQLite and on PostgreSQL: the same state, and on
//! both engines the same event leaves, byte for byte.
//!
//! The model holds the rules of the engine in memory: the pure core decides what each tick does,
//! and a few lines here what an answer, a recall and a stop end. It knows nothing of tables. Faults
//! have no place in it; the played seeds have them.
//!
//! `QIANSHOU_TEST_SIMULATION_SEQUENCES=n` asks for more than the short form.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use qianshou::adapters::mail::MemoryMailer;
use qianshou::domain::delivery::Addressee;
use qianshou::domain::escalation::{
    Letter, Mark, Next, OpenRung, OpenWays, Outcome, People, Plan, Repetition, Standing, View, plan,
};
use qianshou::domain::ids::{AddressId, DeliveryId, OrganizationId, RungId};
use qianshou::domain::ladder::{LadderSnapshot, RungAct, Ways};
use qianshou::domain::message::MessagePurpose;
use qianshou::domain::organization::Reach;
use qianshou::domain::reach::Hours;
use qianshou::domain::time::{Span, Timestamp};
use qianshou::domain::urgency::Urgency;
use qianshou::domain::working_time::WorkingHours;
use qianshou::service::acts::ActForm;
use qianshou::service::deliver::{self, Dispatch, Sender, Share};
use qianshou::service::end_notice::recall;
use qianshou::service::stop_chasing::stop_chasing;
use qianshou::service::{Service, accounts, escalate};
use qianshou::store::contacts::reach_list;
use qianshou::store::fate::{Fate, Fates};

use crate::acts::sign;
use crate::play::{Dice, level_of};
use crate::support::engine::Engine;
use crate::support::trustcheck::{Books, breaches};
use crate::world::{START, World, organization};

/// Sequences of the short form.
pub(crate) const SEQUENCES: u64 = 15;
const ACTS: usize = 60;

/// One act of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Tick,
    Send,
    Sign(usize),
    Recall,
    Stop(usize),
}

type History = Vec<(Timestamp, Act)>;

fn history(seed: u64, urgency: Urgency) -> History {
    let mut dice = Dice::new(seed ^ 0x5eed);
    let unit = match urgency {
        Urgency::Flash => 600_000_000,
        Urgency::Immediate => 3_600_000_000,
        _ => 6 * 3_600_000_000,
    };
    let mut at = START;
    let mut acts = Vec::new();
    for _ in 0..ACTS {
        // Most steps are short; now and then nobody is at work for long.
        let far = if dice.below(12) == 0 { 12 } else { 1 };
        let by = i64::try_from(dice.below(unit * far)).unwrap();
        at = at.plus(Span::micros(by + 1));
        let seat = usize::try_from(dice.below(3)).unwrap();
        let act = match dice.below(100) {
            0..=54 => Act::Tick,
            55..=60 => Act::Sign(seat),
            61..=62 => Act::Stop(seat),
            63 => Act::Recall,
            _ => Act::Send,
        };
        acts.push((at, act));
    }
    acts
}

struct NoFaults;

impl Fates for NoFaults {
    fn of(&self, _write: &'static str) -> Fate {
        Fate::Commits
    }
}

/// What a history came to on an engine.
struct Came {
    state: Vec<String>,
    everything: Vec<String>,
    leaves: Vec<String>,
}

/// Plays a history on an engine; `None`: there is none on this machine.
fn on_engine(engine: Engine, seed: u64, acts: &History) -> Option<(Model, Came)> {
    let world = World::on(engine, level_of(seed), MemoryMailer::new())?;
    let model = Model::of(&world);
    let clock = world.truth();
    let mailer = Arc::new(MemoryMailer::new());
    let service = world.server(seed, Arc::new(clock.clone()), mailer, Arc::new(NoFaults));
    let dispatch = Dispatch::open(&service);
    let mut sender = Sender::open(&service, &dispatch, "s", Share::All);
    for (at, act) in acts {
        clock.set(*at);
        perform(&world, &service, &mut sender, *act);
    }
    let mut books = Books::open(&world.stand.url);
    assert_eq!(breaches(&mut books), Vec::<String>::new(), "seed {seed}");
    let leaves = match engine {
        Engine::Sqlite => "lower(hex(leaf_hash))",
        Engine::Postgres => "encode(leaf_hash, 'hex')",
    };
    let leaves = format!("SELECT id || ' ' || kind || ' ' || {leaves} AS line FROM events");
    let mut leaves = books.lines(&leaves);
    leaves.sort_unstable();
    let everything = crate::support::trustcheck::state(&mut books);
    Some((model, Came { state: compared(&mut books), everything, leaves }))
}

fn perform(world: &World, service: &Service, sender: &mut Sender, act: Act) {
    let clerk = || accounts::list(service).unwrap().remove(0);
    let form = |key: &str| ActForm { key: key.to_owned(), reason: "演练".to_owned() };
    match act {
        Act::Tick => while escalate::tick(service).unwrap().more {},
        Act::Send => while deliver::tick(service, sender).unwrap().taken > 0 {},
        Act::Sign(seat) => drop(sign(world, service, seat)),
        Act::Recall => drop(recall(service, &clerk(), world.notice, &form("recall"))),
        Act::Stop(seat) => {
            let id = world.seats[seat].delivery;
            drop(stop_chasing(service, &clerk(), id, &form(&format!("stop {seat}"))));
        }
    }
}

/// What the model answers for, from the rows.
fn compared(books: &mut Books) -> Vec<String> {
    let at = |column: &str| format!("COALESCE(CAST({column} AS TEXT), '-')");
    let rungs = format!(
        "SELECT 'rung ' || delivery_id || ' ' || CAST(step AS TEXT) || ' ' || action || ' ' || \
         CAST(planned_at AS TEXT) || ' ' || {} || ' ' || COALESCE(outcome, '-') || \
         CASE WHEN closed_at IS NULL THEN '' ELSE ' closed' END AS line FROM rungs",
        at("fired_at")
    );
    let deliveries = format!(
        "SELECT 'delivery ' || id || ' ' || {} || ' ' || {} || ' ' || {} || ' ' || {} || ' ' || {} \
         || ' ' || {} || ' ' || {} AS line FROM deliveries",
        at("acknowledged_at"),
        at("recalled_at"),
        at("chase_stopped_at"),
        at("overdue_at"),
        at("not_reached_at"),
        at("next_step"),
        at("next_due_at")
    );
    let messages = "SELECT 'message ' || COALESCE(delivery_id, '-') || ' ' || address_id || ' ' || \
                    purpose || ' ' || CAST(step AS TEXT) || ' ' || state AS line FROM messages \
                    WHERE purpose <> 'withdrawal'";
    let mut lines = books.lines(&rungs);
    lines.extend(books.lines(&deliveries));
    lines.extend(books.lines(messages));
    lines.sort_unstable();
    lines
}

struct Rung {
    open: OpenRung,
    fired: Option<(Timestamp, &'static str)>,
    closed: bool,
}

#[derive(Default)]
struct Facts {
    signed: Option<Timestamp>,
    recalled: Option<Timestamp>,
    stopped: Option<Timestamp>,
    overdue: Option<Timestamp>,
    not_reached: Option<Timestamp>,
    arrived: bool,
}

struct Place {
    id: DeliveryId,
    can_sign: bool,
    recipient: Reach,
    superior: Option<Reach>,
    facts: Facts,
    rungs: Vec<Rung>,
    /// Which step is next, and when.
    head: Option<(i32, Timestamp)>,
}

type Post = (Option<DeliveryId>, AddressId, MessagePurpose, i32);

/// The pure model.
struct Model {
    ladder: LadderSnapshot,
    calendar: Arc<qianshou::domain::calendar::Calendar>,
    usual: WorkingHours,
    issuer: Reach,
    deadline: Timestamp,
    out: bool,
    places: Vec<Place>,
    post: BTreeMap<Post, &'static str>,
    names: u8,
}

impl Model {
    /// As the notice was issued.
    fn of(world: &World) -> Self {
        let service = &world.stand.service;
        let mut books = Books::open(&world.stand.url);
        let ids: Vec<OrganizationId> = (0..5).map(organization).collect();
        let reach = service.store.read(|conn| reach_list(conn, &ids)).unwrap();
        let reach_of = |place: usize| {
            reach.iter().find(|one| one.organization == ids[place]).cloned().unwrap()
        };
        let number = |text: &str| Timestamp::from_micros(text.parse().unwrap());
        let place = |(nth, seat): (usize, &crate::world::Seat)| {
            let rows = books.lines(&format!(
                "SELECT id || '|' || CAST(step AS TEXT) || '|' || action || '|' || COALESCE(ways, \
                 '-') || '|' || CAST(planned_at AS TEXT) || '|' || CASE WHEN closed_at \
                 IS NULL THEN '-' ELSE 'closed' END AS line FROM rungs WHERE delivery_id = \
                 '{}' ORDER BY step",
                seat.delivery
            ));
            let rung = |row: &String| {
                let parts: Vec<&str> = row.split('|').collect();
                let open = OpenRung {
                    id: parts[0].parse().unwrap(),
                    step: parts[1].parse().unwrap(),
                    act: parts[2].parse().unwrap(),
                    ways: parts[3].parse::<Ways>().ok(),
                    planned_at: number(parts[4]),
                };
                Rung { open, fired: None, closed: parts[5] == "closed" }
            };
            let rungs: Vec<Rung> = rows.iter().map(rung).collect();
            let first = rungs.iter().find(|rung| !rung.closed).map(|rung| rung.open);
            Place {
                id: seat.delivery,
                can_sign: seat.token.is_some(),
                recipient: reach_of(nth + 2),
                superior: (nth == 0).then(|| reach_of(1)),
                facts: Facts::default(),
                rungs,
                head: first.map(|rung| (rung.step, rung.planned_at)),
            }
        };
        let places: Vec<Place> = world.seats.iter().enumerate().map(place).collect();
        let first = |seat: &crate::world::Seat| {
            let (id, addresses) = (seat.delivery, seat.addresses.clone());
            addresses.into_iter().map(move |(address, _)| {
                ((Some(id), address, MessagePurpose::Invitation, 0), "waiting")
            })
        };
        let mut books = Books::open(&world.stand.url);
        let until = books.lines("SELECT CAST(MAX(deadline_at) AS TEXT) AS line FROM deliveries");
        Self {
            ladder: service.rules.policy().snapshot(world.urgency).unwrap(),
            calendar: service.rules.calendar(),
            usual: WorkingHours::usual(),
            issuer: reach_of(0),
            deadline: number(&until[0]),
            out: true,
            post: world.seats.iter().flat_map(first).collect(),
            places,
            names: 0,
        }
    }

    fn perform(&mut self, act: Act, now: Timestamp) {
        match act {
            Act::Tick => self.tick(now),
            Act::Send => self.send(),
            Act::Sign(seat) => self.sign(seat, now),
            Act::Recall => self.recall(now),
            Act::Stop(seat) => self.stop(seat, now),
        }
    }

    fn tick(&mut self, now: Timestamp) {
        for place in 0..self.places.len() {
            let open: Vec<OpenRung> = self.places[place]
                .rungs
                .iter()
                .filter(|rung| rung.fired.is_none() && !rung.closed)
                .map(|rung| rung.open)
                .collect();
            if self.places[place].head.is_some_and(|(_, at)| at <= now) {
                let plan = self.plan(place, &open, now);
                self.apply(place, plan, now);
            }
        }
    }

    fn plan(&self, place: usize, open: &[OpenRung], now: Timestamp) -> Plan {
        let Place { id, recipient, superior, facts, .. } = &self.places[place];
        let invited = |post: &Post| post.0 == Some(*id) && post.2 == MessagePurpose::Invitation;
        let standing = Standing {
            addressee: Addressee::Primary,
            chased: self.out && facts.signed.is_none() && facts.stopped.is_none(),
            notified: self.post.keys().any(invited),
            arrived: facts.arrived,
            returned: false,
            marked: facts.overdue.or(facts.not_reached).is_some(),
            deadline: Some(self.deadline),
            overnight: false,
        };
        let repetition = Repetition {
            after: self.ladder.policy.after_deadline,
            clock: self.ladder.policy.clock,
            quiet: self.ladder.quiet_hours,
        };
        let people = People {
            recipient,
            superior: superior.as_ref(),
            issuer: Some(&self.issuer),
            hours: Hours { calendar: &self.calendar, default: &self.usual },
            outlets: OpenWays { sms: false, webhook: false },
        };
        plan(&View { standing, rungs: open, repetition: Some(repetition), people }, now)
    }

    fn apply(&mut self, place: usize, plan: Plan, now: Timestamp) {
        let id = self.places[place].id;
        for firing in plan.firings {
            let rung = self.rung(place, firing.rung.id);
            rung.fired = Some((now, firing.outcome.as_str()));
            let facts = &mut self.places[place].facts;
            match firing.outcome {
                Outcome::Letters(letters) => {
                    for Letter { purpose, way, step, of_notice } in letters {
                        let key = ((!of_notice).then_some(id), way.address, purpose, step);
                        self.post.entry(key).or_insert("waiting");
                    }
                }
                Outcome::Marked(Mark::Overdue) => facts.overdue = Some(now),
                Outcome::Marked(Mark::NotReached) => facts.not_reached = Some(now),
                Outcome::Task(_) | Outcome::Gap | Outcome::Moot => {}
            }
        }
        for missed in plan.missed {
            self.add(place, (missed.step, missed.act, missed.at), true);
        }
        match plan.next {
            Next::AsPlanned(next) => {
                self.places[place].head = Some((next.step, next.planned_at));
            }
            Next::Moved(next, at) => {
                self.rung(place, next.id).open.planned_at = at;
                self.places[place].head = Some((next.step, at));
            }
            Next::Again { step, act, at } => {
                self.add(place, (step, act, at), false);
                self.places[place].head = Some((step, at));
            }
            Next::Nothing | Next::Ended => self.end(place),
        }
    }

    fn rung(&mut self, place: usize, id: RungId) -> &mut Rung {
        self.places[place].rungs.iter_mut().find(|rung| rung.open.id == id).unwrap()
    }

    fn add(&mut self, place: usize, (step, act, at): (i32, RungAct, Timestamp), closed: bool) {
        self.names = self.names.wrapping_add(1);
        let nth = self.places[place].rungs.len();
        let mut bits = [self.names; 10];
        bits[..8].copy_from_slice(&u64::try_from(nth).unwrap().to_be_bytes());
        let id = RungId::new(at, bits);
        let open = OpenRung { id, step, act, ways: None, planned_at: at };
        self.places[place].rungs.push(Rung { open, fired: None, closed });
    }

    /// No step is next any more.
    fn end(&mut self, place: usize) {
        self.places[place].head = None;
    }

    /// Every mail is taken over; a list on which nobody would stand is not sent.
    fn send(&mut self) {
        let waits = |facts: &Facts| facts.signed.is_none() && facts.stopped.is_none();
        let outstanding = self.out && self.places.iter().any(|place| waits(&place.facts));
        for ((delivery, _, purpose, _), state) in &mut self.post {
            if *state != "waiting" {
                continue;
            }
            if *purpose == MessagePurpose::IssuerAlert && !outstanding {
                *state = "cancelled";
                continue;
            }
            *state = "handed_over";
            if purpose.carries_link() {
                let to = |place: &&mut Place| Some(place.id) == *delivery;
                if let Some(place) = self.places.iter_mut().find(to) {
                    place.facts.arrived = true;
                }
            }
        }
    }

    fn cancel(&mut self, owed: impl Fn(&Post) -> bool) {
        for (post, state) in &mut self.post {
            if *state == "waiting" && owed(post) {
                *state = "cancelled";
            }
        }
    }

    fn sign(&mut self, seat: usize, now: Timestamp) {
        let place = &mut self.places[seat];
        if !place.can_sign || !self.out || place.facts.signed.is_some() {
            return;
        }
        place.facts.signed = Some(now);
        let id = place.id;
        self.end(seat);
        self.cancel(|post| post.0 == Some(id));
    }

    fn recall(&mut self, now: Timestamp) {
        if !self.out {
            return;
        }
        self.out = false;
        for seat in 0..self.places.len() {
            self.end(seat);
            let facts = &mut self.places[seat].facts;
            if facts.signed.is_none() {
                facts.recalled = Some(now);
            }
        }
        self.cancel(|_| true);
    }

    fn stop(&mut self, seat: usize, now: Timestamp) {
        use MessagePurpose as Purpose;
        let facts = &mut self.places[seat].facts;
        if !self.out || facts.signed.is_some() || facts.stopped.is_some() {
            return;
        }
        facts.stopped = Some(now);
        let id = self.places[seat].id;
        self.end(seat);
        let chasing = [Purpose::Reminder, Purpose::LeaderPrompt, Purpose::SuperiorRequest];
        self.cancel(|post| post.0 == Some(id) && chasing.contains(&post.2));
    }

    fn state(&self) -> Vec<String> {
        let at = |at: Option<Timestamp>| at.map_or("-".to_owned(), |at| at.as_micros().to_string());
        let mut lines = Vec::new();
        for Place { id, facts, rungs, head, .. } in &self.places {
            for Rung { open, fired, closed } in rungs {
                let closed = if *closed { " closed" } else { "" };
                let (when, outcome) = fired.map_or((None, "-"), |(at, word)| (Some(at), word));
                lines.push(format!(
                    "rung {id} {} {} {} {} {outcome}{closed}",
                    open.step,
                    open.act.as_str(),
                    open.planned_at.as_micros(),
                    at(when)
                ));
            }
            let Facts { signed, recalled, stopped, overdue, not_reached, .. } = facts;
            let all = [signed, recalled, stopped, overdue, not_reached];
            let all: Vec<String> = all.into_iter().map(|one| at(*one)).collect();
            let step = head.map_or("-".to_owned(), |(step, _)| step.to_string());
            let due = at(head.map(|(_, due)| due));
            lines.push(format!("delivery {id} {} {step} {due}", all.join(" ")));
        }
        for ((delivery, address, purpose, step), state) in &self.post {
            let delivery = delivery.map_or("-".to_owned(), |id| id.to_string());
            lines.push(format!("message {delivery} {address} {purpose} {step} {state}"));
        }
        lines.sort_unstable();
        lines
    }
}

/// Lines of one that the other has not, a few of them.
fn unlike(one: &[String], other: &[String]) -> Vec<String> {
    let known: BTreeSet<&String> = other.iter().collect();
    one.iter().filter(|line| !known.contains(line)).take(6).cloned().collect()
}

/// Compares one seed on everything there is; says how many lines of state agree, and whether
/// PostgreSQL was there.
pub(crate) fn compare(seed: u64) -> (usize, bool) {
    let acts = history(seed, level_of(seed));
    let (mut model, sqlite) = on_engine(Engine::Sqlite, seed, &acts).unwrap();
    for (at, act) in &acts {
        model.perform(*act, *at);
    }
    let pure = model.state();
    let differ = (unlike(&pure, &sqlite.state), unlike(&sqlite.state, &pure));
    assert!(pure == sqlite.state, "seed {seed}: model and SQLite differ: {differ:#?}");
    let Some((_, postgres)) = on_engine(Engine::Postgres, seed, &acts) else {
        return (pure.len(), false);
    };
    for (what, one, other) in [
        ("states", &sqlite.everything, &postgres.everything),
        ("leaves", &sqlite.leaves, &postgres.leaves),
    ] {
        let differ = (unlike(one, other), unlike(other, one));
        assert!(one == other, "seed {seed}: the {what} of the engines differ: {differ:#?}");
    }
    (pure.len() + sqlite.leaves.len(), true)
}
