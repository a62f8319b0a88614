//! 看板 of one notice: who is missing? Rows in tree order, numbers that are links, one bar.
//!
//! The live part ([`BoardLive`]) is drawn twice from one template: within the page, and alone for
//! `?part=rows`, which `board.js` asks for every five seconds. Its counts and its rows must come
//! from one read, so that they agree. Never here: deciding a state.

use askama::Template;

use super::acts::{BoardActs, EndBanner, OwedRelease};
use super::moment::Moment;
use super::parts::{Choice, Link, Shell, StateMark, UrgencyMark};

/// One number above the table; pressing it filters.
#[derive(Clone, Debug)]
pub struct BoardNumber {
    /// `未签收`, `已签收`, `退文`, `共`.
    pub label: String,
    /// How many deliveries.
    pub count: usize,
    /// An addition in soft ink: `其中暂无法联系 2`; mostly empty.
    pub aside: String,
    /// The board filtered to these.
    pub href: String,
    /// Whether these are what is shown.
    pub current: bool,
    /// What is late or lost is red.
    pub late: bool,
}

/// The one bar: shares of all deliveries, in the order signed, opened, sent, missing.
#[derive(Clone, Debug, Default)]
pub struct BoardBar {
    /// The same in words, for who cannot see it.
    pub words: String,
    /// 已签收.
    pub acknowledged: usize,
    /// 已查看, not signed.
    pub opened: usize,
    /// 已送出 or 待送出, not opened.
    pub waiting: usize,
    /// 暂无法联系, 未通知到, 逾期, 退文.
    pub late: usize,
}

impl BoardBar {
    /// All deliveries.
    #[must_use]
    pub fn total(&self) -> usize {
        self.acknowledged + self.opened + self.waiting + self.late
    }

    /// Where the part of the waiting begins.
    #[must_use]
    pub fn waiting_from(&self) -> usize {
        self.acknowledged + self.opened
    }

    /// Where the part of the late begins.
    #[must_use]
    pub fn late_from(&self) -> usize {
        self.total() - self.late
    }
}

/// One line of the table: a delivery, or a parent that got none itself and only sums up.
#[derive(Clone, Debug)]
pub struct BoardRow {
    /// The row's id in the page: the delivery's id, or the organisation's for a mere parent.
    pub id: String,
    /// Indentation, 0 to 3.
    pub depth: u8,
    /// Full name.
    pub name: String,
    /// Region code; may be empty.
    pub code: String,
    /// 抄送 rather than 主送.
    pub copy: bool,
    /// `所辖 9，未签收 3`; empty on leaves.
    pub subtotal: String,
    /// State; `None` on a mere parent.
    pub state: Option<StateMark>,
    /// When it came to that state.
    pub at: Moment,
    /// `14:47 提级催签：带班领导`; empty where nothing follows (a dash is drawn).
    pub next: String,
    /// `对该单位先行发出：…`; empty where nothing was missing.
    pub gap: String,
    /// `王某 机要室 0731-…`; empty until signed.
    pub signer: String,
    /// 流转记录; empty on a mere parent.
    pub story_href: String,
}

/// Everything on the board that changes while one looks.
#[derive(Clone, Debug, Template)]
#[template(path = "board_live.html")]
pub struct BoardLive {
    /// `还剩 14 分钟`, `已超 …`, `已全部签收`; empty where no deadline runs.
    pub countdown: String,
    /// Whether the deadline has passed with signatures missing.
    pub late: bool,
    /// Numbers, 未签收 first.
    pub numbers: Vec<BoardNumber>,
    /// The bar.
    pub bar: BoardBar,
    /// Rows that pass filter and search, in order.
    pub rows: Vec<BoardRow>,
    /// How many deliveries the filter leaves, parents not counted.
    pub shown: usize,
    /// What is so and what to do when no row is left: `没有未签收的单位。`
    pub nothing: String,
    /// Clock time this was read, `14:48:05`.
    pub read_at: String,
}

/// The board of one notice.
#[derive(Debug, Template)]
#[template(path = "board.html")]
pub struct BoardPage {
    /// Frame.
    pub shell: Shell,
    /// Level.
    pub urgency: UrgencyMark,
    /// 发文字号.
    pub number: String,
    /// 标题.
    pub title: String,
    /// When it was issued.
    pub issued: Moment,
    /// 签收时限.
    pub deadline: Moment,
    /// Where the deadline comes from.
    pub deadline_origin: String,
    /// How the notice ended, or what it replaces.
    pub ended: EndBanner,
    /// The formal 核发 after an oral approval; empty where none was ever owed.
    pub owed: OwedRelease,
    /// This page's own address with filter, search and order, for refreshing.
    pub here: String,
    /// The live part.
    pub live: BoardLive,
    /// Filters: 未签收, 全部, 逾期, 未查看, with the one in force marked.
    pub filters: Vec<Link>,
    /// Value of the filter in force, kept by the search form as `show`.
    pub show: String,
    /// What is searched for.
    pub search: String,
    /// Orders to choose from.
    pub orders: Vec<Choice>,
    /// The order in force.
    pub order: String,
    /// What may be done with the notice; empty for who may only read.
    pub acts: BoardActs,
    /// The notice as recipients see it; empty for who may not read it.
    pub notice_href: String,
    /// 签收登记表 for printing; empty where it does not exist.
    pub register_href: String,
}
