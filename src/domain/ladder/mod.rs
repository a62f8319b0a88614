//! The ladder: who is reached when a delivery stays unsigned, and by when it must be signed.
//!
//! `policy` reads and checks `config/urgency.toml`; `plan` turns one level of it, frozen onto a
//! notice, into a deadline and due times; `replan` does it again for what is still to come.
//! Pure: says what is due, and does nothing about it.

mod describe;
pub mod offset;
pub mod plan;
pub mod policy;
pub mod replan;

use serde::{Deserialize, Serialize};

pub use describe::LevelChange;
pub use offset::Offset;
pub use plan::{
    Deadline, DeadlineOrigin, IssueTimes, PlanFor, PlannedRung, RecipientTime, counts_working_days,
    deadline, plan_rungs, with_deadline_mark,
};
pub use policy::{PolicyFault, SHIPPED_POLICY, UrgencyPolicy};

use super::urgency::Urgency;
use super::words::stored_words;
use super::working_time::ClockTime;

/// Which hours count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockKind {
    /// Every hour of every day.
    Continuous,
    /// Every hour, but not the quiet hours where nobody is on duty.
    NightRest,
    /// The recipient's working time; every hour where a desk is manned around the clock.
    WorkingOrManned,
    /// The recipient's working time.
    Working,
}

stored_words!(ClockKind, {
    Continuous => "continuous", NightRest => "night_rest",
    WorkingOrManned => "working_or_manned", Working => "working",
});

/// What a rung does, and so whom it reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RungAct {
    /// The manned point of the hour (L0); the only rung that carries a link.
    Remind,
    /// Calls by the issuer's duty desk to who has no verified way.
    CallUnreachable,
    /// Calls by the issuer's duty desk to all unsigned.
    Call,
    /// The recipient's duty leader, then office head (L1).
    PromptLeader,
    /// As [`RungAct::PromptLeader`], but a person decides: the issuer is not above the recipient.
    OfferLeader,
    /// The issuer's own duty leader (I1).
    AlertIssuer,
    /// The superior's duty desk (S), if a person so decides.
    OfferSuperior,
    /// The superior's duty desk (S), by itself.
    AskSuperior,
    /// The deadline has passed: what did not happen is put on record. Stands in every ladder with
    /// a deadline, and in no policy.
    MarkDeadline,
    /// The issuer's own desk: the list of what is outstanding. Only after the deadline.
    List,
}

stored_words!(RungAct, {
    Remind => "remind", CallUnreachable => "call_unreachable", Call => "call",
    PromptLeader => "prompt_leader", OfferLeader => "offer_leader",
    AlertIssuer => "alert_issuer", OfferSuperior => "offer_superior",
    AskSuperior => "ask_superior", MarkDeadline => "mark_deadline", List => "list",
});

impl RungAct {
    /// The step in the words of pages.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::Remind => "催签",
            Self::CallUnreachable => "电话（联系方式不全的单位）",
            Self::Call => "电话",
            Self::PromptLeader => "提级催签：带班领导",
            Self::OfferLeader => "可提级催签：带班领导（由人决定）",
            Self::AlertIssuer => "我方带班领导",
            Self::OfferSuperior => "可请上级值班室协助联系（由人决定）",
            Self::AskSuperior => "请上级值班室协助联系",
            Self::MarkDeadline => "到时限，记录逾期未签收或未通知到",
            Self::List => "未签收名单报我方收文点",
        }
    }
}

/// How many of a contact's verified ways a reminder takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ways {
    /// All at once.
    Every,
    /// The first.
    First,
}

stored_words!(Ways, { Every => "every", First => "first" });

/// What goes on after the deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterAct {
    /// Calls by the issuer's duty desk.
    Call,
    /// A list of what is outstanding.
    List,
}

stored_words!(AfterAct, { Call => "call", List => "list" });

/// One step of a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// How long after issue, on the level's clock.
    pub at: Offset,
    /// What is done.
    pub act: RungAct,
    /// For reminders: by how many ways.
    pub ways: Option<Ways>,
    /// Clock time (`HH:MM`) this rung waits for when it would fall in the quiet hours.
    pub at_night: Option<ClockTime>,
}

/// What is repeated after the deadline until the delivery is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterDeadline {
    /// What is done.
    pub act: AfterAct,
    /// Clock time between repetitions.
    pub every: Offset,
    /// One call per desk, however many organisations it serves.
    pub merged_per_desk: bool,
}

/// One level of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelPolicy {
    /// Which hours count.
    pub clock: ClockKind,
    /// Time to sign.
    pub sign_within: Offset,
    /// A written reason is needed to issue.
    pub needs_reason: bool,
    /// A second person's release (核发) is needed to issue.
    pub needs_second_person: bool,
    /// The steps, in order.
    pub rungs: Vec<Rung>,
    /// What goes on after the deadline.
    pub after_deadline: AfterDeadline,
}

/// The hours in which desks that are not manned around the clock are left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    /// Evening end.
    pub from: ClockTime,
    /// Morning end.
    pub to: ClockTime,
}

/// The rules of one level as they stood when a notice was issued; kept with the notice as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LadderSnapshot {
    /// Format of this value; 1.
    pub format: u8,
    /// The level.
    pub level: Urgency,
    /// Digest of the whole policy this was taken from.
    pub policy_digest: String,
    /// The level's rules.
    pub policy: LevelPolicy,
    /// Quiet hours of that policy.
    pub quiet_hours: QuietHours,
    /// When a copy addressee is reminded once more.
    pub copy_reminder_after: Offset,
}

impl LadderSnapshot {
    /// By how many ways the first notification goes.
    #[must_use]
    pub fn first_ways(&self) -> Ways {
        let first = self.policy.rungs.iter().find(|rung| rung.act == RungAct::Remind);
        first.and_then(|rung| rung.ways).unwrap_or(Ways::First)
    }

    /// As kept in a column.
    ///
    /// # Errors
    /// Does not happen for values of this type.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// From a column.
    ///
    /// # Errors
    /// The column holds something else.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}
