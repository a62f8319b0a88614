//! How an instant is written on pages: short where it stands, in full on hover and in print.
//!
//! Pure: the present is an argument. Documents write dates in their own, longer way.

use jiff::civil::DateTime;

use crate::domain::time::{Span, Timestamp};

/// An instant, ready to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// `14:30（今天）`, `11-24 09:00（明天，周二）`, `2025-03-01 09:00`, or 未记录.
    pub short: String,
    /// `2026年11月23日 14:30:07`; empty for an unknown time.
    pub full: String,
    /// RFC 3339, for machines; empty for an unknown time.
    pub iso: String,
}

impl Moment {
    /// An instant as seen from `now`.
    #[must_use]
    pub fn at(instant: Timestamp, now: Timestamp) -> Self {
        let (then, today) = (instant.in_shanghai(), now.in_shanghai());
        let clock = clock(then);
        let days = then.date().since(today.date()).map_or(i32::MAX, |span| span.get_days());
        let (month, day) = (then.month(), then.day());
        let short = match days {
            0 => format!("{clock}（今天）"),
            -1 => format!("{month:02}-{day:02} {clock}（昨天）"),
            1 => format!("{month:02}-{day:02} {clock}（明天，{}）", weekday(then)),
            2..=6 => format!("{month:02}-{day:02} {clock}（{}）", weekday(then)),
            _ if then.year() == today.year() => format!("{month:02}-{day:02} {clock}"),
            _ => format!("{}-{month:02}-{day:02} {clock}", then.year()),
        };
        let second = then.second();
        let full = format!("{}年{month}月{day}日 {clock}:{second:02}", then.year());
        Self { short, full, iso: instant.to_string() }
    }

    /// Like [`Moment::at`], but today's times are the clock alone: for tables, where every row
    /// would otherwise repeat 今天.
    #[must_use]
    pub fn in_table(instant: Timestamp, now: Timestamp) -> Self {
        let moment = Self::at(instant, now);
        let (bare, _) = moment.short.split_once('（').unwrap_or((&moment.short, ""));
        Self { short: bare.to_owned(), ..moment }
    }

    /// A time nobody recorded; nothing is filled in for it.
    #[must_use]
    pub fn unknown() -> Self {
        Self { short: "未记录".to_owned(), full: String::new(), iso: String::new() }
    }

    /// The same where the full form is printed.
    #[must_use]
    pub fn unrecorded_in_full() -> Self {
        Self { full: "未记录".to_owned(), ..Self::unknown() }
    }

    /// A time that does not exist yet: a dash.
    #[must_use]
    pub fn none() -> Self {
        Self { short: "—".to_owned(), full: String::new(), iso: String::new() }
    }
}

/// `还剩 26 分钟` before `due`, `已超 3 小时 10 分` after it. Whole minutes; on the dot is on
/// time.
#[must_use]
pub fn countdown(due: Timestamp, now: Timestamp) -> String {
    let left = due.since(now);
    match (left >= Span::ZERO, left.as_minutes()) {
        (true, 0) => "还剩不到 1 分钟".to_owned(),
        (true, minutes) => format!("还剩 {}", duration(minutes)),
        (false, 0) => "刚过时限".to_owned(),
        (false, minutes) => format!("已超 {}", duration(minutes.saturating_neg())),
    }
}

fn duration(minutes: i64) -> String {
    match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
        (0, 0, m) => format!("{m} 分钟"),
        (0, h, 0) => format!("{h} 小时"),
        (0, h, m) => format!("{h} 小时 {m} 分"),
        (d, 0, _) => format!("{d} 天"),
        (d, h, _) => format!("{d} 天 {h} 小时"),
    }
}

fn clock(at: DateTime) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

fn weekday(at: DateTime) -> &'static str {
    match at.weekday() {
        jiff::civil::Weekday::Monday => "周一",
        jiff::civil::Weekday::Tuesday => "周二",
        jiff::civil::Weekday::Wednesday => "周三",
        jiff::civil::Weekday::Thursday => "周四",
        jiff::civil::Weekday::Friday => "周五",
        jiff::civil::Weekday::Saturday => "周六",
        jiff::civil::Weekday::Sunday => "周日",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_shanghai(text.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_time_says_which_day_it_means() {
        let now = at("2026-11-23T23:50:00");
        let short = |text: &str| Moment::at(at(text), now).short;
        assert_eq!(short("2026-11-23T14:30:07"), "14:30（今天）");
        assert_eq!(short("2026-11-24T00:20:00"), "11-24 00:20（明天，周二）");
        assert_eq!(short("2026-11-22T09:00:00"), "11-22 09:00（昨天）");
        assert_eq!(short("2026-11-27T09:00:00"), "11-27 09:00（周五）");
        assert_eq!(short("2026-09-01T09:00:00"), "09-01 09:00");
        assert_eq!(short("2025-12-31T09:00:00"), "2025-12-31 09:00");
        let full = Moment::at(at("2026-11-23T14:30:07"), now).full;
        assert_eq!(full, "2026年11月23日 14:30:07");
        assert_eq!(Moment::in_table(at("2026-11-23T14:30:07"), now).short, "14:30");
    }

    #[test]
    fn a_countdown_turns_at_the_deadline() {
        let due = at("2026-11-23T15:02:00");
        assert_eq!(countdown(due, at("2026-11-23T14:36:00")), "还剩 26 分钟");
        assert_eq!(countdown(due, at("2026-11-23T15:02:00")), "还剩不到 1 分钟");
        assert_eq!(countdown(due, at("2026-11-23T15:02:01")), "刚过时限");
        assert_eq!(countdown(due, at("2026-11-23T15:03:00")), "已超 1 分钟");
        assert_eq!(countdown(due, at("2026-11-23T18:12:00")), "已超 3 小时 10 分");
        assert_eq!(countdown(due, at("2026-11-20T15:02:00")), "还剩 3 天");
    }
}
