//! A policy in words: what each level adds up to, for the log, and what it does step by step,
//! for the page on which an administrator changes it.

use super::{AfterAct, ClockKind, LevelPolicy, UrgencyPolicy, Ways};
use crate::domain::text_diff::{LineChange, line_diff};
use crate::domain::urgency::Urgency;

impl UrgencyPolicy {
    /// What each level adds up to, spelled out for operators.
    #[must_use]
    pub fn totals(&self) -> Vec<String> {
        let levels = Urgency::ALL.iter().filter_map(|level| Some((level, self.level(*level)?)));
        levels
            .map(|(name, level)| {
                let last = level.rungs.last().map_or_else(String::new, |r| r.at.to_string());
                let after = &level.after_deadline;
                format!(
                    "{name}: to be signed within {} ({}), {} rungs, the last after {last}, then \
                     {} every {}",
                    level.sign_within,
                    level.clock,
                    level.rungs.len(),
                    after.act,
                    after.every
                )
            })
            .collect()
    }

    /// What would change, level by level, in the words of pages; levels that stay as they are
    /// are left out.
    #[must_use]
    pub fn changes_zh(&self, new: &Self) -> Vec<LevelChange> {
        let mut changes: Vec<LevelChange> = Urgency::ALL
            .iter()
            .filter_map(|name| {
                let (old, new) = (self.level(*name)?, new.level(*name)?);
                (old != new).then(|| LevelChange::of(name.word_zh(), lines(old), lines(new)))
            })
            .collect();
        let (old, new) = (self.general_zh(), new.general_zh());
        if old != new {
            changes.insert(0, LevelChange::of("各等级", old, new));
        }
        changes
    }

    /// What it says, level by level, in the words of pages.
    #[must_use]
    pub fn described_zh(&self) -> Vec<(String, Vec<String>)> {
        let of = |name: &Urgency| Some((name.word_zh().to_owned(), lines(self.level(*name)?)));
        let levels = Urgency::ALL.iter().filter_map(of);
        std::iter::once(("各等级".to_owned(), self.general_zh())).chain(levels).collect()
    }

    fn release_within_zh(&self) -> String {
        crate::domain::human_time::length_zh(self.release_within())
    }

    fn general_zh(&self) -> Vec<String> {
        vec![
            format!("夜间：{}至{}", self.quiet_hours().from, self.quiet_hours().to),
            format!("抄送单位再提醒：{}后", self.copy_reminder_after().words_zh()),
            format!("口头批准发出的：{}内补核发", self.release_within_zh()),
        ]
    }
}

impl ClockKind {
    /// In the words of pages.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::Continuous => "不分昼夜",
            Self::NightRest => "夜间只找有人值守的单位",
            Self::WorkingOrManned => "按对方工作时间，24小时值守的不停",
            Self::Working => "按对方工作时间",
        }
    }
}

impl Ways {
    /// In the words of pages.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::Every => "所有方式同时",
            Self::First => "首选方式",
        }
    }
}

impl AfterAct {
    /// In the words of pages.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::Call => "打电话",
            Self::List => "列入未签收名单",
        }
    }
}

/// What would change at one level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelChange {
    /// 特提 … 平件, or 各等级.
    pub level_zh: String,
    /// Lines: `true` for what comes, `false` for what goes, `None` for what stays.
    pub lines: Vec<(Option<bool>, String)>,
}

impl LevelChange {
    fn of(level: &str, old: Vec<String>, new: Vec<String>) -> Self {
        let old: Vec<&str> = old.iter().map(String::as_str).collect();
        let new: Vec<&str> = new.iter().map(String::as_str).collect();
        let lines = line_diff(&old, &new).into_iter().map(|change| match change {
            LineChange::Same(line) => (None, line.to_owned()),
            LineChange::Gone(line) => (Some(false), line.to_owned()),
            LineChange::New(line) => (Some(true), line.to_owned()),
        });
        Self { level_zh: level.to_owned(), lines: lines.collect() }
    }
}

fn lines(level: &LevelPolicy) -> Vec<String> {
    let clock = level.clock.word_zh();
    let yes = |needed: bool| if needed { "要" } else { "不要" };
    let mut lines = vec![
        format!("计时：{clock}"),
        format!("签收时限：{}", level.sign_within.words_zh()),
        format!("发出前：{}写理由", yes(level.needs_reason)),
        format!("发出前：{}第二人核发", yes(level.needs_second_person)),
    ];
    lines.extend(level.rungs.iter().map(|rung| {
        let when = match rung.at.count() {
            0 => "发出时".to_owned(),
            _ => format!("{}后", rung.at.words_zh()),
        };
        let ways = rung.ways.map(|ways| format!("（{}）", ways.word_zh())).unwrap_or_default();
        let night = rung.at_night.map_or_else(String::new, |at| format!("，在夜间则等到{at}"));
        format!("{when}：{}{ways}{night}", rung.act.word_zh())
    }));
    let after = &level.after_deadline;
    let what = after.act.word_zh();
    let merged = if after.merged_per_desk { "，同一收文点合并" } else { "" };
    lines.push(format!("过了时限：每{}{what}{merged}", after.every.words_zh()));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ladder::SHIPPED_POLICY;

    fn policy(text: &str) -> UrgencyPolicy {
        UrgencyPolicy::from_toml_str(text).unwrap()
    }

    #[test]
    fn only_what_changes_is_told() {
        let text = SHIPPED_POLICY
            .replace("sign_within = \"30 min\"", "sign_within = \"25 min\"")
            .replace("to = \"07:00\"", "to = \"06:30\"");
        let changes = policy(SHIPPED_POLICY).changes_zh(&policy(&text));
        let levels: Vec<&str> = changes.iter().map(|one| one.level_zh.as_str()).collect();
        assert_eq!(levels, ["各等级", "特提"]);
        let changed: Vec<&(Option<bool>, String)> =
            changes[1].lines.iter().filter(|(change, _)| change.is_some()).collect();
        assert_eq!(
            changed,
            [
                &(Some(false), "签收时限：30分钟".to_owned()),
                &(Some(true), "签收时限：25分钟".to_owned())
            ]
        );
        assert!(policy(SHIPPED_POLICY).changes_zh(&policy(SHIPPED_POLICY)).is_empty());
    }

    #[test]
    fn every_level_is_described_with_its_steps() {
        let described = policy(SHIPPED_POLICY).described_zh();
        let headings: Vec<&str> = described.iter().map(|(heading, _)| heading.as_str()).collect();
        assert_eq!(headings, ["各等级", "特提", "特急", "加急", "平急", "平件"]);
        let flash = &described[1].1;
        assert!(flash.contains(&"签收时限：30分钟".to_owned()), "{flash:?}");
        assert!(flash.contains(&"15分钟后：提级催签：带班领导".to_owned()), "{flash:?}");
    }

    #[test]
    fn totals_name_every_level() {
        let totals = policy(SHIPPED_POLICY).totals();
        assert_eq!(totals.len(), 5);
        assert_eq!(
            totals[0],
            "flash: to be signed within 30 min (continuous), 9 rungs, the last after 40 min, \
             then call every 30 min"
        );
    }
}
