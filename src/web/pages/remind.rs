//! 催签: the list first, then one press.

use askama::Template;

use super::acts::{ActBranch, EndBanner};
use super::moment::Moment;
use super::parts::{Errors, Link, Shell, UrgencyMark};

/// The page.
#[derive(Debug, Template)]
#[template(path = "remind.html")]
pub struct RemindPage {
    /// Frame.
    pub shell: Shell,
    /// Level.
    pub urgency: UrgencyMark,
    /// 发文字号.
    pub number: String,
    /// 标题.
    pub title: String,
    /// Its board.
    pub back: Link,
    /// How it ended: then nobody is reminded any more.
    pub over: EndBanner,
    /// Mistakes.
    pub errors: Errors,
    /// How many are ticked.
    pub count: usize,
    /// Whether anybody can be reminded now.
    pub may_remind: bool,
    /// The unsigned.
    pub branches: Vec<ActBranch>,
    /// Key of the form.
    pub key: String,
    /// Where it is posted.
    pub action: String,
    /// When it was read.
    pub read_at: Moment,
}
