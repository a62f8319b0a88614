//! What is planned does not depend on the time zone of the machine: the same plan is made by this
//! very program under five of them.

use std::process::Command;

use qianshou::domain::calendar::{Calendar, SHIPPED_HOLIDAYS};
use qianshou::domain::delivery::Addressee;
use qianshou::domain::human_time::{full_zh, parse_moment};
use qianshou::domain::ladder::{
    IssueTimes, PlanFor, RecipientTime, SHIPPED_POLICY, UrgencyPolicy, deadline, plan_rungs,
};
use qianshou::domain::urgency::Urgency;
use qianshou::domain::working_time::WorkingHours;

/// Local midnight, both edges of daylight saving, the turn of the year, a long holiday.
const ISSUED: [&str; 6] = [
    "2026-03-08T15:30",
    "2026-03-29T08:59",
    "2026-09-30T17:20",
    "2026-10-25T09:30",
    "2026-11-01T14:10",
    "2026-12-31T23:59",
];

/// Told by the child, one line for each step.
#[test]
fn the_plan_is_told() {
    let policy = UrgencyPolicy::from_toml_str(SHIPPED_POLICY).unwrap();
    let calendar = Calendar::from_csv_str(SHIPPED_HOLIDAYS).unwrap();
    let hours = WorkingHours::usual();
    let recipient =
        RecipientTime { calendar: &calendar, hours: &hours, manned_around_the_clock: false };
    let who =
        PlanFor { addressee: Addressee::Primary, issuer_is_above: true, superior_declared: true };
    let mut steps = 0;
    for issued in ISSUED {
        let issued_at = parse_moment(issued).unwrap();
        let times = IssueTimes { issued_at, explicit: None, overnight: false };
        for level in Urgency::ALL {
            let ladder = policy.snapshot(*level).unwrap();
            let due = deadline(&ladder, Addressee::Primary, &times, &recipient).unwrap().unwrap();
            println!("PLAN {issued} {level} {} {}", due.at.as_micros(), full_zh(due.at));
            for rung in plan_rungs(&ladder, &who, &times, &recipient).unwrap() {
                println!("PLAN {issued} {level} {} {}", rung.step, rung.due_at.as_micros());
                steps += 1;
            }
        }
    }
    assert_eq!(steps, 26 * ISSUED.len());
}

#[test]
fn five_time_zones_plan_alike() {
    let told = |zone: &str| -> Vec<String> {
        let out = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "time_zones::the_plan_is_told", "--nocapture"])
            .env("TZ", zone)
            .output()
            .unwrap();
        assert!(out.status.success(), "{zone}: {}", String::from_utf8_lossy(&out.stderr));
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let lines =
            text.lines().filter_map(|line| line.find("PLAN ").map(|at| line[at..].to_owned()));
        lines.collect()
    };
    let at_home = told("Asia/Shanghai");
    assert!(at_home.len() > 100, "{} lines", at_home.len());
    for zone in ["UTC", "America/New_York", "Europe/Berlin", "Pacific/Kiritimati"] {
        assert_eq!(told(zone), at_home, "{zone}");
    }
}
