//! Reading and checking the urgency policy.
//!
//! Refuses a policy that could leave a notice unchased by mistake: a missing level or unit, rungs
//! out of order, a ladder that never reminds before its deadline, totals that do not add up. Every
//! fault names its key, and all are told at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{AfterDeadline, LadderSnapshot, LevelPolicy, Offset, QuietHours, Rung, RungAct};
use crate::domain::digest::hex;
use crate::domain::time::Span;
use crate::domain::urgency::Urgency;
use crate::domain::working_time::ClockTime;

/// The policy that is shipped.
pub const SHIPPED_POLICY: &str = include_str!("../../../config/urgency.toml");

/// How far a ladder may reach: rungs up to this many times the time to sign.
const REACH_MAX: u32 = 2;

/// Something in the policy that cannot stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("urgency policy, {key}: {what}")]
pub struct PolicyFault {
    /// Which key.
    pub key: String,
    /// What is wrong, and what is wanted.
    pub what: String,
}

/// The policy of all levels, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UrgencyPolicy {
    quiet_hours: QuietHours,
    copy_reminder_after: Offset,
    release_within: Offset,
    levels: BTreeMap<&'static str, LevelPolicy>,
    #[serde(skip)]
    digest: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPolicy {
    quiet_hours: RawQuiet,
    copy: RawCopy,
    #[serde(default)]
    oral_approval: RawOral,
    level: BTreeMap<String, RawLevel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawQuiet {
    from: String,
    to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCopy {
    remind_again_after: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOral {
    release_within: String,
}

impl Default for RawOral {
    /// What held before a policy could say it.
    fn default() -> Self {
        Self { release_within: "24 h".to_owned() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLevel {
    clock: String,
    sign_within: String,
    needs_reason: bool,
    needs_second_person: bool,
    rungs: usize,
    last_rung: String,
    rung: Vec<RawRung>,
    after_deadline: RawAfter,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRung {
    at: String,
    act: String,
    ways: Option<String>,
    at_night: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAfter {
    act: String,
    every: String,
    merged_per_desk: bool,
}

/// Collects faults while values are read.
#[derive(Default)]
struct Check(Vec<PolicyFault>);

impl Check {
    fn fault(&mut self, key: &str, what: impl Into<String>) {
        self.0.push(PolicyFault { key: key.to_owned(), what: what.into() });
    }

    fn read<T: std::str::FromStr<Err: std::fmt::Display>>(
        &mut self,
        key: &str,
        text: &str,
    ) -> Option<T> {
        text.parse().map_err(|error: T::Err| self.fault(key, error.to_string())).ok()
    }

    fn must(&mut self, holds: bool, key: &str, what: impl FnOnce() -> String) {
        if !holds {
            self.fault(key, what());
        }
    }
}

impl UrgencyPolicy {
    /// Reads and checks a policy.
    ///
    /// # Errors
    /// Every fault found; a text that is not the right TOML at all gives one, with its line.
    pub fn from_toml_str(text: &str) -> Result<Self, Vec<PolicyFault>> {
        let raw: RawPolicy = toml::from_str(text).map_err(|error| {
            vec![PolicyFault { key: "file".to_owned(), what: error.to_string() }]
        })?;
        let mut check = Check::default();
        let quiet_from = check.read::<ClockTime>("quiet_hours.from", &raw.quiet_hours.from);
        let quiet_to = check.read::<ClockTime>("quiet_hours.to", &raw.quiet_hours.to);
        if let (Some(from), Some(to)) = (quiet_from, quiet_to) {
            check.must(to < from, "quiet_hours", || {
                "must run over midnight, as from 22:00 to 07:00".to_owned()
            });
        }
        let copy = check.read("copy.remind_again_after", &raw.copy.remind_again_after);
        let key = "oral_approval.release_within";
        let within = check.read::<Offset>(key, &raw.oral_approval.release_within);
        if let Some(within) = within {
            check.must(matches!(within, Offset::Minutes(1..)), key, || {
                "must be min or h, and more than nothing".to_owned()
            });
        }
        let mut levels = BTreeMap::new();
        for level in Urgency::ALL {
            let key = format!("level.{level}");
            match raw.level.get(level.as_str()) {
                Some(found) => {
                    levels
                        .extend(check_level(&mut check, &key, found).map(|l| (level.as_str(), l)));
                }
                None => check.fault(&key, "is missing: all five levels are needed"),
            }
        }
        for name in raw.level.keys().filter(|name| name.parse::<Urgency>().is_err()) {
            check.fault(
                &format!("level.{name}"),
                "is not a level: flash, immediate, priority, routine, ordinary",
            );
        }
        let quiet = quiet_from.zip(quiet_to).map(|(from, to)| QuietHours { from, to });
        match (quiet, copy.zip(within), check.0.is_empty()) {
            (Some(quiet_hours), Some((copy_reminder_after, release_within)), true) => {
                let digest = String::new();
                let policy =
                    Self { quiet_hours, copy_reminder_after, release_within, levels, digest };
                policy.with_digest().map_err(|fault| vec![fault])
            }
            _ => Err(check.0),
        }
    }

    fn with_digest(mut self) -> Result<Self, PolicyFault> {
        // Over the values, so that a comment changes nothing.
        let bytes = serde_json::to_vec(&self)
            .map_err(|error| PolicyFault { key: "file".to_owned(), what: error.to_string() })?;
        self.digest = hex(&Sha256::digest(bytes));
        Ok(self)
    }

    /// SHA-256 of the policy's values, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// How long after an issue on an oral approval the formal 核发 is due.
    #[must_use]
    pub fn release_within(&self) -> Span {
        self.release_within.span(Span::ZERO)
    }

    pub(super) const fn quiet_hours(&self) -> &QuietHours {
        &self.quiet_hours
    }

    pub(super) const fn copy_reminder_after(&self) -> Offset {
        self.copy_reminder_after
    }

    /// The rules of `level`. Every checked policy has all levels.
    #[must_use]
    pub fn level(&self, level: Urgency) -> Option<&LevelPolicy> {
        self.levels.get(level.as_str())
    }

    /// The rules of `level` as they are kept with a notice.
    #[must_use]
    pub fn snapshot(&self, level: Urgency) -> Option<LadderSnapshot> {
        Some(LadderSnapshot {
            format: 1,
            level,
            policy_digest: self.digest.clone(),
            policy: self.level(level)?.clone(),
            quiet_hours: self.quiet_hours,
            copy_reminder_after: self.copy_reminder_after,
        })
    }
}

fn check_level(check: &mut Check, key: &str, raw: &RawLevel) -> Option<LevelPolicy> {
    let clock = check.read::<super::ClockKind>(&format!("{key}.clock"), &raw.clock);
    let sign_within = check.read::<Offset>(&format!("{key}.sign_within"), &raw.sign_within);
    let last = check.read::<Offset>(&format!("{key}.last_rung"), &raw.last_rung);
    let after_key = format!("{key}.after_deadline");
    let after_act = check.read(&format!("{after_key}.act"), &raw.after_deadline.act);
    let every = check.read::<Offset>(&format!("{after_key}.every"), &raw.after_deadline.every);
    let read = |(place, rung)| check_rung(check, &format!("{key}.rung[{place}]"), rung);
    let rungs: Vec<Option<Rung>> = raw.rung.iter().enumerate().map(read).collect();
    let rungs: Vec<Rung> = rungs.into_iter().collect::<Option<_>>()?;
    let (clock, sign_within, last, every) = (clock?, sign_within?, last?, every?);

    let working = matches!(clock, super::ClockKind::Working);
    check.must(sign_within.count() > 0, &format!("{key}.sign_within"), || {
        "must be more than nothing".to_owned()
    });
    check.must(working || matches!(sign_within, Offset::Minutes(_)), key, || {
        "days need the clock \"working\"".to_owned()
    });
    check.must(matches!(every, Offset::Minutes(1..)), &format!("{after_key}.every"), || {
        "must be min or h, and more than nothing".to_owned()
    });
    check.must(raw.rungs == rungs.len(), &format!("{key}.rungs"), || {
        format!("says {}, but there are {}", raw.rungs, rungs.len())
    });
    let found_last = rungs.last().map(|rung| rung.at);
    check.must(found_last == Some(last), &format!("{key}.last_rung"), || {
        let found = found_last.map_or("none".to_owned(), |at| at.to_string());
        format!("says {last}, but the last rung is at {found}")
    });
    check_order(check, key, sign_within, &rungs);
    check_reach(check, key, &rungs);
    let after_deadline = AfterDeadline {
        act: after_act?,
        every,
        merged_per_desk: raw.after_deadline.merged_per_desk,
    };
    let (needs_reason, needs_second_person) = (raw.needs_reason, raw.needs_second_person);
    Some(LevelPolicy {
        clock,
        sign_within,
        needs_reason,
        needs_second_person,
        rungs,
        after_deadline,
    })
}

fn check_rung(check: &mut Check, key: &str, raw: &RawRung) -> Option<Rung> {
    let at = check.read(&format!("{key}.at"), &raw.at);
    let act = check.read(&format!("{key}.act"), &raw.act);
    let ways = match &raw.ways {
        Some(text) => Some(check.read(&format!("{key}.ways"), text)?),
        None => None,
    };
    let at_night = match &raw.at_night {
        Some(text) => Some(check.read(&format!("{key}.at_night"), text)?),
        None => None,
    };
    let act = act?;
    check.must((act == RungAct::Remind) == ways.is_some(), &format!("{key}.ways"), || {
        "stands with remind, and with nothing else".to_owned()
    });
    check.must(act != RungAct::OfferLeader, &format!("{key}.act"), || {
        "offer_leader follows from prompt_leader towards peers: write prompt_leader".to_owned()
    });
    let by_itself = matches!(act, RungAct::MarkDeadline | RungAct::List);
    check.must(!by_itself, &format!("{key}.act"), || {
        format!("{act} follows from sign_within and after_deadline, and is no rung to write")
    });
    Some(Rung { at: at?, act, ways, at_night })
}

fn check_order(check: &mut Check, key: &str, sign_within: Offset, rungs: &[Rung]) {
    let first_reminds =
        rungs.first().is_some_and(|rung| rung.act == RungAct::Remind && rung.at.count() == 0);
    check.must(first_reminds, &format!("{key}.rung[0]"), || {
        "the first rung must be remind at 0".to_owned()
    });
    for (place, rung) in rungs.iter().enumerate() {
        let at_key = format!("{key}.rung[{place}].at");
        if !rung.at.same_unit(sign_within) {
            check.fault(
                &at_key,
                format!("{} and sign_within {sign_within} differ in kind of unit", rung.at),
            );
            continue;
        }
        let limit = sign_within.count();
        check.must(rung.at.count() <= limit.saturating_mul(REACH_MAX), &at_key, || {
            format!("{} lies beyond twice sign_within {sign_within}: use after_deadline", rung.at)
        });
        check.must(rung.act != RungAct::Remind || rung.at.count() <= limit, &at_key, || {
            format!("reminds at {}, after the deadline of {sign_within}", rung.at)
        });
    }
    for (place, (earlier, later)) in (1usize..).zip(rungs.iter().zip(rungs.iter().skip(1))) {
        let at_key = format!("{key}.rung[{place}].at");
        check.must(earlier.at.count() <= later.at.count(), &at_key, || {
            format!(
                "{} comes before the rung above it at {}: put rungs in order",
                later.at, earlier.at
            )
        });
    }
    for (place, rung) in rungs.iter().enumerate() {
        let twice = rungs.iter().take(place).any(|r| r.at == rung.at && r.act == rung.act);
        check.must(!twice, &format!("{key}.rung[{place}]"), || {
            format!("{} at {} stands twice", rung.act, rung.at)
        });
    }
}

/// A rung that reaches nobody is a promise that is not kept.
fn check_reach(check: &mut Check, key: &str, rungs: &[Rung]) {
    let earlier = |place: usize, act: RungAct| rungs.iter().take(place).any(|r| r.act == act);
    for (place, rung) in rungs.iter().enumerate() {
        let idle = match rung.act {
            RungAct::CallUnreachable => {
                earlier(place, RungAct::Call).then_some("a rung above calls everybody already")
            }
            RungAct::OfferSuperior => earlier(place, RungAct::AskSuperior)
                .then_some("a rung above asks the superior already"),
            _ => None,
        };
        if let Some(why) = idle {
            let what = format!("{} reaches nobody: {why}", rung.act);
            check.fault(&format!("{key}.rung[{place}]"), what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(find: &str, put: &str) -> Vec<String> {
        assert!(SHIPPED_POLICY.contains(find), "{find:?} is not in the shipped policy");
        let changed = SHIPPED_POLICY.replacen(find, put, 1);
        UrgencyPolicy::from_toml_str(&changed)
            .err()
            .unwrap_or_default()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn the_shipped_policy_is_what_the_rules_say() {
        let policy = UrgencyPolicy::from_toml_str(SHIPPED_POLICY).unwrap();
        let within: Vec<String> = Urgency::ALL
            .iter()
            .map(|level| policy.level(*level).unwrap().sign_within.to_string())
            .collect();
        assert_eq!(within, ["30 min", "2 h", "4 h", "8 h", "2 d"]);
        let flash = policy.level(Urgency::Flash).unwrap();
        assert!(flash.needs_reason && flash.needs_second_person);
        let asked: Vec<&str> = Urgency::ALL
            .iter()
            .filter(|level| policy.level(**level).unwrap().needs_second_person)
            .map(|level| level.as_str())
            .collect();
        assert_eq!(asked, ["flash"]);
    }

    #[test]
    fn each_fault_is_named_by_its_key() {
        for (find, put, key) in [
            ("sign_within = \"30 min\"", "sign_within = \"30\"", "level.flash.sign_within"),
            ("sign_within = \"30 min\"", "sign_within = \"0 min\"", "level.flash.sign_within"),
            ("sign_within = \"2 h\"", "sign_within = \"20 min\"", "level.immediate.rung[1].at"),
            ("sign_within = \"2 h\"", "sign_within = \"1 d\"", "level.immediate"),
            ("clock = \"continuous\"", "clock = \"sundial\"", "level.flash.clock"),
            ("rungs = 9", "rungs = 8", "level.flash.rungs"),
            ("last_rung = \"40 min\"", "last_rung = \"41 min\"", "level.flash.last_rung"),
            ("at = \"15 min\"", "at = \"45 min\"", "level.flash.rung[6].at"),
            ("at = \"40 min\"", "at = \"90 min\"", "level.flash.rung[8].at"),
            ("at = \"0 min\"", "at = \"1 min\"", "level.flash.rung[0]"),
            ("{ at = \"0 d\"", "{ at = \"0 h\"", "level.ordinary.rung[0].at"),
            ("act = \"alert_issuer\"", "act = \"shout\"", "level.flash.rung[6].act"),
            ("act = \"prompt_leader\"", "act = \"offer_leader\"", "level.flash.rung[5].act"),
            ("act = \"alert_issuer\"", "act = \"mark_deadline\"", "level.flash.rung[6].act"),
            ("act = \"call\" }", "act = \"call\", ways = \"every\" }", "level.flash.rung[4].ways"),
            ("ways = \"every\"", "ways = \"some\"", "level.flash.rung[0].ways"),
            (
                "at = \"10 min\", act = \"remind\"",
                "at = \"5 min\", act = \"remind\"",
                "level.flash.rung[3]",
            ),
            ("at_night = \"07:30\"", "at_night = \"7.30\"", "level.immediate.rung[4].at_night"),
            ("every = \"30 min\"", "every = \"0 min\"", "level.flash.after_deadline.every"),
            ("from = \"22:00\"", "from = \"05:00\"", "quiet_hours"),
            (
                "remind_again_after = \"1 d\"",
                "remind_again_after = \"1\"",
                "copy.remind_again_after",
            ),
            ("[level.routine]", "[level.relaxed]", "level.routine"),
            ("[level.routine]", "[level.relaxed]", "level.relaxed"),
            ("needs_reason", "need_reason", "file"),
            ("act = \"prompt_leader\" },", "act = \"call_unreachable\" },", "level.flash.rung[5]"),
            (
                "at = \"20 min\", act = \"alert_issuer\"",
                "at = \"20 min\", act = \"ask_superior\"",
                "level.flash.rung[7]",
            ),
        ] {
            let found = faults(find, put);
            let wanted = format!("urgency policy, {key}: ");
            assert!(found.iter().any(|f| f.starts_with(&wanted)), "{put}: {found:#?}");
        }
    }

    #[test]
    fn all_faults_come_at_once() {
        let text = SHIPPED_POLICY.replace(" min\"", "\"");
        assert!(UrgencyPolicy::from_toml_str(&text).unwrap_err().len() > 5);
    }

    #[test]
    fn the_digest_follows_values_and_not_comments() {
        let digest = |text: &str| UrgencyPolicy::from_toml_str(text).unwrap().digest().to_owned();
        let shipped = digest(SHIPPED_POLICY);
        assert_eq!(shipped, digest(&format!("# a remark\n{SHIPPED_POLICY}")));
        assert_ne!(
            shipped,
            digest(&SHIPPED_POLICY.replace("every = \"30 min\"", "every = \"20 min\""))
        );
    }

    #[test]
    fn a_snapshot_survives_its_column() {
        let policy = UrgencyPolicy::from_toml_str(SHIPPED_POLICY).unwrap();
        for level in Urgency::ALL {
            let snapshot = policy.snapshot(*level).unwrap();
            let json = snapshot.to_json().unwrap();
            assert_eq!(LadderSnapshot::from_json(&json).unwrap(), snapshot);
        }
    }
}
