//! When an answer is not the page that was asked for: what happened and what to do.
//! Foreign and absent are the same page; nothing internal is ever shown.

use askama::Template;

use super::link_parts::Phone;
use super::parts::Link;

/// The page of a failure.
#[derive(Clone, Debug, Template)]
#[template(path = "failure.html")]
pub struct FailurePage {
    /// What happened.
    pub failure: Failure,
    /// The duty phone, where it is known and the matter may be urgent.
    pub duty_phone: Option<Phone>,
    /// The page of what the address is about, where the matter can be gone on with.
    pub way: Option<Link>,
    /// Where to go on; `None` for a visitor without an account.
    pub home_href: Option<String>,
    /// The number under which the log knows this request.
    pub request_id: String,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Failure {
    /// 400: an address or a posted form that no page of ours makes.
    Unreadable,
    /// The form token is missing, old or of another session, or another site posted the form.
    FormExpired,
    /// 403: the role does not allow it.
    Forbidden {
        /// What it would take: `核发需要核发角色，且不能是起草人`.
        need: String,
    },
    /// 404: absent or another office's.
    NotFound,
    /// 410: an act of the reader's own office removed it.
    Gone {
        /// `这份草稿已由李某于2026年11月23日 14:31 删除`.
        what: String,
    },
    /// 409: somebody else was faster.
    Conflict {
        /// What is the case now: `这份公文已由李某于 14:31 核发`.
        what: String,
    },
    /// 422: a text looks classified.
    Classified {
        /// What was found, what it means and whom to tell; nothing of the text.
        what: String,
    },
    /// 413.
    TooLarge {
        /// `单个文件 100 MB`.
        limit: String,
    },
    /// 500.
    Internal,
    /// 503: the queue is full.
    Busy {
        /// After how many seconds to try again; the same figure as in `Retry-After`.
        seconds: u32,
    },
}

impl FailurePage {
    fn home_word(&self) -> &'static str {
        match self.home_href.as_deref() {
            Some("/") => "回到首页",
            _ => "去登录",
        }
    }
}

impl Failure {
    /// Whether what the address is about is there for the reader, so that the page leads to it.
    #[must_use]
    pub const fn goes_on(&self) -> bool {
        !matches!(self, Self::Forbidden { .. } | Self::NotFound | Self::Gone { .. })
    }

    const fn heading(&self) -> &'static str {
        match self {
            Self::Unreadable => "看不懂这个请求",
            Self::FormExpired => "这一页已过期",
            Self::Forbidden { .. } => "没有权限",
            Self::NotFound => "找不到这一页",
            Self::Gone { .. } => "已经删除",
            Self::Conflict { .. } => "情况已经变了",
            Self::Classified { .. } => "未予受理",
            Self::TooLarge { .. } => "文件太大",
            Self::Internal => "系统出了差错",
            Self::Busy { .. } => "系统正忙",
        }
    }
}
