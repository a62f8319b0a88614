//! 代拨: the calls of one notice to the counties of a 市州, made by the desk of that 市州, which
//! reports what came of each. Pure.

use super::words::word_enum;

word_enum! {
    /// What the desk reports of one call.
    pub enum DelegatedOutcome {
        /// Somebody of the organisation was told; it will sign by itself.
        Told = "told", "已通知";
        /// Nobody could be reached.
        NotReached = "not_reached", "未联系上";
    }
}

word_enum! {
    /// Why the calls are no longer the desk's.
    pub enum DelegationEnd {
        /// It reported on each of them.
        Reported = "reported", "已报齐";
        /// The issuer took them back.
        Revoked = "revoked", "已收回";
        /// It did not report in time.
        Overdue = "overdue", "逾时未报，已收回";
        /// All had answered before it reported.
        Answered = "answered", "都已答复";
        /// No mail reached the desk, and it did not come by its link.
        Undelivered = "undelivered", "邮件没有送到，已收回";
        /// The notice ended: there is nothing to call about any more.
        NoticeEnded = "notice_ended", "公文已不在办理，不用再拨";
    }
}

impl DelegationEnd {
    /// These end calls over the head of a desk that may have made some: what it told until it
    /// heard of that is still to be known.
    pub const OVER_ITS_HEAD: [Self; 3] = [Self::Overdue, Self::Undelivered, Self::NoticeEnded];

    /// Whether what the desk did before it heard of the end may still be reported.
    #[must_use]
    pub fn takes_late_reports(self) -> bool {
        Self::OVER_ITS_HEAD.contains(&self)
    }
}

/// How a delegation stands, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DelegationCounts {
    /// Calls it was asked to make.
    pub asked: i64,
    /// Reported as told.
    pub told: i64,
    /// Reported as not reached.
    pub not_reached: i64,
    /// Neither reported nor answered.
    pub open: i64,
    /// Not reported, because it answered by itself.
    pub answered: i64,
    /// Not reported, and not to be called any more for another reason.
    pub dropped: i64,
}

/// Whether the organisation at one place of the tree stands above the one at another.
#[must_use]
pub fn is_above(upper: &str, lower: &str) -> bool {
    lower.len() > upper.len() && lower.starts_with(upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_below_its_head_and_nothing_else() {
        assert!(is_above("00010002", "000100020003"));
        assert!(!is_above("00010002", "00010002") && !is_above("00010002", "000100030001"));
    }
}
