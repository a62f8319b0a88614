//! 公文: the issuer's list. Says first what is still open and what waits for a person.

use askama::Template;

use super::moment::Moment;
use super::parts::{Shell, StateMark, UrgencyMark};

/// One notice in the list.
#[derive(Clone, Debug)]
pub struct NoticeRow {
    /// Where the title leads: the board of an issued notice, the form of a draft, the 核发 page
    /// of one that waits.
    pub href: String,
    /// The document number; empty while the draft has none.
    pub number: String,
    /// The title; an untitled draft should say 未填标题.
    pub title: String,
    /// Level.
    pub urgency: UrgencyMark,
    /// When it was issued; for drafts, when it was last kept; for those waiting, when it was sent.
    pub at: Moment,
    /// How many have not signed, unreachable ones included.
    pub unsigned: usize,
    /// How many it went to, or would go to.
    pub total: usize,
    /// State of the whole notice.
    pub state: StateMark,
    /// `还剩 14 分钟` or `已超 …`; empty where no deadline runs.
    pub countdown: String,
    /// Whether the deadline has passed with signatures missing.
    pub late: bool,
    /// Whose turn it is or who wrote it: `王某`; on issued ones empty, or the
    /// issuing office for 审计.
    pub by: String,
}

/// One part of the list.
#[derive(Clone, Debug)]
pub struct NoticeSection {
    /// Its id in the page.
    pub id: &'static str,
    /// `待核发`, `未签收齐`, `草稿`, `已签收齐和已结束`.
    pub heading: String,
    /// How many notices belong here in all, shown or not.
    pub count: usize,
    /// What the column of times means.
    pub when: &'static str,
    /// Whether these are issued: then the unsigned are counted, else where they would go.
    pub of_issued: bool,
    /// The notices, in order.
    pub rows: Vec<NoticeRow>,
    /// Address of the next page of these; empty on the last.
    pub next_href: String,
}

/// The list of notices of one office; of all offices for 审计.
#[derive(Debug, Template)]
#[template(path = "notices.html")]
pub struct NoticesPage {
    /// Frame.
    pub shell: Shell,
    /// Whether these are the notices of all offices.
    pub of_all: bool,
    /// Parts with something in them: what waits for a person first.
    pub sections: Vec<NoticeSection>,
    /// The whole list, where this is a page of one part; empty otherwise.
    pub back_href: String,
}
