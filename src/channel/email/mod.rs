//! The words of mails: subject, plain part and HTML part, one type for each purpose.
//!
//! Typed templates, so a missing field does not compile. On the open internet neither the title
//! nor the number leaves the house, and no mail loads anything or says who opened it.

mod chasing;
mod session;
mod sheet;
mod telling;
mod when;

use askama::Template;

pub use chasing::{
    DelegatedCallsWords, DeskLine, IssuerAlertWords, LeaderPromptWords, SuperiorRequestWords,
    UnsignedLine,
};
pub use session::{EmailSession, Envelope, Hurry};
use telling::reason_or_where;
pub use telling::{
    CallsEndedWords, Decided, EndedBy, ReturnDecisionWords, VerificationWords, WithdrawalWords,
};

use super::NoticeWords;
use crate::domain::time::Timestamp;

/// Why this mail goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationKind {
    /// The first one.
    First,
    /// 催签.
    Reminder {
        /// The how-manieth reminder, from 1.
        nth: u32,
        /// The deadline has passed.
        overdue: bool,
    },
    /// 重发.
    Resend,
}

/// Whether the organisation has to handle the notice or to know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressedAs {
    /// 主送.
    Primary,
    /// 抄送: no deadline.
    Copy,
}

/// 更正: what the notice stands in the place of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectionWords {
    /// Which version that was.
    pub version: i32,
    /// Why it was replaced.
    pub reason: String,
}

/// Everything a mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationWords {
    /// The notice.
    pub notice: NoticeWords,
    /// The organisation that is to sign, full name.
    pub organization_name: String,
    /// Until when; never shown to a copy addressee.
    pub deadline: Option<Timestamp>,
    /// Where the deadline comes from, in words: 特提，发出后30分钟内.
    pub deadline_origin: Option<String>,
    /// The one link.
    pub link: String,
    /// Why this mail goes out.
    pub kind: InvitationKind,
    /// What the notice stands in the place of; none for a first version.
    pub corrects: Option<CorrectionWords>,
    /// 主送 or 抄送.
    pub addressed_as: AddressedAs,
}

/// A mail's words, ready for building.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Subject line.
    pub subject: String,
    /// Plain part.
    pub text: String,
    /// HTML part.
    pub html: String,
}

/// Why a mail has no words.
#[derive(Debug, thiserror::Error)]
pub enum WordsError {
    /// The link is no web address.
    #[error("the link does not begin with http:// or https://; check the configured base address")]
    Link,
    /// A template failed.
    #[error("the mail's template failed: {0}")]
    Template(#[from] askama::Error),
}

#[derive(Template)]
#[template(path = "email/invitation.txt")]
struct TextPart<'a>(View<'a>);

#[derive(Template)]
#[template(path = "email/invitation.html")]
struct HtmlPart<'a>(View<'a>);

/// What both parts show, decided once.
struct View<'a> {
    words: &'a InvitationWords,
    opening: [String; 3],
    subject: &'a str,
    named: bool,
    origin: Option<&'a str>,
    tag_style: &'static str,
}

impl InvitationWords {
    /// The three parts of the mail.
    ///
    /// # Errors
    /// The link is no web address.
    pub fn render(&self) -> Result<Rendered, WordsError> {
        if !self.link.starts_with("https://") && !self.link.starts_with("http://") {
            return Err(WordsError::Link);
        }
        let subject = self.subject();
        let view = || View {
            words: self,
            opening: self.opening(),
            subject: &subject,
            named: self.notice.named(),
            origin: self.shown_origin(),
            tag_style: tag_style(&self.notice.urgency_word),
        };
        let text = TextPart(view()).render()?;
        let html = HtmlPart(view()).render()?;
        Ok(Rendered { subject, text, html })
    }

    fn shown_deadline(&self) -> Option<Timestamp> {
        self.deadline.filter(|_| self.addressed_as == AddressedAs::Primary)
    }

    fn is_overdue(&self) -> bool {
        matches!(self.kind, InvitationKind::Reminder { overdue: true, .. })
    }

    fn subject(&self) -> String {
        let mut subject = format!("【{}】", self.notice.urgency_word);
        match self.kind {
            InvitationKind::First => {}
            InvitationKind::Reminder { nth, .. } => subject += &format!("第{nth}次催签 "),
            InvitationKind::Resend => subject += "重发 ",
        }
        if self.addressed_as == AddressedAs::Copy {
            subject += "抄送 ";
        }
        if self.corrects.is_some() {
            subject += "更正：";
        }
        subject += &self.notice.called();
        if self.corrects.is_some() {
            subject += "，请以新版为准";
        }
        match self.shown_deadline() {
            Some(at) if self.is_overdue() => {
                subject += &format!(" — 已过签收时限{}，请即签收", when::short(at));
            }
            Some(at) => subject += &format!(" — 请于{}前签收", when::short(at)),
            None => subject += " — 请签收",
        }
        subject
    }

    /// The first sentence, from whom and what until when, with the time as its middle part.
    fn opening(&self) -> [String; 3] {
        let organ = &self.notice.dispatching_organ;
        let what = self.notice.what();
        let act = match (self.kind, self.addressed_as) {
            (InvitationKind::Resend, _) => format!("{organ}向贵单位重发一份{what}"),
            (_, AddressedAs::Copy) => format!("{organ}向贵单位抄送一份{what}"),
            (InvitationKind::Reminder { .. }, _) => {
                format!("{organ}发给贵单位的一份{what}尚未签收")
            }
            (InvitationKind::First, _) => format!("{organ}向贵单位发出一份{what}"),
        };
        let (before, after) = match self.shown_deadline() {
            Some(_) if self.is_overdue() => ("，签收时限为", "，已经超过，请即签收。"),
            Some(_) => ("，请于", "前签收。"),
            None => ("，请签收。", ""),
        };
        let nth = match self.kind {
            InvitationKind::Reminder { nth, .. } => format!("这是第{nth}次催签。"),
            _ => String::new(),
        };
        let deadline = self.shown_deadline().map(when::full).unwrap_or_default();
        let correction = self.correction().unwrap_or_default();
        [format!("{act}{before}"), deadline, format!("{after}{nth}{correction}")]
    }

    /// What it replaces and why, as far as the network lets it be told.
    fn correction(&self) -> Option<String> {
        let CorrectionWords { version, reason } = self.corrects.as_ref()?;
        let why = reason_or_where(&self.notice, reason);
        Some(format!(
            "本件是更正件，代替此前发出的第{version}版，请以新版为准；已签收第{version}版的，\
             也请签收本件。更正理由：{why}"
        ))
    }

    /// Where the shown deadline comes from.
    fn shown_origin(&self) -> Option<&str> {
        self.shown_deadline().and(self.deadline_origin.as_deref())
    }
}

/// The level's mark: always with its word, so that it reads without colour as well.
fn tag_style(urgency_word: &str) -> &'static str {
    match urgency_word {
        "特提" => "color:#ffffff;background-color:#b80f0a;border:1px solid #b80f0a",
        "特急" => "color:#ffffff;background-color:#9a4a00;border:1px solid #9a4a00",
        "加急" => "color:#7a5c00;background-color:#ffffff;border:1px solid #7a5c00",
        _ => "color:#1a1a1a;background-color:#ffffff;border:1px solid #1a1a1a",
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
