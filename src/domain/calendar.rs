//! Working days in Asia/Shanghai: weekends, holidays, and the weekend days worked for them (调休).
//!
//! The table is published a year at a time and can change in mid-holiday, so a calendar is a value
//! with a digest, and a year without a table is answered from weekends alone and said to be so.
//! Refuses a table with a line that cannot be true.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Weekday};
use sha2::{Digest, Sha256};

use super::digest::hex;

/// The table that is shipped: one line per day that is not what its weekday says.
pub const SHIPPED_HOLIDAYS: &str = include_str!("../../config/calendar/cn-holidays.csv");

const HEADER: &str = "date,name,off_day,decree_year";

/// A line of the table that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("holiday table, line {line}: {what}")]
pub struct CalendarFault {
    /// Line in the file, from 1.
    pub line: usize,
    /// What is wrong, and what is wanted.
    pub what: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct SpecialDay {
    name: String,
    off: bool,
}

/// A holiday of one year.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holiday {
    /// Its name.
    pub name: String,
    /// Days that are free.
    pub off: Vec<Date>,
    /// Weekend days that are worked for it.
    pub worked: Vec<Date>,
}

/// Which days are worked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Calendar {
    days: BTreeMap<Date, SpecialDay>,
    decree_years: BTreeSet<i16>,
}

impl Calendar {
    /// Reads a table of `date,name,off_day,decree_year`.
    ///
    /// # Errors
    /// Every line that cannot be used, not only the first.
    pub fn from_csv_str(text: &str) -> Result<Self, Vec<CalendarFault>> {
        let mut calendar = Self::default();
        let mut faults = Vec::new();
        let mut lines = (1usize..).zip(text.trim_start_matches('\u{FEFF}').lines());
        match lines.next() {
            Some((_, header)) if header.trim() == HEADER => {}
            _ => faults
                .push(CalendarFault { line: 1, what: format!("the first line must be {HEADER}") }),
        }
        for (line, row) in lines.filter(|(_, row)| !row.trim().is_empty()) {
            if let Err(what) = calendar.take_row(row.trim()) {
                faults.push(CalendarFault { line, what });
            }
        }
        if faults.is_empty() { Ok(calendar) } else { Err(faults) }
    }

    fn take_row(&mut self, row: &str) -> Result<(), String> {
        let cells: Vec<&str> = row.split(',').map(str::trim).collect();
        let [date, name, off, year] = cells.as_slice() else {
            return Err(format!("{} cells, wanted four: {HEADER}", cells.len()));
        };
        let date: Date =
            date.parse().map_err(|_| format!("{date:?} is not a date such as 2026-10-01"))?;
        let off = match *off {
            "true" => true,
            "false" => false,
            other => return Err(format!("off_day is {other:?}, wanted true or false")),
        };
        let year: i16 = year.parse().map_err(|_| format!("decree_year {year:?} is not a year"))?;
        if (i32::from(year) - i32::from(date.year())).abs() > 1 {
            return Err(format!("{date} cannot stand in the table of {year}"));
        }
        if !off && !is_weekend(date) {
            return Err(format!("{date} is worked anyway: off_day=false is for weekends"));
        }
        self.decree_years.insert(year);
        let day = SpecialDay { name: (*name).to_owned(), off };
        match self.days.insert(date, day) {
            Some(_) => Err(format!("{date} stands in the table twice")),
            None => Ok(()),
        }
    }

    /// Whether people work on `date`.
    #[must_use]
    pub fn is_working_day(&self, date: Date) -> bool {
        self.days.get(&date).map_or_else(|| !is_weekend(date), |day| !day.off)
    }

    /// The holiday that makes `date` free or worked, if the table names one.
    #[must_use]
    pub fn holiday_name(&self, date: Date) -> Option<&str> {
        self.days.get(&date).map(|day| day.name.as_str())
    }

    /// The years whose table is known, in order.
    pub fn years(&self) -> impl DoubleEndedIterator<Item = i16> + '_ {
        self.decree_years.iter().copied()
    }

    /// What is special about the days of `year`, holiday by holiday in their order.
    #[must_use]
    pub fn holidays_of(&self, year: i16) -> Vec<Holiday> {
        let mut found: Vec<Holiday> = Vec::new();
        for (date, day) in self.days.iter().filter(|(date, _)| date.year() == year) {
            let known = found.iter().position(|holiday| holiday.name == day.name);
            let place = known.unwrap_or_else(|| {
                found.push(Holiday { name: day.name.clone(), ..Holiday::default() });
                found.len() - 1
            });
            let Some(holiday) = found.get_mut(place) else { continue };
            if day.off {
                holiday.off.push(*date);
            } else {
                holiday.worked.push(*date);
            }
        }
        found
    }

    /// Whether the table of `year` is known; if not, answers rest on weekends alone.
    #[must_use]
    pub fn knows_year(&self, year: i16) -> bool {
        self.decree_years.contains(&year)
    }

    /// SHA-256 of what the table says, in hexadecimal; travels with each deadline.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for year in &self.decree_years {
            hash.update(format!("{year}\n"));
        }
        for (date, day) in &self.days {
            hash.update(format!("{date},{},{}\n", day.name, day.off));
        }
        hex(&hash.finalize())
    }
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_shipped_table_knows_holidays_and_worked_weekends() {
        let calendar = Calendar::from_csv_str(SHIPPED_HOLIDAYS).unwrap();
        assert!(!calendar.is_working_day(date(2026, 10, 1)));
        assert!(calendar.is_working_day(date(2026, 10, 10)), "a Saturday worked for 国庆节");
        assert!(calendar.is_working_day(date(2026, 11, 23)), "an ordinary Monday");
        assert!(!calendar.is_working_day(date(2026, 11, 22)), "an ordinary Sunday");
        assert_eq!(calendar.holiday_name(date(2026, 2, 17)), Some("春节"));
        let years: Vec<bool> = (2023..=2027).map(|year| calendar.knows_year(year)).collect();
        assert_eq!(years, [false, true, true, true, false]);
        for (year, worked) in [(2024, 8), (2025, 5), (2026, 6)] {
            let found =
                calendar.days.iter().filter(|(day, what)| day.year() == year && !what.off).count();
            assert_eq!(found, worked, "worked weekends of {year}");
        }
    }

    #[test]
    fn an_unknown_year_is_weekends_alone() {
        let calendar = Calendar::from_csv_str(SHIPPED_HOLIDAYS).unwrap();
        assert!(calendar.is_working_day(date(2027, 10, 1)));
        assert!(!calendar.knows_year(2027));
    }

    #[test]
    fn each_bad_line_is_named() {
        let table = "date,name,off_day,decree_year\n\
                     2026-10-01,国庆节,true,2026\n\
                     2026-10-32,国庆节,true,2026\n\
                     2026-10-02,国庆节,yes,2026\n\
                     2026-10-03,国庆节,true\n\
                     2026-10-01,国庆节,true,2026\n\
                     2026-10-12,国庆节,false,2026\n\
                     2026-10-05,国庆节,true,2020\n\
                     2026-10-06,国庆节,true,y\n";
        let faults = Calendar::from_csv_str(table).unwrap_err();
        let lines: Vec<usize> = faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [3, 4, 5, 6, 7, 8, 9], "{faults:#?}");
        assert!(Calendar::from_csv_str("").is_err());
    }

    #[test]
    fn a_correction_changes_the_digest() {
        let before = Calendar::from_csv_str(SHIPPED_HOLIDAYS).unwrap();
        let extended = format!("{SHIPPED_HOLIDAYS}\n2026-02-24,春节,true,2026\n");
        let after = Calendar::from_csv_str(&extended).unwrap();
        assert_ne!(before.digest(), after.digest());
        assert_eq!(before.digest().len(), 64);
    }
}
