//! Counting only the hours in which an organisation is open.
//!
//! Pure arithmetic on civil time in Asia/Shanghai (no daylight saving). Refuses hours that overlap
//! or run backwards, and spans that would run past the end of what can be counted.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};

use super::calendar::Calendar;
use super::text::with_ascii_digits;
use super::time::{Span, Timestamp};

/// Days that are looked at before a span is called uncountable: more than ten years.
pub const DAYS_LOOKED_AT_MAX: u32 = 4_000;

const MINUTES_PER_DAY: u16 = 24 * 60;

/// Why a text is not a list of hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadHours {
    /// Nothing was written.
    #[error("no hours: write them as 08:30-12:00,14:30-17:30")]
    Empty,
    /// A piece that is not `HH:MM-HH:MM`.
    #[error("{0:?} is not a span of hours such as 08:30-12:00")]
    NotAPiece(String),
    /// Not `HH:MM`.
    #[error("{0:?} is not a clock time such as 07:30")]
    NotAClockTime(String),
    /// A piece that ends before it begins, or begins before the last one ended.
    #[error("{0:?} must begin after the piece before it and end after it begins")]
    OutOfOrder(String),
}

impl BadHours {
    /// What to do, in the words of a page.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Empty => "请填写工作时间，如：08:30-12:00,14:30-17:30".to_owned(),
            Self::NotAPiece(piece) => {
                format!("“{piece}”不是时间段，请写成：08:30-12:00")
            }
            Self::NotAClockTime(text) => format!("“{text}”不是钟点，请写成：07:30"),
            Self::OutOfOrder(piece) => {
                format!("时间段“{piece}”先后颠倒或与前一段重叠，请按先后填写")
            }
        }
    }
}

/// A time on the clock, to the minute, from 00:00 to 24:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClockTime(u16);

impl ClockTime {
    /// The clock time of `at` in Asia/Shanghai, cut to the minute.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let time = at.in_shanghai().time();
        Self(u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs()))
    }

    /// The first instant at or after `at` that shows this time.
    #[must_use]
    pub fn next_from(self, at: Timestamp) -> Timestamp {
        let on = |date: Date| {
            let midnight = Timestamp::from_shanghai(date.at(0, 0, 0, 0))?;
            Some(midnight.plus(Span::minutes(i64::from(self.0))))
        };
        let date = at.in_shanghai().date();
        let days = [Some(date), date.tomorrow().ok()];
        days.into_iter().flatten().filter_map(on).find(|found| *found >= at).unwrap_or(at)
    }
}

impl FromStr for ClockTime {
    type Err = BadHours;

    fn from_str(text: &str) -> Result<Self, BadHours> {
        parse_minute(text).map(Self).ok_or_else(|| BadHours::NotAClockTime(text.to_owned()))
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl serde::Serialize for ClockTime {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for ClockTime {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The hours of one day, as pieces in order; `to` may be 24:00.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkingHours(Vec<Piece>);

/// Minutes of the day, from inclusive, to exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    from: u16,
    to: u16,
}

impl WorkingHours {
    /// 08:30–12:00 and 14:30–17:30, for organisations whose hours nobody has stated.
    #[must_use]
    pub fn usual() -> Self {
        let piece = |from, to| Piece { from, to };
        Self(vec![piece(8 * 60 + 30, 12 * 60), piece(14 * 60 + 30, 17 * 60 + 30)])
    }

    /// Working time in one day.
    #[must_use]
    pub fn daily(&self) -> Span {
        Span::minutes(self.0.iter().map(|piece| i64::from(piece.to - piece.from)).sum())
    }

    /// The hours outside `from`–`to`, a stretch that runs over midnight.
    #[must_use]
    pub fn outside_night(from: ClockTime, to: ClockTime) -> Self {
        let (from, to) = (from.0, to.0);
        if to < from { Self(vec![Piece { from: to, to: from }]) } else { Self::all_day() }
    }

    fn all_day() -> Self {
        Self(vec![Piece { from: 0, to: MINUTES_PER_DAY }])
    }
}

impl FromStr for WorkingHours {
    type Err = BadHours;

    fn from_str(text: &str) -> Result<Self, BadHours> {
        let plain: String = with_ascii_digits(text)
            .chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| match c {
                '：' => ':',
                '，' | '、' | ';' | '；' => ',',
                '—' | '–' | '－' | '~' | '～' | '至' => '-',
                other => other,
            })
            .collect();
        let mut pieces: Vec<Piece> = Vec::new();
        for part in plain.split(',').filter(|part| !part.is_empty()) {
            let piece = parse_piece(part).ok_or_else(|| BadHours::NotAPiece(part.to_owned()))?;
            let free_from = pieces.last().map_or(0, |last| last.to);
            if piece.to <= piece.from || piece.from < free_from {
                return Err(BadHours::OutOfOrder(part.to_owned()));
            }
            pieces.push(piece);
        }
        if pieces.is_empty() { Err(BadHours::Empty) } else { Ok(Self(pieces)) }
    }
}

fn parse_piece(text: &str) -> Option<Piece> {
    let (from, to) = text.split_once('-')?;
    Some(Piece { from: parse_minute(from)?, to: parse_minute(to)? })
}

fn parse_minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits =
        |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if !two_digits(hour) || minute.len() != 2 || !two_digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= MINUTES_PER_DAY).then_some(total)
}

impl fmt::Display for WorkingHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, Piece { from, to }) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)?;
        }
        Ok(())
    }
}

/// When something is open: certain hours, on working days or (without a calendar) on all days.
#[derive(Debug, Clone, Copy)]
pub struct OpenTime<'a> {
    /// Hours of each open day.
    pub hours: &'a WorkingHours,
    /// Which days are open; `None` means every day.
    pub calendar: Option<&'a Calendar>,
}

/// Where counting open time has led.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenMoment {
    /// The instant.
    pub at: Timestamp,
    /// Years that were counted without a holiday table: the instant is provisional.
    pub years_without_table: Vec<i16>,
}

/// The span runs past what can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such moment within {DAYS_LOOKED_AT_MAX} days: shorten the span")]
pub struct BeyondCounting;

impl OpenTime<'_> {
    /// Whether it is open at `at`; the closing instant itself is not.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        let date = at.in_shanghai().date();
        self.pieces(date).any(|(from, to)| from <= at && at < to)
    }

    /// The instant at which `span` of open time has passed since `start`.
    ///
    /// With no span, `start` itself if open (or just closing), else the next opening.
    ///
    /// # Errors
    /// The span runs past [`DAYS_LOOKED_AT_MAX`].
    pub fn add_working_time(
        &self,
        start: Timestamp,
        span: Span,
    ) -> Result<OpenMoment, BeyondCounting> {
        let mut left = span.as_micros().max(0);
        let mut years_without_table = Vec::new();
        let mut date = start.in_shanghai().date();
        for _ in 0..DAYS_LOOKED_AT_MAX {
            self.note_year(date, &mut years_without_table);
            for (from, to) in self.pieces(date).filter(|(_, to)| *to >= start) {
                let from = from.max(start);
                let room = to.since(from).as_micros();
                if left <= room {
                    let at = from.plus(Span::micros(left));
                    return Ok(OpenMoment { at, years_without_table });
                }
                left -= room;
            }
            date = date.tomorrow().map_err(|_| BeyondCounting)?;
        }
        Err(BeyondCounting)
    }

    /// Open time between two instants; none if `end` is not after `start`.
    ///
    /// Counts at most [`DAYS_LOOKED_AT_MAX`] days.
    #[must_use]
    pub fn open_between(&self, start: Timestamp, end: Timestamp) -> Span {
        let mut total = 0i64;
        let last = end.in_shanghai().date();
        let mut date = start.in_shanghai().date();
        for _ in 0..DAYS_LOOKED_AT_MAX {
            if date > last {
                break;
            }
            for (from, to) in self.pieces(date) {
                total += to.min(end).since(from.max(start)).as_micros().max(0);
            }
            let Ok(next) = date.tomorrow() else { break };
            date = next;
        }
        Span::micros(total)
    }

    fn note_year(&self, date: Date, years: &mut Vec<i16>) {
        let unknown = self.calendar.is_some_and(|calendar| !calendar.knows_year(date.year()));
        if unknown && years.last() != Some(&date.year()) {
            years.push(date.year());
        }
    }

    fn pieces(&self, date: Date) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let open = self.calendar.is_none_or(|calendar| calendar.is_working_day(date));
        let midnight = Timestamp::from_shanghai(DateTime::from_parts(date, Time::midnight()));
        let pieces = if open { self.hours.0.as_slice() } else { &[] };
        pieces.iter().filter_map(move |piece| {
            let at = |minute: u16| Some(midnight?.plus(Span::minutes(i64::from(minute))));
            Some((at(piece.from)?, at(piece.to)?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::SHIPPED_HOLIDAYS;
    use proptest::prelude::*;

    fn calendar() -> Calendar {
        Calendar::from_csv_str(SHIPPED_HOLIDAYS).unwrap()
    }

    fn hours() -> WorkingHours {
        "08:30-12:00,14:30-17:30".parse().unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::from_shanghai(text.parse().unwrap()).unwrap()
    }

    #[test]
    fn hours_read_and_print() {
        assert_eq!(hours().to_string(), "08:30-12:00,14:30-17:30");
        let typed: WorkingHours = " ８:３０—12：00，14:30至17:30 ".parse().unwrap();
        assert_eq!(typed, hours());
        assert_eq!(hours().daily(), Span::minutes(390));
        assert_eq!("00:00-24:00".parse::<WorkingHours>().unwrap().daily(), Span::hours(24));
        for (bad, fault) in [
            ("", BadHours::Empty),
            ("8点-12点", BadHours::NotAPiece("8点-12点".into())),
            ("08:30-25:00", BadHours::NotAPiece("08:30-25:00".into())),
            ("08:30-08:61", BadHours::NotAPiece("08:30-08:61".into())),
            ("12:00-08:30", BadHours::OutOfOrder("12:00-08:30".into())),
            ("08:30-12:00,11:00-13:00", BadHours::OutOfOrder("11:00-13:00".into())),
        ] {
            assert_eq!(bad.parse::<WorkingHours>(), Err(fault.clone()));
            assert!(!fault.message_zh().is_empty());
        }
    }

    #[test]
    fn working_time_steps_over_noon_night_weekend_and_holiday() {
        let (calendar, hours) = (calendar(), hours());
        let open = OpenTime { hours: &hours, calendar: Some(&calendar) };
        for (start, span, end) in [
            ("2026-11-23T09:00", Span::hours(2), "2026-11-23T11:00"),
            ("2026-11-23T11:00", Span::hours(2), "2026-11-23T15:30"),
            ("2026-11-23T16:30", Span::hours(1), "2026-11-23T17:30"),
            ("2026-11-27T17:00", Span::hours(1), "2026-11-30T09:00"),
            ("2026-09-30T17:00", Span::hours(1), "2026-10-08T09:00"),
            ("2026-10-09T17:00", Span::hours(1), "2026-10-10T09:00"),
            ("2026-11-23T20:00", Span::ZERO, "2026-11-24T08:30"),
            ("2026-11-23T13:00", Span::ZERO, "2026-11-23T14:30"),
            ("2026-11-23T10:00", Span::minutes(2 * 390), "2026-11-25T10:00"),
        ] {
            let found = open.add_working_time(at(start), span).unwrap();
            assert_eq!(found.at.in_shanghai(), at(end).in_shanghai(), "{start} + {span:?}");
            assert!(found.years_without_table.is_empty());
        }
    }

    #[test]
    fn a_year_without_a_table_is_reported() {
        let (calendar, hours) = (calendar(), hours());
        let open = OpenTime { hours: &hours, calendar: Some(&calendar) };
        let found = open.add_working_time(at("2026-12-31T17:00"), Span::hours(1)).unwrap();
        assert_eq!(found.at, at("2027-01-01T09:00"), "weekends alone");
        assert_eq!(found.years_without_table, [2027]);
        assert_eq!(
            open.add_working_time(at("2026-11-23T09:00"), Span::hours(99_999)),
            Err(BeyondCounting)
        );
    }

    #[test]
    fn the_closing_instant_is_not_open() {
        let (calendar, hours) = (calendar(), hours());
        let open = OpenTime { hours: &hours, calendar: Some(&calendar) };
        assert!(open.is_open(at("2026-11-23T08:30")));
        assert!(!open.is_open(at("2026-11-23T12:00")));
        assert!(!open.is_open(at("2026-11-22T09:00")));
    }

    #[test]
    fn a_clock_time_comes_round_again() {
        let morning: ClockTime = "07:30".parse().unwrap();
        assert_eq!(morning.next_from(at("2026-11-23T23:00")), at("2026-11-24T07:30"));
        assert_eq!(morning.next_from(at("2026-11-23T07:30")), at("2026-11-23T07:30"));
        assert_eq!(ClockTime::of(at("2026-11-23T07:30")), morning);
        assert!("7.30".parse::<ClockTime>().is_err());
    }

    #[test]
    fn quiet_hours_are_hours_too() {
        let awake = WorkingHours::outside_night("22:00".parse().unwrap(), "07:00".parse().unwrap());
        assert_eq!(awake.to_string(), "07:00-22:00");
        let open = OpenTime { hours: &awake, calendar: None };
        let found = open.add_working_time(at("2026-11-22T21:30"), Span::hours(2)).unwrap();
        assert_eq!(found.at, at("2026-11-23T08:30"));
    }

    const A_YEAR_OF_MINUTES: i64 = 365 * 24 * 60;

    fn some_hours() -> impl Strategy<Value = WorkingHours> {
        proptest::collection::btree_set(0u16..=MINUTES_PER_DAY, 2..8).prop_map(|cuts| {
            let cuts: Vec<u16> = cuts.into_iter().collect();
            WorkingHours(cuts.chunks_exact(2).map(|c| Piece { from: c[0], to: c[1] }).collect())
        })
    }

    proptest! {
        #[test]
        fn hours_survive_their_text(hours in some_hours()) {
            prop_assert_eq!(hours.to_string().parse(), Ok(hours));
        }

        #[test]
        fn never_lands_outside_hours_and_counts_back(
            hours in some_hours(), start in 0..A_YEAR_OF_MINUTES, span in 0i64..2_000,
        ) {
            let calendar = calendar();
            let open = OpenTime { hours: &hours, calendar: Some(&calendar) };
            let start = at("2025-01-01T00:00").plus(Span::minutes(start));
            // At most 2,000 minutes of hours that may be one minute a day: keep it countable.
            let span = Span::minutes(span.min(hours.daily().as_minutes() * 200));
            let end = open.add_working_time(start, span).unwrap().at;
            prop_assert!(end >= start);
            let just_before = end.plus(Span::micros(-1));
            prop_assert!(open.is_open(end) || open.is_open(just_before));
            prop_assert_eq!(open.open_between(start, end), span);
        }

        #[test]
        fn later_starts_and_longer_spans_end_no_earlier(
            hours in some_hours(), start in 0..A_YEAR_OF_MINUTES,
            wait in 0i64..5_000, span in 0i64..600, more in 0i64..600,
        ) {
            let calendar = calendar();
            let open = OpenTime { hours: &hours, calendar: Some(&calendar) };
            let cap = hours.daily().as_minutes() * 100;
            let (short, long) = (span.min(cap), (span + more).min(2 * cap));
            let early = at("2025-01-01T00:00").plus(Span::minutes(start));
            let end = |from, minutes| {
                let span = Span::minutes(minutes);
                open.add_working_time(from, span).unwrap().at
            };
            prop_assert!(end(early, short) <= end(early, long));
            prop_assert!(end(early, short) <= end(early.plus(Span::minutes(wait)), short));
        }
    }
}
