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
    /// Whose turn it is or who wrote it: `王某送核发`, `本人起草`; empty on issued ones.
    pub by: String,
}

/// The list of notices of one office.
#[derive(Debug, Template)]
#[template(path = "notices.html")]
pub struct NoticesPage {
    /// Frame.
    pub shell: Shell,
    /// Waiting for 核发, oldest first.
    pub waiting: Vec<NoticeRow>,
    /// Issued and not yet signed by all, the nearest deadline first.
    pub open: Vec<NoticeRow>,
    /// Drafts, the last touched first.
    pub drafts: Vec<NoticeRow>,
    /// Signed by all, closed, recalled; newest first.
    pub settled: Vec<NoticeRow>,
    /// Address of the next page of settled ones; empty on the last.
    pub older_href: String,
}

impl NoticesPage {
    /// Whether the office has no notice at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
            && self.open.is_empty()
            && self.drafts.is_empty()
            && self.settled.is_empty()
    }
}
