//! What the texts of the rules say, in the words of an office: the levels step by step, the
//! holidays by year, and what the English words of the policy file mean.

use jiff::civil::Date;

use crate::domain::calendar::Calendar;
use crate::domain::human_time::weekday_zh;
use crate::domain::ladder::{AfterAct, ClockKind, RungAct, UrgencyPolicy, Ways};
use crate::domain::urgency::Urgency;
use crate::web::pages::rules::{RuleBlock, YearTable};

/// What the keys of the policy file mean.
const KEYS: &[(&str, &str)] = &[
    ("file", "全文"),
    ("quiet_hours", "夜间"),
    ("from", "夜间开始"),
    ("to", "夜间结束"),
    ("copy", "抄送"),
    ("remind_again_after", "再提醒"),
    ("oral_approval", "口头批准"),
    ("release_within", "多久内补核发"),
    ("clock", "计时方式"),
    ("sign_within", "签收时限"),
    ("needs_reason", "发出前要写理由"),
    ("needs_second_person", "要第二人核发"),
    ("rungs", "步数"),
    ("last_rung", "最后一步"),
    ("rung", "各步"),
    ("after_deadline", "过了时限"),
    ("at", "时间"),
    ("act", "做什么"),
    ("ways", "方式"),
    ("at_night", "夜间等到"),
    ("every", "间隔"),
    ("merged_per_desk", "同一收文点合并"),
];

/// What a key means; itself where nobody has said.
pub(super) fn key_word(key: &str) -> &str {
    KEYS.iter().find(|(known, _)| *known == key).map_or(key, |(_, word)| word)
}

/// Every English word of the file with its meaning.
pub(super) fn words() -> Vec<(String, String)> {
    let pair = |(word, zh): (&str, &str)| (word.to_owned(), zh.to_owned());
    let levels = Urgency::ALL.iter().map(|one| (one.as_str(), one.word_zh()));
    let keys = KEYS.iter().skip(1).copied();
    let clocks = ClockKind::ALL.iter().map(|one| (one.as_str(), one.word_zh()));
    let acts = RungAct::ALL.iter().filter(|act| **act != RungAct::MarkDeadline);
    let acts = acts.map(|one| (one.as_str(), one.word_zh()));
    let ways = Ways::ALL.iter().map(|one| (one.as_str(), one.word_zh()));
    let after = AfterAct::ALL.iter().filter(|one| one.as_str() == "list");
    let after = after.map(|one| (one.as_str(), one.word_zh()));
    let units = [("min", "分钟"), ("h", "小时"), ("d", "天（按工作时间计的，为工作日）")];
    let mut all: Vec<(String, String)> = levels
        .chain(keys)
        .chain(clocks)
        .chain(acts)
        .chain(ways)
        .chain(after)
        .chain(units)
        .map(pair)
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|(word, _)| seen.insert(word.clone()));
    all
}

/// The policy level by level.
pub(super) fn standing(policy: &UrgencyPolicy) -> Vec<RuleBlock> {
    let block = |(heading, lines)| RuleBlock { heading, lines };
    policy.described_zh().into_iter().map(block).collect()
}

/// The holidays, the latest year first; this year and the next are open.
pub(super) fn years(calendar: &Calendar, this_year: i16) -> Vec<YearTable> {
    let table = |year| YearTable {
        year,
        open: year >= this_year,
        rows: calendar
            .holidays_of(year)
            .into_iter()
            .map(|one| (one.name, ranges(&one.off), ranges(&one.worked)))
            .collect(),
    };
    calendar.years().rev().map(table).collect()
}

/// `2月16日（周一）至23日（周一），8天`; days apart stand apart.
fn ranges(days: &[Date]) -> String {
    let mut runs: Vec<(Date, Date, usize)> = Vec::new();
    for day in days {
        match runs.last_mut() {
            Some((_, last, length)) if last.tomorrow().is_ok_and(|next| next == *day) => {
                (*last, *length) = (*day, *length + 1);
            }
            _ => runs.push((*day, *day, 1)),
        }
    }
    let day = |day: Date| format!("{}月{}日（{}）", day.month(), day.day(), weekday_zh(day));
    let words = runs.into_iter().map(|(first, last, length)| match length {
        1 => day(first),
        _ => format!("{}至{}，{length}天", day(first), day(last)),
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { "—".to_owned() } else { words.join("；") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::SHIPPED_HOLIDAYS;
    use crate::domain::ladder::SHIPPED_POLICY;
    use jiff::civil::date;

    #[test]
    fn days_in_a_row_are_one_stretch() {
        let days = [date(2026, 2, 15), date(2026, 2, 16), date(2026, 2, 28)];
        assert_eq!(ranges(&days), "2月15日（周日）至2月16日（周一），2天；2月28日（周六）");
        assert_eq!(ranges(&[]), "—");
    }

    #[test]
    fn every_word_of_the_shipped_policy_is_explained() {
        let words = words();
        let lines = SHIPPED_POLICY.lines().filter(|line| !line.trim_start().starts_with('#'));
        for line in lines {
            let code = line.split(" # ").next().unwrap_or_default();
            let parts = code.split(|c: char| !c.is_ascii_lowercase() && c != '_');
            for word in parts.filter(|part| part.len() > 1) {
                let plain = ["true", "false", "level"].contains(&word);
                let known = words.iter().any(|(known, _)| known == word);
                assert!(plain || known, "{word} of {line:?} is not explained");
            }
        }
    }

    #[test]
    fn a_year_is_a_table_and_nothing_of_it_is_lost() {
        let calendar = Calendar::from_csv_str(SHIPPED_HOLIDAYS).unwrap();
        let tables = years(&calendar, 2026);
        let open: Vec<i16> = tables.iter().filter(|one| one.open).map(|one| one.year).collect();
        assert_eq!(open, [2026]);
        let days: usize = tables
            .iter()
            .flat_map(|table| calendar.holidays_of(table.year))
            .map(|one| one.off.len() + one.worked.len())
            .sum();
        assert_eq!(days, SHIPPED_HOLIDAYS.lines().count() - 1);
    }
}
