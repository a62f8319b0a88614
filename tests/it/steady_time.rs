//! The steady time over a real database: a clock that is set forward fires nothing, one that is
//! set back delays nothing, a time that is believed is on record, and a restart goes on where the
//! time had come to.

use std::sync::Arc;
use std::time::Duration;

use qianshou::adapters::clock::{Clock as _, ManualClock, SystemClock};
use qianshou::adapters::mail::MemoryMailer;
use qianshou::adapters::steady::{Hands, SteadyClock};
use qianshou::domain::alarm::AlarmKind;
use qianshou::domain::ids::RungId;
use qianshou::domain::ladder::RungAct;
use qianshou::domain::steady::{Difference, SteadyRules, Witness};
use qianshou::domain::time::{Span, Timestamp};
use qianshou::domain::urgency::Urgency;
use qianshou::service::{Service, escalate, keep_time};
use qianshou::store::alarms::alarm_list_open;
use qianshou::store::rungs::{NewRung, rung_insert_all};
use qianshou::store::steady::steady_set;

use crate::support::engine::Engine;
use crate::support::fixture::Fixture;

/// A server whose two halves of time the test moves.
struct Machine {
    service: Service,
    wall: ManualClock,
    progress: ManualClock,
}

fn rules() -> SteadyRules {
    SteadyRules { looks: 3, ..SteadyRules::default() }
}

fn hands(wall: &ManualClock, progress: &ManualClock) -> Hands {
    Hands {
        wall: Arc::new(wall.clone()),
        progress: Arc::new(progress.clone()),
        machine: "here".to_owned(),
    }
}

impl Machine {
    fn over(at: &Fixture) -> Self {
        let (wall, progress) = (ManualClock::at(at.now()), ManualClock::at(Timestamp::default()));
        let clock = SteadyClock::start(hands(&wall, &progress), rules(), at.now());
        let service = Service { clock: Arc::new(clock), ..at.service.clone() };
        Self { service, wall, progress }
    }

    /// Both halves go on.
    fn pass(&self, by: Span) {
        self.wall.advance(by);
        self.progress.advance(by);
    }

    fn look(&self, witness: Witness) -> keep_time::Kept {
        self.pass(Span::seconds(5));
        keep_time::keep(&self.service, &rules(), witness).unwrap()
    }

    /// Subjects of the open alarms about clocks.
    fn alarms(&self) -> Vec<String> {
        let open = self.service.store.read(alarm_list_open).unwrap();
        let of_clocks = open.into_iter().filter(|one| one.kind == AlarmKind::ClockDiffers);
        of_clocks.map(|one| one.subject).collect()
    }
}

/// A 特提 notice to one organisation whose calls are due after 10, 20 and 30 minutes.
fn issue(at: &Fixture) {
    let issued = at.issue(Urgency::Flash, 1, 1);
    let now = at.now();
    let rungs: Vec<NewRung> = [1u8, 2, 3]
        .iter()
        .map(|step| NewRung {
            id: RungId::new(now, [*step; 10]),
            delivery_id: issued.deliveries[0].id,
            step: u16::from(*step),
            act: RungAct::Call,
            ways: None,
            planned_at: now.plus(Span::minutes(i64::from(*step) * 10)),
            done: false,
        })
        .collect();
    at.service.store.write("fixture", move |tx| rung_insert_all(tx, &rungs, now)).unwrap();
    at.sql(
        "UPDATE deliveries SET next_step = 1, next_due_at = (SELECT planned_at FROM rungs \
         WHERE delivery_id = deliveries.id AND step = 1)",
    );
}

fn fired(machine: &Machine) -> usize {
    escalate::tick(&machine.service).unwrap().rungs
}

#[test]
fn a_clock_set_forward_fires_nothing_until_it_is_believed_on_record() {
    let Some(at) = Fixture::new(MemoryMailer::new()) else { return };
    issue(&at);
    let here = Machine::over(&at);
    let began = here.service.now();
    here.wall.advance(Span::minutes(15));
    for _ in 0..2 {
        let kept = here.look(Witness::Nobody);
        assert_eq!(kept.leapt, None);
        assert_eq!(kept.differences, [Difference::Wall(Span::minutes(15))]);
        assert_eq!(fired(&here), 0, "nothing is due on the steady clock");
    }
    assert_eq!(here.alarms(), ["here"]);
    assert_eq!(here.service.now(), began.plus(Span::seconds(10)));
    assert_eq!(at.number("SELECT COUNT(*) AS value FROM events WHERE kind = 'clock_leapt'"), 0);

    let kept = here.look(Witness::Nobody);
    assert_eq!(kept.leapt, Some(Span::minutes(15)));
    assert_eq!(here.service.now(), here.wall.now());
    assert_eq!(fired(&here), 1, "the first step, and no other");
    assert!(here.alarms().is_empty(), "the clocks agree");
    assert_eq!(at.number("SELECT COUNT(*) AS value FROM events WHERE kind = 'clock_leapt'"), 1);
    let told = "SELECT COUNT(*) AS value FROM events WHERE kind = 'alarm_raised'";
    assert_eq!(at.number(told), 1);

    // And back again: nothing fires twice, and the next step comes when it is due.
    here.wall.advance(Span::minutes(-15));
    for _ in 0..10 {
        here.look(Witness::Nobody);
        assert_eq!(fired(&here), 0);
    }
    assert_eq!(here.alarms(), ["here"]);
    here.pass(Span::minutes(3).plus(Span::seconds(50)));
    assert_eq!(fired(&here), 0);
    here.pass(Span::seconds(10));
    assert_eq!(fired(&here), 1, "the second step is due 20 minutes after the issue");
}

#[test]
fn a_clock_set_back_delays_nothing() {
    let Some(at) = Fixture::new(MemoryMailer::new()) else { return };
    issue(&at);
    let here = Machine::over(&at);
    here.wall.advance(Span::hours(-24));
    for step in 1..=3 {
        here.pass(Span::minutes(10).plus(Span::seconds(if step == 1 { -1 } else { -6 })));
        assert_eq!(fired(&here), 0, "step {step} is not due yet");
        here.pass(Span::seconds(1));
        assert_eq!(fired(&here), 1, "step {step} is due");
        here.look(Witness::Nobody);
    }
    assert_eq!(here.alarms(), ["here"]);
}

#[test]
fn a_long_leap_is_told_for_an_hour() {
    let Some(at) = Fixture::new(MemoryMailer::new()) else { return };
    let here = Machine::over(&at);
    here.wall.advance(Span::hours(8));
    let both = |here: &Machine| Witness::Says(here.wall.now().plus(Span::seconds(5)));
    let kept = here.look(both(&here));
    assert_eq!(kept.leapt, Some(Span::hours(8)), "the database bears the clock out");
    assert_eq!(here.alarms(), ["here/leap"]);
    here.pass(Span::minutes(50));
    here.look(both(&here));
    assert_eq!(here.alarms(), ["here/leap"]);
    here.pass(Span::minutes(10));
    here.look(both(&here));
    assert!(here.alarms().is_empty());
}

#[test]
fn a_wrong_machine_is_told_of_and_never_believed_where_the_database_knows_better() {
    let Some(at) = Fixture::new(MemoryMailer::new()) else { return };
    issue(&at);
    let here = Machine::over(&at);
    here.wall.advance(Span::hours(24));
    for _ in 0..10 {
        let truth = here.service.now().plus(Span::seconds(5));
        assert_eq!(here.look(Witness::Says(truth)).leapt, None);
        assert_eq!(fired(&here), 0);
    }
    assert_eq!(here.alarms(), ["here"]);
}

/// Where a server begins whose time had come to `reached` and whose wall shows `shown`.
fn begin(at: &Fixture, reached: Timestamp, shown: Timestamp) -> SteadyClock {
    at.sql("DELETE FROM engine_marks");
    at.service.store.write("fixture", move |tx| steady_set(tx, reached)).unwrap();
    let wall = ManualClock::at(shown);
    keep_time::begin(&at.service.store, hands(&wall, &wall), rules()).unwrap()
}

#[test]
fn a_restart_goes_on_where_the_time_had_come_to() {
    let Some(at) = Fixture::new(MemoryMailer::new()) else { return };
    let now = SystemClock.now();
    let hours = |count| now.minus(Span::hours(count));
    let near = |one: Timestamp, other: Timestamp| {
        one.since(other).as_micros().abs() < Span::seconds(30).as_micros()
    };
    assert!(near(begin(&at, now.minus(Span::seconds(20)), now).now(), now), "a plain restart");
    let set_back = begin(&at, now, hours(5)).now();
    assert!(set_back >= now && near(set_back, now), "a clock set back while the server was off");
    let night = begin(&at, hours(10), now).now();
    match Engine::of_this_run() {
        Engine::Sqlite => assert_eq!(night, hours(10), "a night off, or a wrong clock"),
        Engine::Postgres => assert!(near(night, now), "PostgreSQL's clock bears it out"),
    }
    let wrong = begin(&at, now.minus(Span::seconds(20)), now.plus(Span::hours(24))).now();
    assert!(near(wrong, now), "a wrong clock is not believed: {wrong}");
}

#[test]
fn a_start_after_a_night_looks_again_and_another_server_at_work_settles_it() {
    if Engine::of_this_run() != Engine::Sqlite {
        return; // PostgreSQL's clock settles it before.
    }
    let Some(at) = Fixture::new(MemoryMailer::new()) else { return };
    let (now, mut doubtful) = (SystemClock.now(), Vec::new());
    for busy in [false, true] {
        let reached = now.minus(Span::hours(10));
        begin(&at, reached, now);
        let hands = Hands {
            wall: Arc::new(SystemClock),
            progress: Arc::new(qianshou::adapters::clock::Stopwatch::start()),
            machine: "here".to_owned(),
        };
        let clock = keep_time::begin(&at.service.store, hands, rules()).unwrap();
        let service = Service { clock: Arc::new(clock), ..at.service.clone() };
        let store = at.service.store.clone();
        std::thread::scope(|scope| {
            if busy {
                scope.spawn(move || {
                    std::thread::sleep(Duration::from_millis(500));
                    let on = reached.plus(Span::seconds(60));
                    store.write("other", move |tx| steady_set(tx, on)).unwrap();
                });
            }
            keep_time::wake(&service).unwrap();
        });
        let come = service.now().since(reached);
        doubtful.push(come < Span::minutes(2));
        // Up to where the other has come, and no further.
        assert!(!busy || come >= Span::minutes(1), "{come:?}");
        assert!(service.clock.as_steady().unwrap().leapt().is_some());
        let leaps = "SELECT COUNT(*) AS value FROM events WHERE kind = 'clock_leapt'";
        assert_eq!(at.number(leaps), 1 + i64::from(busy));
    }
    assert_eq!(doubtful, [false, true]);
}

#[test]
fn rounds_note_how_far_the_time_has_come() {
    let Some(at) = Fixture::new(MemoryMailer::new()) else { return };
    let here = Machine::over(&at);
    let noted = || at.number("SELECT MAX(marked_at) AS value FROM engine_marks");
    here.look(Witness::Silent);
    let before = noted();
    here.look(Witness::Silent);
    assert_eq!(noted() - before, Span::seconds(5).as_micros());
    let write = |tx: &mut qianshou::store::Tx| steady_set(tx, Timestamp::default());
    at.service.store.write("fixture", write).unwrap();
    assert_eq!(noted() - before, Span::seconds(5).as_micros(), "never back");
}
