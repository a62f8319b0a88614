//! Accounts of the staff, their roles, and when a sign-in is refused.
//!
//! Never here: passwords (`adapters/secrets`), sessions (`store`), pages.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::ids::{AccountId, OrganizationId};
use super::time::{Span, Timestamp};

/// What an account may do. 管理员 and 审计 reach over the whole installation; the others only
/// over the notices of their own organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// 经办: writes notices.
    Clerk,
    /// 核发: the second person who releases them.
    Releaser,
    /// 值班: watches what is out, day and night.
    Duty,
    /// 管理员: directory and accounts; never sees text or files.
    Administrator,
    /// 审计: reads what happened, changes nothing.
    Auditor,
}

impl Role {
    /// Every role, in the order pages show them.
    pub const ALL: [Self; 5] =
        [Self::Clerk, Self::Releaser, Self::Duty, Self::Administrator, Self::Auditor];

    /// The text in tables and forms.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clerk => "clerk",
            Self::Releaser => "releaser",
            Self::Duty => "duty",
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
        }
    }

    /// The word on pages.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::Clerk => "经办",
            Self::Releaser => "核发",
            Self::Duty => "值班",
            Self::Administrator => "管理员",
            Self::Auditor => "审计",
        }
    }

    /// Whether the role reaches beyond its holder's own organisation.
    #[must_use]
    pub const fn is_installation_wide(self) -> bool {
        matches!(self, Self::Administrator | Self::Auditor)
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

/// The text names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown role; known are clerk, releaser, duty, administrator, auditor")]
pub struct UnknownRole;

/// Someone who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Who.
    pub id: AccountId,
    /// Where this account belongs; its notices are the ones it sees.
    pub organization_id: OrganizationId,
    /// Name of that organisation.
    pub organization_name: String,
    /// What is typed to sign in.
    pub login: String,
    /// The person's name.
    pub display_name: String,
    /// Office telephone, if told.
    pub phone: Option<String>,
    /// What it may do.
    pub roles: BTreeSet<Role>,
    /// Counts changes of password and roles: sessions of an earlier epoch are void.
    pub epoch: i32,
    /// Since when it can no longer sign in.
    pub disabled_at: Option<Timestamp>,
}

impl Account {
    /// Whether it holds any of `wanted`.
    #[must_use]
    pub fn holds_any(&self, wanted: &[Role]) -> bool {
        wanted.iter().any(|role| self.roles.contains(role))
    }
}

/// Why a set of roles cannot be given to one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RolesRefused {
    /// No role at all.
    #[error("an account needs at least one role")]
    Empty,
    /// 管理员 and 审计 stand alone, so that nobody audits what he did himself.
    #[error("administrator and auditor cannot be combined with another role")]
    NotAlone,
}

impl RolesRefused {
    /// What the page says.
    #[must_use]
    pub const fn message_zh(self) -> &'static str {
        match self {
            Self::Empty => "请至少选择一个角色。",
            Self::NotAlone => "管理员、审计须单独设置，不能与其他角色兼任。",
        }
    }
}

/// Checks that these roles may meet in one person (separation of administration, audit and work).
///
/// # Errors
/// [`RolesRefused`] says which rule.
pub fn check_roles(roles: &BTreeSet<Role>) -> Result<(), RolesRefused> {
    if roles.is_empty() {
        return Err(RolesRefused::Empty);
    }
    if roles.len() > 1 && roles.iter().any(|role| role.is_installation_wide()) {
        return Err(RolesRefused::NotAlone);
    }
    Ok(())
}

const LOGIN_CHARS_MIN: usize = 2;
const LOGIN_CHARS_MAX: usize = 64;

/// Brings a typed login to the one form that is stored: trimmed, lower case.
///
/// Returns `None` for a text no account can have; sign-in then answers as for an unknown one.
#[must_use]
pub fn normal_login(typed: &str) -> Option<String> {
    let login = typed.trim().to_lowercase();
    let length = login.chars().count();
    let fits = (LOGIN_CHARS_MIN..=LOGIN_CHARS_MAX).contains(&length)
        && login.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    fits.then_some(login)
}

/// Failed sign-ins in a row before the first pause.
const FREE_TRIES: i32 = 5;
const FIRST_PAUSE: Span = Span::minutes(1);
const LONGEST_PAUSE: Span = Span::minutes(15);

/// How long a login rests after `failed` failures in a row: the pause doubles up to a quarter of
/// an hour, so that a guesser gets about a hundred tries a day and the owner is never shut out.
#[must_use]
pub fn pause_after(failed: i32) -> Option<Span> {
    let beyond = u32::try_from(failed.checked_sub(FREE_TRIES)?).ok()?;
    let factor = 1i64.checked_shl(beyond.min(10)).unwrap_or(1);
    let pause = FIRST_PAUSE.as_micros().saturating_mul(factor);
    Some(Span::micros(pause.min(LONGEST_PAUSE.as_micros())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn administrators_and_auditors_stand_alone() {
        let set = |roles: &[Role]| roles.iter().copied().collect::<BTreeSet<_>>();
        assert_eq!(check_roles(&set(&[])), Err(RolesRefused::Empty));
        assert_eq!(check_roles(&set(&[Role::Clerk, Role::Releaser, Role::Duty])), Ok(()));
        assert_eq!(check_roles(&set(&[Role::Auditor])), Ok(()));
        for pair in [[Role::Administrator, Role::Auditor], [Role::Clerk, Role::Administrator]] {
            assert_eq!(check_roles(&set(&pair)), Err(RolesRefused::NotAlone));
        }
    }

    #[test]
    fn the_pause_grows_and_stays_bearable() {
        assert_eq!(pause_after(4), None);
        assert_eq!(pause_after(5), Some(Span::minutes(1)));
        assert_eq!(pause_after(7), Some(Span::minutes(4)));
        assert_eq!(pause_after(1_000), Some(Span::minutes(15)));
    }

    #[test]
    fn a_login_has_one_form() {
        assert_eq!(normal_login(" JingBan.01 "), Some("jingban.01".into()));
        assert_eq!(normal_login("王某某"), Some("王某某".into()));
        assert_eq!(normal_login("a\r\nb"), None);
        assert_eq!(normal_login("x"), None);
    }
}
