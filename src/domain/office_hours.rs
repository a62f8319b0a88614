//! The hours at which an office is manned on a working day, such as `08:30-12:00,14:30-17:30`.
//!
//! Never here: which days are working days; that is the calendar's business.

use std::fmt;
use std::str::FromStr;

const SPANS_MAX: usize = 4;
const MINUTES_PER_DAY: u16 = 24 * 60;

/// Spans of one day in minutes after midnight, in order, not touching each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficeHours(Vec<(u16, u16)>);

/// The text does not say when an office is manned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} are no office hours; write spans in order, such as 08:30-12:00,14:30-17:30")]
pub struct BadHours(String);

impl OfficeHours {
    /// Opening and closing minute of each span, counted from midnight.
    #[must_use]
    pub fn spans(&self) -> &[(u16, u16)] {
        &self.0
    }
}

impl FromStr for OfficeHours {
    type Err = BadHours;

    fn from_str(text: &str) -> Result<Self, BadHours> {
        let bad = || BadHours(text.to_owned());
        let mut spans: Vec<(u16, u16)> = Vec::new();
        for part in text.split([',', '，']) {
            let (from, until) = part.trim().split_once('-').ok_or_else(bad)?;
            let from = minute_of_day(from).ok_or_else(bad)?;
            let until = minute_of_day(until).ok_or_else(bad)?;
            let is_after_last = spans.last().is_none_or(|(_, last)| *last < from);
            if from >= until || !is_after_last || spans.len() == SPANS_MAX {
                return Err(bad());
            }
            spans.push((from, until));
        }
        Ok(Self(spans))
    }
}

impl fmt::Display for OfficeHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (from, until)) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            let (fh, fm, uh, um) = (from / 60, from % 60, until / 60, until % 60);
            write!(f, "{comma}{fh:02}:{fm:02}-{uh:02}:{um:02}")?;
        }
        Ok(())
    }
}

fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once([':', '：'])?;
    let digits = |part: &str| part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= MINUTES_PER_DAY).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_read_back_as_they_were_written() {
        let hours: OfficeHours = "8:30-12:00，14：30-17:30".parse().unwrap();
        assert_eq!(hours.spans(), [(510, 720), (870, 1050)]);
        assert_eq!(hours.to_string(), "08:30-12:00,14:30-17:30");
        assert_eq!("00:00-24:00".parse::<OfficeHours>().unwrap().spans(), [(0, 1440)]);
    }

    #[test]
    fn hours_out_of_order_or_out_of_the_day_are_refused() {
        let cases = [
            "",
            "08:30",
            "12:00-08:30",
            "08:30-08:30",
            "08:30-12:00,11:00-13:00",
            "08:30-24:01",
            "08:60-09:00",
            "+8:30-9:00",
            "1-2",
            "08:30-12:00,12:00-13:00",
        ];
        for text in cases {
            assert!(text.parse::<OfficeHours>().is_err(), "{text:?}");
        }
    }
}
