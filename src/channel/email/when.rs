//! Times as official text writes them, in Asia/Shanghai, cut to the minute: a deadline printed a
//! few seconds early harms nobody, one printed late would.

use jiff::civil::Weekday;

use crate::domain::time::Timestamp;

/// `11月24日0时20分`.
pub(super) fn short(at: Timestamp) -> String {
    let civil = at.in_shanghai();
    format!("{}月{}日{}时{}分", civil.month(), civil.day(), civil.hour(), civil.minute())
}

/// `2026年11月24日（星期二）0时20分`.
pub(super) fn full(at: Timestamp) -> String {
    let civil = at.in_shanghai();
    let day = match civil.weekday() {
        Weekday::Monday => "一",
        Weekday::Tuesday => "二",
        Weekday::Wednesday => "三",
        Weekday::Thursday => "四",
        Weekday::Friday => "五",
        Weekday::Saturday => "六",
        Weekday::Sunday => "日",
    };
    let (year, month, date) = (civil.year(), civil.month(), civil.day());
    let (hour, minute) = (civil.hour(), civil.minute());
    format!("{year}年{month}月{date}日（星期{day}）{hour}时{minute}分")
}
