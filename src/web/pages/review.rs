//! 预览 and 核发: one page to judge one notice. Who gets what, when, by which way, and why each
//! is on the list.
//!
//! The author and the releaser see the same; only the acts at the end differ. Never here: whether
//! somebody may do them.

use askama::Template;

use super::acts::EndBanner;
use super::compose::{FileRow, Truth};
use super::moment::Moment;
use super::parts::{Errors, Fact, Shell, UrgencyMark};

/// One recipient and why it is on the list.
#[derive(Clone, Debug)]
pub struct ReviewRecipient {
    /// Full name.
    pub name: String,
    /// Region code; may be empty.
    pub code: String,
    /// 抄送 rather than 主送.
    pub copy: bool,
    /// `选自“各市州、县市区党委”`, `单独选择`.
    pub reason: String,
    /// `邮件 2`; what will be used to reach it.
    pub ways: String,
    /// Nobody there has a verified way.
    pub unreachable: bool,
    /// This page with the mail as this recipient would get it.
    pub mail_href: String,
    /// Until when, if it went out now; empty for 抄送.
    pub deadline: String,
    /// Where that comes from.
    pub deadline_origin: String,
}

/// The mail as one recipient will get it.
#[derive(Clone, Debug)]
pub struct MailPreview {
    /// To whom this sample would go.
    pub to: String,
    /// Subject line.
    pub subject: String,
    /// Plain text body; the link is a stand-in.
    pub body: String,
}

/// Who has the older version and does not get this one.
#[derive(Clone, Debug)]
pub struct LeftOutRow {
    /// Which version they have.
    pub version: i32,
    /// Their names.
    pub names: Vec<String>,
    /// What the tick that confirms it posts as `left_out`.
    pub digest: String,
}

/// What the reader may do here. All false: it is only looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReviewActs {
    /// The author: 送核发.
    pub submit: bool,
    /// The author, where the level needs no second person: 发出.
    pub issue: bool,
    /// A second person: 核发并发出 and 退回修改.
    pub release: bool,
    /// 值班, for 特提 only: record an oral approval and issue (先发后补).
    pub oral: bool,
}

/// What was typed on this page before a mistake.
#[derive(Clone, Debug, Default)]
pub struct ReviewForm {
    /// Why unreachable organisations are issued to all the same.
    pub gap_reason: String,
    /// Why it is sent back.
    pub return_reason: String,
    /// Oral approval: who.
    pub oral_by: String,
    /// Oral approval: when, `2026-11-23T02:10`.
    pub oral_at: String,
    /// Oral approval: by what means.
    pub oral_how: String,
    /// Of what draft, by its digest, it was confirmed that it changes nothing.
    pub unchanged: String,
    /// Whom it was confirmed to leave out, by their digest.
    pub left_out: String,
}

/// The page. Its forms post to `{action}/submit`, `/issue`, `/release`, `/return`, `/oral`.
/// The acts an author may choose between stand in one form.
#[derive(Debug, Template)]
#[template(path = "review.html")]
pub struct ReviewPage {
    /// Frame.
    pub shell: Shell,
    /// Address of the notice, without the act.
    pub action: String,
    /// Makes each post idempotent; carried as `key`.
    pub key: String,
    /// Digest of the draft that is judged; posted back as `digest`, so that an edit voids it.
    pub digest: String,
    /// Level.
    pub urgency: UrgencyMark,
    /// 发文字号; may be empty where the notice carries none.
    pub number: String,
    /// 标题.
    pub title: String,
    /// Who sent it for 核发 and when: `王某 01:58 送核发`; empty for the author's own preview.
    pub sent_by: String,
    /// What it is to replace; empty for every other draft.
    pub ended: EndBanner,
    /// Why it cannot wait; empty below 特提.
    pub urgency_reason: String,
    /// 题录: every header line that is filled in.
    pub facts: Vec<Fact>,
    /// 正文 as typed.
    pub body: String,
    /// Files.
    pub files: Vec<FileRow>,
    /// What happens after issue.
    pub truth: Truth,
    /// The deadline if it went out now.
    pub deadline_if_now: Moment,
    /// Recipients in tree order, unreachable ones first.
    pub recipients: Vec<ReviewRecipient>,
    /// The mail.
    pub mail: MailPreview,
    /// The page exactly as recipients will see it; nothing can be signed there.
    pub page_href: String,
    /// Back to the form; empty where the reader may not edit.
    pub edit_href: String,
    /// What may be done.
    pub acts: ReviewActs,
    /// 更正: who is left out, to be confirmed by whoever issues it.
    pub left_out: Option<LeftOutRow>,
    /// 更正: the version from which nothing differs, to be confirmed by whoever issues it.
    pub unchanged: Option<i32>,
    /// Whether a reason for the unreachable ones is demanded before 核发.
    pub needs_gap_reason: bool,
    /// What was typed.
    pub form: ReviewForm,
    /// What is wrong with it.
    pub errors: Errors,
    /// Why nothing can be done: `本件由您起草，须由另一人核发。`; empty otherwise.
    pub blocked: String,
}

impl ReviewPage {
    /// Whether the form of an oral approval is to be mended, so that it must not be folded away.
    fn is_oral_mistaken(&self) -> bool {
        let its_own = ["oral_by", "oral_at", "oral_how"];
        let shared = ["gap_reason", "unchanged", "left_out"];
        let is_alone = !(self.acts.release || self.acts.issue);
        self.errors.is_among(&its_own) || (is_alone && self.errors.is_among(&shared))
    }
}
