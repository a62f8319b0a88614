//! 误投退回 and 请求重发: the two ways not to sign, and what a recipient is told afterwards.
//! Neither ends anything by itself, and both pages say so.

use askama::Template;

use super::link_parts::{Field, Mistake, Person, Phone, mistakes};
use super::moment::Moment;
use super::parts::UrgencyMark;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiveBack {
    /// 误投退回.
    Return,
    /// 请求重发.
    AskAgain,
}

impl GiveBack {
    const fn heading(self) -> &'static str {
        match self {
            Self::Return => "误投退回",
            Self::AskAgain => "请求重发",
        }
    }

    const fn not_yet(self) -> &'static str {
        match self {
            Self::Return => "尚未退回，请改正：",
            Self::AskAgain => "请求尚未发出，请改正：",
        }
    }

    const fn reason_legend(self) -> &'static str {
        match self {
            Self::Return => "为什么退回",
            Self::AskAgain => "哪里不好",
        }
    }

    const fn detail_hint(self) -> &'static str {
        match self {
            Self::Return => "选“其他”时必填；知道应由谁收，也请写上",
            Self::AskAgain => "哪一个文件、第几页、看到什么提示；可以不填",
        }
    }

    const fn button(self) -> &'static str {
        match self {
            Self::Return => "退回发文单位",
            Self::AskAgain => "请对方重发",
        }
    }

    const fn button_class(self) -> &'static str {
        match self {
            Self::Return => "btn-danger",
            Self::AskAgain => "btn-primary",
        }
    }
}

/// A notice in three lines, on pages that are about it but do not show it.
#[derive(Clone, Debug)]
pub struct BriefNotice {
    /// The organisation of this delivery.
    pub organization: String,
    /// The level as a mark.
    pub level: UrgencyMark,
    /// 发文字号.
    pub document_number: String,
    /// 标题.
    pub title: String,
    /// `请于 11月23日 15:02 前签收`; `None` for 抄送.
    pub due: Option<String>,
    /// The issuer's duty phone.
    pub duty_phone: Phone,
    /// 签收页.
    pub back_href: String,
}

/// A reason to choose.
#[derive(Clone, Debug)]
pub struct ReasonChoice {
    /// The code that is posted: `misdirected`, `duplicate`, `unreadable`, …
    pub value: &'static str,
    /// In the office's words.
    pub label: &'static str,
    /// When to take this one; may be empty.
    pub hint: &'static str,
    /// Chosen by the person; nothing is chosen beforehand.
    pub chosen: bool,
}

/// The form. Field names: `reason`, `detail`, `name`, `post`, `phone`, hidden `form_token`.
#[derive(Clone, Debug, Template)]
#[template(path = "give_back.html")]
pub struct GiveBackPage {
    /// Which of the two.
    pub act: GiveBack,
    /// What it is about.
    pub brief: BriefNotice,
    /// Where it posts to.
    pub action: String,
    /// The form token.
    pub form_token: String,
    /// The reasons in the order of the page.
    pub reasons: Vec<ReasonChoice>,
    /// No reason was chosen.
    pub reason_error: Option<String>,
    /// 说明.
    pub detail: Field,
    /// Who asks.
    pub person: Person,
}

impl GiveBackPage {
    fn mistakes(&self) -> Vec<Mistake> {
        mistakes(&[
            ("reason", &self.reason_error),
            ("detail", &self.detail.error),
            ("name", &self.person.name.error),
            ("post", &self.person.post.error),
            ("phone", &self.person.phone.error),
        ])
    }
}

/// What a recipient is told after an act that is not a signature.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// 退回 is with the issuer, who has not yet accepted it.
    Returned {
        /// The reason chosen.
        reason: String,
        /// When.
        at: Moment,
    },
    /// 请求重发 is with the issuer.
    Asked {
        /// The reason chosen.
        reason: String,
        /// When.
        at: Moment,
    },
    /// A signature that looked like a machine's waits for a call.
    Held {
        /// When.
        at: Moment,
    },
}

impl Outcome {
    const fn heading(&self) -> &'static str {
        match self {
            Self::Returned { .. } => "已提出退回，等待发文单位同意",
            Self::Asked { .. } => "已请求重发",
            Self::Held { .. } => "已收到，等电话核实",
        }
    }
}

/// The page after such an act.
#[derive(Clone, Debug, Template)]
#[template(path = "outcome.html")]
pub struct OutcomePage {
    /// What happened.
    pub outcome: Outcome,
    /// What it is about.
    pub brief: BriefNotice,
}
