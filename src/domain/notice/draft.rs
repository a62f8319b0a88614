//! The header of a notice as typed (`NoticeDraft`) and as issued (`NoticeHeader`).
//!
//! A draft keeps any text. The check tells every fault at once, each beside its field and each
//! saying what to do; only a header without faults can be issued.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::document_number::DocumentNumber;
use crate::domain::human_time::{date_zh, end_of_day, parse_date, parse_moment};
use crate::domain::text::{TextFault, clean_block, clean_line, with_ascii_digits};
use crate::domain::time::Timestamp;
use crate::domain::urgency::{ChannelClass, Form, Urgency};
use crate::domain::words::stored_words;

/// Characters in the name of an organ, desk or person.
pub const NAME_CHARS_MAX: usize = 100;
/// Characters in a title.
pub const TITLE_CHARS_MAX: usize = 200;
/// Characters in the line of addressees or of copies, as printed.
pub const ADDRESSEE_LINE_CHARS_MAX: usize = 4_000;
/// Characters in the text.
pub const BODY_CHARS_MAX: usize = 100_000;
/// Characters in a reason or remark.
pub const REMARK_CHARS_MAX: usize = 500;
/// Characters in telephone numbers.
pub const PHONE_CHARS_MAX: usize = 60;
/// Organs that may issue one notice together.
pub const SIGNATORIES_MAX: usize = 30;

/// A field of the header, for messages beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the field of NoticeDraft with its name")]
pub enum Field {
    DispatchingOrgan,
    Signatories,
    Form,
    Urgency,
    ChannelClass,
    DocumentNumber,
    CipherOfficeSerial,
    ApproverName,
    ApprovedOn,
    Title,
    AddresseeLine,
    CopyLine,
    Body,
    IssueDate,
    CirculationScope,
    ContactPerson,
    DutyPhone,
    ReportBackTo,
    ReportBackBy,
    ReportBackNote,
    SignBy,
    Overnight,
    UrgencyReason,
}

stored_words!(Field, {
    DispatchingOrgan => "dispatching_organ", Signatories => "signatories", Form => "form",
    Urgency => "urgency", ChannelClass => "channel_class",
    DocumentNumber => "document_number", CipherOfficeSerial => "cipher_office_serial",
    ApproverName => "approver_name", ApprovedOn => "approved_on", Title => "title",
    AddresseeLine => "addressee_line", CopyLine => "copy_line", Body => "body",
    IssueDate => "issue_date", CirculationScope => "circulation_scope",
    ContactPerson => "contact_person", DutyPhone => "duty_phone",
    ReportBackTo => "report_back_to", ReportBackBy => "report_back_by",
    ReportBackNote => "report_back_note", SignBy => "sign_by", Overnight => "overnight",
    UrgencyReason => "urgency_reason",
});

impl Field {
    /// The label on the form.
    #[must_use]
    pub const fn label_zh(self) -> &'static str {
        match self {
            Self::DispatchingOrgan => "发电单位",
            Self::Signatories => "落款机关",
            Self::Form => "形式",
            Self::Urgency => "等级",
            Self::ChannelClass => "类别",
            Self::DocumentNumber => "发文字号",
            Self::CipherOfficeSerial => "机要编号",
            Self::ApproverName => "签发人",
            Self::ApprovedOn => "签发日期",
            Self::Title => "标题",
            Self::AddresseeLine => "主送",
            Self::CopyLine => "抄送",
            Self::Body => "正文文字",
            Self::IssueDate => "成文日期",
            Self::CirculationScope => "印发传达范围",
            Self::ContactPerson => "联系人",
            Self::DutyPhone => "值班电话",
            Self::ReportBackTo => "回告给",
            Self::ReportBackBy => "回告时限",
            Self::ReportBackNote => "回告要求",
            Self::SignBy => "签收时限",
            Self::Overnight => "连夜办理",
            Self::UrgencyReason => "紧急理由",
        }
    }
}

/// A signing organ as typed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DraftSignatory {
    /// Name as printed.
    pub name: String,
    /// The organ whose number the notice has.
    pub lead: bool,
}

/// The header as typed; any text may stand in any field. Each is named as in [`Field`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields are those of Field, with labels there")]
pub struct NoticeDraft {
    pub dispatching_organ: String,
    pub signatories: Vec<DraftSignatory>,
    pub form: String,
    pub urgency: String,
    pub channel_class: String,
    pub document_number: String,
    pub cipher_office_serial: String,
    pub approver_name: String,
    pub approved_on: String,
    pub title: String,
    pub addressee_line: String,
    pub copy_line: String,
    pub body: String,
    pub issue_date: String,
    pub circulation_scope: String,
    pub contact_person: String,
    pub duty_phone: String,
    pub report_back_to: String,
    pub report_back_by: String,
    pub report_back_note: String,
    pub sign_by: String,
    pub overnight: bool,
    pub urgency_reason: String,
}

impl NoticeDraft {
    /// Whether another header says the same, blanks around its fields and line ends aside.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        let organs = |draft: &Self| -> Vec<(String, bool)> {
            draft.signatories.iter().map(|one| (one.name.trim().to_owned(), one.lead)).collect()
        };
        let same = |field: &Field| {
            let lines = |draft: &Self| draft.text(*field).trim().replace("\r\n", "\n");
            lines(self) == lines(other)
        };
        Field::ALL.iter().all(same)
            && self.overnight == other.overnight
            && organs(self) == organs(other)
    }

    /// What was typed into `field`; empty for the two fields that are not a text.
    #[must_use]
    pub fn text(&self, field: Field) -> &str {
        match field {
            Field::DispatchingOrgan => &self.dispatching_organ,
            Field::Form => &self.form,
            Field::Urgency => &self.urgency,
            Field::ChannelClass => &self.channel_class,
            Field::DocumentNumber => &self.document_number,
            Field::CipherOfficeSerial => &self.cipher_office_serial,
            Field::ApproverName => &self.approver_name,
            Field::ApprovedOn => &self.approved_on,
            Field::Title => &self.title,
            Field::AddresseeLine => &self.addressee_line,
            Field::CopyLine => &self.copy_line,
            Field::Body => &self.body,
            Field::IssueDate => &self.issue_date,
            Field::CirculationScope => &self.circulation_scope,
            Field::ContactPerson => &self.contact_person,
            Field::DutyPhone => &self.duty_phone,
            Field::ReportBackTo => &self.report_back_to,
            Field::ReportBackBy => &self.report_back_by,
            Field::ReportBackNote => &self.report_back_note,
            Field::SignBy => &self.sign_by,
            Field::UrgencyReason => &self.urgency_reason,
            Field::Signatories | Field::Overnight => "",
        }
    }

    /// The header that may be issued.
    ///
    /// # Errors
    /// Every fault, in the order of the form.
    pub fn check(&self, context: &CheckContext) -> Result<NoticeHeader, Vec<FieldFault>> {
        let mut check = Check { draft: self, faults: Vec::new() };
        let header = check.header(context);
        check.faults.sort_by_key(|fault| fault.field);
        match header {
            Some(header) if check.faults.is_empty() => Ok(header),
            _ => Err(check.faults),
        }
    }
}

/// What the check must know besides the draft.
#[derive(Debug, Clone, Copy)]
pub struct CheckContext {
    /// Now.
    pub now: Timestamp,
    /// Whether a file carries the text, so that none need be typed.
    pub has_main_file: bool,
}

/// One fault beside one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFault {
    /// The field.
    pub field: Field,
    /// What to do.
    pub message_zh: String,
}

impl FieldFault {
    /// The same where it does not stand beside its field: it names the field.
    #[must_use]
    pub fn told_zh(&self) -> String {
        let (label, message) = (self.field.label_zh(), &self.message_zh);
        if message.contains(label) { message.clone() } else { format!("{label}：{message}") }
    }
}

/// The answer a notice asks for (回告).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportBack {
    /// To which office; need not be the issuer.
    pub to: String,
    /// Until when; a notice may say only 及时.
    pub by: Option<Timestamp>,
    /// What is asked.
    pub note: Option<String>,
}

/// The header of an issued notice.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of Field, with labels there")]
pub struct NoticeHeader {
    pub dispatching_organ: String,
    /// In printed order; exactly one leads.
    pub signatories: Vec<DraftSignatory>,
    pub form: Form,
    pub urgency: Urgency,
    pub channel_class: ChannelClass,
    pub document_number: DocumentNumber,
    pub cipher_office_serial: Option<String>,
    pub approver_name: String,
    pub approved_on: Date,
    pub title: String,
    pub addressee_line: String,
    pub copy_line: Option<String>,
    pub body: Option<String>,
    pub issue_date: Date,
    pub circulation_scope: Option<String>,
    pub contact_person: Option<String>,
    pub duty_phone: String,
    pub report_back: Option<ReportBack>,
    pub sign_by: Option<Timestamp>,
    pub overnight: bool,
    pub urgency_reason: Option<String>,
}

#[path = "draft_check.rs"]
mod checking;
use checking::Check;

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
