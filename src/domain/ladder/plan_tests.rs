//! What the plan of a delivery must be, by example and by property.

use proptest::prelude::*;

use super::*;
use crate::domain::calendar::SHIPPED_HOLIDAYS;
use crate::domain::ladder::{SHIPPED_POLICY, UrgencyPolicy};
use crate::domain::urgency::Urgency;

const BELOW: PlanFor =
    PlanFor { addressee: Addressee::Primary, issuer_is_above: true, superior_declared: true };

fn at(text: &str) -> Timestamp {
    Timestamp::from_shanghai(text.parse().unwrap()).unwrap()
}

fn snapshot(level: Urgency) -> LadderSnapshot {
    UrgencyPolicy::from_toml_str(SHIPPED_POLICY).unwrap().snapshot(level).unwrap()
}

struct World {
    calendar: Calendar,
    hours: WorkingHours,
}

impl World {
    fn new() -> Self {
        Self {
            calendar: Calendar::from_csv_str(SHIPPED_HOLIDAYS).unwrap(),
            hours: "08:30-12:00,14:30-17:30".parse().unwrap(),
        }
    }

    fn desk(&self, manned_around_the_clock: bool) -> RecipientTime<'_> {
        RecipientTime { calendar: &self.calendar, hours: &self.hours, manned_around_the_clock }
    }
}

fn issued(when: &str, explicit: Option<&str>) -> IssueTimes {
    IssueTimes { issued_at: at(when), explicit: explicit.map(at), overnight: false }
}

fn until(level: Urgency, times: &IssueTimes, manned: bool) -> Deadline {
    let world = World::new();
    deadline(&snapshot(level), Addressee::Primary, times, &world.desk(manned)).unwrap().unwrap()
}

fn shown(level: Urgency, who: &PlanFor, times: &IssueTimes, manned: bool) -> Vec<String> {
    let world = World::new();
    let plan = plan_rungs(&snapshot(level), who, times, &world.desk(manned)).unwrap();
    plan.iter()
        .map(|rung| format!("{} {}", rung.due_at.in_shanghai().strftime("%d %H:%M"), rung.act))
        .collect()
}

#[test]
fn a_flash_notice_climbs_in_forty_minutes_even_on_a_holiday_night() {
    let times = issued("2026-10-01T23:50", None);
    let found = until(Urgency::Flash, &times, false);
    assert_eq!(found.at, at("2026-10-02T00:20"));
    assert_eq!(found.explanation_zh, "特提：发出后30分钟内签收（不分昼夜计时）");
    assert_eq!(
        shown(Urgency::Flash, &BELOW, &times, false),
        [
            "01 23:50 remind",
            "01 23:50 call_unreachable",
            "01 23:55 remind",
            "02 00:00 remind",
            "02 00:00 call",
            "02 00:05 prompt_leader",
            "02 00:10 alert_issuer",
            "02 00:20 offer_superior",
            "02 00:30 ask_superior",
        ]
    );
}

#[test]
fn peers_are_not_reported_upwards() {
    let times = issued("2026-11-23T14:32", None);
    let peer = PlanFor { issuer_is_above: false, ..BELOW };
    let plan = shown(Urgency::Flash, &peer, &times, true);
    assert!(plan.iter().any(|rung| rung == "23 14:47 offer_leader"));
    assert!(!plan.iter().any(|rung| rung.contains("superior") || rung.contains("prompt")));
    let alone = PlanFor { superior_declared: false, ..BELOW };
    let plan = shown(Urgency::Flash, &alone, &times, true);
    assert!(plan.iter().any(|rung| rung.ends_with("offer_superior")));
    assert!(!plan.iter().any(|rung| rung.ends_with("ask_superior")));
}

#[test]
fn an_immediate_notice_lets_unmanned_desks_sleep() {
    let times = issued("2026-11-23T23:00", None);
    let unmanned = until(Urgency::Immediate, &times, false);
    assert_eq!(unmanned.at, at("2026-11-24T09:00"));
    assert!(unmanned.explanation_zh.contains("夜间22:00至07:00无人值守，不计时"));
    let plan = shown(Urgency::Immediate, &BELOW, &times, false);
    assert_eq!(plan[0], "24 07:00 remind");
    assert!(plan.contains(&"24 07:30 prompt_leader".to_owned()), "{plan:?}");

    assert_eq!(until(Urgency::Immediate, &times, true).at, at("2026-11-24T01:00"));
    let plan = shown(Urgency::Immediate, &BELOW, &times, true);
    assert_eq!(plan[0], "23 23:00 remind");
    assert_eq!(plan.last().unwrap(), "24 07:30 prompt_leader");

    let tonight = IssueTimes { overnight: true, ..times };
    assert_eq!(until(Urgency::Immediate, &tonight, false).at, at("2026-11-24T01:00"));
    assert!(
        shown(Urgency::Immediate, &BELOW, &tonight, false)
            .contains(&"24 00:30 prompt_leader".to_owned())
    );
}

#[test]
fn the_other_levels_count_working_time() {
    let times = issued("2026-11-23T16:30", None);
    assert_eq!(until(Urgency::Priority, &times, false).at, at("2026-11-24T11:30"));
    assert_eq!(until(Urgency::Priority, &times, true).at, at("2026-11-23T20:30"));
    assert_eq!(until(Urgency::Routine, &times, true).at, at("2026-11-25T09:00"));
    let two_days = until(Urgency::Ordinary, &times, false);
    assert_eq!(two_days.at, at("2026-11-25T16:30"));
    assert_eq!(two_days.explanation_zh, "平件：发出后2个工作日内签收（按收文单位工作时间计时）");
    assert_eq!(
        shown(Urgency::Ordinary, &BELOW, &times, false),
        ["23 16:30 remind", "24 16:30 remind"]
    );
}

#[test]
fn a_deadline_past_the_known_tables_says_so() {
    let found = until(Urgency::Ordinary, &issued("2026-12-31T16:30", None), false);
    assert_eq!(found.years_without_table, [2027]);
    assert!(found.explanation_zh.ends_with("；2027年放假安排尚未录入，暂按周末推算"));
}

#[test]
fn an_earlier_deadline_draws_the_rungs_together_and_a_later_one_does_not() {
    let earlier = issued("2026-11-23T14:00", Some("2026-11-23T14:15"));
    let found = until(Urgency::Flash, &earlier, false);
    assert_eq!((found.at, found.origin), (at("2026-11-23T14:15"), DeadlineOrigin::Notice));
    assert_eq!(found.explanation_zh, "通知要求：11月23日14时15分前签收");
    let plan = shown(Urgency::Flash, &BELOW, &earlier, false);
    assert!(plan.contains(&"23 14:05 call".to_owned()), "{plan:?}");
    assert_eq!(plan.last().unwrap(), "23 14:20 ask_superior");

    let later = issued("2026-11-23T14:00", Some("2026-11-23T18:00"));
    assert_eq!(until(Urgency::Flash, &later, false).at, at("2026-11-23T18:00"));
    assert_eq!(
        shown(Urgency::Flash, &BELOW, &later, false),
        shown(Urgency::Flash, &BELOW, &issued("2026-11-23T14:00", None), false)
    );
}

#[test]
fn a_deadline_outside_working_time_is_chased_by_the_wall_clock() {
    let times = issued("2026-11-22T10:00", Some("2026-11-22T18:00"));
    let plan = shown(Urgency::Routine, &BELOW, &times, false);
    assert_eq!(plan, ["22 10:00 remind", "22 14:00 remind", "22 18:00 remind"]);
}

#[test]
fn copy_addressees_have_a_link_and_one_reminder() {
    let world = World::new();
    let copy = PlanFor { addressee: Addressee::Copy, ..BELOW };
    let times = issued("2026-11-23T16:30", Some("2026-11-23T17:00"));
    let none = deadline(&snapshot(Urgency::Flash), Addressee::Copy, &times, &world.desk(false));
    assert_eq!(none, Ok(None));
    assert_eq!(shown(Urgency::Flash, &copy, &times, false), ["23 16:30 remind", "24 16:30 remind"]);
}

proptest! {
    #[test]
    fn a_plan_is_in_order_and_reminds_before_the_deadline(
        level in proptest::sample::select(Urgency::ALL), start in 0i64..500_000,
        explicit in proptest::option::of(-60i64..20_000), manned: bool, overnight: bool,
    ) {
        let world = World::new();
        let desk = world.desk(manned);
        let issued_at = at("2025-06-01T00:00").plus(Span::minutes(start));
        let explicit = explicit.map(|minutes| issued_at.plus(Span::minutes(minutes)));
        let times = IssueTimes { issued_at, explicit, overnight };
        let snapshot = snapshot(level);
        let plan = plan_rungs(&snapshot, &BELOW, &times, &desk).unwrap();
        let until = deadline(&snapshot, Addressee::Primary, &times, &desk).unwrap().unwrap();

        prop_assert_eq!(plan.len(), snapshot.policy.rungs.len());
        prop_assert!(plan.windows(2).all(|pair| pair[0].due_at <= pair[1].due_at));
        prop_assert!(plan.iter().zip(1u16..).all(|(rung, step)| rung.step == step));
        prop_assert!(plan.iter().all(|rung| rung.due_at >= issued_at));
        prop_assert!(explicit.is_none_or(|asked| until.at == asked));
        let reminders = plan.iter().filter(|rung| rung.act == RungAct::Remind);
        let latest = until.at.max(issued_at);
        for rung in reminders {
            prop_assert!(rung.due_at <= latest, "{:?} after {:?}", rung, latest);
        }
    }
}
