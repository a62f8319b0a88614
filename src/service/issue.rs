//! 发出: one transaction in which the notice, its recipients, their ladders, links, messages and
//! the events come to be, or nothing does.
//!
//! Everything is prepared before: the write only inserts, and only if the draft is still what was
//! judged. The form pressed twice makes one notice.

use super::acts::ActRefused;
use super::compose::{ComposeRefused, OpenDraft, load};
use super::outlook::{Outlook, outlook};
use super::supersede::{LeftOut, Replacing, changes_nothing};
use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::digest::Sha256Digest;
use crate::domain::document_number::DocumentNumber;
use crate::domain::ids::NoticeId;
use crate::domain::ladder::{IssueTimes, LevelPolicy};
use crate::domain::notice::{
    CheckContext, FieldFault, FileRole, IssueRefused as RuleRefused, NoticeAct, NoticeHeader,
    NoticeState, Release, WrongState, check_issue,
};
use crate::domain::time::Timestamp;
use crate::store::drafts::{DecisionKind, form_post_find};
use crate::store::{StoreError, WriteError};

#[path = "issue_rows.rs"]
mod rows;

pub(super) use super::recipient_rows::lane_of;

/// What the form of an issue brings.
#[derive(Debug, Clone)]
pub struct IssueRequest {
    /// Which notice.
    pub notice: NoticeId,
    /// The digest of what was shown.
    pub seen: Sha256Digest,
    /// Key of the form.
    pub form_key: String,
    /// Why organisations with gaps are issued to all the same.
    pub gap_reason: Option<String>,
    /// 更正: who has the older version and does not get this one, as it was shown and confirmed.
    pub left_out: Option<Sha256Digest>,
    /// 更正: that it changes nothing was shown, and it is to go out all the same.
    pub unchanged: bool,
}

/// By whose word it goes out.
#[derive(Debug, Clone)]
pub(super) enum Approval {
    /// The author's own, where the level asks for no second person.
    Own,
    /// 核发.
    Release,
    /// 口头批准, 先发后补.
    Oral {
        /// Who approved.
        by: String,
        /// When.
        at: Timestamp,
        /// By which telephone or other way.
        how: String,
    },
}

impl Approval {
    const fn decision(&self) -> Option<DecisionKind> {
        match self {
            Self::Own => None,
            Self::Release => Some(DecisionKind::Released),
            Self::Oral { .. } => Some(DecisionKind::OralApproval),
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issued {
    /// Issued now.
    Now {
        /// To how many organisations.
        deliveries: usize,
        /// With how many messages.
        messages: usize,
    },
    /// The same form had issued it before.
    Before,
}

/// Why nothing was issued. Nothing of it remains.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IssueRefused {
    /// Fields of the header.
    #[error("{} fields of the header are at fault", .0.len())]
    Header(Vec<FieldFault>),
    /// Nobody would get it.
    #[error("no recipients")]
    NoRecipients,
    /// Files that no program could read, and nobody has looked through.
    #[error("{} files have to be looked through", .0.len())]
    Unlooked(Vec<String>),
    /// The level asks for more.
    #[error(transparent)]
    Rule(#[from] RuleRefused),
    /// The draft is not what was shown.
    #[error("the draft changed after it was shown")]
    Changed,
    /// The office has issued this number before.
    #[error("the number is taken")]
    NumberTaken(DocumentNumber),
    /// A 特提 with gaps needs a reason to go out all the same.
    #[error("gaps need a reason")]
    GapsUnexplained,
    /// An oral approval without who, when and how.
    #[error("the oral approval is incomplete: {0}")]
    OralIncomplete(&'static str),
    /// An oral approval where none is needed, or none is foreseen.
    #[error("an oral approval is for a level that needs a second person")]
    OralNotForeseen,
    /// Who has the older version and is not on the list of this one, by nobody's decision.
    #[error("{} recipients of the older version are left out", .0.names.len())]
    LeftOut(LeftOut),
    /// A correction that says what the version before says, by nobody's decision.
    #[error("nothing differs from version {0}")]
    Unchanged(i32),
    /// What it is to replace ended meanwhile.
    #[error("the notice to be replaced: {0}")]
    OlderEnded(WrongState),
    /// The draft cannot be had, or the store failed.
    #[error(transparent)]
    Draft(#[from] ComposeRefused),
}

impl From<ActRefused> for IssueRefused {
    fn from(refused: ActRefused) -> Self {
        match refused {
            ActRefused::State(wrong) => Self::OlderEnded(wrong),
            ActRefused::Service(error) => error.into(),
            ActRefused::Fields(_) | ActRefused::Classified(_) | ActRefused::Changed(_) => {
                Self::Changed
            }
        }
    }
}

impl From<ServiceError> for IssueRefused {
    fn from(error: ServiceError) -> Self {
        Self::Draft(error.into())
    }
}

impl From<StoreError> for IssueRefused {
    fn from(error: StoreError) -> Self {
        Self::Draft(error.into())
    }
}

impl WriteError for IssueRefused {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Draft(error) => error.store_error(),
            _ => None,
        }
    }
}

impl IssueRefused {
    /// What to do, in the words of a page, each with the field it stands beside.
    #[must_use]
    pub fn messages_zh(&self) -> Vec<(&'static str, String)> {
        let one = |field, text: &str| vec![(field, text.to_owned())];
        match self {
            // The fields stand on another page, so each is named.
            Self::Header(faults) => {
                faults.iter().map(|fault| (fault.field.as_str(), fault.told_zh())).collect()
            }
            Self::NoRecipients => one("to", "还没有选择单位，请先选择主送或抄送单位"),
            Self::Unlooked(names) => vec![("files", unlooked_zh(names))],
            Self::Rule(refused) => one("do", refused.message_zh()),
            Self::Changed => one("do", "内容在您打开本页之后有改动，请看过改动后的内容再办理"),
            Self::NumberTaken(number) => vec![(
                "document_number",
                format!("{number}已经发过一份公文，请核对发文字号，改后重新送核发"),
            )],
            Self::GapsUnexplained => {
                one("gap_reason", "有单位的联系方式不全，请写明先行发出的理由，或先补齐联系方式")
            }
            Self::OralIncomplete(field) => {
                let text = match *field {
                    "oral_by" => "请写明谁同意的（姓名和职务）",
                    "oral_at" => "请写明口头同意的时间，不能晚于现在",
                    _ => "请写明是怎么同意的，如电话号码",
                };
                vec![(*field, text.to_owned())]
            }
            Self::OralNotForeseen => one("do", "此等级不需要第二人核发，不用口头批准"),
            Self::LeftOut(without) => vec![(
                "left_out",
                format!(
                    "{}有第{}版，不在本次名单上。请把要发的加上；不再发的，请勾选确认",
                    without.names.join("、"),
                    without.version
                ),
            )],
            Self::Unchanged(older) => vec![(
                "unchanged",
                format!(
                    "文头、正文、附件与第{older}版没有任何不同。请回去修改；确要照样发出的，请勾选确认"
                ),
            )],
            Self::OlderEnded(wrong) => vec![(
                "do",
                format!(
                    "要更正的那份公文{}，不能再更正。请把内容作为新的公文另行发出",
                    wrong.state.word_zh()
                ),
            )],
            Self::Draft(refused) => vec![("do", refused.message_zh())],
        }
    }
}

/// Issues by the author's own word, where the level asks for no second person.
///
/// # Errors
/// [`IssueRefused`] says what to do.
pub fn issue(
    service: &Service,
    account: &Account,
    request: &IssueRequest,
) -> Result<Issued, IssueRefused> {
    issue_by(service, account, request, &Approval::Own)
}

pub(super) fn issue_by(
    service: &Service,
    account: &Account,
    request: &IssueRequest,
    approval: &Approval,
) -> Result<Issued, IssueRefused> {
    if posted_before(service, account, request)? {
        return Ok(Issued::Before);
    }
    let now = service.now();
    let open = load(service, account, request.notice)?;
    open.notice.state.after(NoticeAct::Issue).map_err(ComposeRefused::from)?;
    let digest = open.digest();
    if digest != request.seen {
        return Err(IssueRefused::Changed);
    }
    let header = judge(&open, now)?;
    let times =
        IssueTimes { issued_at: now, explicit: header.sign_by, overnight: header.overnight };
    let plan = outlook(service, open.notice.issuer_id, &open.picks, Some(header.urgency), &times)?;
    let ladder = plan.ladder.clone().ok_or_else(|| {
        ServiceError::Internal(format!("no policy for {}", header.urgency.as_str()))
    })?;
    check_rules(&ladder.policy, &header, &open, account, approval)?;
    if plan.must_explain_gaps() && request.gap_reason.is_none() {
        return Err(IssueRefused::GapsUnexplained);
    }
    let without = LeftOut::of_draft(service, &open, &plan.recipients)?;
    LeftOut::confirmed(without, request.left_out)?;
    let unchanged = changes_nothing(service, &open)?;
    if let Some(older) = open.corrects.as_ref().filter(|_| unchanged && !request.unchanged) {
        return Err(IssueRefused::Unchanged(older.version));
    }
    let act = rows::Act { service, account, request, approval, open: &open, unchanged, now };
    let mut rows = rows::prepare(&act, &header, &plan, ladder)?;
    rows.replace(Replacing::prepare(service, account, &open, request.left_out, now)?);
    let issued = service.store.write("issue", move |tx| rows.write(tx))?;
    if let Issued::Now { deliveries, messages } = issued {
        tracing::info!(notice = %request.notice, deliveries, messages, "a notice was issued");
        service.bell.ring();
    }
    Ok(issued)
}

fn posted_before(
    service: &Service,
    account: &Account,
    request: &IssueRequest,
) -> Result<bool, ServiceError> {
    let subject = service.store.read(|conn| form_post_find(conn, &request.form_key, account.id))?;
    Ok(subject.is_some_and(|subject| subject == request.notice.to_string()))
}

/// The header that may be issued, and that somebody gets it.
pub(super) fn judge(open: &OpenDraft, now: Timestamp) -> Result<NoticeHeader, IssueRefused> {
    let has_main_file = open.files.iter().any(|file| file.role == FileRole::Main);
    let header = open
        .notice
        .draft
        .check(&CheckContext { now, has_main_file })
        .map_err(IssueRefused::Header)?;
    if open.picks.is_empty() {
        return Err(IssueRefused::NoRecipients);
    }
    let unlooked = open.unlooked();
    if !unlooked.is_empty() {
        return Err(IssueRefused::Unlooked(unlooked.into_iter().map(str::to_owned).collect()));
    }
    Ok(header)
}

/// What is said of files that nobody has looked through.
#[must_use]
pub fn unlooked_zh(names: &[impl AsRef<str>]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("“{}”", name.as_ref())).collect();
    format!(
        "{}的文字无法自动检查，请逐页看过有无密级标志，再按文件旁的“已看过，不涉密”",
        names.join("、")
    )
}

fn check_rules(
    level: &LevelPolicy,
    header: &NoticeHeader,
    open: &OpenDraft,
    account: &Account,
    approval: &Approval,
) -> Result<(), IssueRefused> {
    let digest = open.digest();
    let release = Release {
        releaser: account.id,
        releaser_organization: account.organization_id,
        draft_digest: *digest.as_bytes(),
    };
    let waits = open.notice.state == NoticeState::AwaitingRelease;
    let mut level = level.clone();
    let release = match approval {
        Approval::Own => None,
        // What is released must have been sent for it: the author has said that it is ready.
        Approval::Release if !waits => return Err(RuleRefused::NoRelease.into()),
        Approval::Release => Some(&release),
        Approval::Oral { .. } if !level.needs_second_person => {
            return Err(IssueRefused::OralNotForeseen);
        }
        Approval::Oral { .. } => {
            // The leader's word stands in for the second person, and for nothing else.
            level.needs_second_person = false;
            None
        }
    };
    let reason = header.urgency_reason.as_deref();
    let (author, office) = (open.notice.author_id, open.notice.issuer_id);
    Ok(check_issue(&level, reason, release, author, office, digest.as_bytes())?)
}

/// How a plan reads in one line of the log and the event.
fn message_count(plan: &Outlook) -> usize {
    plan.address_count()
}
