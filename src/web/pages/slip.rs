//! 题录: the index sheet of a notice as one recipient sees it, and the way to its files.
//! It says that it is not the official document and never imitates one.

use super::link_parts::Phone;
use super::parts::UrgencyMark;
use crate::domain::receipt::received_words;

/// Everything the recipient's pages show of a notice.
#[derive(Clone, Debug)]
pub struct Slip {
    /// The organisation this delivery is for, by its full name.
    pub organization: String,
    /// The level as a mark.
    pub level: UrgencyMark,
    /// Until when to sign.
    pub deadline: Deadline,
    /// 发电单位.
    pub dispatching_organ: String,
    /// 落款机关 of a joint notice, lead first; `None` when it is the dispatching organ alone.
    pub signatories: Option<String>,
    /// 发文字号.
    pub document_number: String,
    /// 等级 as printed, both facts: `特提·明电`.
    pub level_line: String,
    /// 标题.
    pub title: String,
    /// 主送 (or 抄送) as printed on the notice.
    pub addressee_line: String,
    /// 签发人.
    pub approver_name: String,
    /// 签发日期: `2026年11月23日`.
    pub approved_on: String,
    /// 成文日期, as it stands below the organs on the notice itself: `2026年11月23日`.
    pub issued_on: String,
    /// 机要编号, where the notice has one.
    pub cipher_office_serial: Option<String>,
    /// Said only from the second version on: `第2版`.
    pub version: Option<String>,
    /// What it stands in the place of; none for a first version.
    pub replaces: Option<Replaces>,
    /// 印发传达范围.
    pub scope: Option<String>,
    /// To whom and by when to answer.
    pub report_back: Option<String>,
    /// 联系人.
    pub contact_person: String,
    /// The issuer's duty phone.
    pub duty_phone: Phone,
    /// Text that was typed into the notice, beside or instead of files.
    pub body: BodyText,
    /// The files in the order of the notice.
    pub files: Vec<FileLine>,
    /// Why files cannot be viewed here, when the installation or the state forbids it.
    pub files_note: Option<String>,
    /// The page of 误投退回; `None` once returning makes no sense.
    pub return_href: Option<String>,
    /// The form token; goes with every POST as `form_token`.
    pub form_token: String,
}

/// What a corrected version says of the one before it, above everything else.
#[derive(Clone, Debug)]
pub struct Replaces {
    /// Which version this is.
    pub version: i32,
    /// Which version it replaces.
    pub older: i32,
    /// The issuer's reason.
    pub reason: String,
    /// How this version was answered for.
    pub answered: Option<&'static str>,
}

impl Slip {
    /// 抄送: to be known, without a deadline.
    #[must_use]
    pub const fn is_copy(&self) -> bool {
        matches!(self.deadline, Deadline::Absent)
    }

    /// What a receipt says was received: `正文`, `正文及附件2件`.
    #[must_use]
    pub fn received_words(&self) -> String {
        received_words(self.files.iter().filter(|file| file.attachment).count())
    }
}

/// The signing deadline of one delivery, as seen at the moment the page is drawn.
#[derive(Clone, Debug)]
pub enum Deadline {
    /// Still ahead.
    Ahead {
        /// `15:02`, or `11-24 09:00` when it is not today.
        clock: String,
        /// The whole date and where the deadline comes from: `2026年11月23日（今天，周一）`.
        date: String,
        /// `29 分钟`.
        left: String,
        /// When that was true: `14:33`. The page has no script, so the figure grows old.
        as_of: String,
    },
    /// Gone by; a signature is still welcome.
    Passed {
        /// `15:02`.
        clock: String,
        /// The whole date.
        date: String,
        /// `1 小时 12 分`.
        over: String,
    },
    /// 抄送 has none.
    Absent,
}

/// The text of a notice that was typed in.
#[derive(Clone, Debug)]
pub enum BodyText {
    /// The notice consists of its files.
    Absent,
    /// Shown after a press on 打开, which is the act that counts as 已查看.
    Folded {
        /// Where 打开 posts to.
        open_action: String,
    },
    /// Opened.
    Shown {
        /// One entry per printed paragraph.
        paragraphs: Vec<String>,
    },
}

/// One file of the notice.
#[derive(Clone, Debug)]
pub struct FileLine {
    /// `正文` or `附件1`.
    pub label: String,
    /// Whether a receipt counts it among the 附件.
    pub attachment: bool,
    /// The safe file name.
    pub name: String,
    /// `PDF，3 页，1.2 MB`; what is unknown is left out.
    pub facts: String,
    /// `14:34 已打开`, when somebody of this delivery did.
    pub taken: Option<String>,
    /// Where the issuing office opens it, on its own look at this page; `None` for recipients.
    pub look_href: Option<String>,
    /// Where 打开 posts to; `None` where viewing is off or the kind cannot be viewed.
    pub open_action: Option<String>,
    /// Where 下载 posts to; `None` when the notice was withdrawn.
    pub download_action: Option<String>,
}
