//! Times as people read them, always in Asia/Shanghai; an unknown time is 未记录, never a guess.

use jiff::civil::{Date, DateTime, Weekday};

use super::time::{Span, Timestamp};

/// What stands where a time is not known.
pub const UNKNOWN_ZH: &str = "未记录";

/// `14:30（今天）`, `11-24 09:00（明天，周二）`, `11-27 09:00（周五）`; with the year if it differs.
#[must_use]
pub fn clock_zh(at: Timestamp, now: Timestamp) -> String {
    let (civil, today) = (at.in_shanghai(), now.in_shanghai().date());
    let time = civil.strftime("%H:%M");
    let date = civil.date();
    if date == today {
        return format!("{time}（今天）");
    }
    let day = if date.year() == today.year() {
        civil.strftime("%m-%d").to_string()
    } else {
        civil.strftime("%Y-%m-%d").to_string()
    };
    let weekday = weekday_zh(date);
    let near = if today.tomorrow().is_ok_and(|tomorrow| tomorrow == date) {
        "明天，"
    } else if today.yesterday().is_ok_and(|yesterday| yesterday == date) {
        "昨天，"
    } else {
        ""
    };
    format!("{day} {time}（{near}{weekday}）")
}

/// As [`clock_zh`], or 未记录.
#[must_use]
pub fn clock_or_unknown_zh(at: Option<Timestamp>, now: Timestamp) -> String {
    at.map_or_else(|| UNKNOWN_ZH.to_owned(), |at| clock_zh(at, now))
}

/// `还剩 26 分钟` before the deadline and at it, `已超 3 小时 10 分` after it.
#[must_use]
pub fn countdown_zh(deadline: Timestamp, now: Timestamp) -> String {
    let (word, length) = if now <= deadline {
        ("还剩", length_zh(deadline.since(now)))
    } else {
        ("已超", length_zh(now.since(deadline)))
    };
    let blank = if length.starts_with('不') { "" } else { " " };
    format!("{word}{blank}{length}")
}

/// `26 分钟`, `3 小时`, `3 小时 10 分`, `2 天 4 小时`, cut to the unit below; `不足 1 分钟`.
#[must_use]
pub fn length_zh(span: Span) -> String {
    let minutes = span.as_minutes().abs();
    let (days, hours, rest) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    match (days, hours, rest) {
        (0, 0, 0) => "不足 1 分钟".to_owned(),
        (0, 0, _) => format!("{rest} 分钟"),
        (0, _, 0) => format!("{hours} 小时"),
        (0, _, _) => format!("{hours} 小时 {rest} 分"),
        (_, 0, _) => format!("{days} 天"),
        _ => format!("{days} 天 {hours} 小时"),
    }
}

/// `2026年11月23日`, as documents write dates.
#[must_use]
pub fn date_zh(date: Date) -> String {
    format!("{}年{}月{}日", date.year(), date.month(), date.day())
}

/// `11月24日0时20分`, as a notice writes a moment; with the year if it is not the year of `now`.
#[must_use]
pub fn moment_zh(at: Timestamp, now: Timestamp) -> String {
    let civil = at.in_shanghai();
    let year = if civil.year() == now.in_shanghai().year() {
        String::new()
    } else {
        format!("{}年", civil.year())
    };
    let minute = if civil.minute() == 0 { String::new() } else { format!("{}分", civil.minute()) };
    format!("{year}{}月{}日{}时{minute}", civil.month(), civil.day(), civil.hour())
}

/// `2026年11月23日14:30:07`, for prints and wherever nothing may be left open.
#[must_use]
pub fn full_zh(at: Timestamp) -> String {
    let civil = at.in_shanghai();
    format!("{}{}", date_zh(civil.date()), civil.strftime("%H:%M:%S"))
}

/// As [`full_zh`], or 未记录.
#[must_use]
pub fn full_or_unknown_zh(at: Option<Timestamp>) -> String {
    at.map_or_else(|| UNKNOWN_ZH.to_owned(), full_zh)
}

/// 周一 to 周日.
#[must_use]
pub fn weekday_zh(date: Date) -> &'static str {
    match date.weekday() {
        Weekday::Monday => "周一",
        Weekday::Tuesday => "周二",
        Weekday::Wednesday => "周三",
        Weekday::Thursday => "周四",
        Weekday::Friday => "周五",
        Weekday::Saturday => "周六",
        Weekday::Sunday => "周日",
    }
}

/// Reads a date as people type it: 2014-03-19, 2014年3月19日, 2014/3/19, 2014.3.19.
#[must_use]
pub fn parse_date(text: &str) -> Option<Date> {
    match numbers(text)?.as_slice() {
        [year, month, day] => civil_date(*year, *month, *day),
        _ => None,
    }
}

/// Reads a moment as people type it: 2026-11-24T00:20, 2026年11月24日0时20分, 2026年11月24日24时.
#[must_use]
pub fn parse_moment(text: &str) -> Option<Timestamp> {
    let (date, hour, minute, second) = match numbers(text)?.as_slice() {
        [y, m, d, hour] if text.trim_end().ends_with(['时', '点']) => {
            (civil_date(*y, *m, *d)?, *hour, 0, 0)
        }
        [y, m, d, hour, minute] => (civil_date(*y, *m, *d)?, *hour, *minute, 0),
        [y, m, d, hour, minute, second] => (civil_date(*y, *m, *d)?, *hour, *minute, *second),
        _ => return None,
    };
    let (date, hour) = match (hour, minute, second) {
        (24, 0, 0) => (date.tomorrow().ok()?, 0),
        _ => (date, hour),
    };
    let part = |number: u32| i8::try_from(number).ok();
    let time = jiff::civil::Time::new(part(hour)?, part(minute)?, part(second)?, 0).ok()?;
    Timestamp::from_shanghai(DateTime::from_parts(date, time))
}

/// The end of `date`: the next midnight.
#[must_use]
pub fn end_of_day(date: Date) -> Option<Timestamp> {
    Timestamp::from_shanghai(date.tomorrow().ok()?.at(0, 0, 0, 0))
}

fn civil_date(year: u32, month: u32, day: u32) -> Option<Date> {
    if !(1900..=2199).contains(&year) {
        return None;
    }
    let part = |number: u32| i8::try_from(number).ok();
    Date::new(i16::try_from(year).ok()?, part(month)?, part(day)?).ok()
}

/// The numbers of a date or moment, if nothing but its usual separators stands between them.
fn numbers(text: &str) -> Option<Vec<u32>> {
    let plain = super::text::with_ascii_digits(text.trim());
    let known = |c: char| {
        c.is_ascii_digit() || c.is_whitespace() || "年月日号时点分秒-/.．:：T".contains(c)
    };
    if !plain.chars().all(known) {
        return None;
    }
    let runs = plain.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty());
    runs.map(|run| if run.len() <= 4 { run.parse().ok() } else { None }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_shanghai(text.parse().unwrap()).unwrap()
    }

    #[test]
    fn clock_times_say_which_day() {
        let now = at("2026-11-23T14:02");
        for (when, words) in [
            ("2026-11-23T14:30", "14:30（今天）"),
            ("2026-11-24T09:00", "11-24 09:00（明天，周二）"),
            ("2026-11-22T23:59", "11-22 23:59（昨天，周日）"),
            ("2026-11-27T09:00", "11-27 09:00（周五）"),
            ("2027-01-04T09:00", "2027-01-04 09:00（周一）"),
        ] {
            assert_eq!(clock_zh(at(when), now), words);
        }
        assert_eq!(clock_or_unknown_zh(None, now), "未记录");
        assert_eq!(full_or_unknown_zh(None), "未记录");
    }

    #[test]
    fn countdowns_tie_on_the_side_of_the_recipient() {
        let due = at("2026-11-23T15:00");
        for (now, words) in [
            ("2026-11-23T14:34", "还剩 26 分钟"),
            ("2026-11-23T12:00", "还剩 3 小时"),
            ("2026-11-21T11:00", "还剩 2 天 4 小时"),
            ("2026-11-23T14:59:30", "还剩不足 1 分钟"),
            ("2026-11-23T15:00", "还剩不足 1 分钟"),
            ("2026-11-23T15:00:01", "已超不足 1 分钟"),
            ("2026-11-23T18:10", "已超 3 小时 10 分"),
            ("2026-11-25T15:30", "已超 2 天"),
        ] {
            assert_eq!(countdown_zh(due, at(now)), words, "at {now}");
        }
    }

    #[test]
    fn documents_write_dates_without_padding() {
        let when = at("2026-11-24T00:20");
        assert_eq!(moment_zh(when, at("2026-11-23T23:50")), "11月24日0时20分");
        assert_eq!(moment_zh(when, at("2025-11-23T23:50")), "2026年11月24日0时20分");
        assert_eq!(moment_zh(at("2026-11-24T09:00"), when), "11月24日9时");
        assert_eq!(date_zh(when.in_shanghai().date()), "2026年11月24日");
        assert_eq!(full_zh(at("2026-11-03T04:05:06")), "2026年11月3日04:05:06");
    }

    #[test]
    fn typed_dates_and_moments_are_read() {
        for typed in
            ["2014-03-19", "2014年3月19日", "2014/3/19", "２０１４．３．１９", " 2014.3.19 "]
        {
            let wanted = Some(jiff::civil::date(2014, 3, 19));
            assert_eq!(parse_date(typed), wanted, "typed {typed:?}");
        }
        for bad in ["", "2014-02-30", "14-3-19", "明天", "2014-3", "20140319"] {
            assert_eq!(parse_date(bad), None, "typed {bad:?}");
        }
        for (typed, when) in [
            ("2026-11-24T00:20", "2026-11-24T00:20"),
            ("2026-11-24 00:20:30", "2026-11-24T00:20:30"),
            ("2026年11月24日0时20分", "2026-11-24T00:20"),
            ("2026年11月24日9时", "2026-11-24T09:00"),
            ("2026年11月24日24时", "2026-11-25T00:00"),
        ] {
            assert_eq!(parse_moment(typed), Some(at(when)), "typed {typed:?}");
        }
        for bad in ["", "2026-11-24", "2026-11-24 9", "2026-11-24T25:00", "2026-11-24T24:01"] {
            assert_eq!(parse_moment(bad), None, "typed {bad:?}");
        }
    }

    proptest! {
        #[test]
        fn printed_moments_read_back(minutes in 0i64..80_000_000) {
            let when = at("1950-01-01T00:00").plus(Span::minutes(minutes));
            let elsewhere = at("1901-01-01T00:00");
            prop_assert_eq!(parse_moment(&moment_zh(when, elsewhere)), Some(when));
            let date = when.in_shanghai().date();
            prop_assert_eq!(parse_date(&date_zh(date)), Some(date));
        }
    }
}
