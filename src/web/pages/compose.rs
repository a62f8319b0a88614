//! 发文: one form for everything a notice says, and beside it what will happen when it goes out.
//!
//! Every button of the form posts the whole form (multipart) to [`ComposePage::action`] with its
//! act in `do`: `check` (go on to 送核发), `save`, `upload`, `search`, `autosave`, `all:KEY`,
//! `copy:KEY`, `none:KEY`, `drop:ORGANISATION`, `unfile:FILE`,
//! `vouch:FILE`. With `confirm_account`, `confirm_password` and `confirm_reason` a releaser
//! confirms that what looks like a marking is none. So nothing typed is ever lost.
//! `to` and `cc` may be repeated, and each may hold several ids separated by spaces.
//! Enter in a field posts `save`, which must apply `search` too: without script that is how one
//! searches by keyboard.
//! `do=autosave` is answered with [`TruthPart`] alone; uploads by script post `do=upload` and get
//! [`FilesPart`]. Both answers carry the new revision in `X-Draft-Revision` and the address of
//! the draft in `X-Draft-Address`, because the first save makes it; a form in which nothing was
//! written yet is not kept, and its answers carry neither.

use askama::Template;

use super::acts::EndBanner;
use super::parts::{Choice, Errors, Link, Shell};
use super::picker::Picker;

/// Everything the form holds, as typed. Field names in the form equal the names here.
#[derive(Clone, Debug, Default)]
pub struct NoticeForm {
    /// 发电单位.
    pub dispatching_organ: String,
    /// 落款机关, one a line.
    pub signatories: String,
    /// The lead among them, as typed; empty means the first line.
    pub lead: String,
    /// `telegram` or `paper`.
    pub form: String,
    /// Level code, e.g. `flash`.
    pub urgency: String,
    /// Channel class code, e.g. `open_telegram` (明电).
    pub channel_class: String,
    /// 发文字号 as printed, e.g. 湘办发电〔2026〕35号.
    pub document_number: String,
    /// 机要编号, e.g. 湘机发1220号.
    pub cipher_office_serial: String,
    /// 签发人.
    pub approver_name: String,
    /// 签发日期, `2026-11-23`.
    pub approved_on: String,
    /// 标题.
    pub title: String,
    /// 主送 as printed.
    pub addressee_line: String,
    /// 抄送 as printed.
    pub copy_line: String,
    /// 正文.
    pub body: String,
    /// 成文日期, `2026-11-23`.
    pub issued_on: String,
    /// 印发传达范围.
    pub circulation_scope: String,
    /// 联系人.
    pub contact_person: String,
    /// 值班电话.
    pub duty_phone: String,
    /// 回告: to which office.
    pub report_back_to: String,
    /// 回告: until when, `2026-11-24T09:00`.
    pub report_back_by: String,
    /// 回告: what is asked.
    pub report_back_note: String,
    /// 连夜办理: quiet hours count.
    pub overnight: bool,
    /// 签收时限 written in the notice itself, `2026-11-24T09:00`; empty: the level's own.
    pub sign_by: String,
    /// 紧急理由; demanded for 特提.
    pub urgency_reason: String,
}

/// A file of the draft.
#[derive(Clone, Debug)]
pub struct FileRow {
    /// Its id, posted by ✕ as `do=unfile:{id}`.
    pub id: String,
    /// Its name as recipients will see it.
    pub name: String,
    /// `PDF 1.2 MB`.
    pub size: String,
    /// First hex digits of its SHA-256.
    pub digest: String,
    /// 正文 or 附件1 ….
    pub role: String,
    /// Where it opens.
    pub href: String,
    /// What no program could read of it, and who has looked instead; empty where all was read.
    pub unread: String,
    /// Whether somebody still has to look; posted as `do=vouch:{id}`.
    pub vouch: bool,
}

/// One line of what will happen: `发出时` / `邮件 211 封`.
#[derive(Clone, Debug)]
pub struct Step {
    /// When, counted from issue: `发出时`, `10 分钟`.
    pub when: String,
    /// What: `催签`, `提级：带班领导`.
    pub what: String,
}

/// An organisation whose ways are incomplete.
#[derive(Clone, Debug)]
pub struct GapRow {
    /// Full name.
    pub name: String,
    /// What is missing, each a link to where it is mended.
    pub missing: Vec<Link>,
}

/// What happens after issue: the right column of the form, and of the 核发 page.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// How many organisations get it, each counted once.
    pub organisations: usize,
    /// How many addresses will be written to.
    pub addresses: usize,
    /// Organisations nobody can be reached at; each leads to its directory page.
    pub unreachable: Vec<Link>,
    /// For a 特提: organisations whose ways are incomplete, and what is missing.
    pub gaps: Vec<GapRow>,
    /// `邮件 211`.
    pub ways: Vec<String>,
    /// `发出后 30 分钟内签收`, or the clock time where the notice sets one.
    pub deadline: String,
    /// Where it comes from: `特提的默认时限`, `公文写明`.
    pub deadline_origin: String,
    /// What follows, in order.
    pub steps: Vec<Step>,
    /// What it costs people: `现在是夜间：将通知约 146 名值守人员`; empty by day.
    pub night_cost: String,
    /// What still stands in the way of 送核发, each a link to the field.
    pub missing: Vec<Link>,
    /// `草稿已存 14:02`; empty before the first save.
    pub saved: String,
}

/// The lists the form chooses from.
#[derive(Clone, Debug, Default)]
pub struct ComposeChoices {
    /// Levels.
    pub urgency: Vec<Choice>,
    /// 电报 / 纸质公文.
    pub form: Vec<Choice>,
    /// 明电, 非涉密公文 ….
    pub channel_class: Vec<Choice>,
}

/// The form.
#[derive(Debug, Template)]
#[template(path = "compose.html")]
pub struct ComposePage {
    /// Frame.
    pub shell: Shell,
    /// Where the form posts, e.g. `/notices/ntc_…/edit`.
    pub action: String,
    /// Makes the post idempotent; carried as `key`.
    pub key: String,
    /// The revision this page shows; a save names it. 0 before the first save.
    pub revision: i32,
    /// Whether the notice waits for its release, which an edit voids.
    pub waits: bool,
    /// Where the draft is deleted; empty where there is none, or others have judged it.
    pub delete_href: String,
    /// What is typed.
    pub form: NoticeForm,
    /// What is wrong with it, in the order of the page.
    pub errors: Errors,
    /// Where a releaser may confirm that what was refused is no marking.
    pub confirm: Option<ConfirmForm>,
    /// Files of the draft.
    pub files: Vec<FileRow>,
    /// A sentence: `PDF、OFD、DOCX，每个不超过 100 MB。`
    pub files_hint: String,
    /// Recipients.
    pub picker: Picker,
    /// The right column.
    pub truth: Truth,
    /// Lists to choose from.
    pub choices: ComposeChoices,
    /// Why the draft came back from 核发, with name and time; empty if it did not.
    pub sent_back: String,
    /// What it is to replace; empty for every other draft.
    pub ended: EndBanner,
}

/// The right column alone, for `do=autosave`.
#[derive(Debug, Template)]
#[template(path = "compose_truth.html")]
pub struct TruthPart {
    /// The right column.
    pub truth: Truth,
}

/// The list of files alone, after an upload by script.
#[derive(Debug, Template)]
#[template(path = "compose_files_part.html")]
pub struct FilesPart {
    /// Files of the draft.
    pub files: Vec<FileRow>,
    /// What is wrong with the file just brought (field `files`).
    pub errors: Errors,
    /// Where a releaser may confirm that it is no marking.
    pub confirm: Option<ConfirmForm>,
}

/// 确认误判: what a releaser types beside the clerk's form. The password is never shown again.
#[derive(Clone, Debug, Default)]
pub struct ConfirmForm {
    /// The releaser's login (`confirm_account`).
    pub account: String,
    /// Why it is no marking (`confirm_reason`).
    pub reason: String,
    /// What was wrong with the confirmation just tried; empty at first.
    pub error: String,
}
