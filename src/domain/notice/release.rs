//! 核发: the second person's release, and what must be there before a notice may be issued.

use crate::domain::ids::{AccountId, OrganizationId};
use crate::domain::ladder::LevelPolicy;
use crate::domain::words::stored_words;

/// A release as it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// Who released.
    pub releaser: AccountId,
    /// Whose office that is.
    pub releaser_organization: OrganizationId,
    /// Digest of the draft that was seen.
    pub draft_digest: [u8; 32],
}

/// Why a release does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseRefused {
    /// The author released.
    #[error("the releaser is the author: ask another person")]
    SamePerson,
    /// The releaser belongs elsewhere.
    #[error("the releaser belongs to another organisation")]
    OtherOrganization,
    /// The draft changed since.
    #[error("the draft was changed after it was shown for release: show it again")]
    DraftChanged,
}

impl ReleaseRefused {
    /// What to do, in the words of a page.
    #[must_use]
    pub const fn message_zh(&self) -> &'static str {
        match self {
            Self::SamePerson => "核发人不能是经办人本人，请由本单位另一人核发",
            Self::OtherOrganization => "核发人不属于发文单位，请由本单位的核发人核发",
            Self::DraftChanged => "送核发后内容有改动，原核发无效，请重新送核发",
        }
    }
}

/// Whether `release` counts for a draft by `author` of `organization` that now has `digest`.
///
/// # Errors
/// Why it does not.
pub fn check_release(
    release: &Release,
    author: AccountId,
    organization: OrganizationId,
    digest: &[u8; 32],
) -> Result<(), ReleaseRefused> {
    if release.releaser == author {
        Err(ReleaseRefused::SamePerson)
    } else if release.releaser_organization != organization {
        Err(ReleaseRefused::OtherOrganization)
    } else if release.draft_digest != *digest {
        Err(ReleaseRefused::DraftChanged)
    } else {
        Ok(())
    }
}

/// How the releaser answered what went out on an oral approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseOutcome {
    /// 补核发.
    Released,
    /// Refused with a reason; what is out stays out.
    Refused,
}

stored_words!(ReleaseOutcome, { Released => "released", Refused => "refused" });

/// Why a notice may not be issued yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssueRefused {
    /// The level asks for a written reason.
    #[error("this level needs a written reason")]
    NoReason,
    /// The level asks for a second person.
    #[error("this level needs a release by a second person")]
    NoRelease,
    /// There is a release, but it does not count.
    #[error(transparent)]
    Release(#[from] ReleaseRefused),
}

impl IssueRefused {
    /// What to do, in the words of a page.
    #[must_use]
    pub const fn message_zh(&self) -> &'static str {
        match self {
            Self::NoReason => "此等级须写明紧急理由，请填写后再发",
            Self::NoRelease => "此等级须经第二人核发，请先送核发",
            Self::Release(refused) => refused.message_zh(),
        }
    }
}

/// Whether what the level asks for is there. A release that was given must count, at any level.
///
/// # Errors
/// What is missing.
pub fn check_issue(
    level: &LevelPolicy,
    urgency_reason: Option<&str>,
    release: Option<&Release>,
    author: AccountId,
    organization: OrganizationId,
    digest: &[u8; 32],
) -> Result<(), IssueRefused> {
    if level.needs_reason && urgency_reason.is_none_or(|reason| reason.trim().is_empty()) {
        return Err(IssueRefused::NoReason);
    }
    match release {
        Some(release) => Ok(check_release(release, author, organization, digest)?),
        None if level.needs_second_person => Err(IssueRefused::NoRelease),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ladder::{SHIPPED_POLICY, UrgencyPolicy};
    use crate::domain::time::Timestamp;
    use crate::domain::urgency::Urgency;

    #[test]
    fn flash_needs_a_reason_and_another_person_of_the_same_office() {
        let account = |n| AccountId::new(Timestamp::default(), [n; 10]);
        let office = |n| OrganizationId::new(Timestamp::default(), [n; 10]);
        let policy = UrgencyPolicy::from_toml_str(SHIPPED_POLICY).unwrap();
        let good = Release {
            releaser: account(2),
            releaser_organization: office(1),
            draft_digest: [7; 32],
        };
        let issue = |level, reason, release: Option<Release>| {
            let level = policy.level(level).unwrap();
            check_issue(level, reason, release.as_ref(), account(1), office(1), &[7; 32])
        };
        let flash = |reason, release| issue(Urgency::Flash, reason, release);
        assert_eq!(flash(Some("防汛"), Some(good)), Ok(()));
        assert_eq!(flash(Some("  "), Some(good)), Err(IssueRefused::NoReason));
        assert_eq!(flash(None, Some(good)), Err(IssueRefused::NoReason));
        assert_eq!(flash(Some("防汛"), None), Err(IssueRefused::NoRelease));
        for (bad, why) in [
            (Release { releaser: account(1), ..good }, ReleaseRefused::SamePerson),
            (
                Release { releaser_organization: office(2), ..good },
                ReleaseRefused::OtherOrganization,
            ),
            (Release { draft_digest: [8; 32], ..good }, ReleaseRefused::DraftChanged),
        ] {
            assert_eq!(flash(Some("防汛"), Some(bad)), Err(IssueRefused::Release(why)));
            let routine = issue(Urgency::Routine, None, Some(bad));
            assert_eq!(routine, Err(IssueRefused::Release(why)), "a bad release never counts");
        }
        assert_eq!(issue(Urgency::Routine, None, None), Ok(()));
    }
}
