//! 已签收: the page after the signature, for who signed and for whoever comes second.

use askama::Template;

use super::link_parts::{Mistake, Person, mistakes};
use super::moment::Moment;
use super::slip::{BodyText, Slip};

/// The page after the signature; the notice stays readable below.
#[derive(Clone, Debug, Template)]
#[template(path = "signed.html")]
pub struct SignedPage {
    /// The notice.
    pub slip: Slip,
    /// What was signed.
    pub receipt: ReceiptBrief,
    /// Who is looking.
    pub visitor: Visitor,
    /// The page of 请求重发.
    pub ask_again_href: String,
}

/// The receipt in a few lines.
#[derive(Clone, Debug)]
pub struct ReceiptBrief {
    /// 回执号.
    pub number: String,
    /// When.
    pub at: Moment,
    /// Past the deadline: `逾期 12 分钟`.
    pub late: Option<String>,
    /// As stated by the signer.
    pub signer_name: String,
    /// As stated by the signer.
    pub signer_post: String,
    /// As stated by the signer.
    pub signer_phone: String,
    /// How; a weaker way is never shown as if it were the organisation's own.
    pub mode: ReceiptMode,
    /// The signature by link that stands beside it: `2026年11月23日 14:40 周某（值班员）`.
    pub beside: Option<String>,
    /// By whose authority, for 代收.
    pub authority: Option<String>,
    /// What follows from a grade below what the level asks.
    pub grade_note: Option<String>,
    /// The receipt as a signed file.
    pub download_href: String,
    /// The print sheet.
    pub print_href: String,
}

/// How the receipt came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptMode {
    /// The organisation itself, its duty officer included.
    Own,
    /// 代收.
    OnBehalf,
    /// 电话确认.
    Phone,
}

impl ReceiptBrief {
    const fn is_by_phone(&self) -> bool {
        matches!(self.mode, ReceiptMode::Phone)
    }

    const fn is_on_behalf(&self) -> bool {
        matches!(self.mode, ReceiptMode::OnBehalf)
    }

    /// The large word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self.mode {
            ReceiptMode::Own => "已签收",
            ReceiptMode::OnBehalf => "已签收（代收）",
            ReceiptMode::Phone => "已签收（电话确认）",
        }
    }
}

/// Who is looking at a signed notice.
#[derive(Clone, Debug)]
pub enum Visitor {
    /// The browser that signed.
    Signer,
    /// Another person behind the same delivery.
    Second {
        /// 登记查看.
        form: ViewForm,
        /// Has tried to sign as well, which was not taken as another signature.
        refused: bool,
    },
    /// Another person who has just registered.
    Registered {
        /// Name as stated.
        name: String,
        /// When.
        at: Moment,
    },
}

/// 登记查看. Field names: `name`, `post`, `phone`, hidden `form_token`.
#[derive(Clone, Debug, Default)]
pub struct ViewForm {
    /// Where it posts to.
    pub action: String,
    /// Who looked.
    pub person: Person,
}

impl ViewForm {
    /// What stands in the summary on top.
    #[must_use]
    pub fn mistakes(&self) -> Vec<Mistake> {
        mistakes(&[
            ("name", &self.person.name.error),
            ("post", &self.person.post.error),
            ("phone", &self.person.phone.error),
        ])
    }
}
