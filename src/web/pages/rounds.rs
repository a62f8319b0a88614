//! 核验联系方式: starting rounds, and who has not answered, 市州 by 市州.

use askama::Template;

use super::moment::Moment;
use super::parts::{Choice, Errors, Link, Shell};

/// How one 市州 has answered.
#[derive(Clone, Debug)]
pub struct RegionRow {
    /// Its name, which leads to those who are missing.
    pub link: Link,
    /// Addresses asked.
    pub asked: usize,
    /// Shown to work since.
    pub answered: usize,
}

/// An address that has not answered.
#[derive(Clone, Debug)]
pub struct SilentRow {
    /// The organisation's page, where a call is noted.
    pub href: String,
    /// Its name.
    pub organisation: String,
    /// `A角 王某`.
    pub contact: String,
    /// 未验证, 投递失败 ….
    pub status: &'static str,
}

/// A round in numbers.
#[derive(Clone, Debug)]
pub struct RoundShown {
    /// `到期应核的`, `长沙市委及其下级`.
    pub scope: String,
    /// When and by whom it was started.
    pub started: Moment,
    /// Who started it.
    pub by: String,
    /// Until when codes count.
    pub ends: Moment,
    /// Addresses asked.
    pub asked: usize,
    /// Of these, shown to work since.
    pub answered: usize,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "rounds.html")]
pub struct RoundsPage {
    /// Frame.
    pub shell: Shell,
    /// Whether a round may be started.
    pub may_start: bool,
    /// How many addresses are due.
    pub due: usize,
    /// Scopes to choose from.
    pub scopes: Vec<Choice>,
    /// The scope as chosen.
    pub scope: String,
    /// The branch as typed.
    pub branch: String,
    /// What is wrong with the form.
    pub errors: Errors,
    /// Names for completion.
    pub organisations: Vec<String>,
    /// Earlier rounds.
    pub rounds: Vec<Link>,
    /// The round that is looked at.
    pub shown: Option<RoundShown>,
    /// Counts.
    pub regions: Vec<RegionRow>,
    /// Who has not answered, of the chosen 市州 or of all.
    pub silent: Vec<SilentRow>,
    /// How many more there are than are shown.
    pub silent_more: usize,
}
