//! 电话: what became of a call to an organisation, and what follows for the task it was made for.
//!
//! Pure. A call that confirms is a weaker receipt, never a signature; see [`super::receipt`].

use super::time::{Span, Timestamp};
use super::urgency::Urgency;
use super::words::word_enum;

word_enum! {
    /// How a call ended.
    pub enum CallOutcome {
        /// Time, title and number were read out, and the person confirmed that it was received.
        Confirmed = "confirmed", "电话确认";
        /// The person was told; the organisation will sign by itself.
        Told = "told", "已告知";
        /// The person promised to sign by a time.
        Promised = "promised", "答应签收";
        /// Nobody answered.
        NoAnswer = "no_answer", "无人接听";
        /// The line was busy.
        Busy = "busy", "占线";
        /// Somebody else has this number.
        WrongNumber = "wrong_number", "号码不对";
        /// The person would not take it.
        Refused = "refused", "对方拒绝";
    }
}

impl CallOutcome {
    /// Whether somebody of the organisation was spoken to, whose name then belongs on record.
    #[must_use]
    pub const fn spoke(self) -> bool {
        matches!(self, Self::Confirmed | Self::Told | Self::Promised | Self::Refused)
    }

    /// Whether the call shows that the number works.
    #[must_use]
    pub const fn proves_number(self) -> bool {
        matches!(self, Self::Confirmed | Self::Told | Self::Promised)
    }

    /// When the task is owed next, if the call moved that: at the promised time, or, for whoever
    /// was told, when a signature could be expected. A call that reached nobody moves nothing.
    #[must_use]
    pub fn owed_next(
        self,
        cool_down: Span,
        promised: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        match self {
            Self::Promised => promised,
            Self::Told => Some(now.plus(cool_down)),
            _ => None,
        }
    }
}

/// How long a person leaves an organisation alone after it was told or reminded by a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoolDown {
    /// For 特提.
    pub flash: Span,
    /// For every other level.
    pub other: Span,
}

impl CoolDown {
    /// For a level.
    #[must_use]
    pub const fn of(&self, level: Urgency) -> Span {
        match level {
            Urgency::Flash => self.flash,
            _ => self.other,
        }
    }
}

/// How long a claim on a call lasts: a call is made at once, or another may make it.
pub const CLAIM_LASTS: Span = Span::minutes(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_was_spoken_to_is_left_alone_for_a_while() {
        let now = Timestamp::from_micros(0);
        let promised = Some(now.plus(Span::minutes(7)));
        for outcome in CallOutcome::ALL {
            let next = outcome.owed_next(Span::minutes(10), promised, now);
            let wanted = match outcome {
                CallOutcome::Promised => promised,
                CallOutcome::Told => Some(now.plus(Span::minutes(10))),
                _ => None,
            };
            assert_eq!(next, wanted, "{outcome}");
            assert!(!outcome.proves_number() || outcome.spoke(), "{outcome}");
        }
        let rule = CoolDown { flash: Span::minutes(10), other: Span::hours(1) };
        assert_eq!(rule.of(Urgency::Flash), Span::minutes(10));
        assert_eq!(rule.of(Urgency::Priority), Span::hours(1));
    }
}
