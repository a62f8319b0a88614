//! Words that tell whoever was notified before how it ended, and the code that shows an address
//! to work.

use super::sheet::Sheet;
use super::{Rendered, WordsError, when};
use crate::channel::NoticeWords;
use crate::domain::time::Timestamp;

/// How a notice ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// 撤回.
    Recall,
    /// 撤销: void from the beginning.
    Revoke,
    /// 废止: void from now on.
    Abolish,
    /// 更正: another takes its place.
    Supersede,
    /// 更正, and the other does not go to whom this tells.
    SupersedeElsewhere,
}

impl EndedBy {
    /// The word on pages.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::Recall => "撤回",
            Self::Revoke => "撤销",
            Self::Abolish => "废止",
            Self::Supersede | Self::SupersedeElsewhere => "更正",
        }
    }

    /// What it means for whoever has it. 撤销 and 废止 in the terms of the 条例 of 2012.
    const fn meaning_zh(self) -> &'static str {
        match self {
            Self::Recall => "请不要再办理、转发，已经下载或打印的不再作为依据。",
            Self::Revoke => "公文被撤销的，视为自始无效。",
            Self::Abolish => "公文被废止的，自废止之日起失效。",
            Self::Supersede => {
                "更正后的公文另行发送，以更正后的为准；原来的不再作为依据。\
                 打开原来的链接，会引到更正后的公文。"
            }
            Self::SupersedeElsewhere => {
                "更正后的公文不再发给贵单位，原来的不必签收，不再作为依据。"
            }
        }
    }
}

/// 撤回, 撤销, 废止 or 更正, told to whoever was notified before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawalWords {
    /// The notice.
    pub notice: NoticeWords,
    /// Whom it tells.
    pub organization_name: String,
    /// How it ended.
    pub ended_by: EndedBy,
    /// The reason that was written.
    pub reason: String,
    /// When.
    pub ended_at: Timestamp,
    /// It is a later version that ended, and this tells who has the earlier: which is which.
    pub after: Option<(i32, i32)>,
}

impl WithdrawalWords {
    fn opening(&self) -> String {
        let (organ, what) = (&self.notice.dispatching_organ, self.notice.what());
        let (act, meaning) = (self.ended_by.word_zh(), self.ended_by.meaning_zh());
        match (self.after, self.ended_by) {
            (Some((had, ended)), EndedBy::Recall | EndedBy::Revoke | EndedBy::Abolish) => format!(
                "{organ}发给贵单位的一份{what}（第{had}版）已经更正，更正后的第{ended}版现也已{act}，\
                 各版都不再作为依据，也没有新版。{meaning}"
            ),
            _ => format!("{organ}已{act}发给贵单位的一份{what}。{meaning}"),
        }
    }

    /// The parts of the mail.
    ///
    /// # Errors
    /// A template failed.
    pub fn render(&self) -> Result<Rendered, WordsError> {
        let act = self.ended_by.word_zh();
        let urgency_word = &self.notice.urgency_word;
        let mut facts = self.notice.facts();
        facts.push(("时间", when::full(self.ended_at)));
        facts.push(("原因", reason_or_where(&self.notice, &self.reason)));
        Sheet {
            subject: format!("【{urgency_word}】{act}：{}", self.notice.called()),
            urgency_word: Some(urgency_word.clone()),
            to: self.organization_name.clone(),
            opening: vec![self.opening()],
            facts,
            closing: vec![self.notice.ask_at("有疑问，请致电值班室：")],
            ..Sheet::default()
        }
        .render()
    }
}

/// The calls that a desk was asked to make are not to be made: the notice ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallsEndedWords {
    /// The notice.
    pub notice: NoticeWords,
    /// The desk, with its organisation.
    pub to: String,
    /// The verb of what ended it: 撤回, 撤销, 废止, 更正, 办结.
    pub act: &'static str,
    /// What was told of it does not hold any more.
    pub is_void: bool,
    /// The reason that was written.
    pub reason: String,
    /// When.
    pub ended_at: Timestamp,
    /// Where the list is, while it can be opened.
    pub page: Option<String>,
}

impl CallsEndedWords {
    /// The parts of the mail.
    ///
    /// # Errors
    /// A template failed.
    pub fn render(&self) -> Result<Rendered, WordsError> {
        let NoticeWords { urgency_word, dispatching_organ, .. } = &self.notice;
        let act = self.act;
        let told = match self.is_void && self.page.is_some() {
            true => "已经电话通知过的单位，请打开下面的页面报来，由发文单位告知其不再作为依据。",
            false => "谢谢。",
        };
        let mut facts = self.notice.facts();
        facts.push(("时间", when::full(self.ended_at)));
        facts.push(("原因", reason_or_where(&self.notice, &self.reason)));
        facts.extend(self.page.clone().map(|page| ("名单和填报页面", page)));
        Sheet {
            subject: format!("【{urgency_word}】代拨的电话不用再拨：公文已{act}"),
            urgency_word: Some(urgency_word.clone()),
            to: self.to.clone(),
            opening: vec![format!(
                "{dispatching_organ}请贵值班室代拨电话的一份{}已{act}，不用再拨。{told}",
                self.notice.what()
            )],
            facts,
            closing: vec![self.notice.ask_at("有疑问，请致电发文单位值班室：")],
            ..Sheet::default()
        }
        .render()
    }
}

/// What the issuer decided on what came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// 退文 accepted: nothing is to be signed.
    Accepted,
    /// 退文 refused: it is still to be signed.
    Refused,
    /// 请求重发 answered: a good copy went out.
    Answered,
}

impl Decided {
    /// In a few words.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::Accepted => "同意退文",
            Self::Refused => "未同意退文，请签收",
            Self::Answered => "已重新发送",
        }
    }
}

/// The issuer's answer to a 退文 or 请求重发.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnDecisionWords {
    /// The notice.
    pub notice: NoticeWords,
    /// Whom it tells.
    pub organization_name: String,
    /// What was decided.
    pub decided: Decided,
    /// The reason that was written.
    pub reason: Option<String>,
    /// Until when to sign.
    pub deadline: Option<Timestamp>,
}

impl ReturnDecisionWords {
    /// The parts of the mail.
    ///
    /// # Errors
    /// A template failed.
    pub fn render(&self) -> Result<Rendered, WordsError> {
        let what = self.notice.what();
        let until = self.deadline.map(when::full);
        let until = until.map_or_else(String::new, |at| format!("，签收时限仍为{at}"));
        let head = self.decided.word_zh();
        let opening = match self.decided {
            Decided::Accepted => {
                format!("贵单位退回的一份{what}，发文单位已同意退回。不必签收，不再催签。")
            }
            Decided::Refused => format!(
                "贵单位退回的一份{what}，发文单位未同意退回。\
                 请用原来邮件中的链接打开并签收{until}。"
            ),
            Decided::Answered => {
                format!("贵单位请求重发的一份{what}，已经重新发送，请查收并签收{until}。")
            }
        };
        let mut facts = self.notice.facts();
        if let Some(reason) = self.reason.as_ref().filter(|reason| !reason.is_empty()) {
            facts.push(("说明", reason_or_where(&self.notice, reason)));
        }
        let urgency_word = &self.notice.urgency_word;
        Sheet {
            subject: format!("【{urgency_word}】{head}：{}", self.notice.called()),
            urgency_word: Some(urgency_word.clone()),
            to: self.organization_name.clone(),
            opening: vec![opening],
            facts,
            closing: vec![self.notice.ask_at("有疑问，请致电值班室：")],
            ..Sheet::default()
        }
        .render()
    }
}

/// What a person typed may repeat the title.
pub(super) fn reason_or_where(notice: &NoticeWords, reason: &str) -> String {
    if notice.named() {
        reason.trim().to_owned()
    } else {
        "请打开原来邮件中的链接查看，或致电值班室".to_owned()
    }
}

/// A code that shows an address to work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationWords {
    /// The organisation the address belongs to.
    pub organization_name: String,
    /// Whose it is.
    pub contact_name: String,
    /// The six digits.
    pub code: String,
    /// Where they are typed in.
    pub page: String,
}

impl VerificationWords {
    /// The parts of the mail.
    ///
    /// # Errors
    /// The page's address is no web address, or a template failed.
    pub fn render(&self) -> Result<Rendered, WordsError> {
        if !self.page.starts_with("https://") && !self.page.starts_with("http://") {
            return Err(WordsError::Link);
        }
        Sheet {
            subject: format!("请核验联系方式 — {}", self.organization_name),
            to: format!("{} {}", self.organization_name, self.contact_name),
            opening: vec![
                "这个邮箱登记为贵单位接收公文的联系方式。请核验它能够收到，\
                 以免急件送不到。核验码："
                    .to_owned(),
            ],
            code: Some(self.code.clone()),
            facts: vec![("填写核验码的页面", self.page.clone())],
            closing: vec!["不是贵单位的邮箱，或不知此事，不必理会。".to_owned()],
            ..Sheet::default()
        }
        .render()
    }
}
