//! The shipped holiday table against an independent reading of the same decrees: day by day, for
//! every year that is shipped. `tests/run calendar` installs the library and asks it.

use std::collections::BTreeMap;
use std::env;

use jiff::civil::{Date, date};
use qianshou::domain::calendar::{Calendar, SHIPPED_HOLIDAYS};

/// Days on which the two do not agree, and what the other says.
fn differences(calendar: &Calendar, other: &BTreeMap<Date, bool>) -> Vec<(Date, bool)> {
    let differs = |day: &(&Date, &bool)| calendar.is_working_day(*day.0) != *day.1;
    other.iter().filter(differs).map(|(day, worked)| (*day, *worked)).collect()
}

#[test]
fn every_day_of_three_years_is_what_an_independent_library_says() {
    let Some(file) = env::var_os("QIANSHOU_TEST_WORKING_DAYS") else {
        println!("calendar: not compared here; tests/run calendar does");
        return;
    };
    let text = std::fs::read_to_string(file).unwrap();
    let read = |line: &str| {
        let (day, worked) = line.split_once(' ').unwrap();
        (day.parse::<Date>().unwrap(), worked == "true")
    };
    let mut other: BTreeMap<Date, bool> = text.lines().map(read).collect();
    assert_eq!(other.len(), 366 + 365 + 365, "every day of 2024, 2025 and 2026");
    let calendar = Calendar::from_csv_str(SHIPPED_HOLIDAYS).unwrap();
    let found = differences(&calendar, &other);
    let worked = other.values().filter(|worked| **worked).count();
    println!("calendar: {} days, {worked} of them worked; differences: {found:?}", other.len());
    assert!(found.is_empty(), "{found:?}");
    // What cannot be seen to differ is not compared.
    let turned = date(2026, 10, 10);
    other.entry(turned).and_modify(|worked| *worked = !*worked);
    assert_eq!(differences(&calendar, &other), [(turned, false)]);
}
