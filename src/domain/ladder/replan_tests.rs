//! What a corrected table moves, by example and by property.

use proptest::prelude::*;

use super::*;
use crate::domain::calendar::{Calendar, SHIPPED_HOLIDAYS};
use crate::domain::ladder::plan::with_deadline_mark;
use crate::domain::ladder::{PlannedRung, SHIPPED_POLICY, UrgencyPolicy};
use crate::domain::urgency::Urgency;
use crate::domain::working_time::WorkingHours;

fn at(text: &str) -> Timestamp {
    Timestamp::from_shanghai(text.parse().unwrap()).unwrap()
}

fn shipped() -> Calendar {
    Calendar::from_csv_str(SHIPPED_HOLIDAYS).unwrap()
}

/// The shipped table with more lines; a day that stands there already is replaced.
fn corrected(lines: &[&str]) -> Calendar {
    let replaced = |row: &&str| !lines.iter().any(|line| line[..10] == row[..10]);
    let kept: Vec<&str> = SHIPPED_HOLIDAYS.lines().filter(replaced).collect();
    Calendar::from_csv_str(&[&kept, lines].concat().join("\n")).unwrap()
}

fn snapshot(level: Urgency) -> LadderSnapshot {
    UrgencyPolicy::from_toml_str(SHIPPED_POLICY).unwrap().snapshot(level).unwrap()
}

struct World {
    snapshot: LadderSnapshot,
    times: IssueTimes,
    hours: WorkingHours,
}

impl World {
    fn new(level: Urgency, issued: &str, explicit: Option<&str>) -> Self {
        let explicit = explicit.map(at);
        let times = IssueTimes { issued_at: at(issued), explicit, overnight: false };
        Self { snapshot: snapshot(level), times, hours: WorkingHours::usual() }
    }

    fn recipient<'a>(&'a self, calendar: &'a Calendar) -> RecipientTime<'a> {
        RecipientTime { calendar, hours: &self.hours, manned_around_the_clock: false }
    }

    fn ladder(&self, who: &PlanFor, calendar: &Calendar) -> (Option<Timestamp>, Vec<PlannedRung>) {
        let recipient = self.recipient(calendar);
        let until = deadline(&self.snapshot, who.addressee, &self.times, &recipient).unwrap();
        let until = until.map(|deadline| deadline.at);
        let rungs = plan_rungs(&self.snapshot, who, &self.times, &recipient).unwrap();
        (until, until.map_or(rungs.clone(), |until| with_deadline_mark(rungs, until)))
    }

    /// The steps from one on, as rows hold them.
    fn open(&self, who: &PlanFor, from: usize) -> (Option<Timestamp>, Vec<Standing>) {
        let (until, rungs) = self.ladder(who, &shipped());
        let row = |rung: &PlannedRung| Standing {
            id: RungId::new(self.times.issued_at, [u8::try_from(rung.step).unwrap(); 10]),
            act: rung.act,
            ways: rung.ways,
            at: rung.due_at,
        };
        (until, rungs.iter().map(row).skip(from).collect())
    }

    fn after(&self, who: &PlanFor, from: usize, new: &Calendar, corrected_at: &str) -> After {
        let (deadline, open) = self.open(who, from);
        let before = Before { addressee: who.addressee, deadline, open: &open };
        let recipient = self.recipient(new);
        replan(&self.snapshot, &self.times, &recipient, &before, at(corrected_at)).unwrap()
    }
}

const BELOW: PlanFor =
    PlanFor { addressee: Addressee::Primary, issuer_is_above: true, superior_declared: false };

fn words(moved: &[Standing]) -> Vec<String> {
    let word =
        |rung: &Standing| format!("{} {}", rung.at.in_shanghai().strftime("%d %H:%M:%S"), rung.act);
    moved.iter().map(word).collect()
}

#[test]
fn a_day_that_became_free_moves_deadline_and_open_steps_and_nothing_that_fired() {
    // 8 October 2026, a Thursday, becomes free in mid-holiday.
    let world = World::new(Urgency::Priority, "2026-09-30T16:30", None);
    let new = corrected(&["2026-10-08,国庆节,true,2026"]);
    let after = world.after(&BELOW, 1, &new, "2026-10-03T10:00");
    assert_eq!(after.deadline.as_ref().unwrap().at, at("2026-10-09T11:30"));
    assert_eq!(
        words(&after.moved),
        [
            "09 09:30:00 remind",
            "09 11:30:00 remind",
            "09 11:30:00 call",
            "09 11:30:00 mark_deadline",
            "09 16:00:00 prompt_leader",
        ]
    );
    let same = world.after(&BELOW, 1, &shipped(), "2026-10-03T10:00");
    assert!(same.moved.is_empty(), "the same table moves nothing: {:?}", same.moved);
    assert_eq!(same.deadline.unwrap().at, at("2026-10-08T11:30"));
}

#[test]
fn nothing_is_moved_into_the_past() {
    // 6 October turns out to be worked, and it is the afternoon of the 7th already.
    let world = World::new(Urgency::Priority, "2026-09-30T16:30", None);
    let kept = SHIPPED_HOLIDAYS.lines().filter(|row| !row.starts_with("2026-10-06"));
    let new = Calendar::from_csv_str(&kept.collect::<Vec<_>>().join("\n")).unwrap();
    let after = world.after(&BELOW, 1, &new, "2026-10-07T15:00");
    assert_eq!(after.deadline.unwrap().at, at("2026-10-07T15:00"));
    assert!(after.moved.iter().all(|rung| rung.at >= at("2026-10-07T15:00")));
}

#[test]
fn a_missed_deadline_stays_and_later_steps_still_move() {
    let world = World::new(Urgency::Priority, "2026-09-29T16:30", None);
    let new = corrected(&["2026-10-08,国庆节,true,2026"]);
    // All but the leader has fired: the deadline was missed on 30 September at 14:30.
    let after = world.after(&BELOW, 5, &new, "2026-10-03T10:00");
    assert_eq!(after.deadline, None);
    assert!(after.moved.is_empty(), "its step was on 30 September too: {:?}", after.moved);
    let later = World::new(Urgency::Priority, "2026-09-30T11:00", None);
    let after = later.after(&BELOW, 5, &new, "2026-10-03T10:00");
    assert_eq!(words(&after.moved), ["09 10:30:00 prompt_leader"]);
}

#[test]
fn steps_that_change_places_with_the_stated_deadline_keep_their_order_in_time() {
    // The notice asks for the 8th at noon; the level's last step lies behind it until the 6th
    // and 7th are worked after all.
    let world = World::new(Urgency::Priority, "2026-09-30T14:30", Some("2026-10-08T08:45"));
    let kept = SHIPPED_HOLIDAYS
        .lines()
        .filter(|row| !row.starts_with("2026-10-06") && !row.starts_with("2026-10-07"));
    let new = Calendar::from_csv_str(&kept.collect::<Vec<_>>().join("\n")).unwrap();
    let (_, open) = world.open(&BELOW, 1);
    let after = world.after(&BELOW, 1, &new, "2026-10-02T10:00");
    assert_eq!(after.deadline, None, "what the notice states does not move");
    let mut rows = open;
    for now in &after.moved {
        *rows.iter_mut().find(|row| row.id == now.id).unwrap() = *now;
    }
    assert!(rows.windows(2).all(|pair| pair[0].at <= pair[1].at), "{:?}", words(&rows));
    assert_eq!(rows.last().unwrap().act, RungAct::MarkDeadline, "{:?}", words(&rows));
}

#[test]
fn clocks_that_never_stop_do_not_move() {
    let new = corrected(&["2026-10-08,国庆节,true,2026"]);
    let all_worked = Calendar::from_csv_str("date,name,off_day,decree_year\n").unwrap();
    for level in [Urgency::Flash, Urgency::Immediate] {
        let world = World::new(level, "2026-09-30T16:30", None);
        for table in [&new, &all_worked] {
            assert!(world.after(&BELOW, 0, table, "2026-10-03T10:00").moved.is_empty());
        }
    }
}

#[test]
fn a_copy_is_reminded_by_the_new_table() {
    let copy = PlanFor { addressee: Addressee::Copy, ..BELOW };
    let world = World::new(Urgency::Flash, "2026-09-30T16:30", None);
    let new = corrected(&["2026-10-08,国庆节,true,2026"]);
    let after = world.after(&copy, 1, &new, "2026-10-03T10:00");
    assert_eq!(after.deadline, None);
    assert_eq!(words(&after.moved), ["09 16:30:00 remind"]);
}

#[test]
fn the_rounds_after_a_missed_deadline_stay_with_it() {
    let world = World::new(Urgency::Priority, "2026-09-29T16:30", None);
    let deadline = at("2026-09-30T14:30");
    let round = Standing {
        id: RungId::new(deadline, [9; 10]),
        act: RungAct::List,
        ways: None,
        at: deadline.plus(Span::hours(24 * 8)),
    };
    let new = corrected(&["2026-10-08,国庆节,true,2026"]);
    let before = Before { addressee: Addressee::Primary, deadline: Some(deadline), open: &[round] };
    let recipient = world.recipient(&new);
    let after =
        replan(&world.snapshot, &world.times, &recipient, &before, at("2026-10-03T10:00")).unwrap();
    assert!(after.moved.is_empty() && after.deadline.is_none());
}

proptest! {
    /// Where the correction comes before everything, what is left of a ladder is what the new
    /// table would have made of it from the start.
    #[test]
    fn replanning_is_planning_by_the_new_table(
        level in proptest::sample::select(Urgency::ALL), day in 0i64..330, minute in 0i64..1_440,
        free in proptest::collection::btree_set(0u32..28, 0..12), month in 1u32..13,
        above: bool, copy: bool,
    ) {
        let lines: Vec<String> =
            free.iter().map(|day| format!("2026-{month:02}-{:02},补,true,2026", day + 1)).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let new = corrected(&lines);
        let issued_at = at("2026-01-02T00:00").plus(Span::minutes(day * 1_440 + minute));
        let times = IssueTimes { issued_at, explicit: None, overnight: false };
        let world =
            World { snapshot: snapshot(level), times, hours: WorkingHours::usual() };
        let addressee = if copy { Addressee::Copy } else { Addressee::Primary };
        let who = PlanFor { addressee, issuer_is_above: above, superior_declared: false };
        let (deadline, open) = world.open(&who, 0);
        let before = Before { addressee, deadline, open: &open };
        let after = replan(
            &world.snapshot, &world.times, &world.recipient(&new), &before, issued_at,
        ).unwrap();
        let mut rows = open;
        for now in &after.moved {
            let row = rows.iter_mut().find(|row| row.id == now.id).unwrap();
            *row = *now;
        }
        let (until, wanted) = world.ladder(&who, &new);
        let rows: Vec<_> = rows.iter().map(|row| (row.act, row.ways, row.at)).collect();
        let wanted: Vec<_> =
            wanted.iter().map(|rung| (rung.act, rung.ways, rung.due_at)).collect();
        prop_assert_eq!(rows, wanted);
        prop_assert_eq!(after.deadline.map(|deadline| deadline.at), until);
    }
}
