//! 催签: the list first, then one press.

use askama::Template;

use super::moment::Moment;
use super::parts::{Shell, UrgencyMark};

/// One organisation that has not signed.
#[derive(Clone, Debug)]
pub struct RemindRow {
    /// Its delivery.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub state: String,
    /// `邮件 2`.
    pub ways: String,
    /// Why it is left out; empty for who is reminded.
    pub spared: String,
}

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
    pub board_href: String,
    /// How many are reminded.
    pub count: usize,
    /// The unsigned.
    pub rows: Vec<RemindRow>,
    /// Key of the form.
    pub key: String,
    /// Where it is posted.
    pub action: String,
    /// When it was read.
    pub read_at: Moment,
}
